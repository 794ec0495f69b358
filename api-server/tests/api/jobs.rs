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

#[tokio::test]
async fn an_edit_names_the_version_that_it_edits() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let path = format!("/api/v1/jobs/{}", app.add_job(&user, "Rust").await);
    let read = app.get(&path, Some(&user.token)).await;
    let tag = read.headers()["etag"].to_str().unwrap().to_owned();
    let edit = async |tag: Option<&str>, body: Value| {
        let request = app.client.patch(app.url(&path)).bearer_auth(&user.token).json(&body);
        let request = if let Some(tag) = tag { request.header("if-match", tag) } else { request };
        request.send().await.unwrap()
    };
    problem(edit(None, json!({"text": "Go"})).await, 428, "precondition-required").await;
    problem(edit(Some("\"0\""), json!({"text": "Go"})).await, 412, "precondition-failed").await;
    problem(edit(Some(&tag), json!({"text": " "})).await, 422, "validation-failed").await;
    let edited = edit(Some(&tag), json!({"title": "SRE"})).await;
    assert_eq!(edited.status(), StatusCode::OK);
    let next = edited.headers()["etag"].to_str().unwrap().to_owned();
    let job: Value = edited.json().await.unwrap();
    assert_eq!((&job["title"], &job["text"]), (&json!("SRE"), &json!("Rust")));
    problem(edit(Some(&tag), json!({"text": "Go"})).await, 412, "precondition-failed").await;
    let job: Value = edit(Some(&next), json!({"text": "Go", "title": ""})).await.json().await.unwrap();
    assert_eq!((&job["title"], &job["text"]), (&Value::Null, &json!("Go")));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let paths = [
        format!("/api/v1/jobs/{}", app.add_job(&user, "Rust").await),
        format!("/api/v1/resumes/{}", app.add_resume(&user, "cv").await),
    ];
    for path in paths {
        let tag = app.get(&path, Some(&user.token)).await.headers()["etag"].clone();
        let request = app.client.get(app.url(&path)).bearer_auth(&user.token);
        let again = request.header("if-none-match", &tag).send().await.unwrap();
        assert_eq!((again.status(), &again.headers()["etag"]), (StatusCode::NOT_MODIFIED, &tag), "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_job_by_its_address_is_queued_to_be_fetched() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let add = async |body: Value| app.post_json("/api/v1/jobs", Some(&user.token), &body).await;
    let answer = add(json!({"url": " https://Example.org/jobs/1?x=y "})).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let job: Value = answer.json().await.unwrap();
    assert_eq!(
        (&job["status"], &job["source_url"]),
        (&json!("queued"), &json!("https://example.org/jobs/1?x=y"))
    );
    assert_eq!(app.waiting_tasks(&user, "fetch_job").await, [job["id"].as_str().unwrap()]);
    for wrong in ["example.org", "file:///etc/passwd", "https://a:b@example.org/"] {
        let refused = problem(add(json!({"url": wrong})).await, 422, "validation-failed").await;
        assert_eq!(refused["errors"][0]["pointer"], "/url", "{wrong}");
    }
    problem(add(json!({"url": "https://example.org", "text": "x"})).await, 422, "validation-failed").await;
    problem(add(json!({"title": "neither"})).await, 422, "validation-failed").await;
}
