//! Add, list, read and delete jobs.

use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{TestApp, pdf, problem};

#[tokio::test]
async fn a_text_is_ready_at_once() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let body = json!({"title": "SRE", "text": "  Five years of Kubernetes.\n"});
    let answer = app.post_json("/api/v1/jobs", Some(&user.token), &body).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let job: Value = answer.json().await.unwrap();
    assert_eq!((&job["status"], &job["title"]), (&json!("ready"), &json!("SRE")));
    let detail: Value = app.get(&location, Some(&user.token)).await.json().await.unwrap();
    assert_eq!(detail["text"], "Five years of Kubernetes.");
    assert!(app.waiting_tasks(&user, "extract_job").await.is_empty());
}

#[tokio::test]
async fn a_file_is_queued_for_extraction() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let form =
        Form::new().text("title", "SRE").part("file", Part::bytes(pdf("job").to_vec()).file_name("job.pdf"));
    let answer = app.post_form("/api/v1/jobs", &user.token, form).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let job: Value = answer.json().await.unwrap();
    assert_eq!((&job["status"], &job["file_name"]), (&json!("queued"), &json!("job.pdf")));
    assert_eq!(app.waiting_tasks(&user, "extract_job").await, [job["id"].as_str().unwrap()]);
}

#[tokio::test]
async fn wrong_jobs_are_refused_with_the_place() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    for (body, pointer) in [
        (json!({"text": "  "}), "/text"),
        (json!({"text": "x", "title": "t".repeat(301)}), "/title"),
        (json!({"text": "x".repeat(100_001)}), "/text"),
        (json!({"text": 5}), "/text"),
    ] {
        let answer = app.post_json("/api/v1/jobs", Some(&user.token), &body).await;
        assert_eq!(problem(answer, 422, "validation-failed").await["errors"][0]["pointer"], pointer);
    }
    let unknown = app.post_json("/api/v1/jobs", Some(&user.token), &json!({"text": "x", "salary": 1})).await;
    assert!(problem(unknown, 422, "validation-failed").await["detail"].as_str().unwrap().contains("salary"));
}

#[tokio::test]
async fn a_deleted_job_is_gone_from_the_list() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let ids = [app.add_job(&user, "one").await, app.add_job(&user, "two").await];
    let path = format!("/api/v1/jobs/{}", ids[0]);
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    let list: Value = app.get("/api/v1/jobs", Some(&user.token)).await.json().await.unwrap();
    let listed: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(listed, [ids[1].as_str()]);
}
