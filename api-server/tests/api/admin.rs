//! The administration: dead letters of all tenants, for the installation's own token only.

use platform::{
    config::{AdminConfig, Env},
    env_vars::RM_ADMIN_TOKEN,
    names::TaskId,
    postgres,
    tasks::{self, Claim, Notice},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApp, User, problem};

const TOKEN: &str = "an administrator's token of 40 characters";
const LETTERS: &str = "/api/v1/admin/dead-letters";

async fn app() -> TestApp {
    TestApp::start_with(|settings| {
        settings.admin = AdminConfig::from_env(&Env::from_pairs([(RM_ADMIN_TOKEN, TOKEN)])).unwrap();
    })
    .await
}

/// A resume whose extraction failed for good.
async fn dead_resume(app: &TestApp, user: &User) -> (TaskId, String) {
    let resume = app.add_resume(user, "cv").await;
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    let task: TaskId = sqlx::query_scalar("SELECT id FROM tasks WHERE subject_id = $1::uuid")
        .bind(&resume)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let notice = Notice { task, tenant: user.tenant };
    let lease = std::time::Duration::from_secs(60);
    let Claim::Leased(held) = tasks::claim(&app.pool, notice, "w1", lease).await.unwrap() else {
        panic!("the task is free");
    };
    let mut tx = postgres::tenant_transaction(&app.pool, user.tenant).await.unwrap();
    sqlx::query("UPDATE resumes SET status = 'failed', error = 'sorry' WHERE id = $1::uuid")
        .bind(&resume)
        .execute(&mut *tx)
        .await
        .unwrap();
    tasks::bury(&mut tx, &held, "the disk is full").await.unwrap();
    tx.commit().await.unwrap();
    (task, resume)
}

#[tokio::test]
async fn dead_letters_are_listed_looked_at_requeued_and_dropped() {
    let app = app().await;
    let (ann, bob) = (app.sign_up("ann@example.org").await, app.sign_up("bob@example.org").await);
    let (first, resume) = dead_resume(&app, &ann).await;
    let (second, other) = dead_resume(&app, &bob).await;
    let page: Value = app.get(&format!("{LETTERS}?limit=1"), Some(TOKEN)).await.json().await.unwrap();
    assert_eq!(page["items"][0]["task_id"], second.to_string());
    let next = page["next_cursor"].as_str().unwrap();
    let page: Value = app.get(&format!("{LETTERS}?cursor={next}"), Some(TOKEN)).await.json().await.unwrap();
    assert_eq!(page["items"][0]["task_id"], first.to_string());
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert!(!page.to_string().contains("cv.pdf"), "{page}");

    let one: Value = app.get(&format!("{LETTERS}/{first}"), Some(TOKEN)).await.json().await.unwrap();
    assert_eq!((&one["error"], &one["attempts"][0]["worker"]), (&json!("the disk is full"), &json!("w1")));

    let requeued = app.post_json(&format!("{LETTERS}/{first}/requeue"), Some(TOKEN), &json!({})).await;
    assert_eq!(requeued.status(), StatusCode::ACCEPTED);
    let path = format!("/api/v1/resumes/{resume}");
    let now: Value = app.get(&path, Some(&ann.token)).await.json().await.unwrap();
    assert_eq!((&now["status"], &now["error"]), (&json!("queued"), &Value::Null));
    assert_eq!(app.waiting_tasks(&ann, "extract_resume").await, [resume]);

    assert_eq!(
        app.delete(&format!("{LETTERS}/{second}"), Some(TOKEN)).await.status(),
        StatusCode::NO_CONTENT
    );
    let still: Value =
        app.get(&format!("/api/v1/resumes/{other}"), Some(&bob.token)).await.json().await.unwrap();
    assert_eq!(still["status"], "failed");
    for gone in [first, second] {
        problem(app.get(&format!("{LETTERS}/{gone}"), Some(TOKEN)).await, 404, "not-found").await;
        let again = app.post_json(&format!("{LETTERS}/{gone}/requeue"), Some(TOKEN), &json!({})).await;
        problem(again, 404, "not-found").await;
    }
}

#[tokio::test]
async fn no_account_is_an_administrator_and_no_administrator_an_account() {
    let app = app().await;
    let user = app.sign_up("ann@example.org").await;
    problem(app.get(LETTERS, Some(&user.token)).await, 401, "unauthenticated").await;
    problem(app.get("/api/v1/resumes", Some(TOKEN)).await, 401, "unauthenticated").await;
    let closed = TestApp::start().await;
    problem(closed.get(LETTERS, Some(TOKEN)).await, 401, "unauthenticated").await;
}
