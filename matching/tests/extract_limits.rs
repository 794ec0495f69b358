//! Every limit of extraction, on every format it is for. The PDF file needs PDFium (`cargo xtask model`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops")]

use std::cell::Cell;
use std::io::Write as _;
use std::path::Path;

use matching::document::WarningKind;
use matching::extract::Limits;
use matching::{ExtractError, ExtractOptions, extract};

/// A seed of the fuzz targets.
fn seed(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name)).unwrap()
}

const SEEDS: [&str; 7] = [
    "pdf/columns.pdf",
    "docx/plain.docx",
    "odt/plain.odt",
    "rtf/plain.rtf",
    "html/plain.html",
    "markdown/plain.md",
    "text/utf8.txt",
];

fn read(bytes: &[u8], name: &str, limits: Limits) -> Result<matching::Document, ExtractError> {
    extract(bytes, Some(name), &ExtractOptions { limits, ..ExtractOptions::default() })
}

fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        let options = zip::write::SimpleFileOptions::default();
        // OpenDocument wants its type uncompressed, so that it can be seen in the file's first bytes.
        let stored = options.compression_method(zip::CompressionMethod::Stored);
        archive.start_file(*name, if *name == "mimetype" { stored } else { options }).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn docx(body: &str) -> Vec<u8> {
    zip(&[("word/document.xml", format!("<w:document><w:body>{body}</w:body></w:document>").as_bytes())])
}

#[test]
fn bytes_are_limited_in_every_format() {
    for name in SEEDS {
        let error = read(&seed(name), name, Limits { bytes: 40, ..Limits::default() }).unwrap_err();
        assert_eq!(error.to_string(), "the file is over the limit of 40 bytes", "{name}");
    }
}

#[test]
fn objects_are_limited_where_there_are_any() {
    for name in SEEDS.iter().filter(|name| !name.ends_with(".txt")) {
        let error = read(&seed(name), name, Limits { objects: 5, ..Limits::default() }).unwrap_err();
        assert!(error.to_string().starts_with("the file is over the limit of 5 "), "{name}: {error}");
    }
}

#[test]
fn extraction_stops_when_it_is_told_to() {
    for name in SEEDS {
        let cancel = || true;
        let options = ExtractOptions { cancel: Some(&cancel), ..ExtractOptions::default() };
        assert_eq!(extract(&seed(name), Some(name), &options), Err(ExtractError::Cancelled), "{name}");
    }
}

#[test]
fn long_files_ask_whether_to_go_on_while_they_are_read() {
    let words = "word ".repeat(40_000);
    let files = [
        ("a.docx", docx(&"<w:p><w:r><w:t>word</w:t></w:r></w:p>".repeat(20_000))),
        ("a.rtf", format!("{{\\rtf1 {}}}", "a\\par ".repeat(100_000)).into_bytes()),
        ("a.html", format!("<html>{}", "<p>word</p>".repeat(40_000)).into_bytes()),
        ("a.txt", words.into_bytes()),
    ];
    for (name, bytes) in files {
        let asked = Cell::new(0);
        let cancel = || {
            asked.set(asked.get() + 1);
            false
        };
        let options = ExtractOptions { cancel: Some(&cancel), ..ExtractOptions::default() };
        extract(&bytes, Some(name), &options).unwrap();
        let least = if name.ends_with(".txt") { 1 } else { 2 };
        assert!(asked.get() >= least, "{name} asked {} times", asked.get());
    }
}

#[test]
fn what_is_left_out_over_the_limit_of_text_is_said() {
    for (name, bytes) in [
        ("a.txt", "a line of words\n\n".repeat(400).into_bytes()),
        ("a.html", format!("<html>{}", "<p>a line of words</p>".repeat(400)).into_bytes()),
        ("a.docx", docx(&"<w:p><w:r><w:t>a line of words</w:t></w:r></w:p>".repeat(400))),
        ("a.rtf", format!("{{\\rtf1 {}}}", "a line of words\\par ".repeat(400)).into_bytes()),
    ] {
        let document = read(&bytes, name, Limits { text_bytes: 500, ..Limits::default() }).unwrap();
        assert!(document.text.len() < 600, "{name}: {}", document.text.len());
        let warning = document.warnings.iter().find(|warning| warning.kind == WarningKind::Truncated);
        let message = warning.map(|warning| warning.message.as_str());
        assert_eq!(message, Some("the text is over 500 bytes; the rest was left out"), "{name}");
    }
}

#[test]
fn nesting_is_limited() {
    let deep = 3000;
    let nested = docx(&format!("{}{}", "<w:sdt>".repeat(deep), "</w:sdt>".repeat(deep)));
    let error = read(&nested, "a.docx", Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "the file is over the limit of 256 nested elements");
    let rtf = format!("{{\\rtf1 {}words{}}}", "{".repeat(deep), "}".repeat(deep));
    let error = read(rtf.as_bytes(), "a.rtf", Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "the file is over the limit of 256 nested groups");
    // Markup is often nested without end tags, so what is deeper is read at the deepest level.
    let html = format!("<html>{}words", "<div>".repeat(deep));
    assert_eq!(read(html.as_bytes(), "a.html", Limits::default()).unwrap().text, "words");
}

#[test]
fn bombs_are_refused_before_they_unfold() {
    let spaces = vec![b' '; 8 << 20];
    let bomb = zip(&[("word/document.xml", &spaces)]);
    assert!(bomb.len() < 20_000);
    assert_eq!(read(&bomb, "a.docx", Limits::default()).unwrap_err().class(), "too_large");
    let mimetype: &[u8] = b"application/vnd.oasis.opendocument.text";
    let bomb = zip(&[("mimetype", mimetype), ("content.xml", &spaces)]);
    assert_eq!(read(&bomb, "a.odt", Limits::default()).unwrap_err().class(), "too_large");
    let limits = Limits { expanded_bytes: 100_000, expansion_ratio: usize::MAX, ..Limits::default() };
    assert_eq!(read(&bomb, "a.odt", limits).unwrap_err().class(), "too_large");
}

#[test]
fn pages_over_the_limit_are_left_out_and_the_limit_is_named() {
    let limits = Limits::default();
    assert_eq!((limits.pages, limits.recognised_pages), (50, 10));
    let file = pages(60);
    let document = read(&file, "a.pdf", limits).unwrap();
    assert_eq!(document.pages.len(), 50);
    let warning = document.warnings.iter().find(|warning| warning.kind == WarningKind::Truncated).unwrap();
    assert_eq!(warning.message, "the file has 60 pages, over the limit of 50: only the first 50 were read");
    let all = read(&file, "a.pdf", Limits { pages: 60, ..limits }).unwrap();
    assert!(all.text.ends_with("page 60") && all.warnings.is_empty(), "{:?}", all.warnings);
}

/// A PDF file of so many pages.
fn pages(count: usize) -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        String::new(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut kids = String::new();
    for page in 1..=count {
        let content = format!("BT /F1 10 Tf 50 700 Td (page {page}) Tj ET");
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {} 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
            objects.len()
        ));
        kids.push_str(&format!("{} 0 R ", objects.len()));
    }
    *objects.get_mut(1).expect("the page tree") = format!("<</Type/Pages/Kids[{kids}]/Count {count}>>");
    let mut file = String::from("%PDF-1.7\n");
    let mut table = String::new();
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let (start, size) = (file.len(), objects.len() + 1);
    file.push_str(&format!(
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    ));
    file.into_bytes()
}
