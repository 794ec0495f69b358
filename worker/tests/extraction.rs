//! Uploaded files end up as text in Postgres, through real services and a real worker process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::time::Instant;

use rustix::process::Signal;
use support::files::{RESUME, docx, pdf};
use support::{BackEnd, DEADLINE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_pdf_and_a_docx_become_text() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker();
    for (name, bytes) in [("ada.pdf", pdf(&RESUME)), ("ada.docx", docx(&RESUME))] {
        let (resume, task) = back_end.upload_resume(name, bytes).await;
        assert_eq!(back_end.settled_resume(resume).await, ("ready".to_owned(), None), "{name}");
        let query = "SELECT text, extraction->>'format', document#>>'{resume,basics,name}' FROM resumes WHERE id = $1";
        let (text, format, person): (String, String, String) =
            back_end.eventually(query, resume.as_uuid()).await;
        assert_eq!(person, "Ada Lovelace", "{name}");
        for line in RESUME {
            assert!(text.contains(line), "{name} lacks {line:?}: {text}");
        }
        assert!(name.ends_with(&format.to_lowercase()), "{name} was taken for {format}");
        assert_eq!(back_end.outcomes(task).await, [Some("done".to_owned())]);
    }
}

#[tokio::test]
async fn a_job_description_becomes_text() {
    let back_end = BackEnd::start().await;
    let _worker = back_end.worker();
    let job = back_end.upload_job("job.txt", b"We look for a Rust engineer.\n".to_vec()).await;
    let query = "SELECT text FROM jobs WHERE id = $1 AND status = 'ready'";
    let (text,): (String,) = back_end.eventually(query, job.as_uuid()).await;
    assert_eq!(text, "We look for a Rust engineer.");
}

#[tokio::test]
async fn poison_is_refused_in_words_and_the_worker_goes_on() {
    let back_end = BackEnd::start().await;
    let mut worker = back_end.worker();
    let poison: [(&str, Vec<u8>); 5] = [
        ("cut.pdf", pdf(&RESUME)[..200].to_vec()),
        ("cut.docx", docx(&RESUME)[..200].to_vec()),
        (
            "noise.pdf",
            b"%PDF-1.7\n".iter().copied().chain((0..20_000_u32).map(|n| ((n * 7919) >> 3) as u8)).collect(),
        ),
        ("program.pdf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0".to_vec()),
        ("picture.pdf", pdf(&[])),
    ];
    for (name, bytes) in poison {
        let (resume, _) = back_end.upload_resume(name, bytes).await;
        let (status, error) = back_end.settled_resume(resume).await;
        assert_eq!(status, "failed", "{name}");
        let error = error.unwrap();
        assert!(error.len() > 15 && !error.contains("panic"), "{name}: {error}");
    }
    let (resume, _) = back_end.upload_resume("good.docx", docx(&RESUME)).await;
    assert_eq!(back_end.settled_resume(resume).await.0, "ready");
    assert!(worker.runs());
}

#[tokio::test]
async fn a_file_that_was_damaged_in_storage_ends_as_a_dead_letter() {
    let back_end = BackEnd::start().await;
    let (resume, task) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    let (key,): (String,) =
        back_end.eventually("SELECT object_key FROM resumes WHERE id = $1", resume.as_uuid()).await;
    let file = test_services::object_storage().file_of(&back_end.bucket, &key).unwrap();
    std::fs::write(file, b"something else").unwrap();
    let _worker = back_end.worker();
    let (status, error) = back_end.settled_resume(resume).await;
    assert_eq!(status, "failed");
    assert!(error.unwrap().contains("a fault on our side"));
    let query = "SELECT failures, error FROM dead_letters WHERE task_id = $1";
    let (failures, told): (i32, String) = back_end.eventually(query, task.as_uuid()).await;
    assert_eq!(failures, 5);
    assert!(told.contains("is damaged: its hash is"), "{told}");
}

#[tokio::test]
async fn a_resume_deleted_meanwhile_leaves_nothing_to_do() {
    let back_end = BackEnd::start().await;
    let (resume, task) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    let mut transaction =
        platform::postgres::tenant_transaction(&back_end.pool, back_end.tenant).await.unwrap();
    sqlx::query("DELETE FROM resumes WHERE id = $1").bind(resume).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let _worker = back_end.worker();
    let query = "SELECT attempt FROM tasks WHERE id = $1 AND state = 'done'";
    let (attempt,): (i32,) = back_end.eventually(query, task.as_uuid()).await;
    assert_eq!(attempt, 1);
}

#[tokio::test]
async fn probes_metrics_and_the_health_check_answer() {
    let back_end = BackEnd::start().await;
    let mut worker = back_end.worker();
    let started = Instant::now();
    while !get(worker.probes, "/readyz").await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
        assert!(started.elapsed() < DEADLINE && worker.runs(), "not ready");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (resume, _) = back_end.upload_resume("ada.docx", docx(&RESUME)).await;
    back_end.settled_resume(resume).await;
    let counted = "tasks_ended_total{kind=\"extract_resume\",outcome=\"done\"} 1";
    while !get(worker.probes, "/metrics").await.unwrap().contains(counted) {
        assert!(started.elapsed() < DEADLINE, "not counted");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let health = support::run(&worker.variables, &["healthcheck"]);
    assert!(health.status.success(), "{health:?}");
    worker.signal(Signal::TERM);
    assert!(worker.ended().success());
    let health = support::run(&worker.variables, &["healthcheck"]);
    assert_eq!(health.status.code(), Some(1), "{health:?}");
}

async fn get(address: std::net::SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
