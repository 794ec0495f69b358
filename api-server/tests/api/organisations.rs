//! API keys, organisations with several members, and what each may do.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, User, problem};

async fn call(app: &TestApp, method: Method, path: &str, token: &str, body: Value) -> Response {
    app.client.request(method, app.url(path)).bearer_auth(token).json(&body).send().await.unwrap()
}

async fn json_of(answer: Response, status: u16) -> Value {
    let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn api_key(app: &TestApp, user: &User, scope: &str) -> (String, String) {
    let body = json!({"name": "import", "scope": scope});
    let key = json_of(app.post_json("/api/v1/api-keys", Some(&user.token), &body).await, 201).await;
    (key["id"].as_str().unwrap().to_owned(), key["secret"].as_str().unwrap().to_owned())
}

/// Makes `guest` a member of `host`'s space; gives the guest's token there.
async fn join(app: &TestApp, host: &User, guest: &User, email: &str, role: &str) -> String {
    let body = json!({"email": email, "role": role});
    let invited = json_of(app.post_json("/api/v1/invitations", Some(&host.token), &body).await, 201).await;
    let accept = json!({"token": invited["token"]});
    let joined =
        json_of(app.post_json("/api/v1/invitations/accept", Some(&guest.token), &accept).await, 200).await;
    assert_eq!((&joined["id"], &joined["role"]), (&json!(host.tenant), &json!(role)));
    let enter = format!("/api/v1/organisations/{}/session", host.tenant);
    let tokens = json_of(app.post_json(&enter, Some(&guest.token), &json!({})).await, 200).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn account_id(app: &TestApp, token: &str) -> String {
    let me = json_of(app.get("/api/v1/account", Some(token)).await, 200).await;
    me["account"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_reads_or_writes_as_its_scope_says_until_it_is_ended() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (id, reader) = api_key(&app, &user, "read").await;
    let (_, writer) = api_key(&app, &user, "write").await;
    let job = json!({"text": "Rust"});
    json_of(app.post_json("/api/v1/jobs", Some(&writer), &job).await, 201).await;
    problem(app.post_json("/api/v1/jobs", Some(&reader), &job).await, 403, "forbidden").await;
    let page = json_of(app.get("/api/v1/jobs", Some(&reader)).await, 200).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    // A key is for work and not for accounts.
    for path in ["/api/v1/api-keys", "/api/v1/organisations"] {
        problem(app.get(path, Some(&writer)).await, 403, "forbidden").await;
    }
    let keys = json_of(app.get("/api/v1/api-keys", Some(&user.token)).await, 200).await;
    assert!(keys["items"][1]["last_used_at"].is_string(), "{keys}");
    assert!(!keys.to_string().contains(&reader[4..]));

    let path = format!("/api/v1/api-keys/{id}");
    assert_eq!(app.delete(&path, Some(&user.token)).await.status(), StatusCode::NO_CONTENT);
    problem(app.get("/api/v1/jobs", Some(&reader)).await, 401, "unauthenticated").await;
    problem(app.get("/api/v1/jobs", Some("rmk_nonsense")).await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn wrong_keys_are_refused_by_their_place() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let body = json!({"name": " ", "scope": "read", "expires_in_days": 400});
    let refused =
        problem(app.post_json("/api/v1/api-keys", Some(&user.token), &body).await, 422, "validation-failed")
            .await;
    let pointers: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/name", "/expires_in_days"]);
}

#[tokio::test]
async fn members_share_what_the_organisation_has_as_far_as_their_role_goes() {
    let app = TestApp::start().await;
    let (ann, bob, eve) = (
        app.sign_up("ann@example.org").await,
        app.sign_up("bob@example.org").await,
        app.sign_up("eve@example.org").await,
    );
    let job = app.add_job(&ann, "Rust").await;
    let member = join(&app, &ann, &bob, "Bob@example.org", "member").await;
    let viewer = join(&app, &ann, &eve, "eve@example.org", "viewer").await;
    for token in [&member, &viewer] {
        assert_eq!(app.get(&format!("/api/v1/jobs/{job}"), Some(token)).await.status(), StatusCode::OK);
    }
    let text = json!({"text": "Go"});
    json_of(app.post_json("/api/v1/jobs", Some(&member), &text).await, 201).await;
    problem(app.post_json("/api/v1/jobs", Some(&viewer), &text).await, 403, "forbidden").await;
    // Neither manages the organisation.
    for token in [&member, &viewer] {
        let body = json!({"email": "x@example.org", "role": "owner"});
        problem(app.post_json("/api/v1/invitations", Some(token), &body).await, 403, "forbidden").await;
    }
    let members = json_of(app.get("/api/v1/members", Some(&viewer)).await, 200).await;
    let roles: Vec<_> = members["items"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect();
    assert_eq!(roles, [json!("owner"), json!("member"), json!("viewer")]);
    // Their own spaces are still their own.
    problem(app.get(&format!("/api/v1/jobs/{job}"), Some(&bob.token)).await, 404, "not-found").await;

    let eve_path = format!("/api/v1/members/{}", account_id(&app, &eve.token).await);
    let change = call(&app, Method::PATCH, &eve_path, &ann.token, json!({"role": "member"})).await;
    assert_eq!(change.status(), StatusCode::NO_CONTENT);
    json_of(app.post_json("/api/v1/jobs", Some(&viewer), &text).await, 201).await;
    assert_eq!(app.delete(&eve_path, Some(&ann.token)).await.status(), StatusCode::NO_CONTENT);
    problem(app.get("/api/v1/jobs", Some(&viewer)).await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn an_organisation_keeps_an_owner() {
    let app = TestApp::start().await;
    let ann = app.sign_up("ann@example.org").await;
    let path = format!("/api/v1/members/{}", account_id(&app, &ann.token).await);
    problem(call(&app, Method::PATCH, &path, &ann.token, json!({"role": "viewer"})).await, 409, "conflict")
        .await;
    problem(app.delete(&path, Some(&ann.token)).await, 409, "conflict").await;
}

#[tokio::test]
async fn an_invitation_is_for_one_address_and_one_use() {
    let app = TestApp::start().await;
    let (ann, bob, eve) = (
        app.sign_up("ann@example.org").await,
        app.sign_up("bob@example.org").await,
        app.sign_up("eve@example.org").await,
    );
    let body = json!({"email": "bob@example.org", "role": "viewer"});
    let invite =
        async || json_of(app.post_json("/api/v1/invitations", Some(&ann.token), &body).await, 201).await;
    let (old, new) = (invite().await, invite().await);
    let accept = async |user: &User, token: &Value| {
        app.post_json("/api/v1/invitations/accept", Some(&user.token), &json!({"token": token})).await
    };
    problem(accept(&eve, &new["token"]).await, 404, "not-found").await;
    problem(accept(&bob, &old["token"]).await, 404, "not-found").await;
    assert_eq!(accept(&bob, &new["token"]).await.status(), StatusCode::OK);
    problem(accept(&bob, &new["token"]).await, 404, "not-found").await;
    let again = invite().await;
    let path = format!("/api/v1/invitations/{}", again["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, Some(&ann.token)).await.status(), StatusCode::NO_CONTENT);
    let left = json_of(app.get("/api/v1/invitations", Some(&ann.token)).await, 200).await;
    assert_eq!(left["items"], json!([]));
}

#[tokio::test]
async fn an_account_has_several_organisations_and_signs_out_of_all() {
    let app = TestApp::start().await;
    let ann = app.sign_up("ann@example.org").await;
    let made = json_of(
        app.post_json("/api/v1/organisations", Some(&ann.token), &json!({"name": "Northwind"})).await,
        201,
    )
    .await;
    let all = json_of(app.get("/api/v1/organisations", Some(&ann.token)).await, 200).await;
    let names: Vec<_> = all["items"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [json!("ann"), json!("Northwind")]);
    let enter = format!("/api/v1/organisations/{}/session", made["id"].as_str().unwrap());
    let there = json_of(app.post_json(&enter, Some(&ann.token), &json!({})).await, 200).await;
    let there = there["access_token"].as_str().unwrap();
    let eve = app.sign_up("eve@example.org").await;
    problem(app.post_json(&enter, Some(&eve.token), &json!({})).await, 404, "not-found").await;

    assert_eq!(app.delete("/api/v1/sessions", Some(&ann.token)).await.status(), StatusCode::NO_CONTENT);
    for token in [ann.token.as_str(), there] {
        problem(app.get("/api/v1/account", Some(token)).await, 401, "unauthenticated").await;
    }
    assert_eq!(app.get("/api/v1/account", Some(&eve.token)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let ann = app.sign_up("ann@example.org").await;
    let sign_in = async |password: &str| {
        app.post_json("/api/v1/sessions", None, &json!({"email": "ann@example.org", "password": password}))
            .await
    };
    let other = json_of(sign_in(PASSWORD).await, 200).await;
    let change = async |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        call(&app, Method::PUT, "/api/v1/account/password", &ann.token, body).await
    };
    problem(change("wrong password", "another good one").await, 401, "invalid-credentials").await;
    problem(change(PASSWORD, "short").await, 422, "validation-failed").await;
    assert_eq!(change(PASSWORD, "another good one").await.status(), StatusCode::NO_CONTENT);
    problem(app.get("/api/v1/account", other["access_token"].as_str()).await, 401, "unauthenticated").await;
    assert_eq!(app.get("/api/v1/account", Some(&ann.token)).await.status(), StatusCode::OK);
    problem(sign_in(PASSWORD).await, 401, "invalid-credentials").await;
    assert_eq!(sign_in("another good one").await.status(), StatusCode::OK);
}
