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
fn code_pages_of_fonts_and_of_the_file_are_used() {
    let fonts = r"{\fonttbl{\f0 Arial;}{\f1\fcharset128 MS Mincho;}{\f2\fcharset134 SimSun;}{\f3\fcharset161 Arial;}{\f4\fcharset238 Arial;}{\f5\fcharset2 Symbol;}}";
    for (body, expected) in [
        // A character of two bytes, the second of which may be a letter or a backslash.
        (r"{\f1\'93\'fa\'96\'7b \'83\'5c\'83h}", "日本 ソド"),
        (r"{\f2\'bc\'f2\'c0\'fa}", "简历"),
        (r"{\f3\'e1\'e2}", "αβ"),
        (r"{\f4 \'b3\'f3d\'9f}", "łódź"),
        (r"\'cf\'f0\'e8\'e2\'e5\'f2", "Привет"),
        // What stands behind a Unicode character for older readers is left out, also two bytes of it.
        (r"\uc2\u31616\'bc\'f2\u21382\'c0\'fa\uc1 \u-257?x", "简历x"),
        (r"{\f5\'b7} item", "- item"),
        (r"\u55357?\u56832? ok", "😀 ok"),
    ] {
        let text = read(&format!(r"{{\rtf1\ansi\ansicpg1251{fonts}\pard {body}\par}}")).text;
        assert_eq!(text, expected, "{body}");
    }
    assert_eq!(read(r"{\rtf1\mac\pard caf\'8e\par}").text, "café");
}

#[test]
fn text_boxes_are_read_once_headers_too_and_deletions_are_left_out() {
    let document = read(
        r"{\rtf1{\header\pard Jane Doe\par}\pard host\par{\shp{\*\shpinst\shpleft0{\sp{\sn shapeType}{\sv 202}}{\shptxt\pard boxed\par}}{\shprslt{\pard boxed\par}}}\pard I {\revised led}{\deleted did}\par}",
    );
    assert_eq!(document.text, "Jane Doe\n\nhost\n\nboxed\n\nI led");
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
