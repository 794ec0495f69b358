//! Scans are recognised inside the sandbox, by the real worker and the real tesseract.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

#[path = "../../ocr/tests/support/mod.rs"]
mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the child answers about a scan.
fn answer(arguments: &[&str]) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_worker"))
        .args(["extract-child", "--name=file.pdf", "--purpose=job"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&support::scanned(1)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_scan_is_read_inside_the_sandbox() {
    let path = std::env::var_os("PATH").unwrap();
    let tesseract = ocr::Tesseract::find(&path, ocr::Languages::default()).expect(ocr::HOW_TO_INSTALL);
    let answer = answer(&["--recognise", tesseract.program().to_str().unwrap()]);
    let document = &answer["reading"]["Job"];
    assert_eq!(document["source"], "ocr", "{answer}");
    let text = document["text"].as_str().unwrap();
    assert!(text.contains("Programmer of the Analytical Engine"), "{text}");
}

#[test]
fn without_recognition_the_scan_is_refused_in_words() {
    let answer = answer(&[]);
    assert_eq!(answer["reading"]["Refused"]["class"], "no_text", "{answer}");
    assert!(
        answer["reading"]["Refused"]["message"].as_str().unwrap().contains("probably a scan"),
        "{answer}"
    );
}
