//! A person signs up, uploads resumes through the ingress, and gets a score that names skills.

use e2e::client::{Client, anonymous, text};
use e2e::documents::{docx, pdf};
use e2e::installation::Installation;
use reqwest::StatusCode;
use serde_json::{Value, json};

const RESUME: &[&str] = &[
    "Ada Example",
    "ada@example.org | +44 20 7946 0958 | London",
    "Experience",
    "Senior Platform Engineer, Example Ltd, 01/2019 - present",
    "Ran Kubernetes clusters on AWS for 40 teams, with Terraform and Helm.",
    "Wrote operators in Rust and Go; moved PostgreSQL databases without downtime.",
    "Software Engineer, Sample GmbH, 03/2014 - 12/2018",
    "Built HTTP services in Python and Docker images for them.",
    "Education",
    "BSc Computer Science, University of Example, 2014",
    "Skills",
    "Kubernetes, Rust, Go, Python, PostgreSQL, AWS, Terraform, Docker, Linux",
];

const JOB: &str = "Platform Engineer\n\nYou must have:\n- Kubernetes in production\n- Rust\n- PostgreSQL\n\
    Nice to have:\n- Apache Kafka\n- Haskell\n";

fn skills(found: &Value, list: &str) -> Vec<String> {
    let list =
        found.pointer(&format!("/result/{list}")).and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().filter_map(|skill| skill.as_str().map(str::to_lowercase)).collect()
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_pdf_and_a_docx_get_a_score_with_matched_and_missing_skills() {
    let installation = Installation::from_env().unwrap();
    let client = Client::sign_up(&installation).await.unwrap();
    let job = client.add_job(JOB).await.unwrap();
    for (file, bytes) in [("resume.pdf", pdf(RESUME)), ("resume.docx", docx(RESUME).unwrap())] {
        let resume = client.upload(file, bytes).await.unwrap();
        let found = client.match_with(&text(&resume, "/id").unwrap(), &job).await.unwrap();
        let score = found.pointer("/score").and_then(Value::as_f64).unwrap();
        assert!(score > 30.0 && score <= 100.0, "{file}: {score}");
        let (matched, missing) = (skills(&found, "matched_skills"), skills(&found, "missing_skills"));
        for skill in ["kubernetes", "rust", "postgresql"] {
            assert!(matched.iter().any(|name| name.contains(skill)), "{file}: {skill} in {matched:?}");
        }
        for skill in ["kafka", "haskell"] {
            assert!(missing.iter().any(|name| name.contains(skill)), "{file}: {skill} in {missing:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_resume_is_read_and_belongs_to_its_account_alone() {
    let installation = Installation::from_env().unwrap();
    let ada = Client::sign_up(&installation).await.unwrap();
    let resume = ada.upload("ada.pdf", pdf(RESUME)).await.unwrap();
    assert!(resume.to_string().contains("ada@example.org"), "{resume}");
    let path = format!("/api/v1/resumes/{}", text(&resume, "/id").unwrap());
    let other = Client::sign_up(&installation).await.unwrap();
    assert_eq!(other.get(&path).await.unwrap().0, StatusCode::NOT_FOUND);
    assert_eq!(anonymous(&installation).unwrap().get(&path).await.unwrap().0, StatusCode::UNAUTHORIZED);
    assert_eq!(ada.get(&path).await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn every_dependency_is_healthy() {
    let installation = Installation::from_env().unwrap();
    let client = anonymous(&installation).unwrap();
    assert_eq!(client.get("/health").await.unwrap().0, StatusCode::OK);
    let (status, health) = client.get("/health/detailed").await.unwrap();
    assert_eq!(status, StatusCode::OK, "{health}");
    for check in ["database", "redis", "storage"] {
        assert_eq!(health.pointer(&format!("/checks/{check}/status")), Some(&json!("healthy")), "{health}");
    }
}
