//! Nothing is lost when workers die, are told to stop, or Redis forgets everything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::env_vars as var;
use platform::postgres::tenant_transaction;
use rustix::process::Signal;
use support::files::{RESUME, docx};
use support::{BackEnd, DEADLINE};
use tokio::net::TcpListener;

/// A storage that accepts connections and never answers: a worker that asks it is busy for as long as the test wants.
async fn silent_storage() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

/// Waits until a worker asks the silent storage for a file.
async fn asked(listener: &TcpListener) -> tokio::net::TcpStream {
    tokio::time::timeout(DEADLINE, listener.accept()).await.expect("no worker asks").unwrap().0
}

#[tokio::test]
async fn a_killed_workers_task_is_done_by_another() {
    let back_end = BackEnd::start().await;
    let (listener, endpoint) = silent_storage().await;
    let mut doomed = back_end.worker_with(&[(var::S3_ENDPOINT, &endpoint)]);
    let (resume, task) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    let _busy = asked(&listener).await;
    doomed.signal(Signal::KILL);
    assert!(!doomed.ended().success());

    let _living = back_end.worker();
    assert_eq!(back_end.settled_resume(resume).await.0, "ready");
    assert_eq!(back_end.outcomes(task).await, [Some("lost".to_owned()), Some("done".to_owned())]);
    nothing_left(&back_end).await;
}

#[tokio::test]
async fn a_worker_told_to_stop_hands_back_what_it_cannot_finish() {
    let back_end = BackEnd::start().await;
    let (listener, endpoint) = silent_storage().await;
    let changes = [
        (var::S3_ENDPOINT, endpoint.as_str()),
        (var::RM_WORKER_GRACE_SECONDS, "0"),
        (var::RM_WORKER_LEASE_SECONDS, "3600"),
    ];
    let mut stopping = back_end.worker_with(&changes);
    let (resume, task) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    let _busy = asked(&listener).await;
    stopping.signal(Signal::TERM);
    assert!(stopping.ended().success());
    let query = "SELECT status FROM resumes WHERE id = $1";
    let (status,): (String,) = back_end.eventually(query, resume.as_uuid()).await;
    assert_eq!(status, "queued");

    // The lease of an hour would hold up another worker, had the task not been handed back.
    let _next = back_end.worker();
    assert_eq!(back_end.settled_resume(resume).await.0, "ready");
    assert_eq!(back_end.outcomes(task).await, [Some("handed_back".to_owned()), Some("done".to_owned())]);
    let query = "SELECT failures FROM tasks WHERE id = $1";
    let (failures,): (i32,) = back_end.eventually(query, task.as_uuid()).await;
    assert_eq!(failures, 0, "being handed back is no failure");
}

#[tokio::test]
async fn a_worker_told_to_stop_finishes_what_it_can() {
    let back_end = BackEnd::start().await;
    let mut stopping = back_end.worker();
    let mut uploaded = Vec::new();
    for n in 0..6 {
        uploaded.push(back_end.upload_resume("ada.docx", docx(&[&format!("Person number {n}")])).await);
    }
    let query = "SELECT id FROM resumes WHERE tenant_id = $1 AND status = 'processing' LIMIT 1";
    let (_,): (uuid::Uuid,) = back_end.eventually(query, back_end.tenant.as_uuid()).await;
    stopping.signal(Signal::TERM);
    assert!(stopping.ended().success());
    for (_, task) in &uploaded {
        let outcomes = back_end.outcomes(*task).await;
        assert!(outcomes.iter().all(|outcome| outcome.as_deref() == Some("done")), "{outcomes:?}");
    }
    let _next = back_end.worker();
    for (resume, _) in &uploaded {
        assert_eq!(back_end.settled_resume(*resume).await.0, "ready");
    }
}

#[tokio::test]
async fn redis_flushed_again_and_again_loses_nothing() {
    let back_end = BackEnd::start().await;
    let _workers = [back_end.worker(), back_end.worker()];
    let mut uploaded = Vec::new();
    for n in 0..40 {
        uploaded.push(back_end.upload_resume("ada.docx", docx(&[&format!("Person number {n}")])).await);
        if n % 8 == 7 {
            forget_everything(&back_end).await;
        }
    }
    for (resume, _) in &uploaded {
        assert_eq!(back_end.settled_resume(*resume).await.0, "ready");
    }
    for (_, task) in &uploaded {
        let done =
            back_end.outcomes(*task).await.into_iter().filter(|outcome| outcome.as_deref() == Some("done"));
        assert_eq!(done.count(), 1, "each task is done exactly once");
    }
    nothing_left(&back_end).await;
}

#[tokio::test]
async fn workers_wait_for_redis_and_go_on() {
    let back_end = BackEnd::start().await;
    let redis = test_services::Redis::start().unwrap();
    let url = redis.url();
    let mut worker = back_end.worker_with(&[(var::REDIS_URL, &url)]);
    let (first, _) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    assert_eq!(back_end.settled_resume(first).await.0, "ready");
    redis.stop();
    let (second, _) = back_end.upload_resume("bob.docx", docx(&["Bob"])).await;
    redis.resume().unwrap();
    assert_eq!(back_end.settled_resume(second).await.0, "ready");
    assert!(worker.runs());
}

/// Removes the keys of this installation only: other tests share the server.
async fn forget_everything(back_end: &BackEnd) {
    let client = redis::Client::open(back_end.variables[var::REDIS_URL].as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let key = format!("rm:{}:tasks", back_end.variables[var::RM_INSTALLATION]);
    let _removed: u64 = redis::cmd("DEL").arg(key).query_async(&mut connection).await.unwrap();
}

/// Neither the outbox nor the dead letters have anything.
async fn nothing_left(back_end: &BackEnd) {
    let mut transaction = tenant_transaction(&back_end.pool, back_end.tenant).await.unwrap();
    let left: (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letters)")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
    assert_eq!(left, (0, 0));
}
