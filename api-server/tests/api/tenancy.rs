//! The two-tenant attack: every operation of the OpenAPI document, tried with no token and with another tenant's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{RESUME_TEXT, TestApp, User, problem, sample_result};

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

/// What Ann has.
struct Belongings {
    resume: String,
    job: String,
    application: String,
    a_match: String,
    advice: String,
    batch: String,
    key: String,
    invitation: String,
    member: String,
    tenant: String,
}

impl Belongings {
    /// One of everything.
    async fn of(app: &TestApp, ann: &User) -> Self {
        let made = async |path: &str, body: &Value| -> String {
            let answer = app.post_json(path, Some(&ann.token), body).await;
            answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
        };
        let read =
            async |path: &str| -> Value { app.get(path, Some(&ann.token)).await.json().await.unwrap() };
        let (resume, job) = (app.add_resume(ann, "x").await, app.add_job(ann, "text").await);
        app.finish_resume(ann, &resume, RESUME_TEXT).await;
        let pair = json!({"resume_id": resume, "job_id": job});
        let a_match = made("/api/v1/matches", &pair).await;
        app.finish_match(&ann.tenant, a_match.parse().unwrap(), 71.4, &sample_result()).await;
        let found = read(&format!("/api/v1/matches/{a_match}")).await;
        let invited = json!({"email": "x@example.org", "role": "viewer"});
        let me = read("/api/v1/account").await;
        Self {
            advice: found["result"]["advice"][0]["id"].as_str().unwrap().to_owned(),
            application: made("/api/v1/applications", &pair).await,
            batch: made("/api/v1/batches", &json!({"resume_ids": [resume], "job_ids": [job]})).await,
            key: made("/api/v1/api-keys", &json!({"name": "k", "scope": "read"})).await,
            invitation: made("/api/v1/invitations", &invited).await,
            member: me["account"]["id"].as_str().unwrap().to_owned(),
            tenant: ann.tenant.to_string(),
            resume,
            job,
            a_match,
        }
    }

    /// The path of an operation with the ids of what it is about.
    fn fill(&self, path: &str) -> String {
        let id = match path.split('/').nth(3) {
            Some("resumes") => &self.resume,
            Some("jobs") => &self.job,
            Some("applications") => &self.application,
            Some("batches") => &self.batch,
            Some("api-keys") => &self.key,
            Some("organisations") => &self.tenant,
            Some("members") => &self.member,
            Some("invitations") => &self.invitation,
            Some("matches") => &self.a_match,
            other => panic!("{path} has an id of an unknown noun: {other:?}"),
        };
        path.replace("{id}", id).replace("{number}", "1").replace("{advice}", &self.advice)
    }
}

#[tokio::test]
async fn what_belongs_to_another_tenant_looks_absent_on_every_route() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.sign_up("ann@example.org").await, app.sign_up("eve@example.org").await);
    let belongings = Belongings::of(&app, &ann).await;
    let mut tried = 0;
    for operation in
        operations(&app).await.iter().filter(|one| one.path.contains("{id}") && !one.path.contains("/admin/"))
    {
        let path = belongings.fill(&operation.path);
        // The parameter that the document demands.
        let path = if operation.id == "exportResume" { format!("{path}?format=json") } else { path };
        let request = app.client.request(operation.method.clone(), app.url(&path)).bearer_auth(&eve.token);
        let body = match operation.id.as_str() {
            "changeMember" => json!({"role": "viewer"}),
            "decideAdvice" => json!({"decision": "rejected"}),
            _ => json!({}),
        };
        let request = if operation.method == Method::GET { request } else { request.json(&body) };
        // As a client that knows the tag of everything.
        let request = request.header("if-match", "*");
        let answer = request.send().await.unwrap();
        // To take another out one must be an owner; where the account is not a member at all, it is absent.
        assert_eq!(answer.status(), 404, "{}", operation.id);
        problem(answer, 404, "not-found").await;
        tried += 1;
    }
    assert_eq!(tried, 27);
    let pair = json!({"resume_id": belongings.resume, "job_id": belongings.job});
    problem(app.post_json("/api/v1/matches", Some(&eve.token), &pair).await, 404, "not-found").await;
    let refused = app.post_json("/api/v1/applications", Some(&eve.token), &pair).await;
    problem(refused, 422, "validation-failed").await;
    for list in ["/api/v1/resumes", "/api/v1/jobs", "/api/v1/matches", "/api/v1/applications"] {
        let page: Value = app.get(list, Some(&eve.token)).await.json().await.unwrap();
        assert_eq!(page["items"], json!([]), "{list}");
        let page: Value = app.get(list, Some(&ann.token)).await.json().await.unwrap();
        assert!(!page["items"].as_array().unwrap().is_empty(), "{list}");
    }
}
