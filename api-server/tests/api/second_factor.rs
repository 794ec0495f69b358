//! The second step of sign-in.

use data_encoding::BASE32_NOPAD;
use reqwest::Response;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, User, problem};

const ANN: &str = "ann@example.org";

/// The code of a step so many after the present one, worked out here by RFC 6238 and not by the code under test.
fn code(secret: &str, offset: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let step = (i64::try_from(now / 30).unwrap() + offset).to_be_bytes();
    let key =
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let tag = hmac::sign(&key, &step);
    let tag = tag.as_ref();
    let start = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[start..start + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

async fn json_of(answer: Response, status: u16) -> Value {
    let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn sign_in(app: &TestApp, code: Option<&str>) -> Response {
    let mut body = json!({"email": ANN, "password": PASSWORD});
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.post_json("/api/v1/sessions", None, &body).await
}

/// Turns the second step on; gives the secret and the recovery codes. The code of the present step is used up; the next one is good as well.
async fn enable(app: &TestApp, user: &User) -> (String, Vec<String>) {
    let post = async |path: &str, body: Value| app.post_json(path, Some(&user.token), &body).await;
    let begun = json_of(post("/api/v1/account/totp", json!({"password": PASSWORD})).await, 201).await;
    let secret = begun["secret"].as_str().unwrap().to_owned();
    assert!(begun["otpauth_uri"].as_str().unwrap().contains(&secret));
    // Nothing is asked for before a first code.
    assert_eq!(sign_in(app, None).await.status(), 200);
    let wrong = post("/api/v1/account/totp/confirm", json!({"code": "abcdef"})).await;
    problem(wrong, 422, "validation-failed").await;
    let first = json!({"code": code(&secret, 0)});
    let done = json_of(post("/api/v1/account/totp/confirm", first).await, 200).await;
    let codes = done["recovery_codes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn sign_in_needs_a_code_that_is_good_once() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let (secret, recovery) = enable(&app, &ann).await;
    assert_eq!(recovery.len(), 10);
    problem(sign_in(&app, None).await, 401, "second-factor-required").await;
    problem(sign_in(&app, Some("000000x")).await, 401, "invalid-credentials").await;
    let present = code(&secret, 1);
    assert_eq!(sign_in(&app, Some(&present)).await.status(), 200);
    problem(sign_in(&app, Some(&present)).await, 401, "invalid-credentials").await;
    // A wrong password says nothing of the second step.
    let wrong = json!({"email": ANN, "password": "not the password"});
    problem(app.post_json("/api/v1/sessions", None, &wrong).await, 401, "invalid-credentials").await;
    // A recovery code does it as well, once, however it is typed.
    let typed = recovery[0].to_lowercase().replace('-', " ");
    assert_eq!(sign_in(&app, Some(&typed)).await.status(), 200);
    problem(sign_in(&app, Some(&typed)).await, 401, "invalid-credentials").await;
    let state = json_of(app.get("/api/v1/account/totp", Some(&ann.token)).await, 200).await;
    assert_eq!(state, json!({"enabled": true, "recovery_codes_left": 9}));
    assert_eq!(app.mails(ann.tenant, ANN, "second_factor_changed").await.len(), 1);
}

#[tokio::test]
async fn guessing_locks_the_door_for_codes_and_not_for_recovery_codes() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let (secret, recovery) = enable(&app, &ann).await;
    for _ in 0..5 {
        problem(sign_in(&app, Some("12345x")).await, 401, "invalid-credentials").await;
    }
    problem(sign_in(&app, Some(&code(&secret, 1))).await, 429, "rate-limited").await;
    assert_eq!(sign_in(&app, Some(&recovery[3])).await.status(), 200);
    // That has ended the lock.
    assert_eq!(sign_in(&app, Some(&code(&secret, 1))).await.status(), 200);
}

#[tokio::test]
async fn the_second_step_is_taken_away_by_password_and_code_together() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let (secret, _) = enable(&app, &ann).await;
    let post = async |path: &str, body: Value| app.post_json(path, Some(&ann.token), &body).await;
    problem(post("/api/v1/account/totp", json!({"password": PASSWORD})).await, 409, "conflict").await;
    let disable = "/api/v1/account/totp/disable";
    let present = code(&secret, 1);
    let body = json!({"password": "not the password", "code": present});
    problem(post(disable, body).await, 401, "invalid-credentials").await;
    let body = json!({"password": PASSWORD, "code": "00000x"});
    problem(post(disable, body).await, 401, "invalid-credentials").await;
    assert_eq!(post(disable, json!({"password": PASSWORD, "code": present})).await.status(), 204);
    assert_eq!(sign_in(&app, None).await.status(), 200);
}

#[tokio::test]
async fn the_secret_is_sealed_in_the_database() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let (secret, _) = enable(&app, &ann).await;
    let me = json_of(app.get("/api/v1/account", Some(&ann.token)).await, 200).await;
    let account = me["account"]["id"].as_str().unwrap().parse().unwrap();
    let mut tx = platform::postgres::account_transaction(&app.pool, account).await.unwrap();
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM second_factors").fetch_one(&mut *tx).await.unwrap();
    let bytes = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    assert!(!stored.windows(bytes.len()).any(|window| window == bytes));
    let opened = app.keyring().open(&format!("totp:{account}"), &stored).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&opened), bytes);
}

#[tokio::test]
async fn the_pages_ask_for_the_code_after_the_password() {
    let app = TestApp::start().await;
    let ann = app.sign_up(ANN).await;
    let (secret, _) = enable(&app, &ann).await;
    let post = async |path: &str, fields: &[(&str, &str)]| {
        app.client.post(app.url(path)).header("accept", "text/html").form(fields).send().await.unwrap()
    };
    let asked = post("/sign-in", &[("email", ANN), ("password", PASSWORD)]).await;
    assert!(asked.headers().get("set-cookie").is_none());
    let page = asked.text().await.unwrap();
    let note = page.split("name=\"challenge\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let wrong = post("/sign-in/code", &[("challenge", note), ("code", "00000x")]).await;
    assert_eq!(wrong.status(), 401);
    assert!(wrong.text().await.unwrap().contains("The code is wrong"));
    let forged = post("/sign-in/code", &[("challenge", "AAAA"), ("code", &code(&secret, 1))]).await;
    assert_eq!(
        (forged.status().as_u16(), &forged.headers()["location"]),
        (303, &"/sign-in".parse().unwrap())
    );
    let right = post("/sign-in/code", &[("challenge", note), ("code", &code(&secret, 1))]).await;
    assert_eq!(right.headers()["location"], "/dashboard");
    assert!(right.headers().contains_key("set-cookie"));
}
