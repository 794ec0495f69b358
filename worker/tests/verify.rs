//! `worker verify` finds each kind of damage on a real database and a real bucket, and nothing where all is well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use bytes::Bytes;
use platform::env_vars as var;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use support::{BackEnd, run};

/// Runs `worker verify` and returns its exit code and report.
fn verify(back_end: &BackEnd, arguments: &[&str]) -> (i32, Value) {
    let words = [&["verify", "--output", "json", "--orphan-age", "0"], arguments].concat();
    let output = run(&back_end.variables, &words);
    let told = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    (output.status.code().unwrap(), report)
}

/// Check and subject of each finding.
fn findings(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = report["findings"].as_array().unwrap().iter();
    listed.map(|finding| (text(&finding["check"]), text(&finding["subject"]))).collect()
}

fn found(check: &str, subject: &str) -> (String, String) {
    (check.to_owned(), subject.to_owned())
}

async fn owner(back_end: &BackEnd) -> PgConnection {
    PgConnection::connect(&back_end.variables[var::DATABASE_OWNER_URL]).await.unwrap()
}

#[tokio::test]
async fn a_whole_installation_has_no_findings() {
    let back_end = BackEnd::start().await;
    back_end.upload_resume("ada.txt", b"Ada Lovelace".to_vec()).await;
    back_end.upload_job("job.txt", b"A programmer".to_vec()).await;
    // The same bytes as a resume are the same object.
    back_end.upload_job("again.txt", b"Ada Lovelace".to_vec()).await;
    let (code, report) = verify(&back_end, &[]);
    assert_eq!((code, &report["ok"]), (0, &Value::Bool(true)), "{report:#}");
    assert_eq!(report["objects"], 2);
    assert_eq!(report["object_bytes"], 24);
    assert_eq!(report["tables"]["resumes"]["rows"], 1);
    assert_eq!(report["tables"]["jobs"]["rows"], 2, "the owner sees all tenants' rows");
    let (code, _) = verify(&back_end, &["--objects", "sizes"]);
    assert_eq!(code, 0);
    let text = run(&back_end.variables, &["verify"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("all is well"), "{text:?}");
}

#[tokio::test]
async fn a_checksum_changes_with_any_value_and_not_with_the_order_of_rows() {
    let back_end = BackEnd::start().await;
    for name in ["a", "b", "c"] {
        back_end.upload_resume(name, name.as_bytes().to_vec()).await;
    }
    let sum = |report: &Value| report["tables"]["resumes"]["checksum"].as_str().unwrap().to_owned();
    let before = sum(&verify(&back_end, &[]).1);
    let mut owner = owner(&back_end).await;
    owner.execute("SET app.maintenance = 'on'").await.unwrap();
    // Rewrites the first row behind the others.
    owner.execute("UPDATE resumes SET file_name = file_name WHERE file_name = 'a'").await.unwrap();
    assert_eq!(sum(&verify(&back_end, &[]).1), before);
    owner.execute("UPDATE resumes SET size_bytes = 1, media_type = 'x' WHERE file_name = 'a'").await.unwrap();
    assert_ne!(sum(&verify(&back_end, &[]).1), before);
}

#[tokio::test]
async fn missing_and_damaged_objects_are_found() {
    let back_end = BackEnd::start().await;
    for text in ["kept", "damaged", "gone", "short"] {
        back_end.upload_resume(text, text.as_bytes().to_vec()).await;
    }
    let stored = async |text: &'static str| {
        back_end.storage.put(back_end.tenant, Bytes::from_static(text.as_bytes())).await.unwrap().key
    };
    let (damaged, gone, short) = (stored("damaged").await, stored("gone").await, stored("short").await);
    back_end.storage.put_at(&damaged, Bytes::from_static(b"DAMAGED")).await.unwrap();
    back_end.storage.put_at(&short, Bytes::from_static(b"sh")).await.unwrap();
    back_end.storage.delete(&gone).await.unwrap();
    let (code, report) = verify(&back_end, &[]);
    assert_eq!(code, 3, "{report:#}");
    let mut all = findings(&report);
    let mut expected = [&damaged, &gone, &short].map(|key| found("object", key));
    all.sort();
    expected.sort();
    assert_eq!(all, expected);
    // A listing tells what is missing or short, and cannot tell bytes of the same number apart.
    let (code, report) = verify(&back_end, &["--objects", "sizes"]);
    let mut all = findings(&report);
    let mut expected = [&gone, &short].map(|key| found("object", key));
    all.sort();
    expected.sort();
    assert_eq!((code, all), (3, expected.to_vec()));
}

#[tokio::test]
async fn orphans_are_told_and_moved_on_request() {
    let back_end = BackEnd::start().await;
    back_end.upload_resume("ada.txt", b"Ada".to_vec()).await;
    let orphan = back_end.storage.put(back_end.tenant, Bytes::from_static(b"nobody's")).await.unwrap();
    let (code, report) = verify(&back_end, &[]);
    assert_eq!((code, findings(&report)), (4, vec![found("orphan", &orphan.key)]), "{report:#}");
    let young = run(&back_end.variables, &["verify", "--orphan-age", "3600"]);
    assert_eq!(young.status.code(), Some(0), "an upload under way is no orphan");

    let (code, report) = verify(&back_end, &["--repair"]);
    assert_eq!((code, &report["quarantined"]), (0, &Value::from(1)), "{report:#}");
    let moved = format!("quarantine/{}", orphan.key);
    assert_eq!(back_end.storage.hash(&moved).await.unwrap(), (orphan.sha256, orphan.size));
    let (code, report) = verify(&back_end, &[]);
    assert_eq!(code, 0, "{report:#}");
}

#[tokio::test]
async fn broken_rows_and_switched_off_protection_are_found() {
    let back_end = BackEnd::start().await;
    back_end.upload_resume("ada.txt", b"Ada".to_vec()).await;
    let database = back_end.variables[var::DATABASE_OWNER_URL].clone();
    let statements = [
        "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE task_attempts ADD CONSTRAINT late CHECK (attempt > 0) NOT VALID",
        // Rows that refer to nothing, as after a restore that left rows out.
        "ALTER TABLE outbox DROP CONSTRAINT outbox_tenant_id_task_id_fkey",
        "SET app.maintenance = 'on'",
        "UPDATE outbox SET tenant_id = gen_random_uuid()",
        "ALTER TABLE outbox ADD CONSTRAINT lost FOREIGN KEY (tenant_id, task_id)
            REFERENCES tasks (tenant_id, id) NOT VALID",
    ];
    let mut owner = PgConnection::connect(&database).await.unwrap();
    for statement in statements {
        owner.execute(AssertSqlSafe(statement)).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let (code, report) = verify(&back_end, &[]);
    assert_eq!(code, 3, "{report:#}");
    let mut all = findings(&report);
    all.sort();
    let expected = [
        found("constraint", "outbox.lost"),
        found("constraint", "task_attempts.late"),
        found("foreign_key", "outbox.lost"),
        found("row_level_security", "jobs"),
        found("row_level_security", "outbox"),
    ];
    assert_eq!(all, expected, "{report:#}");
}

#[tokio::test]
async fn an_owner_that_sees_no_rows_is_refused() {
    let back_end = BackEnd::start().await;
    let mut owner = owner(&back_end).await;
    owner.execute("DROP POLICY maintenance ON resumes").await.unwrap();
    let output = run(&back_end.variables, &["verify"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("sees no rows of the table resumes; run `worker migrate up`"), "{told}");
    assert!(run(&back_end.variables, &["migrate", "up"]).status.success());
    assert_eq!(run(&back_end.variables, &["verify"]).status.code(), Some(0));
}
