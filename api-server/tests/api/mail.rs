//! Mail and what goes by it: verified addresses, new passwords, invitations, and the events of the mail service.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::{
    config::{Env, MailConfig},
    env_vars,
    mail::suppressions,
    postgres,
};
use reqwest::{Response, StatusCode};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{PASSWORD, TestApp, User, problem};

const ANN: &str = "ann@example.org";

async fn json_of(answer: Response, status: u16) -> Value {
    let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn is_verified(app: &TestApp, user: &User) -> bool {
    let me = json_of(app.get("/api/v1/account", Some(&user.token)).await, 200).await;
    me["account"]["email_verified"].as_bool().unwrap()
}

async fn verify(app: &TestApp, token: &str) -> Response {
    app.post_json("/api/v1/email-verifications", None, &json!({"token": token})).await
}

async fn ask_for_reset(app: &TestApp, email: &str) -> Response {
    app.post_json("/api/v1/password-resets", None, &json!({"email": email})).await
}

async fn confirm_reset(app: &TestApp, token: &str, new: &str) -> Response {
    let body = json!({"token": token, "new_password": new});
    app.post_json("/api/v1/password-resets/confirm", None, &body).await
}

/// Lets the tokens of the account look older than they are.
async fn age_tokens(app: &TestApp, user: &User, minutes: i32) {
    let me = json_of(app.get("/api/v1/account", Some(&user.token)).await, 200).await;
    let account = me["account"]["id"].as_str().unwrap().parse().unwrap();
    let mut tx = postgres::account_transaction(&app.pool, account).await.unwrap();
    sqlx::query(
        "UPDATE account_tokens SET created_at = created_at - $1 * interval '1 minute',
            expires_at = expires_at - $1 * interval '1 minute'",
    )
    .bind(minutes)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_address_is_verified_by_the_token_of_its_mail_once() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    assert!(!is_verified(&app, &ann).await);
    let token = app.mailed_token(ann.tenant, ANN, "verify_email").await;
    problem(verify(&app, "rmm_nonsense").await, 422, "validation-failed").await;
    assert_eq!(verify(&app, &token).await.status(), StatusCode::NO_CONTENT);
    assert!(is_verified(&app, &ann).await);
    problem(verify(&app, &token).await, 422, "validation-failed").await;

    // Nothing more is sent for a verified address.
    let again = app.post_json("/api/v1/account/email-verification", Some(&ann.token), &json!({})).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(app.mails(ann.tenant, ANN, "verify_email").await.len(), 1);
}

#[tokio::test]
async fn a_newer_mail_replaces_the_one_before_and_comes_once_a_minute() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let first = app.mailed_token(ann.tenant, ANN, "verify_email").await;
    let again = async || {
        let answer = app.post_json("/api/v1/account/email-verification", Some(&ann.token), &json!({})).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        app.mails(ann.tenant, ANN, "verify_email").await.len()
    };
    assert_eq!(again().await, 1);
    age_tokens(&app, &ann, 2).await;
    assert_eq!(again().await, 2);
    problem(verify(&app, &first).await, 422, "validation-failed").await;
    age_tokens(&app, &ann, 4321).await;
    let second = app.mailed_token(ann.tenant, ANN, "verify_email").await;
    problem(verify(&app, &second).await, 422, "validation-failed").await;
}

#[tokio::test]
async fn a_new_password_by_mail_ends_all_sessions_and_is_good_once() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    assert_eq!(ask_for_reset(&app, "Ann@Example.org").await.status(), StatusCode::ACCEPTED);
    let token = app.mailed_token(ann.tenant, ANN, "reset_password").await;
    // A weak password does not use the link up.
    let weak = problem(confirm_reset(&app, &token, "short").await, 422, "validation-failed").await;
    assert_eq!(weak["errors"][0]["pointer"], "/new_password");
    assert_eq!(confirm_reset(&app, &token, "another good one").await.status(), StatusCode::NO_CONTENT);
    let used = problem(confirm_reset(&app, &token, "yet another one").await, 422, "validation-failed").await;
    assert_eq!(used["errors"][0]["pointer"], "/token");

    problem(app.get("/api/v1/account", Some(&ann.token)).await, 401, "unauthenticated").await;
    let refresh = json!({"refresh_token": ann.refresh_token});
    problem(app.post_json("/api/v1/sessions/refresh", None, &refresh).await, 401, "unauthenticated").await;
    let sign_in = async |password: &str| {
        app.post_json("/api/v1/sessions", None, &json!({"email": ANN, "password": password})).await
    };
    problem(sign_in(PASSWORD).await, 401, "invalid-credentials").await;
    let tokens = json_of(sign_in("another good one").await, 200).await;
    assert_eq!(app.mails(ann.tenant, ANN, "password_changed").await.len(), 1);
    let me = json_of(app.get("/api/v1/account", tokens["access_token"].as_str()).await, 200).await;
    assert_eq!(me["account"]["email_verified"], true, "whoever reads the mail has shown it");
}

#[tokio::test]
async fn of_two_uses_at_once_one_sets_the_password() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    ask_for_reset(&app, ANN).await;
    let token = app.mailed_token(ann.tenant, ANN, "reset_password").await;
    let (a, b) = tokio::join!(
        confirm_reset(&app, &token, "the first password"),
        confirm_reset(&app, &token, "the second password")
    );
    let mut statuses = [a.status().as_u16(), b.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
}

#[tokio::test]
async fn asking_for_a_new_password_tells_nothing_of_who_has_an_account() {
    let app = TestApp::start().await;
    app.sign_up(ANN).await;
    let mut answers = Vec::new();
    for email in [ANN, "nobody@example.org", "no address at all"] {
        let started = std::time::Instant::now();
        let answer = ask_for_reset(&app, email).await;
        let told = (answer.status(), answer.headers().len(), answer.text().await.unwrap());
        // Well above the time that looking and writing take.
        assert!(started.elapsed() >= std::time::Duration::from_millis(250), "{email}");
        answers.push(told);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn invitations_go_out_by_mail_once_the_inviting_address_is_verified() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.sign_up(ANN).await, app.sign_up("bob@example.org").await);
    let body = json!({"email": "bob@example.org", "role": "member"});
    let invite =
        async || json_of(app.post_json("/api/v1/invitations", Some(&ann.token), &body).await, 201).await;
    assert_eq!(invite().await["mailed"], false);
    let token = app.mailed_token(ann.tenant, ANN, "verify_email").await;
    verify(&app, &token).await;
    assert_eq!(invite().await["mailed"], true);
    let token = app.mailed_token(ann.tenant, "bob@example.org", "invitation").await;
    let accept = json!({"token": token});
    let joined =
        json_of(app.post_json("/api/v1/invitations/accept", Some(&bob.token), &accept).await, 200).await;
    assert_eq!(joined["role"], "member");
}

#[tokio::test]
async fn in_development_mails_are_kept_on_a_page_and_their_links_work() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let _worker = app.start_worker();
    app.wait_until("the mail is in the outbox", async || {
        app.get("/outbox", None).await.text().await.unwrap().contains("Confirm your e-mail address")
    })
    .await;
    let page = app.get("/outbox", None).await.text().await.unwrap();
    assert!(page.contains(ANN), "{page}");
    let link = page.split("href=\"http://localhost:8000").nth(1).unwrap().split('"').next().unwrap();
    let shown = app.get(link, None).await.text().await.unwrap();
    let token = shown.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    // Looking uses nothing up.
    assert!(!is_verified(&app, &ann).await);
    let answer = app.client.post(app.url("/verify-email")).form(&[("token", token)]).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("The address is confirmed."));
    assert!(is_verified(&app, &ann).await);
}

#[tokio::test]
async fn the_outbox_is_a_page_of_development_only() {
    let app = TestApp::start_with(|settings| {
        let env = Env::from_pairs([
            (env_vars::RM_ENVIRONMENT, "production"),
            (env_vars::RM_SENDGRID_API_KEY, "SG.test"),
            (env_vars::RM_MAIL_FROM, "noreply@example.org"),
        ]);
        settings.mail = MailConfig::from_env(&env).unwrap();
    })
    .await;
    problem(app.get("/outbox", None).await, 404, "not-found").await;
}

#[tokio::test]
async fn an_installation_without_mail_says_so() {
    let app = TestApp::start_with(|settings| {
        let env = Env::from_pairs([(env_vars::RM_ENVIRONMENT, "production")]);
        settings.mail = MailConfig::from_env(&env).unwrap();
    })
    .await;
    let ann = app.sign_up(ANN).await;
    assert_eq!(app.mails(ann.tenant, ANN, "verify_email").await.len(), 0);
    problem(ask_for_reset(&app, ANN).await, 409, "conflict").await;
    problem(ask_for_reset(&app, "nobody@example.org").await, 409, "conflict").await;
}

#[tokio::test]
async fn a_forgotten_password_is_mended_on_the_pages() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let answer = app.client.post(app.url(path)).header("accept", "text/html").form(fields).send().await;
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert!(app.get("/sign-in", None).await.text().await.unwrap().contains("/forgot-password"));
    let (status, page) = post("/forgot-password", &[("email", ANN)]).await;
    assert!(status == 200 && page.contains("a mail is on its way"), "{status} {page}");
    let token = app.mailed_token(ann.tenant, ANN, "reset_password").await;
    let form = app.get(&format!("/reset-password?token={token}"), None).await.text().await.unwrap();
    assert!(form.contains(&token));
    let (status, page) = post("/reset-password", &[("token", &token), ("new_password", "short")]).await;
    assert!(status == 422 && page.contains("use at least 10") && page.contains(&token), "{status} {page}");
    let (status, _) =
        post("/reset-password", &[("token", &token), ("new_password", "another good one")]).await;
    assert_eq!(status, 200);
    let (status, _) = post("/sign-in", &[("email", ANN), ("password", "another good one")]).await;
    assert_eq!(status, 303);
}

/// A key pair of the mail service, and its public half as the service shows it.
fn service_key() -> (EcdsaKeyPair, String) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
    let prefix: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let shown = STANDARD.encode([&prefix[..], pair.public_key().as_ref()].concat());
    (pair, shown)
}

/// Sends events as the service does.
async fn send_events(app: &TestApp, key: &EcdsaKeyPair, at: i64, events: &Value) -> Response {
    let (body, at) = (events.to_string() + "\r\n", at.to_string());
    let signed = key.sign(&SystemRandom::new(), format!("{at}{body}").as_bytes()).unwrap();
    app.client
        .post(app.url("/webhooks/sendgrid"))
        .header("content-type", "application/json")
        .header("x-twilio-email-event-webhook-signature", STANDARD.encode(signed))
        .header("x-twilio-email-event-webhook-timestamp", at)
        .body(body)
        .send()
        .await
        .unwrap()
}

fn now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs())
        .unwrap()
}

/// The mail of sign-up as if the worker had sent it.
async fn sent_mail(app: &TestApp, user: &User) -> Uuid {
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let id = sqlx::query_scalar("UPDATE mails SET status = 'sent', content = NULL RETURNING id")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn status_of(app: &TestApp, user: &User, mail: Uuid) -> (String, i64) {
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    sqlx::query_as("SELECT status, (SELECT count(*) FROM mail_events) FROM mails WHERE id = $1")
        .bind(mail)
        .fetch_one(&mut *tx)
        .await
        .unwrap()
}

/// An event in the shape that the service documents.
fn event(kind: &str, id: &str, user: &User, mail: Uuid) -> Value {
    json!({"email": ANN, "timestamp": now(), "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>", "event": kind,
        "category": ["verify_email"], "sg_event_id": id, "sg_message_id": "14c5d75ce93.dfd.64b469.0",
        "mail_id": mail, "tenant_id": user.tenant, "type": if kind == "bounce" { "bounce" } else { "" }})
}

#[tokio::test]
async fn events_count_once_in_any_order_and_only_when_signed() {
    let (key, shown) = service_key();
    let app = TestApp::start_with(|settings| {
        let env = Env::from_pairs([(env_vars::RM_SENDGRID_WEBHOOK_KEY, shown)]);
        settings.mail = MailConfig::from_env(&env).unwrap();
    })
    .await;
    let (ann, eve) = (app.sign_up(ANN).await, app.sign_up("eve@example.org").await);
    let mail = sent_mail(&app, &ann).await;
    let bounce = event("bounce", "b1", &ann, mail);
    let (stranger, _) = service_key();
    problem(send_events(&app, &stranger, now(), &json!([bounce])).await, 401, "unauthenticated").await;
    problem(send_events(&app, &key, now() - 301, &json!([bounce])).await, 401, "unauthenticated").await;
    problem(send_events(&app, &key, now(), &json!({"event": "bounce"})).await, 400, "malformed-request")
        .await;
    assert_eq!(status_of(&app, &ann, mail).await, ("sent".to_owned(), 0));

    // The end came before the beginning; a mail of another tenant is not touched; strangers' events are passed over.
    let foreign = json!({"event": "delivered", "email": "x@example.org", "timestamp": 1, "sg_event_id": "f"});
    let batch =
        json!([bounce, event("delivered", "d1", &ann, mail), event("bounce", "e1", &eve, mail), foreign]);
    for _ in 0..2 {
        assert_eq!(send_events(&app, &key, now(), &batch).await.status(), StatusCode::NO_CONTENT);
        assert_eq!(status_of(&app, &ann, mail).await, ("failed".to_owned(), 2));
    }
    assert!(suppressions::is_suppressed(&app.pool, " Ann@example.org ").await.unwrap());
    assert!(!suppressions::is_suppressed(&app.pool, "eve@example.org").await.unwrap());
    assert!(suppressions::lift(&app.pool, ANN).await.unwrap());
    assert!(!suppressions::is_suppressed(&app.pool, ANN).await.unwrap());
}

#[tokio::test]
async fn without_a_key_there_is_no_webhook() {
    let app = TestApp::start().await;
    let (key, _) = service_key();
    problem(send_events(&app, &key, now(), &json!([])).await, 404, "not-found").await;
}
