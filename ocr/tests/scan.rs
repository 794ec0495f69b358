//! A scan made here and read by the real tesseract. Without it (or without PDFium) the test fails and says how to get
//! it: `cargo xtask test` installs both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use matching::document::{TextSource, WarningKind};
use matching::extract::{ExtractOptions, Limits};
use ocr::{Languages, Tesseract};
use support::scanned;

fn tesseract() -> Tesseract {
    let path = std::env::var_os("PATH").unwrap();
    Tesseract::find(&path, Languages::default()).expect(ocr::HOW_TO_INSTALL)
}

#[test]
fn a_scan_is_read_and_marked() {
    let tesseract = tesseract();
    let options = ExtractOptions { ocr: Some(&tesseract), ..ExtractOptions::default() };
    let document = matching::extract(&scanned(1), None, &options).unwrap();
    assert_eq!(
        document.text,
        "Ada Lovelace\n\nProgrammer of the Analytical Engine\n\nMathematics and French"
    );
    assert_eq!(document.source, TextSource::Ocr);
    assert!(document.warnings.iter().any(|warning| warning.kind == WarningKind::Ocr));
    let name = document.lines().next().and_then(|line| line.bbox).unwrap();
    assert!((name.x0 - 60.0).abs() < 6.0 && (name.y1 - 102.0).abs() < 8.0, "{name:?}");
}

#[test]
fn without_recognition_a_scan_is_said_to_be_one() {
    let error = matching::extract(&scanned(1), None, &ExtractOptions::default()).unwrap_err();
    assert!(error.to_string().contains("probably a scan"), "{error}");
}

#[test]
fn pages_over_the_limit_are_not_recognised_and_the_document_says_so() {
    let tesseract = tesseract();
    let limits = Limits { recognised_pages: 1, ..Limits::default() };
    let options = ExtractOptions { ocr: Some(&tesseract), limits, ..ExtractOptions::default() };
    let document = matching::extract(&scanned(2), None, &options).unwrap();
    assert_eq!(document.text.matches("Ada Lovelace").count(), 1);
    let warning = document.warnings.iter().find(|warning| warning.kind == WarningKind::Truncated).unwrap();
    assert!(warning.message.contains("the 1 that are recognised"), "{}", warning.message);
}

#[test]
fn a_language_that_is_not_installed_is_named() {
    let languages: Languages = "xyz".parse().unwrap();
    let tesseract = Tesseract::at(tesseract().program(), languages, ocr::Bounds::default());
    let options = ExtractOptions { ocr: Some(&tesseract), ..ExtractOptions::default() };
    let error = matching::extract(&scanned(1), None, &options).unwrap_err();
    assert_eq!(error.class(), "ocr_failed");
    assert!(error.to_string().contains("xyz"), "{error}");
}
