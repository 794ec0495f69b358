//! Accept and reject advice; decisions hold for the resume and the job.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, User, problem, sample_result};

async fn json_of(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status().as_u16(), status, "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

/// A match with a result; gives its address.
async fn matched(app: &TestApp, user: &User, resume: &str, job: &str) -> String {
    let body = json!({"resume_id": resume, "job_id": job});
    let made = json_of(app.post_json("/api/v1/matches", Some(&user.token), &body).await, 202).await;
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    app.finish_match(&user.tenant, id, 71.4, &sample_result()).await;
    format!("/api/v1/matches/{id}")
}

async fn advice(app: &TestApp, user: &User, path: &str) -> Vec<Value> {
    let found = json_of(app.get(path, Some(&user.token)).await, 200).await;
    found["result"]["advice"].as_array().unwrap().clone()
}

async fn decide(app: &TestApp, user: &User, path: &str, id: &Value, body: &Value) -> Response {
    let url = app.url(&format!("{path}/advice/{}", id.as_str().unwrap()));
    app.client.put(url).bearer_auth(&user.token).json(body).send().await.unwrap()
}

#[tokio::test]
async fn what_is_rejected_is_not_shown_again_and_what_is_accepted_is_marked() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "cv").await, app.add_job(&user, "Rust").await);
    let first = matched(&app, &user, &resume, &job).await;
    let before = app.get(&first, Some(&user.token)).await.headers()["etag"].clone();
    let given = advice(&app, &user, &first).await;
    assert_eq!((given.len(), &given[0]["decision"]), (2, &Value::Null));

    let answer = decide(&app, &user, &first, &given[0]["id"], &json!({"decision": "rejected"})).await;
    assert_ne!(answer.headers()["etag"], before, "who has read it before gets it anew");
    assert_eq!(json_of(answer, 200).await["result"]["advice"][0]["decision"], "rejected");
    json_of(decide(&app, &user, &first, &given[1]["id"], &json!({"decision": "accepted"})).await, 200).await;
    let decisions =
        |pieces: &[Value]| -> Vec<Value> { pieces.iter().map(|one| one["decision"].clone()).collect() };
    assert_eq!(decisions(&advice(&app, &user, &first).await), [json!("rejected"), json!("accepted")]);

    // Another match of the two leaves out what was rejected; one with another job knows nothing of it.
    let second = matched(&app, &user, &resume, &job).await;
    let shown = advice(&app, &user, &second).await;
    assert_eq!(
        (shown.len(), &shown[0]["id"], &shown[0]["decision"]),
        (1, &given[1]["id"], &json!("accepted"))
    );
    let other = app.add_job(&user, "Go").await;
    let elsewhere = matched(&app, &user, &resume, &other).await;
    assert_eq!(decisions(&advice(&app, &user, &elsewhere).await), [Value::Null, Value::Null]);

    // Thought better of.
    let path = format!("{first}/advice/{}", given[0]["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(decisions(&advice(&app, &user, &second).await), [Value::Null, json!("accepted")]);
    let export = json_of(app.get("/api/v1/account/export", Some(&user.token)).await, 200).await;
    let kept = &export["organisations"][0]["data"]["advice_decisions"];
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["advice_id"]), (1, &given[1]["id"]));
}

#[tokio::test]
async fn a_rejection_outlives_the_match_in_which_it_was_made() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "cv").await, app.add_job(&user, "Rust").await);
    let first = matched(&app, &user, &resume, &job).await;
    let id = advice(&app, &user, &first).await[0]["id"].clone();
    json_of(decide(&app, &user, &first, &id, &json!({"decision": "rejected"})).await, 200).await;
    app.delete(&first, Some(&user.token)).await;
    let second = matched(&app, &user, &resume, &job).await;
    assert!(advice(&app, &user, &second).await.iter().all(|one| one["id"] != id));
}

#[tokio::test]
async fn only_advice_that_the_match_gives_is_decided() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "cv").await, app.add_job(&user, "Rust").await);
    let path = matched(&app, &user, &resume, &job).await;
    let id = advice(&app, &user, &path).await[0]["id"].clone();
    let yes = json!({"decision": "accepted"});
    for wrong in [json!("x"), json!("0".repeat(64))] {
        problem(decide(&app, &user, &path, &wrong, &yes).await, 404, "not-found").await;
    }
    let maybe = problem(
        decide(&app, &user, &path, &id, &json!({"decision": "maybe"})).await,
        422,
        "validation-failed",
    );
    assert_eq!(maybe.await["errors"][0]["pointer"], "/decision");
    // A match without a result gives none.
    let body = json!({"resume_id": resume, "job_id": job});
    let waiting = json_of(app.post_json("/api/v1/matches", Some(&user.token), &body).await, 202).await;
    let waiting = format!("/api/v1/matches/{}", waiting["id"].as_str().unwrap());
    problem(decide(&app, &user, &waiting, &id, &yes).await, 404, "not-found").await;
}
