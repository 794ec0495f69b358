//! PDF files made here and read back. They need the PDFium library; without it the tests fail and say how to get it.

use crate::document::{BlockKind, Document, HiddenReason, TextSource, WarningKind};
use crate::error::ExtractError;
use crate::extract::{ExtractOptions, Limits, Ocr, OcrLine, Picture, extract};

/// A file whose pages (A4) have these contents; fonts are F1 Helvetica, F2 Helvetica-Bold, F3 Courier.
fn pdf(contents: &[&str], page_entries: &str) -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        String::new(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    let mut kids = String::new();
    for content in contents {
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
        let stream = objects.len();
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {stream} 0 R\
             /Resources<</Font<</F1 3 0 R/F2 4 0 R/F3 5 0 R>>>>{page_entries}>>"
        ));
        kids.push_str(&format!("{} 0 R ", objects.len()));
    }
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count {}>>", contents.len());
    assemble(&objects, "")
}

fn assemble(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut file = String::from("%PDF-1.7\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        file.push_str(&format!("{offset:010} 00000 n \n"));
    }
    file.push_str(&format!(
        "trailer<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}

/// Content that shows text at a place.
fn at(x: f32, y: f32, size: f32, text: &str) -> String {
    format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n")
}

fn read(content: &str) -> Document {
    extract(&pdf(&[content], ""), None, &ExtractOptions::default()).expect("readable")
}

fn hidden(document: &Document) -> Vec<(&str, HiddenReason)> {
    document.hidden.iter().map(|hidden| (hidden.text.as_str(), hidden.reason)).collect()
}

const PICTURE: &str = "q 300 0 0 300 100 300 cm BI /W 2 /H 2 /CS /G /BPC 8 ID \x00\x7f\x7f\x00 EI Q\n";

#[test]
fn lines_have_sizes_weights_and_places() {
    let content =
        format!("{}BT /F2 24 Tf 50 780 Td (Jane Doe) Tj ET", at(50.0, 740.0, 10.0, "Engineer at Acme"));
    let document = read(&content);
    assert_eq!(document.text, "Jane Doe\n\nEngineer at Acme");
    let spans: Vec<_> = document.spans().map(|span| (span.font_size.unwrap(), span.style.bold)).collect();
    assert_eq!(spans, [(24.0, true), (10.0, false)]);
    let first = document.lines().next().unwrap().bbox.unwrap();
    assert!((first.x0 - 50.0).abs() < 3.0 && first.y0 > 30.0 && first.y1 < 75.0, "{first:?}");
    assert_eq!(document.pages[0].size, Some((595.0, 842.0)));
    assert_eq!(document.pages[0].blocks[0].kind, BlockKind::Heading { level: 1 });
    assert_eq!(document.body_font_size(), Some(10.0));
}

#[test]
fn dates_at_the_margin_follow_a_tab() {
    let content = [
        at(50.0, 700.0, 10.0, "Acme Ltd"),
        at(480.0, 700.0, 10.0, "2019 - 2021"),
        at(50.0, 688.0, 10.0, "Built the billing service"),
    ]
    .concat();
    assert_eq!(read(&content).text, "Acme Ltd\t2019 - 2021\nBuilt the billing service");
}

#[test]
fn words_without_space_characters_are_parted_by_their_gaps() {
    let line = "[(We)-260(built)-250(a)-270(very)-260(quick)-255(service)-250(for)-260(many)-250(people)]TJ";
    let content = format!("BT /F1 10 Tf 50 700 Td {line} 0 -12 Td {line} ET");
    let expected = "We built a very quick service for many people";
    assert_eq!(read(&content).text, format!("{expected}\n{expected}"));
}

#[test]
fn letter_spaced_headings_are_words() {
    let content =
        format!("BT /F1 12 Tf 4 Tc 50 700 Td (WORK EXPERIENCE) Tj ET {}", at(50.0, 680.0, 10.0, "Acme"));
    assert!(read(&content).text.starts_with("WORK EXPERIENCE"), "{}", read(&content).text);
}

#[test]
fn two_columns_painted_line_by_line_are_read_one_after_the_other() {
    let mut content = String::new();
    for row in 0..8_u8 {
        let y = 700.0 - 14.0 * f32::from(row);
        content.push_str(&at(50.0, y, 10.0, &format!("left side line {row}")));
        content.push_str(&at(300.0, y - 5.0 - f32::from(row), 10.0, &format!("right side of line {row}")));
    }
    let document = read(&content);
    let lines: Vec<&str> = document.lines().map(|line| document.slice(&line.range)).collect();
    assert_eq!(lines[7], "left side line 7");
    assert_eq!(lines[8], "right side of line 0");
    assert_eq!(document.pages[0].blocks.last().unwrap().column, 1);
}

#[test]
fn words_broken_at_line_ends_are_joined() {
    let content = [at(50.0, 700.0, 10.0, "we imple-"), at(50.0, 688.0, 10.0, "mented it")].concat();
    assert_eq!(read(&content).text, "we implemented\nit");
}

#[test]
fn shadows_are_read_once() {
    let content =
        [at(50.0, 700.0, 20.0, "Jane Doe"), at(51.0, 699.5, 20.0, "Jane Doe"), at(50.0, 660.0, 10.0, "x")]
            .concat();
    assert_eq!(read(&content).text, "Jane Doe\n\nx");
}

#[test]
fn bullets_make_list_items() {
    let content = [
        at(50.0, 700.0, 10.0, "\\225"),
        at(62.0, 700.0, 10.0, "led a team that built"),
        at(62.0, 688.0, 10.0, "many things"),
        at(50.0, 676.0, 10.0, "\\225"),
        at(62.0, 676.0, 10.0, "wrote code"),
    ]
    .concat();
    let document = read(&content);
    assert_eq!(document.text, "- led a team that built\nmany things\n\n- wrote code");
    assert_eq!(document.pages[0].blocks[1].kind, BlockKind::ListItem { depth: 0 });
}

#[test]
fn rotated_text_is_read_and_flagged() {
    let content = format!(
        "{}BT /F1 10 Tf 0 1 -1 0 30 300 Tm (sideways words) Tj ET",
        at(50.0, 700.0, 10.0, "upright words here")
    );
    let document = read(&content);
    assert_eq!(document.text, "upright words here\n\nsideways words");
    let rotated: Vec<bool> = document.spans().map(|span| span.style.rotated).collect();
    assert_eq!(rotated, [false, true]);
    let page = extract(
        &pdf(&["BT /F1 10 Tf 0 1 -1 0 300 300 Tm (turned page) Tj ET"], "/Rotate 90"),
        None,
        &ExtractOptions::default(),
    );
    let page = page.unwrap();
    assert_eq!((page.text.as_str(), page.pages[0].size), ("turned page", Some((842.0, 595.0))));
    assert!(!page.spans().next().unwrap().style.rotated);
}

#[test]
fn text_that_cannot_be_seen_is_kept_apart() {
    let content = [
        at(50.0, 700.0, 10.0, "seen"),
        format!("1 1 1 rg {} 0 g\n", at(50.0, 650.0, 10.0, "white words")),
        at(50.0, 600.0, 1.0, "tiny words"),
        at(700.0, 500.0, 10.0, "off the page"),
        format!("BT 3 Tr ET {} BT 0 Tr ET\n", at(50.0, 450.0, 10.0, "no ink")),
        format!("{} 1 1 1 rg 40 390 200 30 re f 0 g\n", at(50.0, 400.0, 10.0, "covered words")),
        format!("0.1 0.2 0.3 rg 40 340 200 30 re f 1 1 1 rg {} 0 g", at(50.0, 350.0, 10.0, "white on dark")),
    ]
    .concat();
    let document = read(&content);
    assert_eq!(document.text, "seen\n\nwhite on dark");
    assert_eq!(
        hidden(&document),
        [
            ("white words", HiddenReason::SameColour),
            ("tiny words", HiddenReason::Tiny),
            ("off the page", HiddenReason::OffPage),
            ("no ink", HiddenReason::Invisible),
            ("covered words", HiddenReason::Covered),
        ]
    );
    assert!(document.warnings.iter().any(|warning| warning.kind == WarningKind::HiddenText));
}

#[test]
fn links_keep_their_targets() {
    let link =
        "/Annots[<</Type/Annot/Subtype/Link/Rect[48 695 83 712]/A<</S/URI/URI(https://jane.example/)>>>>]";
    let document =
        extract(&pdf(&[&at(50.0, 700.0, 10.0, "my site and more")], link), None, &ExtractOptions::default())
            .unwrap();
    assert_eq!(document.links[0].target, "https://jane.example/");
    assert_eq!(document.slice(document.links[0].range.as_ref().unwrap()).trim(), "my site");
}

struct Reader;

impl Ocr for Reader {
    fn recognise(&self, picture: &Picture) -> Result<Vec<OcrLine>, String> {
        assert_eq!(picture.rgb.len(), (picture.width * picture.height * 3) as usize);
        let bbox = crate::document::Rect { x0: 300.0, y0: 300.0, x1: 600.0, y1: 350.0 };
        Ok(vec![OcrLine { text: "recognised words".to_owned(), bbox }])
    }
}

#[test]
fn a_scan_is_said_to_have_no_text_or_is_recognised() {
    let file = pdf(&[PICTURE], "");
    let error = extract(&file, None, &ExtractOptions::default()).unwrap_err();
    assert_eq!(error, ExtractError::NoText { pages: 1 });
    let options = ExtractOptions { ocr: Some(&Reader), ..ExtractOptions::default() };
    let document = extract(&file, None, &options).unwrap();
    assert_eq!((document.text.as_str(), document.source), ("recognised words", TextSource::Ocr));
    assert!(document.warnings.iter().any(|warning| warning.kind == WarningKind::Ocr));
}

#[test]
fn encrypted_and_broken_files_have_their_own_errors() {
    let id = "<00112233445566778899aabbccddeeff>";
    let key = format!("<{}>", "5a".repeat(32));
    let trailer = format!("/ID[{id}{id}]/Encrypt<</Filter/Standard/V 1/R 2/O{key}/U{key}/P -4>>");
    let objects = ["<</Type/Catalog/Pages 2 0 R>>".to_owned(), "<</Type/Pages/Kids[]/Count 0>>".to_owned()];
    let error = extract(&assemble(&objects, &trailer), None, &ExtractOptions::default()).unwrap_err();
    assert_eq!(error.class(), "encrypted");
    let error = extract(b"%PDF-1.7\nnothing of use", None, &ExtractOptions::default()).unwrap_err();
    assert_eq!(error.class(), "damaged");
}

#[test]
fn limits_and_cancelling_end_the_reading() {
    let pages: Vec<String> = (1..=3).map(|page| at(50.0, 700.0, 10.0, &format!("page {page}"))).collect();
    let file = pdf(&pages.iter().map(String::as_str).collect::<Vec<_>>(), "");
    let limits = Limits { pages: 2, ..Limits::default() };
    let document = extract(&file, None, &ExtractOptions { limits, ..ExtractOptions::default() }).unwrap();
    assert_eq!(document.text, "page 1\n\npage 2");
    assert_eq!(document.warnings[0].kind, WarningKind::Truncated);
    let limits = Limits { objects: 3, ..Limits::default() };
    let error = extract(&file, None, &ExtractOptions { limits, ..ExtractOptions::default() }).unwrap_err();
    assert_eq!(error.class(), "too_large");
    let options = ExtractOptions { cancel: Some(&|| true), ..ExtractOptions::default() };
    assert_eq!(extract(&file, None, &options).unwrap_err(), ExtractError::Cancelled);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn mutated_files_never_panic(position in 0.0..1.0_f64, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..24)) {
        let mut file = pdf(&[&[at(50.0, 700.0, 10.0, "some words"), PICTURE.to_owned()].concat()], "");
        let start = (position * file.len() as f64) as usize;
        for (slot, byte) in file.iter_mut().skip(start).zip(bytes) {
            *slot = byte;
        }
        match extract(&file, Some("resume.pdf"), &ExtractOptions::default()) {
            Ok(document) => proptest::prop_assert!(!document.text.is_empty()),
            Err(error) => proptest::prop_assert!(!error.to_string().is_empty()),
        }
    }
}
