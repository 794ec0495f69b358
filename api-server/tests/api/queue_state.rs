//! The state of the queue on the second port, with and without Postgres and Redis.

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{Gates, TestApp, pdf};

async fn queue(app: &TestApp) -> Value {
    let answer = app.get_probe("/queue").await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

fn counts(queue: &Value) -> [i64; 3] {
    ["waiting", "in_flight", "backlog"].map(|name| queue[name].as_i64().unwrap())
}

/// A worker claims one task.
async fn claim(app: &TestApp) {
    let mut transaction = app.pool.begin().await.unwrap();
    sqlx::query("SELECT set_config('app.dispatcher', 'on', true)").execute(&mut *transaction).await.unwrap();
    let one = "UPDATE outbox SET leased = true WHERE task_id = (SELECT task_id FROM outbox LIMIT 1)";
    assert_eq!(sqlx::query(one).execute(&mut *transaction).await.unwrap().rows_affected(), 1);
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn what_waits_and_what_is_in_flight_are_counted_without_any_worker_or_redis() {
    let gates = Gates::open().await;
    let app = TestApp::start_behind(&gates).await;
    let empty = queue(&app).await;
    assert_eq!((counts(&empty), empty["oldest_seconds"].as_f64()), ([0, 0, 0], Some(0.0)));
    gates.redis.close().await;
    let user = app.sign_up("ann@example.org").await;
    let [mails, ..] = counts(&queue(&app).await);
    for name in ["one", "two"] {
        let answer = app.upload("/api/v1/resumes", &user.token, "a.pdf", pdf(name)).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    }
    let waiting = queue(&app).await;
    assert_eq!(counts(&waiting), [mails + 2, 0, mails + 2]);
    assert!(waiting["oldest_seconds"].as_f64().unwrap() > 0.0, "{waiting}");
    claim(&app).await;
    assert_eq!(counts(&queue(&app).await), [mails + 1, 1, mails + 2]);
}

#[tokio::test]
async fn without_postgres_it_says_so_and_never_zero() {
    let gates = Gates::open().await;
    let app = TestApp::start_behind(&gates).await;
    gates.postgres.close().await;
    let answer = app.get_probe("/queue").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().await.unwrap().contains("database"));
    gates.postgres.open_again().await;
    app.wait_until("the queue is counted", async || app.get_probe("/queue").await.status() == StatusCode::OK)
        .await;
}

#[tokio::test]
async fn the_public_port_does_not_tell_it() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/queue", None).await.status(), StatusCode::NOT_FOUND);
}
