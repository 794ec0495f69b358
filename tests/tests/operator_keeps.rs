//! The operator keeps an installation as its object says, and says what is wrong with one that cannot be.

use std::time::Duration;

use e2e::client::{Client, text};
use e2e::documents::pdf;
use e2e::installation::Installation;
use reqwest::StatusCode;
use serde_json::{Value, json};

const READY: Duration = Duration::from_secs(300);

/// Applies a `ResumeMatcher` with this spec, as a dry run of the API server.
fn try_spec(installation: &Installation, spec: &Value) -> anyhow::Result<String> {
    let object = json!({
        "apiVersion": "resumematcher.io/v1alpha1",
        "kind": "ResumeMatcher",
        "metadata": {"name": "tried"},
        "spec": spec
    });
    let create = ["create", "--dry-run=server", "--validate=strict", "--filename", "-"];
    installation.kubectl_with(&create, &object.to_string())
}

#[test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
fn a_wrong_spec_is_refused_with_the_name_of_the_field() {
    let installation = Installation::from_env().unwrap();
    try_spec(&installation, &json!({"environment": "development"})).unwrap();
    let secret = json!({"secretRef": {"name": "x"}});
    let wrong = [
        (json!({"api": {"autoscaling": {"min": 5, "max": 2}}}), "autoscaling"),
        (json!({"apii": {}}), "apii"),
        (json!({"database": {"embedded": {}, "external": secret}}), "database"),
    ];
    for (spec, field) in wrong {
        let message = format!("{:#}", try_spec(&installation, &spec).unwrap_err());
        assert!(message.contains(field), "{spec}: {message}");
    }
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_wrong_reference_to_a_secret_is_named_in_the_status() {
    let installation = Installation::from_env().unwrap();
    let object = json!({
        "apiVersion": "resumematcher.io/v1alpha1",
        "kind": "ResumeMatcher",
        "metadata": {"name": "wrong-secret"},
        "spec": {
            "environment": "development",
            "database": {"external": {"secretRef": {"name": "no-such-secret"}}}
        }
    });
    installation.kubectl_with(&["apply", "--filename", "-"], &object.to_string()).unwrap();
    let ready = installation.condition("wrong-secret", "Ready", "False", Duration::from_secs(60)).await;
    let delete = ["delete", "resumematchers.resumematcher.io", "wrong-secret", "--timeout=60s"];
    installation.kubectl(&delete).unwrap();
    let ready = ready.unwrap();
    assert!(text(&ready, "/message").unwrap().contains("no-such-secret"), "{ready}");
    assert!(text(&ready, "/reason").unwrap().starts_with("Secret"), "{ready}");
}

#[test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
fn the_short_name_gives_a_useful_line() {
    let installation = Installation::from_env().unwrap();
    let table = installation.kubectl(&["get", "rm", &installation.name]).unwrap();
    let mut lines = table.lines();
    let head = lines.next().unwrap();
    for column in ["READY", "VERSION", "API", "WORKERS", "AGE"] {
        assert!(head.contains(column), "{head}");
    }
    let line = lines.next().unwrap();
    assert!(line.starts_with(&installation.name) && line.contains("True"), "{line}");
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn what_is_deleted_comes_back_with_the_data() {
    let installation = Installation::from_env().unwrap();
    let client = Client::sign_up(&installation).await.unwrap();
    let resume = client
        .upload("kept.pdf", pdf(&["Kept Example", "kept@example.org", "Skills", "Rust"]))
        .await
        .unwrap();
    let path = format!("/api/v1/resumes/{}", text(&resume, "/id").unwrap());
    // Blue or green, whichever serves.
    let api = format!("app.kubernetes.io/instance={},app.kubernetes.io/component=api", installation.name);
    let uid = ["get", "deployments", "--selector", &api, "--output", "jsonpath={.items[*].metadata.uid}"];
    let before = installation.kubectl(&uid).unwrap();

    installation.kubectl(&["delete", "deploy,svc,hpa,cm", "--all"]).unwrap();

    e2e::wait::until("another API Deployment", READY, async || {
        let uid = installation.kubectl(&uid)?;
        Ok((!uid.is_empty() && uid != before).then_some(()))
    })
    .await
    .unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    let (status, kept) = e2e::wait::until("the API through the ingress", READY, async || {
        let answer = client.get(&path).await?;
        Ok((answer.0 == StatusCode::OK).then_some(answer))
    })
    .await
    .unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(kept.pointer("/sha256"), resume.pointer("/sha256"), "{kept}");
}
