//! RTF made here and read back.

use crate::document::{Document, HiddenReason, WarningKind};
use crate::extract::{ExtractOptions, extract};

fn read(text: &str) -> Document {
    extract(text.as_bytes(), None, &ExtractOptions::default()).unwrap()
}

#[test]
fn paragraphs_styles_and_characters_are_read() {
    let document = read(
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Arial;}}{\stylesheet{\s0 Normal;}}
{\*\generator Word;}\pard\fs28\b Jane\b0  Doe\fs22\par caf\'e9 \u8364?5\tab x\line y\emdash z {\f1\'cf}\par}",
    );
    assert_eq!(document.text, "Jane Doe\n\ncafé €5\tx\ny—z П");
    let spans: Vec<_> =
        document.spans().map(|s| (document.slice(&s.range), s.style.bold, s.font_size)).collect();
    assert_eq!(spans[0], ("Jane", true, Some(14.0)));
}

#[test]
fn links_lists_and_tables_are_read() {
    let document = read(
        r#"{\rtf1{\field{\*\fldinst{HYPERLINK "https://x.org"}}{\fldrslt{site}}} end\par
\trowd\pard\intbl Rust\cell 5\cell\row\pard{\listtext\bullet\tab}item\par}"#,
    );
    assert_eq!(document.text, "site end\n\nRust\t5\n\n- item");
    assert_eq!(document.links[0].target, "https://x.org");
    assert_eq!(document.slice(document.links[0].range.as_ref().unwrap()), "site");
}

#[test]
fn hidden_and_white_text_is_kept_apart_and_pictures_are_left_out() {
    let document = read(
        r"{\rtf1{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}seen {\v one}{\cf2 two}{\pict\wmetafile8 0102ff}\par}",
    );
    assert_eq!(document.text, "seen");
    let hidden: Vec<_> = document.hidden.iter().map(|hidden| (hidden.text.as_str(), hidden.reason)).collect();
    assert_eq!(hidden, [("one", HiddenReason::Marked), ("two", HiddenReason::SameColour)]);
}

#[test]
fn files_that_break_off_are_said_to() {
    let document = read(r"{\rtf1 some text {\b more");
    assert_eq!(document.text, "some text more");
    assert_eq!(document.warnings[0].kind, WarningKind::Damaged);
    let error = extract(&b"{\\rtf1 ".repeat(500), None, &ExtractOptions::default()).unwrap_err();
    assert_eq!(error.class(), "too_large");
}

proptest::proptest! {
    #[test]
    fn any_control_words_end(text in r"(\\[a-z]{1,7}-?[0-9]{0,3} ?|[{}]|\\'[0-9a-f]{2}|[a-z ]{1,6}){0,80}") {
        match extract(format!("{{\\rtf1 {text}").as_bytes(), None, &ExtractOptions::default()) {
            Ok(document) => proptest::prop_assert!(!document.text.is_empty()),
            Err(error) => proptest::prop_assert!(!error.to_string().is_empty()),
        }
    }
}
