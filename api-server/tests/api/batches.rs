//! Batches of matches, the stream of changes, the audit log.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, User, problem, sample_result};

async fn json_of(answer: Response, status: u16) -> Value {
    let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn sides(app: &TestApp, user: &User) -> (Vec<String>, Vec<String>) {
    let resumes = vec![app.add_resume(user, "=cmd()").await, app.add_resume(user, "bob").await];
    let jobs =
        vec![app.add_job(user, "Rust").await, app.add_job(user, "Go").await, app.add_job(user, "C").await];
    (resumes, jobs)
}

#[tokio::test]
async fn each_resume_is_matched_with_each_job_and_the_table_shows_the_best_first() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (resumes, jobs) = sides(&app, &user).await;
    // A name twice is one resume.
    let body = json!({"name": "spring", "resume_ids": [resumes[0], resumes[1], resumes[0]], "job_ids": jobs});
    let batch = json_of(app.post_json("/api/v1/batches", Some(&user.token), &body).await, 202).await;
    assert_eq!((&batch["total"], &batch["queued"], &batch["ready"]), (&json!(6), &json!(6), &json!(0)));
    assert_eq!(app.waiting_tasks(&user, "match_resume").await.len(), 6);

    let path = format!("/api/v1/batches/{}", batch["id"].as_str().unwrap());
    let list = format!("/api/v1/matches?batch_id={}", batch["id"].as_str().unwrap());
    let page = json_of(app.get(&list, Some(&user.token)).await, 200).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 6);
    let last = items.iter().find(|one| one["resume_name"] == "=cmd().pdf").unwrap();
    app.finish_match(&user.tenant, last["id"].as_str().unwrap().parse().unwrap(), 71.5, &sample_result())
        .await;
    let now = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    assert_eq!((&now["total"], &now["queued"], &now["ready"]), (&json!(6), &json!(5), &json!(1)));
    let csv = app.get(&format!("{path}/results.csv"), Some(&user.token)).await;
    assert!(csv.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
    let text = csv.text().await.unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert!(lines[0].starts_with("score,resume,job,status"), "{text}");
    assert!(lines[1].starts_with("71.50,\"'=cmd().pdf\",\"\",ready,"), "{text}");

    let batches = json_of(app.get("/api/v1/batches", Some(&user.token)).await, 200).await;
    assert_eq!(batches["items"][0]["name"], "spring");
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    let page = json_of(app.get("/api/v1/matches", Some(&user.token)).await, 200).await;
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn a_batch_of_what_is_not_there_is_refused_by_its_place() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.sign_up("ann@example.org").await, app.sign_up("eve@example.org").await);
    let (resumes, jobs) = sides(&app, &ann).await;
    let body = json!({"resume_ids": resumes, "job_ids": jobs});
    let refused =
        problem(app.post_json("/api/v1/batches", Some(&eve.token), &body).await, 422, "validation-failed")
            .await;
    assert_eq!(refused["errors"].as_array().unwrap().len(), 5);
    let body = json!({"resume_ids": [], "job_ids": jobs});
    let refused =
        problem(app.post_json("/api/v1/batches", Some(&ann.token), &body).await, 422, "validation-failed")
            .await;
    assert_eq!(refused["errors"][0]["pointer"], "/resume_ids");
}

#[tokio::test]
async fn the_parsed_document_is_given_as_json_resume() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let resume = app.add_resume(&user, "cv").await;
    let path = format!("/api/v1/resumes/{resume}/json-resume");
    problem(app.get(&path, Some(&user.token)).await, 409, "conflict").await;
    let mut tx = platform::postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    sqlx::query("UPDATE resumes SET status = 'ready', document = $2 WHERE id = $1::uuid")
        .bind(&resume)
        .bind(json!({"resume": {"basics": {"name": "Ada"}}, "evidence": {}}))
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let document = json_of(app.get(&path, Some(&user.token)).await, 200).await;
    assert_eq!(document, json!({"basics": {"name": "Ada"}}));
}

/// Events of the stream, read until there are `count` with data.
async fn events(answer: &mut Response, count: usize) -> Vec<(String, String, Value)> {
    let mut text = String::new();
    loop {
        let found: Vec<_> = text.split("\n\n").filter_map(event).collect();
        if found.len() >= count && text.ends_with("\n\n") {
            return found;
        }
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(60), answer.chunk()).await.unwrap();
        text.push_str(std::str::from_utf8(&chunk.unwrap().expect("the stream goes on")).unwrap());
    }
}

fn event(block: &str) -> Option<(String, String, Value)> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start().to_owned())
    };
    Some((field("id:")?, field("event:")?, serde_json::from_str(&field("data:")?).unwrap()))
}

#[tokio::test]
async fn changes_are_told_as_they_happen_and_those_missed_after_coming_back() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.sign_up("ann@example.org").await, app.sign_up("eve@example.org").await);
    let open = async |last: Option<&str>| {
        let request = app.client.get(app.url("/api/v1/events")).bearer_auth(&ann.token);
        let request = if let Some(last) = last { request.header("last-event-id", last) } else { request };
        request.send().await.unwrap()
    };
    let mut stream = open(None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    app.add_job(&eve, "not for ann").await;
    let job = app.add_job(&ann, "Rust").await;
    let told = events(&mut stream, 1).await;
    assert_eq!((told.len(), told[0].1.as_str()), (1, "job"));
    assert_eq!((&told[0].2["id"], &told[0].2["status"]), (&json!(job), &json!("ready")));
    drop(stream);

    let resume = app.add_resume(&ann, "cv").await;
    let mut stream = open(Some(&told[0].0)).await;
    let missed = events(&mut stream, 2).await;
    assert!(missed.iter().any(|one| one.1 == "resume" && one.2["id"] == json!(resume)), "{missed:?}");
    problem(open(Some("yesterday")).await, 422, "validation-failed").await;
    // A stream ends with the session that it came by.
    assert_eq!(app.delete("/api/v1/sessions", Some(&ann.token)).await.status(), StatusCode::NO_CONTENT);
    let end = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), end).await.expect("the stream ends");
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let mut stream = app.get("/api/v1/events", Some(&user.token)).await;
    app.stop.cancel();
    while stream.chunk().await.unwrap().is_some() {}
    app.stopped().await;
}

#[tokio::test]
async fn the_audit_log_says_who_did_what_and_cannot_be_changed() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let key = json_of(
        app.post_json("/api/v1/api-keys", Some(&user.token), &json!({"name": "k", "scope": "write"})).await,
        201,
    )
    .await;
    let secret = key["secret"].as_str().unwrap();
    let added = app
        .client
        .post(app.url("/api/v1/jobs"))
        .bearer_auth(secret)
        .header("x-request-id", "r-1")
        .json(&json!({"text": "Rust"}))
        .send()
        .await
        .unwrap();
    let job = json_of(added, 201).await;
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);

    let log = json_of(app.get("/api/v1/audit", Some(&user.token)).await, 200).await;
    let items = log["items"].as_array().unwrap();
    let line = |act: &str, kind: &str| {
        items.iter().find(|one| one["act"] == act && one["kind"] == kind).unwrap_or_else(|| panic!("{log}"))
    };
    assert_eq!(line("added", "jobs")["actor"], format!("api-key:{}", key["id"].as_str().unwrap()));
    assert_eq!(
        (&line("added", "jobs")["request_id"], &line("added", "jobs")["subject_id"]),
        (&json!("r-1"), &job["id"])
    );
    assert!(line("removed", "jobs")["actor"].as_str().unwrap().starts_with("account:"));
    assert_eq!(line("added", "api_keys")["subject_id"], key["id"]);
    assert_eq!(line("added", "memberships")["act"], "added");
    let older = format!("/api/v1/audit?limit=1&before={}", items[0]["id"]);
    let older = json_of(app.get(&older, Some(&user.token)).await, 200).await;
    assert_eq!(older["items"][0], items[1]);

    problem(app.get("/api/v1/audit", Some(secret)).await, 403, "forbidden").await;
    let mut tx = platform::postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let error = sqlx::query("DELETE FROM audit_events").execute(&mut *tx).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"));
}
