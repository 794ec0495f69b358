//! The two-tenant attack: every operation of the OpenAPI document, tried with no token and with another tenant's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{RESUME_TEXT, TestApp, problem, sample_result};

/// Operations that anybody may call.
const OPEN: [&str; 10] = [
    "createAccount",
    "createSession",
    "refreshSession",
    "verifyEmail",
    "requestPasswordReset",
    "confirmPasswordReset",
    "takeMailEvents",
    "takeBillingEvents",
    "getHealth",
    "getDetailedHealth",
];

/// An id of advice that no match gives.
const NO_ADVICE: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

struct Operation {
    id: String,
    method: Method,
    path: String,
}

async fn operations(app: &TestApp) -> Vec<Operation> {
    let document: Value = app.get("/openapi.json", None).await.json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    let all =
        paths.iter().flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |pair| (path, pair)));
    all.map(|(path, (method, operation))| Operation {
        id: operation["operationId"].as_str().unwrap().to_owned(),
        method: method.to_uppercase().parse().unwrap(),
        path: path.clone(),
    })
    .collect()
}

#[tokio::test]
async fn every_operation_that_is_not_open_needs_a_token() {
    let app = TestApp::start().await;
    let mut closed = 0;
    for operation in operations(&app).await.iter().filter(|operation| !OPEN.contains(&operation.id.as_str()))
    {
        let path = operation
            .path
            .replace("{id}", "0192f0c1-2345-7abc-8def-0123456789ab")
            .replace("{number}", "1")
            .replace("{advice}", NO_ADVICE);
        let answer = app.client.request(operation.method.clone(), app.url(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{} without a token", operation.id);
        problem(answer, 401, "unauthenticated").await;
        closed += 1;
    }
    assert_eq!(closed, 66);
}

#[tokio::test]
async fn no_tenant_may_administer() {
    let app = TestApp::start().await;
    let eve = app.sign_up("eve@example.org").await;
    for operation in operations(&app).await.iter().filter(|one| one.path.contains("/admin/")) {
        let path = operation.path.replace("{id}", "0192f0c1-2345-7abc-8def-0123456789ab");
        let request = app.client.request(operation.method.clone(), app.url(&path)).bearer_auth(&eve.token);
        problem(request.send().await.unwrap(), 401, "unauthenticated").await;
    }
}

#[tokio::test]
async fn what_belongs_to_another_tenant_looks_absent_on_every_route() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.sign_up("ann@example.org").await, app.sign_up("eve@example.org").await);
    let (resume, job) = (app.add_resume(&ann, "x").await, app.add_job(&ann, "text").await);
    app.finish_resume(&ann, &resume, RESUME_TEXT).await;
    let body = json!({"resume_id": resume, "job_id": job});
    let made: Value = app.post_json("/api/v1/matches", Some(&ann.token), &body).await.json().await.unwrap();
    let match_id = made["id"].as_str().unwrap().parse().unwrap();
    app.finish_match(&ann.tenant, match_id, 71.4, &sample_result()).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key: Value = app
        .post_json("/api/v1/api-keys", Some(&ann.token), &json!({"name": "k", "scope": "read"}))
        .await
        .json()
        .await
        .unwrap();
    let invited: Value = app
        .post_json(
            "/api/v1/invitations",
            Some(&ann.token),
            &json!({"email": "x@example.org", "role": "viewer"}),
        )
        .await
        .json()
        .await
        .unwrap();
    let me: Value = app.get("/api/v1/account", Some(&ann.token)).await.json().await.unwrap();
    let sides = json!({"resume_ids": [resume], "job_ids": [job]});
    let batch: Value = app.post_json("/api/v1/batches", Some(&ann.token), &sides).await.json().await.unwrap();
    let batch = text(&batch["id"]);
    let wish = json!({"job_id": job, "resume_id": resume});
    let application: Value =
        app.post_json("/api/v1/applications", Some(&ann.token), &wish).await.json().await.unwrap();
    let application = text(&application["id"]);
    let (key, invitation, member) = (text(&key["id"]), text(&invited["id"]), text(&me["account"]["id"]));
    let id_of = |path: &str| match path.split('/').nth(3) {
        Some("resumes") => resume.clone(),
        Some("jobs") => job.clone(),
        Some("batches") => batch.clone(),
        Some("api-keys") => key.clone(),
        Some("organisations") => ann.tenant.to_string(),
        Some("members") => member.clone(),
        Some("invitations") => invitation.clone(),
        Some("applications") => application.clone(),
        Some("matches") => made["id"].as_str().unwrap().to_owned(),
        other => panic!("{path} has an id of an unknown noun: {other:?}"),
    };
    let path = format!("/api/v1/matches/{match_id}");
    let own: Value = app.get(&path, Some(&ann.token)).await.json().await.unwrap();
    let advice = text(&own["result"]["advice"][0]["id"]);
    let mut tried = 0;
    for operation in
        operations(&app).await.iter().filter(|one| one.path.contains("{id}") && !one.path.contains("/admin/"))
    {
        let path = operation.path.replace("{id}", &id_of(&operation.path));
        let path = path.replace("{number}", "1").replace("{advice}", &advice);
        let request = app.client.request(operation.method.clone(), app.url(&path)).bearer_auth(&eve.token);
        let body = match operation.id.as_str() {
            "changeMember" => json!({"role": "viewer"}),
            "decideAdvice" => json!({"decision": "rejected"}),
            _ => json!({}),
        };
        let request = if operation.method == Method::GET { request } else { request.json(&body) };
        // As a client that knows the tag of everything.
        let request = request.header("if-match", "*");
        // Parameters that the document demands.
        let request =
            if operation.id == "exportResume" { request.query(&[("format", "json")]) } else { request };
        let answer = request.send().await.unwrap();
        // To take another out one must be an owner; where the account is not a member at all, it is absent.
        assert_eq!(answer.status(), 404, "{}", operation.id);
        problem(answer, 404, "not-found").await;
        tried += 1;
    }
    assert_eq!(tried, 27);
    problem(app.post_json("/api/v1/matches", Some(&eve.token), &body).await, 404, "not-found").await;
    let refused = app.post_json("/api/v1/applications", Some(&eve.token), &wish).await;
    problem(refused, 422, "validation-failed").await;
    for list in ["/api/v1/resumes", "/api/v1/jobs", "/api/v1/matches", "/api/v1/applications"] {
        let page: Value = app.get(list, Some(&eve.token)).await.json().await.unwrap();
        assert_eq!(page["items"], json!([]), "{list}");
        let page: Value = app.get(list, Some(&ann.token)).await.json().await.unwrap();
        assert!(!page["items"].as_array().unwrap().is_empty(), "{list}");
    }
}
