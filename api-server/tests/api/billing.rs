//! Plans and their limits, and buying one at a server that speaks Stripe's documented protocol.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode as Status},
    response::{IntoResponse as _, Response as Answer},
    routing::{get, post},
};
use platform::{
    billing::quota,
    config::{BillingConfig, Env},
    env_vars, postgres,
};
use reqwest::Response;
use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Process, TestApp, User, problem};

const PLANS: &str = r#"[{"id":"free","name":"Free","monthly_matches":3,"stored_resumes":2},
    {"id":"pro","name":"Pro","monthly_matches":100,"stripe_price":"price_pro"}]"#;
const SECRET: &str = "whsec_test";

async fn json_of(answer: Response, status: u16) -> Value {
    let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// What the local Stripe knows, and what it was told.
#[derive(Clone, Default)]
struct Stripe {
    customers: Arc<Mutex<BTreeMap<String, Value>>>,
    subscriptions: Arc<Mutex<Vec<Value>>>,
    sales: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl Stripe {
    /// A Stripe on loopback; with its address.
    async fn start() -> (Self, String) {
        let stripe = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/customers", post(create_customer))
            .route("/v1/checkout/sessions", post(create_session))
            .route("/v1/billing_portal/sessions", post(create_portal))
            .route("/v1/subscriptions", get(list_subscriptions))
            .with_state(stripe.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (stripe, url)
    }

    /// Puts `subscription` in the place of the one with the same id.
    fn set(&self, subscription: Value) {
        let mut all = self.subscriptions.lock().unwrap();
        all.retain(|one| one["id"] != subscription["id"]);
        all.push(subscription);
    }
}

fn error(status: Status, kind: &str, code: &str) -> Answer {
    (status, Json(json!({"error": {"type": kind, "code": code, "message": "…"}}))).into_response()
}

/// The form of a request that has the key and says its version.
fn form(headers: &HeaderMap, body: &Bytes) -> Result<BTreeMap<String, String>, Box<Answer>> {
    if headers.get("authorization").is_none_or(|key| key != "Bearer sk_test_1") {
        return Err(Box::new(error(Status::UNAUTHORIZED, "invalid_request_error", "")));
    }
    assert!(headers.contains_key("stripe-version"));
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    Ok(url::form_urlencoded::parse(body).into_owned().collect())
}

async fn create_customer(State(stripe): State<Stripe>, headers: HeaderMap, body: Bytes) -> Answer {
    let form = match form(&headers, &body) {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let mut customers = stripe.customers.lock().unwrap();
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let number = customers.len() + 1;
    let made = customers.entry(key).or_insert_with(|| {
        json!({"id": format!("cus_{number}"), "object": "customer", "email": form["email"],
               "metadata": {"tenant_id": form["metadata[tenant_id]"]}})
    });
    Json(made.clone()).into_response()
}

async fn create_session(State(stripe): State<Stripe>, headers: HeaderMap, body: Bytes) -> Answer {
    let form = match form(&headers, &body) {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let known = stripe.customers.lock().unwrap().values().any(|one| one["id"] == form["customer"].as_str());
    if !known {
        return error(Status::BAD_REQUEST, "invalid_request_error", "resource_missing");
    }
    assert_eq!((form["mode"].as_str(), form["line_items[0][quantity]"].as_str()), ("subscription", "1"));
    assert!(form["success_url"].ends_with("/billing") && form["cancel_url"].ends_with("/billing"));
    stripe.sales.lock().unwrap().push(form);
    Json(json!({"id": "cs_test_1", "object": "checkout.session", "url": "https://checkout.stripe.com/c/pay/cs_test_1"}))
        .into_response()
}

async fn create_portal(State(_stripe): State<Stripe>, headers: HeaderMap, body: Bytes) -> Answer {
    match form(&headers, &body) {
        Ok(form) => Json(json!({"object": "billing_portal.session",
            "url": format!("https://billing.stripe.com/p/session/{}", form["customer"])}))
        .into_response(),
        Err(answer) => *answer,
    }
}

async fn list_subscriptions(
    State(stripe): State<Stripe>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    assert_eq!(query["status"], "all");
    let all = stripe.subscriptions.lock().unwrap();
    let found: Vec<Value> =
        all.iter().filter(|one| one["customer"] == query["customer"].as_str()).cloned().collect();
    Json(json!({"object": "list", "data": found, "has_more": false}))
}

/// A subscription in the shape that Stripe documents.
fn subscription(user: &User, status: &str) -> Value {
    json!({"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": status, "created": 1_700_000_000,
        "cancel_at_period_end": false, "current_period_end": 1_900_000_000, "currency": "eur",
        "items": {"object": "list", "data": [{"id": "si_1", "object": "subscription_item", "quantity": 1,
            "price": {"id": "price_pro", "object": "price", "recurring": {"interval": "month"}}}]},
        "metadata": {"tenant_id": user.tenant}})
}

/// An event in the shape that Stripe documents.
fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "api_version": "2024-06-20", "created": now(), "type": kind, "livemode": false,
        "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null}, "data": {"object": object}})
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Sends an event as Stripe does, signed at `at`.
async fn send(app: &TestApp, secret: &str, at: u64, event: &Value) -> Response {
    let body = serde_json::to_string_pretty(event).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    app.client
        .post(app.url("/webhooks/stripe"))
        .header("content-type", "application/json; charset=utf-8")
        .header(
            "stripe-signature",
            format!("t={at},v1={hex},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"),
        )
        .body(body)
        .send()
        .await
        .unwrap()
}

async fn app_with_plans() -> TestApp {
    TestApp::start_with(|settings| {
        let env = Env::from_pairs([(env_vars::RM_PLANS, PLANS)]);
        settings.billing = BillingConfig::from_env(&env).unwrap();
    })
    .await
}

/// An application that sells at `stripe`, and a worker of it.
async fn shop(stripe: &str) -> (TestApp, Process) {
    let variables = [
        (env_vars::RM_PLANS, PLANS.to_owned()),
        (env_vars::RM_STRIPE_SECRET_KEY, "sk_test_1".to_owned()),
        (env_vars::RM_STRIPE_URL, stripe.to_owned()),
        (env_vars::RM_STRIPE_WEBHOOK_SECRET, SECRET.to_owned()),
    ];
    let env = Env::from_pairs(variables.clone());
    let app = TestApp::start_with(|settings| settings.billing = BillingConfig::from_env(&env).unwrap()).await;
    let worker = Process::worker(&app.variables_with(&variables));
    (app, worker)
}

async fn billing(app: &TestApp, user: &User) -> Value {
    json_of(app.get("/api/v1/billing", Some(&user.token)).await, 200).await
}

/// The ids of the events that were written down.
async fn events_of(app: &TestApp, user: &User) -> Vec<String> {
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let query = "SELECT event_id FROM billing_events ORDER BY event_id";
    sqlx::query_scalar(query).fetch_all(&mut *tx).await.unwrap()
}

/// The application's answer to the beginning of a sale, twice at once: one customer, and Stripe's page.
async fn begin_sale(app: &TestApp, user: &User, stripe: &Stripe) {
    let plan = json!({"plan": "pro"});
    let buy = || app.post_json("/api/v1/billing/checkout", Some(&user.token), &plan);
    let (a, b) = tokio::join!(buy(), buy());
    let page = json_of(a, 201).await;
    assert_eq!(page["url"], "https://checkout.stripe.com/c/pay/cs_test_1");
    json_of(b, 201).await;
    assert_eq!(stripe.customers.lock().unwrap().len(), 1, "two at once are one customer");
    let sale = stripe.sales.lock().unwrap()[0].clone();
    assert_eq!((sale["line_items[0][price]"].as_str(), sale["customer"].as_str()), ("price_pro", "cus_1"));
    assert_eq!(sale["subscription_data[metadata][tenant_id]"], user.tenant.to_string());
}

async fn ask_for_match(app: &TestApp, user: &User, resume: &str, job: &str) -> Response {
    let body = json!({"resume_id": resume, "job_id": job});
    app.post_json("/api/v1/matches", Some(&user.token), &body).await
}

#[tokio::test]
async fn without_plans_there_are_no_limits() {
    let app = TestApp::start().await;
    let ann = app.sign_up("ann@example.org").await;
    let now = billing(&app, &ann).await;
    assert_eq!((&now["plan"]["id"], &now["plan"]["monthly_matches"]), (&json!("open"), &Value::Null));
    let buy = app.post_json("/api/v1/billing/checkout", Some(&ann.token), &json!({"plan": "open"})).await;
    problem(buy, 409, "conflict").await;
}

#[tokio::test]
async fn matches_count_until_the_plan_has_no_more_and_failed_ones_are_given_back() {
    let app = app_with_plans().await;
    let ann = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&ann, "x").await, app.add_job(&ann, "Rust").await);
    let first = json_of(ask_for_match(&app, &ann, &resume, &job).await, 202).await;
    let second = json_of(ask_for_match(&app, &ann, &resume, &job).await, 202).await;
    // A batch counts whole or not at all.
    let job_2 = app.add_job(&ann, "Go").await;
    let batch = json!({"resume_ids": [resume], "job_ids": [job, job_2]});
    let refused = app.post_json("/api/v1/batches", Some(&ann.token), &batch).await;
    problem(refused, 402, "quota-exceeded").await;
    assert_eq!(billing(&app, &ann).await["usage"], json!({"matches": 2, "resumes": 1}));
    json_of(ask_for_match(&app, &ann, &resume, &job).await, 202).await;
    problem(ask_for_match(&app, &ann, &resume, &job).await, 402, "quota-exceeded").await;

    // One that fails is given back, once; so is one that nobody has begun with.
    let id: Uuid = first["id"].as_str().unwrap().parse().unwrap();
    for _ in 0..2 {
        let mut tx = postgres::tenant_transaction(&app.pool, ann.tenant).await.unwrap();
        quota::release_match(&mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(billing(&app, &ann).await["usage"]["matches"], 2);
    }
    let path = format!("/api/v1/matches/{}", second["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, Some(&ann.token)).await.status(), 204);
    assert_eq!(billing(&app, &ann).await["usage"]["matches"], 1);
    // Another tenant has its own.
    let bob = app.sign_up("bob@example.org").await;
    assert_eq!(billing(&app, &bob).await["usage"]["matches"], 0);
}

#[tokio::test]
async fn a_match_that_the_worker_cannot_do_is_given_back() {
    let app = app_with_plans().await;
    let ann = app.sign_up("ann@example.org").await;
    let broken = Bytes::from_static(b"%PDF-1.4\nnothing more");
    let resume = json_of(app.upload("/api/v1/resumes", &ann.token, "cv.pdf", broken).await, 202).await;
    let job = app.add_job(&ann, "Rust").await;
    let asked = json_of(ask_for_match(&app, &ann, resume["id"].as_str().unwrap(), &job).await, 202).await;
    assert_eq!(billing(&app, &ann).await["usage"]["matches"], 1);
    let _worker = app.start_worker();
    let path = format!("/api/v1/matches/{}", asked["id"].as_str().unwrap());
    app.wait_until("the match has failed", async || {
        let now: Value = app.get(&path, Some(&ann.token)).await.json().await.unwrap();
        now["status"] == "failed"
    })
    .await;
    assert_eq!(billing(&app, &ann).await["usage"]["matches"], 0);
}

#[tokio::test]
async fn of_many_requests_at_once_no_more_get_through_than_the_plan_has() {
    let app = app_with_plans().await;
    let ann = app.sign_up("ann@example.org").await;
    let (resume, job) = (app.add_resume(&ann, "x").await, app.add_job(&ann, "Rust").await);
    let asked = (0..8).map(|_| ask_for_match(&app, &ann, &resume, &job));
    let mut statuses: Vec<u16> =
        futures::future::join_all(asked).await.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 202, 202, 402, 402, 402, 402, 402]);
    assert_eq!(billing(&app, &ann).await["usage"]["matches"], 3);
}

#[tokio::test]
async fn a_plan_has_room_for_so_many_resumes() {
    let app = app_with_plans().await;
    let ann = app.sign_up("ann@example.org").await;
    let first = app.add_resume(&ann, "one").await;
    app.add_resume(&ann, "two").await;
    let three =
        async || app.upload("/api/v1/resumes", &ann.token, "c.pdf", crate::support::pdf("three")).await;
    problem(three().await, 402, "quota-exceeded").await;
    // The same bytes again are no new resume.
    let again = app.upload("/api/v1/resumes", &ann.token, "a.pdf", crate::support::pdf("one")).await;
    assert_eq!(again.status(), 200);
    assert_eq!(app.delete(&format!("/api/v1/resumes/{first}"), Some(&ann.token)).await.status(), 204);
    assert_eq!(three().await.status(), 202);
}

#[tokio::test]
async fn a_plan_is_bought_used_overdue_and_ended() {
    let (stripe, url) = Stripe::start().await;
    let (app, _worker) = shop(&url).await;
    let ann = app.sign_up("ann@example.org").await;
    let post = async |path: &str, body: Value| app.post_json(path, Some(&ann.token), &body).await;
    problem(post("/api/v1/billing/portal", json!({})).await, 409, "conflict").await;
    problem(post("/api/v1/billing/checkout", json!({"plan": "free"})).await, 422, "validation-failed").await;
    begin_sale(&app, &ann, &stripe).await;
    assert_eq!(billing(&app, &ann).await["plan"]["id"], "free");

    let until = async |status: &str, plan: &str| {
        app.wait_until(&format!("{status} with {plan}"), async || {
            let now = billing(&app, &ann).await;
            now["subscription"]["status"] == status && now["plan"]["id"] == plan
        })
        .await;
    };
    let tell = async |id: &str, kind: &str, object: &Value| {
        assert_eq!(send(&app, SECRET, now(), &event(id, kind, object)).await.status(), 204);
    };
    stripe.set(subscription(&ann, "active"));
    let session =
        json!({"id": "cs_test_1", "object": "checkout.session", "metadata": {"tenant_id": ann.tenant}});
    tell("evt_1", "checkout.session.completed", &session).await;
    until("active", "pro").await;
    problem(post("/api/v1/billing/checkout", json!({"plan": "pro"})).await, 409, "conflict").await;
    let portal = json_of(post("/api/v1/billing/portal", json!({})).await, 201).await;
    assert_eq!(portal["url"], "https://billing.stripe.com/p/session/cus_1");
    // Who pays is not erased.
    let erase = json!({"password": crate::support::PASSWORD});
    problem(post("/api/v1/account/erasure", erase.clone()).await, 409, "conflict").await;

    stripe.set(subscription(&ann, "past_due"));
    let invoice = json!({"id": "in_1", "object": "invoice", "subscription": "sub_1",
        "subscription_details": {"metadata": {"tenant_id": ann.tenant}}});
    tell("evt_2", "invoice.payment_failed", &invoice).await;
    until("past_due", "pro").await;
    app.wait_until("the owner has mail of it", async || {
        app.get("/outbox", None).await.text().await.unwrap().contains("A payment failed")
    })
    .await;

    // Late and doubled: events from before say nothing any more, because Stripe is asked how it is now.
    stripe.set(subscription(&ann, "canceled"));
    tell("evt_4", "customer.subscription.deleted", &subscription(&ann, "canceled")).await;
    until("canceled", "free").await;
    tell("evt_3", "customer.subscription.updated", &subscription(&ann, "active")).await;
    tell("evt_1", "checkout.session.completed", &session).await;
    app.wait_until("all events are acted on", async || {
        app.waiting_tasks(&ann, "sync_subscription").await.is_empty()
    })
    .await;
    assert_eq!(billing(&app, &ann).await["plan"]["id"], "free");
    let events = events_of(&app, &ann).await;
    assert_eq!(events, ["evt_1", "evt_2", "evt_3", "evt_4"]);
    assert_eq!(post("/api/v1/account/erasure", erase).await.status(), 200);
}

#[tokio::test]
async fn only_owners_buy_and_only_stripe_tells() {
    let (_stripe, url) = Stripe::start().await;
    let (app, _worker) = shop(&url).await;
    let (ann, bob) = (app.sign_up("ann@example.org").await, app.sign_up("bob@example.org").await);
    let invited = json!({"email": "bob@example.org", "role": "member"});
    let invited = json_of(app.post_json("/api/v1/invitations", Some(&ann.token), &invited).await, 201).await;
    let accept = json!({"token": invited["token"]});
    json_of(app.post_json("/api/v1/invitations/accept", Some(&bob.token), &accept).await, 200).await;
    let enter = format!("/api/v1/organisations/{}/session", ann.tenant);
    let there = json_of(app.post_json(&enter, Some(&bob.token), &json!({})).await, 200).await;
    let member = there["access_token"].as_str();
    let plan = json!({"plan": "pro"});
    problem(app.post_json("/api/v1/billing/checkout", member, &plan).await, 403, "forbidden").await;
    problem(app.post_json("/api/v1/billing/portal", member, &json!({})).await, 403, "forbidden").await;

    let told = event("evt_1", "customer.subscription.updated", &subscription(&ann, "active"));
    problem(send(&app, "whsec_other", now(), &told).await, 401, "unauthenticated").await;
    problem(send(&app, SECRET, now() - 301, &told).await, 401, "unauthenticated").await;
    problem(send(&app, SECRET, now(), &json!({"id": 1})).await, 400, "malformed-request").await;
    // Of no tenant of ours, or of another matter.
    let mut foreign = told.clone();
    foreign["data"]["object"]["metadata"] = json!({});
    for event in [foreign, event("evt_2", "charge.succeeded", &told["data"]["object"])] {
        assert_eq!(send(&app, SECRET, now(), &event).await.status(), 204);
    }
    assert_eq!(billing(&app, &ann).await["subscription"], Value::Null);
    let closed = TestApp::start().await;
    problem(send(&closed, SECRET, now(), &told).await, 404, "not-found").await;
}
