//! Sign-up, sign-in, refresh, sign-out.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{PASSWORD, TestApp, problem};

#[tokio::test]
async fn sign_up_gives_an_account_a_tenant_and_tokens_that_work() {
    let app = TestApp::start().await;
    let answer = app
        .post_json(
            "/api/v1/accounts",
            None,
            &json!({"email": " Ann@Example.org", "password": PASSWORD, "name": "Ann"}),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["account"]["email"], "ann@example.org");
    assert_eq!(body["tenant"]["name"], "Ann");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert!(!body.to_string().contains("argon2"), "{body}");

    let me: serde_json::Value =
        app.get("/api/v1/account", body["access_token"].as_str()).await.json().await.unwrap();
    assert_eq!(me["account"]["id"], body["account"]["id"]);
    assert_eq!(me["tenant"]["id"], body["tenant"]["id"]);
}

#[tokio::test]
async fn every_wrong_value_of_a_sign_up_is_named() {
    let app = TestApp::start().await;
    let answer = app
        .post_json(
            "/api/v1/accounts",
            None,
            &json!({"email": "ann", "password": "short", "name": "x".repeat(201)}),
        )
        .await;
    let problem = problem(answer, 422, "validation-failed").await;
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/email", "/password", "/name"]);
}

#[tokio::test]
async fn an_address_can_be_taken_once() {
    let app = TestApp::start().await;
    app.sign_up("ann@example.org").await;
    let body = json!({"email": "ANN@example.org", "password": PASSWORD});
    let answer = app.post_json("/api/v1/accounts", None, &body).await;
    problem(answer, 409, "account-exists").await;
}

#[tokio::test]
async fn of_two_sign_ups_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let body = json!({"email": "ann@example.org", "password": PASSWORD});
    let (a, b) = tokio::join!(
        app.post_json("/api/v1/accounts", None, &body),
        app.post_json("/api/v1/accounts", None, &body)
    );
    let mut statuses = [a.status().as_u16(), b.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn sign_in_takes_the_right_password_only() {
    let app = TestApp::start().await;
    app.sign_up("ann@example.org").await;
    let right = app
        .post_json("/api/v1/sessions", None, &json!({"email": "Ann@example.org", "password": PASSWORD}))
        .await;
    assert_eq!(right.status(), StatusCode::OK);
    let token: serde_json::Value = right.json().await.unwrap();
    assert_eq!(app.get("/api/v1/account", token["access_token"].as_str()).await.status(), StatusCode::OK);

    let wrong = json!({"email": "ann@example.org", "password": "another password"});
    let unknown = json!({"email": "bob@example.org", "password": PASSWORD});
    let no_address = json!({"email": "?", "password": PASSWORD});
    let mut details = Vec::new();
    for body in [wrong, unknown, no_address] {
        let problem =
            problem(app.post_json("/api/v1/sessions", None, &body).await, 401, "invalid-credentials").await;
        details.push(problem["detail"].clone());
    }
    // The answer does not tell whether there is such an account.
    details.dedup();
    assert_eq!(details.len(), 1);
}

#[tokio::test]
async fn signing_out_ends_the_tokens_of_that_session_at_once() {
    let app = TestApp::start().await;
    let first = app.sign_up("ann@example.org").await;
    let second: serde_json::Value = app
        .post_json("/api/v1/sessions", None, &json!({"email": "ann@example.org", "password": PASSWORD}))
        .await
        .json()
        .await
        .unwrap();
    let second_token = second["access_token"].as_str();
    assert_eq!(app.delete("/api/v1/sessions/current", second_token).await.status(), StatusCode::NO_CONTENT);
    problem(app.get("/api/v1/account", second_token).await, 401, "unauthenticated").await;
    let refresh = json!({"refresh_token": second["refresh_token"]});
    problem(app.post_json("/api/v1/sessions/refresh", None, &refresh).await, 401, "unauthenticated").await;
    assert_eq!(app.get("/api/v1/account", Some(&first.token)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_session() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let old = json!({"refresh_token": user.refresh_token});
    let answer = app.post_json("/api/v1/sessions/refresh", None, &old).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let fresh: serde_json::Value = answer.json().await.unwrap();
    assert_ne!(fresh["refresh_token"], user.refresh_token);
    assert_eq!(app.get("/api/v1/account", fresh["access_token"].as_str()).await.status(), StatusCode::OK);

    problem(app.post_json("/api/v1/sessions/refresh", None, &old).await, 401, "unauthenticated").await;
    problem(app.get("/api/v1/account", fresh["access_token"].as_str()).await, 401, "unauthenticated").await;
    let newest = json!({"refresh_token": fresh["refresh_token"]});
    problem(app.post_json("/api/v1/sessions/refresh", None, &newest).await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let app = TestApp::start().await;
    for token in ["", "abc", "eyJhbGciOiJub25lIn0.e30."] {
        let answer = app.get("/api/v1/account", Some(token)).await;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        problem(answer, 401, "unauthenticated").await;
    }
    let basic = app
        .client
        .get(app.url("/api/v1/account"))
        .header("authorization", "Basic YTpi")
        .send()
        .await
        .unwrap();
    problem(basic, 401, "unauthenticated").await;
}
