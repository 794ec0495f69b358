//! A person's own data: given out whole, and erased.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, problem};

#[tokio::test]
async fn everything_of_a_person_is_given_out_and_nothing_of_others() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.sign_up("ann@example.org").await, app.sign_up("eve@example.org").await);
    let (resume, job) = (app.add_resume(&ann, "cv").await, app.add_job(&ann, "Rust").await);
    let pair = json!({"resume_id": resume, "job_id": job});
    app.post_json("/api/v1/matches", Some(&ann.token), &pair).await;
    app.add_job(&eve, "a secret of eve").await;
    let answer = app.get("/api/v1/account/export", Some(&ann.token)).await;
    assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let export: Value = answer.json().await.unwrap();
    assert_eq!(export["account"]["email"], "ann@example.org");
    let data = &export["organisations"][0]["data"];
    assert_eq!((&data["resumes"][0]["id"], &data["jobs"][0]["text"]), (&json!(resume), &json!("Rust")));
    assert_eq!(data["matches"][0]["job_id"], job);
    assert_eq!(data["sessions"].as_array().unwrap().len(), 1);
    assert!(
        !export.to_string().contains("secret of eve") && !export.to_string().contains("argon2"),
        "{export}"
    );
}

#[tokio::test]
async fn erasure_leaves_neither_rows_nor_files_nor_the_account() {
    let app = TestApp::start().await;
    let ann = app.sign_up("ann@example.org").await;
    let resume = app.add_resume(&ann, "cv").await;
    app.add_job(&ann, "Rust").await;
    let mut tx = platform::postgres::tenant_transaction(&app.pool, ann.tenant).await.unwrap();
    let key: String = sqlx::query_scalar("SELECT object_key FROM resumes WHERE id = $1::uuid")
        .bind(&resume)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let erase = async |password: &str| {
        app.post_json("/api/v1/account/erasure", Some(&ann.token), &json!({"password": password})).await
    };
    problem(erase("not the password").await, 401, "invalid-credentials").await;
    let receipt: Value = erase(PASSWORD).await.json().await.unwrap();
    assert_eq!(
        (&receipt["resumes"], &receipt["jobs"], &receipt["files"], &receipt["organisations"]),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    assert!(receipt["backups_forget_at"].as_str().unwrap() > receipt["erased_at"].as_str().unwrap());

    problem(app.get("/api/v1/account", Some(&ann.token)).await, 401, "unauthenticated").await;
    let sign_in = json!({"email": "ann@example.org", "password": PASSWORD});
    problem(app.post_json("/api/v1/sessions", None, &sign_in).await, 401, "invalid-credentials").await;
    assert!(app.storage.get(&key, platform::digest::Sha256Digest::of(b"")).await.is_err());
    let mut tx = platform::postgres::tenant_transaction(&app.pool, ann.tenant).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM tenants) + (SELECT count(*) FROM resumes) + (SELECT count(*) FROM outbox)
              + (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM tasks)",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert_eq!(left, 0);
    // The address is free again.
    app.sign_up("ann@example.org").await;
}

#[tokio::test]
async fn who_leaves_others_without_an_owner_must_hand_over_first() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.sign_up("ann@example.org").await, app.sign_up("bob@example.org").await);
    let body = json!({"email": "bob@example.org", "role": "member"});
    let invited: Value =
        app.post_json("/api/v1/invitations", Some(&ann.token), &body).await.json().await.unwrap();
    let token = json!({"token": invited["token"]});
    app.post_json("/api/v1/invitations/accept", Some(&bob.token), &token).await;
    let wish = json!({"password": PASSWORD});
    problem(app.post_json("/api/v1/account/erasure", Some(&ann.token), &wish).await, 409, "conflict").await;
    // Nothing was erased.
    assert_eq!(app.get("/api/v1/account", Some(&ann.token)).await.status(), StatusCode::OK);
    // The member goes alone; what belongs to the owner stays.
    let job = app.add_job(&ann, "Rust").await;
    assert_eq!(
        app.post_json("/api/v1/account/erasure", Some(&bob.token), &wish).await.status(),
        StatusCode::OK
    );
    assert_eq!(app.get(&format!("/api/v1/jobs/{job}"), Some(&ann.token)).await.status(), StatusCode::OK);
    let members: Value = app.get("/api/v1/members", Some(&ann.token)).await.json().await.unwrap();
    assert_eq!(members["items"].as_array().unwrap().len(), 1);
}
