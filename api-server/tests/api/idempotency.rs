//! `Idempotency-Key`: the same request sent again is done once and answered alike.

use reqwest::{
    Response, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{TestApp, User, pdf, problem};

async fn add_job(app: &TestApp, user: &User, key: &str, text: &str) -> Response {
    let request = app.client.post(app.url("/api/v1/jobs")).bearer_auth(&user.token);
    request.header("idempotency-key", key).json(&json!({"text": text})).send().await.unwrap()
}

async fn jobs(app: &TestApp, user: &User) -> usize {
    let page: Value = app.get("/api/v1/jobs", Some(&user.token)).await.json().await.unwrap();
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let first = add_job(&app, &user, "\"k-1\"", "Rust").await;
    assert_eq!(first.status(), StatusCode::CREATED);
    assert!(first.headers().get("idempotency-replayed").is_none());
    let location = first.headers()["location"].clone();
    let body = first.text().await.unwrap();
    let again = add_job(&app, &user, "k-1", "Rust").await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.headers()["content-type"], "application/json");
    assert_eq!(again.headers()["location"], location);
    assert_eq!(again.text().await.unwrap(), body);
    assert_eq!(jobs(&app, &user).await, 1);
    // Another key is another request, and another tenant's key is nobody's business.
    assert!(add_job(&app, &user, "k-2", "Rust").await.status().is_success());
    let eve = app.sign_up("eve@example.org").await;
    assert_eq!(add_job(&app, &eve, "k-1", "Go").await.status(), StatusCode::CREATED);
    assert_eq!((jobs(&app, &user).await, jobs(&app, &eve).await), (2, 1));
}

#[tokio::test]
async fn a_key_is_for_one_body() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    add_job(&app, &user, "k", "Rust").await;
    let refused = problem(add_job(&app, &user, "k", "Go").await, 422, "validation-failed").await;
    assert_eq!(refused["errors"][0]["field"], "Idempotency-Key");
    problem(add_job(&app, &user, "two words", "Go").await, 422, "validation-failed").await;
}

#[tokio::test]
async fn what_failed_may_be_tried_again_under_its_key() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    problem(add_job(&app, &user, "k", " ").await, 422, "validation-failed").await;
    assert_eq!(add_job(&app, &user, "k", "Rust").await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn of_requests_at_once_one_is_done() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let answers = futures::future::join_all((0..8).map(|_| add_job(&app, &user, "k", "Rust"))).await;
    for answer in answers {
        match answer.status() {
            StatusCode::CREATED => {}
            StatusCode::CONFLICT => {
                assert_eq!(answer.headers()["retry-after"], "1");
                problem(answer, 409, "request-in-progress").await;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(jobs(&app, &user).await, 1);
}

#[tokio::test]
async fn a_form_is_the_same_though_its_boundary_is_new() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let form = Form::new().part("file", Part::bytes(pdf("job").to_vec()).file_name("job.pdf"));
        let request = app.client.post(app.url("/api/v1/jobs")).bearer_auth(&user.token);
        let answer = request.header("idempotency-key", "k").multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        ids.push(answer.json::<Value>().await.unwrap()["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(jobs(&app, &user).await, 1);
}
