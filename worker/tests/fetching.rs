//! Jobs by their address: the worker fetches, stores and reads the page, and goes nowhere inside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::env_vars as var;
use platform::names::JobId;
use platform::postgres::tenant_transaction;
use platform::tasks::{self, TaskKind};
use support::BackEnd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const PAGE: &str = "<html><head><title>x</title></head><body><h1>Platform engineer</h1><p>Five years of Rust.</p></body></html>";

/// A web server on loopback that gives every path the page; its address.
async fn web_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            drop(stream.read(&mut head).await);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
                PAGE.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    format!("http://{address}/jobs/1")
}

/// Adds a job by its address, as the API does.
async fn add_job(back_end: &BackEnd, url: &str) -> JobId {
    let job = JobId::new();
    let mut transaction = tenant_transaction(&back_end.pool, back_end.tenant).await.unwrap();
    sqlx::query("INSERT INTO jobs (id, tenant_id, source_url) VALUES ($1, $2, $3)")
        .bind(job)
        .bind(back_end.tenant)
        .bind(url)
        .execute(&mut *transaction)
        .await
        .unwrap();
    tasks::enqueue(&mut transaction, back_end.tenant, TaskKind::FetchJob, job.as_uuid()).await.unwrap();
    transaction.commit().await.unwrap();
    job
}

async fn settled(back_end: &BackEnd, job: JobId) -> (String, Option<String>, Option<String>) {
    let query = "SELECT status, text, error FROM jobs WHERE id = $1 AND status IN ('ready', 'failed')";
    back_end.eventually(query, job.as_uuid()).await
}

#[tokio::test]
async fn a_page_becomes_the_text_of_its_job() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker_with(&[(var::RM_FETCH_ALLOWED_NETWORKS, "127.0.0.1/32")]);
    let job = add_job(&back_end, &web_server().await).await;
    let (status, text, error) = settled(&back_end, job).await;
    assert_eq!((status.as_str(), error), ("ready", None));
    let text = text.unwrap();
    assert!(text.contains("Platform engineer") && text.contains("Five years of Rust."), "{text}");
}

#[tokio::test]
async fn an_address_that_leads_inside_fails_with_its_reason_and_is_not_tried_again() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker();
    let inside = web_server().await;
    for address in [inside.as_str(), "http://169.254.169.254/latest/meta-data/", "http://localhost/"] {
        let job = add_job(&back_end, address).await;
        let (status, _, error) = settled(&back_end, job).await;
        assert_eq!(status, "failed");
        assert_eq!(
            error.unwrap(),
            "the address may not be fetched: it leads to a private network",
            "{address}"
        );
        let query = "SELECT attempt FROM tasks WHERE subject_id = $1 AND state = 'done'";
        let (attempts,): (i32,) = back_end.eventually(query, job.as_uuid()).await;
        assert_eq!(attempts, 1);
    }
}
