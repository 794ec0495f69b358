//! HTML and Markdown made here and read back.

use crate::document::{BlockKind, Document, HiddenReason};
use crate::extract::{ExtractOptions, extract};

fn html(text: &str) -> Document {
    extract(text.as_bytes(), Some("resume.html"), &ExtractOptions::default()).unwrap()
}

fn markdown(text: &str) -> Document {
    extract(text.as_bytes(), Some("resume.md"), &ExtractOptions::default()).unwrap()
}

#[test]
fn blocks_lists_and_tables_are_read() {
    let document = html(
        "<!doctype html><title>no</title><h1>Jane&nbsp;Doe</h1><p>Engineer\n at <b>Acme</b><ul><li>Rust<li><p>Go</p></ul>\
         <ol start=3><li>third</ol><table><tr><td>Skill<td>Years<tr><td>Java</td><td>5</td></table>",
    );
    assert_eq!(
        document.text,
        "Jane Doe\n\nEngineer at Acme\n\n- Rust\n\n- Go\n\n3. third\n\nSkill\tYears\n\nJava\t5"
    );
    assert_eq!(document.pages[0].blocks[0].kind, BlockKind::Heading { level: 1 });
    assert_eq!(document.pages[0].blocks[2].kind, BlockKind::ListItem { depth: 0 });
}

#[test]
fn scripts_and_styles_are_no_text_and_entities_are_resolved() {
    let document =
        html("<body><script>if (a < b) {}</script><style>p{}</style><p>caf&eacute; &lt;3<br>next</p>");
    assert_eq!(document.text, "café <3\nnext");
}

#[test]
fn hidden_text_is_kept_apart() {
    let document = html(
        "<style>.x{display:none} .dark{background:#123;color:#fff}</style><p>seen</p><p class=x>one</p>\
         <p style='color: white'>two</p><p class=dark>on dark</p><div style='position:absolute;left:-9999px'>three</div>\
         <p hidden>four</p>",
    );
    assert_eq!(document.text, "seen\n\non dark");
    let hidden: Vec<_> = document.hidden.iter().map(|hidden| (hidden.text.as_str(), hidden.reason)).collect();
    assert_eq!(
        hidden,
        [
            ("one", HiddenReason::Marked),
            ("two", HiddenReason::SameColour),
            ("three", HiddenReason::OffPage),
            ("four", HiddenReason::Marked)
        ]
    );
}

#[test]
fn links_keep_their_targets() {
    let document = html("<p>See <a href='https://x.org/'>my site</a> <a href='#top'>up</a></p>");
    assert_eq!(document.links.len(), 1);
    assert_eq!(document.links[0].target, "https://x.org/");
    assert_eq!(document.slice(document.links[0].range.as_ref().unwrap()), "my site");
}

#[test]
fn the_stated_encoding_is_used() {
    let mut bytes = b"<html><meta charset=windows-1251><p>".to_vec();
    bytes.extend(encoding_rs::WINDOWS_1251.encode("Инженер").0.iter());
    let document = extract(&bytes, None, &ExtractOptions::default()).unwrap();
    assert_eq!(document.text, "Инженер");
}

#[test]
fn deep_nesting_is_read_without_harm() {
    let document = html(&format!("<html>{}deep{}", "<div>".repeat(50_000), "</div>".repeat(50_000)));
    assert_eq!(document.text, "deep");
}

#[test]
fn markdown_is_read() {
    let document = markdown(
        "---\ntitle: x\n---\n# Jane Doe\n\n**Engineer**, [site](https://x.org)\n\n- Rust\n  - Tokio\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    );
    assert_eq!(document.text, "Jane Doe\n\nEngineer, site\n\n- Rust\n\n- Tokio\n\na\tb\n\n1\t2");
    assert_eq!(document.links[0].target, "https://x.org");
    let bold: Vec<_> = document.spans().filter(|s| s.style.bold).map(|s| document.slice(&s.range)).collect();
    assert_eq!(bold, ["Jane Doe", "Engineer", "a\tb"]);
}

proptest::proptest! {
    #[test]
    fn any_markup_ends(text in "(<[a-z]{1,6}( [a-z]+=['\"]?[a-z:#;-]*['\"]?)?/?>|</[a-z]{1,6}>|[a-z &;]{1,8}){0,60}") {
        let outcome = extract(format!("<html>{text}").as_bytes(), None, &ExtractOptions::default());
        match outcome {
            Ok(document) => proptest::prop_assert!(!document.text.is_empty()),
            Err(error) => proptest::prop_assert_eq!(error.class(), "no_text"),
        }
    }
}
