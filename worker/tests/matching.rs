//! A resume and a job become a score, through real services, a real worker process and the real model.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::names::{JobId, MatchId, ResumeId};
use platform::postgres::tenant_transaction;
use platform::tasks::{self, TaskKind};
use serde_json::Value;
use support::BackEnd;
use support::files::{RESUME, docx, pdf};

const JOB: &str = "Senior Backend Engineer\n\nRequirements\n- Strong experience with Docker\n- PostgreSQL and Kubernetes\n\
                   - Experience with Terraform is a plus\n";

async fn request_match(back_end: &BackEnd, resume: ResumeId, job: JobId) -> MatchId {
    let wanted = MatchId::new();
    let mut transaction = tenant_transaction(&back_end.pool, back_end.tenant).await.unwrap();
    sqlx::query("INSERT INTO matches (id, tenant_id, resume_id, job_id) VALUES ($1, $2, $3, $4)")
        .bind(wanted)
        .bind(back_end.tenant)
        .bind(resume)
        .bind(job)
        .execute(&mut *transaction)
        .await
        .unwrap();
    tasks::enqueue(&mut transaction, back_end.tenant, TaskKind::MatchResume, wanted.as_uuid()).await.unwrap();
    transaction.commit().await.unwrap();
    wanted
}

async fn result_of(back_end: &BackEnd, wanted: MatchId) -> (f64, Value) {
    let query = "SELECT score::float8, result FROM matches WHERE id = $1 AND status = 'ready'";
    back_end.eventually(query, wanted.as_uuid()).await
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_pdf_and_a_docx_are_matched_with_a_job() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker();
    let job = back_end.upload_job("job.txt", JOB.as_bytes().to_vec()).await;
    let mut scores = Vec::new();
    for (name, bytes) in [("ada.pdf", pdf(&RESUME)), ("ada.docx", docx(&RESUME))] {
        // Asked for at once, while resume and job may still be waiting to be read.
        let (resume, _) = back_end.upload_resume(name, bytes).await;
        let (score, result) = result_of(&back_end, request_match(&back_end, resume, job).await).await;
        let (matched, missing) = (names(&result["matched_skills"]), names(&result["missing_skills"]));
        for skill in ["PostgreSQL", "Kubernetes", "Docker"] {
            assert!(matched.contains(&skill), "{name}: {matched:?}");
        }
        assert!(missing.contains(&"Terraform"), "{name}: {missing:?}");
        assert!((result["score"].as_f64().unwrap() - score).abs() < 0.01, "{score}");
        scores.push(score);
    }
    let (stranger, _) = back_end
        .upload_resume("bob.docx", docx(&["Bob Baker", "Experience", "Baker, Corner Bakery, 2010 - 2020"]))
        .await;
    let (low, _) = result_of(&back_end, request_match(&back_end, stranger, job).await).await;
    assert!(scores.iter().all(|score| *score > low + 20.0), "{scores:?} against {low}");
}

#[tokio::test]
async fn a_match_judges_and_quotes_the_newest_version_of_the_resume_and_names_it() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker();
    let job = back_end.upload_job("job.txt", JOB.as_bytes().to_vec()).await;
    let (resume, _) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    let version_of = async |wanted: MatchId| -> (Option<i32>, Value) {
        let query = "SELECT resume_version, result FROM matches WHERE id = $1 AND status = 'ready'";
        back_end.eventually(query, wanted.as_uuid()).await
    };
    let (version, result) = version_of(request_match(&back_end, resume, job).await).await;
    assert_eq!(version, Some(1));
    assert!(names(&result["missing_skills"]).contains(&"Terraform"));

    // What an edit writes.
    let document = matching::Document::from_text(
        "Ada Example\n\nExperience\nEngineer, Bluebird Ltd\n03/2018 - 06/2023\n- Wrote Terraform modules for 40 teams\n",
    );
    let parsed = matching::parse(&document);
    let mut transaction = tenant_transaction(&back_end.pool, back_end.tenant).await.unwrap();
    sqlx::query("UPDATE resumes SET version = 2, text = $2, extraction = $3, document = $4 WHERE id = $1")
        .bind(resume)
        .bind(&document.text)
        .bind(serde_json::to_value(&document).unwrap())
        .bind(serde_json::to_value(&parsed).unwrap())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let (version, result) = version_of(request_match(&back_end, resume, job).await).await;
    assert_eq!(version, Some(2));
    assert!(names(&result["matched_skills"]).contains(&"Terraform"));
    let quoted = result["requirements"].to_string();
    assert!(quoted.contains("Wrote Terraform modules for 40 teams"), "{quoted}");
}

#[tokio::test]
async fn a_match_of_an_unreadable_resume_says_so() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker();
    let job = back_end.upload_job("job.txt", JOB.as_bytes().to_vec()).await;
    let (resume, _) = back_end.upload_resume("cut.docx", docx(&RESUME)[..200].to_vec()).await;
    let wanted = request_match(&back_end, resume, job).await;
    let query = "SELECT error FROM matches WHERE id = $1 AND status = 'failed'";
    let (error,): (String,) = back_end.eventually(query, wanted.as_uuid()).await;
    assert!(error.starts_with("the resume could not be read: "), "{error}");
}

#[tokio::test]
async fn a_missing_model_exits_with_2_and_says_how_to_get_it() {
    let back_end = BackEnd::start().await;
    let mut variables = back_end.variables.clone();
    variables.insert(platform::env_vars::RM_METRICS_LISTEN, support::free_address().to_string());
    let empty = std::env::temp_dir().join(test_services::unique_name("no-model"));
    let output = support::command(&variables, &["run"])
        .env(platform::env_vars::RM_MODEL_DIR, &empty)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("cargo xtask model"), "{told}");
}
