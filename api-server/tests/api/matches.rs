//! Ask for matches; their results come from the worker and are tested with it.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, problem};

#[tokio::test]
async fn a_match_is_queued_with_its_task() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "x").await, app.add_job(&user, "text").await);
    let answer = app
        .post_json("/api/v1/matches", Some(&user.token), &json!({"resume_id": resume, "job_id": job}))
        .await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = answer.json().await.unwrap();
    assert_eq!((&made["status"], &made["score"]), (&json!("queued"), &Value::Null));
    assert_eq!(made["resume_name"], "x.pdf");
    assert_eq!(app.waiting_tasks(&user, "match_resume").await, [made["id"].as_str().unwrap()]);
    let got: Value = app.get(&location, Some(&user.token)).await.json().await.unwrap();
    assert_eq!(got, made);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_matched() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let resume = app.add_resume(&user, "x").await;
    let body = json!({"resume_id": resume, "job_id": Uuid::now_v7()});
    let answer = app.post_json("/api/v1/matches", Some(&user.token), &body).await;
    let found = problem(answer, 404, "not-found").await;
    assert_eq!(found["errors"], json!([{"pointer": "/job_id", "detail": "There is no job with this id."}]));
    let answer = app
        .post_json("/api/v1/matches", Some(&user.token), &json!({"resume_id": "x", "job_id": resume}))
        .await;
    assert_eq!(problem(answer, 422, "validation-failed").await["errors"][0]["pointer"], "/resume_id");
}

#[tokio::test]
async fn a_resume_that_could_not_be_read_is_a_conflict() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "x").await, app.add_job(&user, "text").await);
    let mut tx = platform::postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    sqlx::query("UPDATE resumes SET status = 'failed', error = 'The file is encrypted.' WHERE id = $1::uuid")
        .bind(&resume)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let answer = app
        .post_json("/api/v1/matches", Some(&user.token), &json!({"resume_id": resume, "job_id": job}))
        .await;
    problem(answer, 409, "conflict").await;
}

#[tokio::test]
async fn the_list_filters_by_resume_and_job_and_matches_go_with_them() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let resumes = [app.add_resume(&user, "x").await, app.add_resume(&user, "y").await];
    let job = app.add_job(&user, "text").await;
    for resume in &resumes {
        app.post_json("/api/v1/matches", Some(&user.token), &json!({"resume_id": resume, "job_id": job}))
            .await;
    }
    let count = async |query: String| {
        let list: Value =
            app.get(&format!("/api/v1/matches?{query}"), Some(&user.token)).await.json().await.unwrap();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(count(format!("job_id={job}")).await, 2);
    assert_eq!(count(format!("resume_id={}", resumes[0])).await, 1);
    assert_eq!(count("status=failed".to_owned()).await, 0);
    app.delete(&format!("/api/v1/resumes/{}", resumes[0]), Some(&user.token)).await;
    assert_eq!(count(format!("job_id={job}")).await, 1);
}

#[tokio::test]
async fn deleting_a_match_leaves_resume_and_job() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "x").await, app.add_job(&user, "text").await);
    let made: Value = app
        .post_json("/api/v1/matches", Some(&user.token), &json!({"resume_id": resume, "job_id": job}))
        .await
        .json()
        .await
        .unwrap();
    let path = format!("/api/v1/matches/{}", made["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    problem(app.get(&path, Some(&user.token)).await, 404, "not-found").await;
    for path in [format!("/api/v1/resumes/{resume}"), format!("/api/v1/jobs/{job}")] {
        assert_eq!(app.get(&path, Some(&user.token)).await.status(), StatusCode::OK);
    }
}
