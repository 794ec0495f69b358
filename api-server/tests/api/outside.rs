//! People who come with tokens of an outside issuer: first sight, the same again, sign-out, and accounts that were there.

use api_server::auth::jwt_provider;
use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp};
use platform::config::{IssuerConfig, IssuerKeys, IssuersConfig};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, problem};

const ISSUER: &str = "https://issuer.example/auth/v1";
const SECRET: &str = "a secret of an issuer that has 32 bytes or more";

async fn start() -> TestApp {
    TestApp::start_with(|settings| {
        settings.issuers = IssuersConfig {
            issuers: vec![IssuerConfig {
                issuer: ISSUER.to_owned(),
                audience: "authenticated".to_owned(),
                keys: IssuerKeys::Secret(SecretString::from(SECRET)),
            }],
            ..IssuersConfig::default()
        };
    })
    .await
}

/// A token of the issuer; `changes` take the place of claims.
fn token(subject: &str, changes: Value) -> String {
    jwt_provider::install();
    let now = get_current_timestamp();
    let mut claims = json!({
        "iss": ISSUER, "aud": "authenticated", "sub": subject, "iat": now - 60, "exp": now + 600,
        "email": format!("{subject}@example.org"), "email_verified": true, "name": "Zoe", "session_id": "s-1",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

async fn account(app: &TestApp, token: &str) -> Value {
    let answer = app.get("/api/v1/account", Some(token)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

async fn is_refused(app: &TestApp, token: &str) {
    problem(app.get("/api/v1/account", Some(token)).await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn the_first_sight_of_a_person_makes_an_account_and_its_organisation_and_later_ones_find_it() {
    let app = start().await;
    // At once, as a page that loads asks for several things.
    let first = token("zoe", json!({}));
    let asked = (0..4).map(|_| account(&app, &first));
    let seen = futures::future::join_all(asked).await;
    assert!(seen.iter().all(|one| one["account"]["id"] == seen[0]["account"]["id"]), "{seen:?}");
    assert_eq!(seen[0]["account"]["email"], "zoe@example.org");
    assert_eq!(
        (&seen[0]["account"]["name"], &seen[0]["account"]["email_verified"]),
        (&json!("Zoe"), &json!(true))
    );
    // Another token of the same person, and one of another person.
    let again =
        account(&app, &token("zoe", json!({"iat": get_current_timestamp(), "session_id": "s-2"}))).await;
    assert_eq!(again["account"]["id"], seen[0]["account"]["id"]);
    assert_eq!(again["tenant"]["id"], seen[0]["tenant"]["id"]);
    let other = account(&app, &token("max", json!({}))).await;
    assert_ne!(other["account"]["id"], seen[0]["account"]["id"]);
    assert_ne!(other["tenant"]["id"], seen[0]["tenant"]["id"]);
    // It can do what others can.
    let job = app.post_json("/api/v1/jobs", Some(&first), &json!({"text": "Rust"})).await;
    assert_eq!(job.status(), 201);
}

#[tokio::test]
async fn tokens_that_are_not_good_open_nothing() {
    let app = start().await;
    for changes in [json!({"aud": "other"}), json!({"iss": "https://x.example"}), json!({"exp": 1})] {
        is_refused(&app, &token("zoe", changes)).await;
    }
    let without = token("zoe", json!({"email": ""}));
    problem(app.get("/api/v1/account", Some(&without)).await, 403, "forbidden").await;
    let closed = TestApp::start().await;
    is_refused(&closed, &token("zoe", json!({}))).await;
}

#[tokio::test]
async fn an_account_is_not_taken_over_by_its_address() {
    let app = start().await;
    let zoe = app.sign_up("zoe@example.org").await;
    let unverified = token("zoe", json!({"email_verified": false}));
    problem(app.get("/api/v1/account", Some(&unverified)).await, 403, "forbidden").await;
    // Nor while the account's own person has not shown to read its mail.
    let verified = token("zoe", json!({}));
    problem(app.get("/api/v1/account", Some(&verified)).await, 403, "forbidden").await;
    let shown = app.mailed_token(zoe.tenant, "zoe@example.org", "verify_email").await;
    let answer = app.post_json("/api/v1/email-verifications", None, &json!({"token": shown})).await;
    assert!(answer.status().is_success());
    let own = account(&app, &zoe.token).await;
    let linked = account(&app, &verified).await;
    assert_eq!(linked["account"]["id"], own["account"]["id"]);
    // The person is told.
    let told = app.mails(zoe.tenant, "zoe@example.org", "sign_in_added").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains(ISSUER));
    // Once linked, the address plays no part any more.
    let moved = token("zoe", json!({"email": "new@example.org", "email_verified": false}));
    assert_eq!(account(&app, &moved).await["account"]["id"], own["account"]["id"]);
}

#[tokio::test]
async fn an_unverified_person_gets_an_account_of_its_own_that_says_so() {
    let app = start().await;
    let me = account(&app, &token("zoe", json!({"email_verified": false}))).await;
    assert_eq!(me["account"]["email_verified"], false);
    // Its password is nobody's.
    let body = json!({"email": "zoe@example.org", "password": PASSWORD});
    problem(app.post_json("/api/v1/sessions", None, &body).await, 401, "invalid-credentials").await;
}

#[tokio::test]
async fn sign_out_ends_the_issuers_session_here_and_everywhere_ends_them_all() {
    let app = start().await;
    let now = get_current_timestamp();
    let (one, two) = (token("zoe", json!({})), token("zoe", json!({"session_id": "s-2"})));
    account(&app, &one).await;
    account(&app, &two).await;
    assert_eq!(app.delete("/api/v1/sessions/current", Some(&one)).await.status(), 204);
    is_refused(&app, &one).await;
    // A refreshed token of that session is of no more use.
    is_refused(&app, &token("zoe", json!({"iat": now - 1}))).await;
    account(&app, &two).await;
    assert_eq!(app.delete("/api/v1/sessions", Some(&two)).await.status(), 204);
    is_refused(&app, &two).await;
    // Nor is one that was never seen, if it was issued before.
    is_refused(&app, &token("zoe", json!({"session_id": "s-3"}))).await;
    let later = token("zoe", json!({"session_id": "s-4", "iat": get_current_timestamp() + 5}));
    account(&app, &later).await;
}

#[tokio::test]
async fn an_account_that_is_gone_lets_nobody_in_as_it_was() {
    let app = start().await;
    let zoe = token("zoe", json!({}));
    let before = account(&app, &zoe).await;
    let id: uuid::Uuid = before["account"]["id"].as_str().unwrap().parse().unwrap();
    let account_id = platform::names::AccountId::from_uuid(id);
    let mut tx = platform::postgres::account_transaction(&app.pool, account_id).await.unwrap();
    sqlx::query("DELETE FROM accounts WHERE id = $1").bind(account_id).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    // What was remembered of the token opens nothing.
    is_refused(&app, &zoe).await;
    // Who comes back later is somebody new.
    let after = account(&app, &token("zoe", json!({"session_id": "s-2"}))).await;
    assert_ne!(after["account"]["id"], before["account"]["id"]);
}
