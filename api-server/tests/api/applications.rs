//! The board of applications.

use platform::postgres::tenant_transaction;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, User, problem};

async fn json_of(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status().as_u16(), status, "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

async fn add(app: &TestApp, user: &User, wish: &Value) -> Value {
    json_of(app.post_json("/api/v1/applications", Some(&user.token), wish).await, 201).await
}

async fn patch(app: &TestApp, user: &User, id: &Value, tag: Option<&str>, body: &Value) -> Response {
    let url = app.url(&format!("/api/v1/applications/{}", id.as_str().unwrap()));
    let request = app.client.patch(url).bearer_auth(&user.token).json(body);
    let request = if let Some(tag) = tag { request.header("if-match", tag) } else { request };
    request.send().await.unwrap()
}

async fn get(app: &TestApp, user: &User, id: &Value) -> (String, Value) {
    let answer = app.get(&format!("/api/v1/applications/{}", id.as_str().unwrap()), Some(&user.token)).await;
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    (tag, json_of(answer, 200).await)
}

fn states(detail: &Value) -> Vec<&str> {
    detail["moves"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_application_moves_with_the_version_that_it_is() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "cv").await, app.add_job(&user, "Rust").await);
    let made = add(&app, &user, &json!({"job_id": job, "note": " Bo knows them "})).await;
    assert_eq!((&made["state"], &made["note"]), (&json!("saved"), &json!("Bo knows them")));
    assert_eq!((&made["resume_id"], &made["applied_on"]), (&Value::Null, &Value::Null));
    let id = &made["id"];
    let (first, _) = get(&app, &user, id).await;

    let wish = json!({"state": "applied", "resume_id": resume, "next_on": "2026-12-01"});
    problem(patch(&app, &user, id, None, &wish).await, 428, "precondition-required").await;
    let moved = patch(&app, &user, id, Some(&first), &wish).await;
    let second = moved.headers()["etag"].to_str().unwrap().to_owned();
    let moved = json_of(moved, 200).await;
    assert_eq!((&moved["resume_name"], &moved["next_on"]), (&json!("cv.pdf"), &json!("2026-12-01")));
    assert_eq!(moved["note"], "Bo knows them", "what is absent stays");
    assert!(moved["applied_on"].is_string(), "the day on which it was sent is written down");
    problem(patch(&app, &user, id, Some(&first), &wish).await, 412, "precondition-failed").await;

    let body = json!({"note": null, "resume_id": null, "applied_on": "2026-11-20", "state": "applied"});
    let changed = json_of(patch(&app, &user, id, Some(&second), &body).await, 200).await;
    assert_eq!((&changed["note"], &changed["resume_id"]), (&Value::Null, &Value::Null));
    assert_eq!(changed["applied_on"], "2026-11-20");
    assert_eq!(states(&changed), ["saved", "applied"], "no move without another state");
    let (tag, _) = get(&app, &user, id).await;
    patch(&app, &user, id, Some(&tag), &json!({"state": "interviewing"})).await;
    let (_, now) = get(&app, &user, id).await;
    assert_eq!(states(&now), ["saved", "applied", "interviewing"]);
    let me = json_of(app.get("/api/v1/account", Some(&user.token)).await, 200).await;
    assert_eq!(now["moves"][2]["account_id"], me["account"]["id"]);
}

#[tokio::test]
async fn wrong_values_are_named() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let job = app.add_job(&user, "Rust").await;
    let absent = "0192f0c1-2345-7abc-8def-0123456789ab";
    for (body, pointer) in [
        (json!({"job_id": absent}), "/job_id"),
        (json!({"job_id": job, "resume_id": absent}), "/resume_id"),
        (json!({"job_id": job, "state": "dreaming"}), "/state"),
        (json!({"job_id": job, "applied_on": "2026-02-30"}), "/applied_on"),
        (json!({"job_id": job, "next_on": "soon"}), "/next_on"),
        (json!({"job_id": job, "note": "x".repeat(20_001)}), "/note"),
    ] {
        let answer = app.post_json("/api/v1/applications", Some(&user.token), &body).await;
        let told = problem(answer, 422, "validation-failed").await;
        assert_eq!(told["errors"][0]["pointer"], pointer, "{told}");
    }
    let list = json_of(app.get("/api/v1/applications", Some(&user.token)).await, 200).await;
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn the_list_filters_and_pages() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let jobs = [app.add_job(&user, "one").await, app.add_job(&user, "two").await];
    for job in &jobs {
        for state in ["saved", "offer"] {
            add(&app, &user, &json!({"job_id": job, "state": state})).await;
        }
    }
    let list = async |query: &str| {
        json_of(app.get(&format!("/api/v1/applications?{query}"), Some(&user.token)).await, 200).await
    };
    assert_eq!(list("state=offer").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(list(&format!("job_id={}", jobs[0])).await["items"].as_array().unwrap().len(), 2);
    let first = list("limit=3").await;
    let rest = list(&format!("limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (3, 1));
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn it_stays_without_its_resume_and_goes_with_its_job() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "cv").await, app.add_job(&user, "Rust").await);
    let made = add(&app, &user, &json!({"job_id": job, "resume_id": resume})).await;
    let (before, _) = get(&app, &user, &made["id"]).await;
    let gone = app.delete(&format!("/api/v1/resumes/{resume}"), Some(&user.token)).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let (after, now) = get(&app, &user, &made["id"]).await;
    assert_eq!((&now["resume_id"], &now["resume_name"]), (&Value::Null, &Value::Null));
    assert_ne!(after, before, "it has changed");
    app.delete(&format!("/api/v1/jobs/{job}"), Some(&user.token)).await;
    let path = format!("/api/v1/applications/{}", made["id"].as_str().unwrap());
    problem(app.get(&path, Some(&user.token)).await, 404, "not-found").await;
}

#[tokio::test]
async fn applications_are_given_out_and_erased_with_the_person() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&user, "cv").await, app.add_job(&user, "Rust").await);
    add(&app, &user, &json!({"job_id": job, "resume_id": resume, "note": "private"})).await;
    let export = json_of(app.get("/api/v1/account/export", Some(&user.token)).await, 200).await;
    let given = &export["organisations"][0]["data"]["applications"][0];
    assert_eq!((&given["note"], &given["moves"][0]["state"]), (&json!("private"), &json!("saved")));
    let wish = json!({"password": PASSWORD});
    json_of(app.post_json("/api/v1/account/erasure", Some(&user.token), &wish).await, 200).await;
    let mut tx = tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM applications) + (SELECT count(*) FROM application_moves)",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_a_member_has_added_to_an_organisation_goes_with_the_member() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.sign_up("ann@example.org").await, app.sign_up("bob@example.org").await);
    let body = json!({"email": "bob@example.org", "role": "member"});
    let invited = json_of(app.post_json("/api/v1/invitations", Some(&ann.token), &body).await, 201).await;
    let token = json!({"token": invited["token"]});
    json_of(app.post_json("/api/v1/invitations/accept", Some(&bob.token), &token).await, 200).await;
    let path = format!("/api/v1/organisations/{}/session", ann.tenant);
    let entered = app.post_json(&path, Some(&bob.token), &json!({})).await;
    let inside: Value = entered.json().await.unwrap();
    let member = User {
        tenant: ann.tenant,
        token: inside["access_token"].as_str().unwrap().to_owned(),
        refresh_token: String::new(),
    };
    let (resume, job) = (app.add_resume(&ann, "cv").await, app.add_job(&ann, "Rust").await);
    let own = add(&app, &ann, &json!({"job_id": job, "resume_id": resume})).await;
    add(&app, &member, &json!({"job_id": job, "note": "of bob"})).await;
    let wish = json!({"password": PASSWORD});
    json_of(app.post_json("/api/v1/account/erasure", Some(&bob.token), &wish).await, 200).await;
    let list = json_of(app.get("/api/v1/applications", Some(&ann.token)).await, 200).await;
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [own["id"].clone()]);
}
