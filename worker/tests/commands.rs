//! The one-shot commands: what they do, what they print, and their exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::env_vars as var;
use support::{free_address, run, variables};

#[tokio::test]
async fn prepare_can_be_repeated_and_status_says_what_is_applied() {
    let variables = variables().await;
    for _ in 0..2 {
        let prepared = run(&variables, &["prepare"]);
        assert!(prepared.status.success(), "{prepared:?}");
    }
    let status = run(&variables, &["migrate", "status"]);
    assert!(status.status.success(), "{status:?}");
    let list: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(list[0]["version"], 1);
    assert_eq!(list[0]["phase"], "expand");
    assert!(list.as_array().unwrap().iter().all(|one| one["applied"] == true), "{list}");
}

#[tokio::test]
async fn a_missing_variable_exits_with_2_and_names_the_mend() {
    let mut variables = variables().await;
    variables.remove(var::S3_BUCKET);
    for command in ["prepare", "run"] {
        let output = run(&variables, &[command]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("S3_BUCKET is not set; set it to the name of the bucket"), "{told}");
    }
}

#[tokio::test]
async fn an_absent_database_exits_with_1() {
    let mut variables = variables().await;
    let nowhere = format!("postgres://app:hunter2@{}/x", free_address());
    variables.insert(var::DATABASE_URL, nowhere.clone());
    variables.insert(var::DATABASE_OWNER_URL, nowhere);
    variables.insert(var::RM_METRICS_LISTEN, free_address().to_string());
    for command in ["prepare", "run"] {
        let output = run(&variables, &[command]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("cannot connect to Postgres"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_worker_does_not_run_on_an_old_schema() {
    let mut variables = variables().await;
    let owner = variables[var::DATABASE_OWNER_URL].clone();
    variables.insert(var::DATABASE_URL, owner);
    variables.insert(var::RM_METRICS_LISTEN, free_address().to_string());
    let output = run(&variables, &["run"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the database lacks migrations [1, "), "{told}");
    assert!(told.contains("; run `worker migrate up`"), "{told}");
}

#[test]
fn sql_is_printed_without_any_configuration() {
    let output = run(&std::collections::BTreeMap::new(), &["migrate", "sql", "--role", "app"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(
        text.contains("CREATE TABLE resumes")
            && text.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO \"app\"")
    );
}

#[tokio::test]
async fn replacing_keys_says_how_much_there_was_to_do() {
    let mut variables = variables().await;
    assert!(run(&variables, &["prepare"]).status.success());
    let done = run(&variables, &["keys", "rotate"]);
    assert!(done.status.success(), "{done:?}");
    let done: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(done, serde_json::json!({"found": 0, "resealed": 0}));
    variables.insert(var::RM_ENCRYPTION_KEYS, "c2hvcnQ=".to_owned());
    let refused = run(&variables, &["keys", "rotate"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("RM_ENCRYPTION_KEYS cannot be used: a key has 5 bytes and not 32"), "{told}");
}
