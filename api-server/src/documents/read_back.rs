//! An edited resume as the scorer reads it: written as text, read again, with evidence for each value that is found there.
//!
//! The exporter writes so that the parser understands (docs/decisions/0036), so the text says what the person entered, and
//! a match quotes passages of it like those of an uploaded file.

use std::collections::BTreeMap;

use matching::{
    Document, ExtractError, ExtractOptions,
    export::to_markdown,
    extract,
    parse::{self, Evidence, OtherSection},
};
use serde_json::Value;

use super::{DocumentError, EditedResume};

/// What is stored of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBack {
    /// The plain text.
    pub text: String,
    /// `matching::Document`: the text with its lines.
    pub extraction: Value,
    /// `matching::ParsedResume`; its `resume` is the document as it was sent.
    pub document: Value,
}

impl ReadBack {
    /// Reads `edited`, with sections that JSON Resume has no place for.
    pub(super) fn of(edited: &EditedResume, others: &[OtherSection]) -> Result<Self, DocumentError> {
        let own = to_markdown(&edited.resume);
        if own.trim().is_empty() {
            return Err(DocumentError::Nothing);
        }
        let written = own + &sections(others);
        let document = match extract(written.as_bytes(), Some("resume.md"), &ExtractOptions::default()) {
            Ok(document) => document,
            Err(ExtractError::Empty | ExtractError::NoText { .. }) => return Err(DocumentError::Nothing),
            // A value that looks like the head of another kind of file, such as "%PDF-1.7".
            Err(_) => Document::from_text(&written),
        };
        if document.text.trim().is_empty() {
            return Err(DocumentError::Nothing);
        }
        let mut parsed = parse::parse(&document);
        let (wanted, found) = (serde_json::to_value(&edited.resume)?, serde_json::to_value(&parsed.resume)?);
        parsed.evidence = evidence(&wanted, &found, &parsed.evidence, &document.text);
        let mut stored = serde_json::to_value(&parsed)?;
        if let Some(resume) = stored.get_mut("resume") {
            *resume = edited.raw.clone();
        }
        Ok(Self { extraction: serde_json::to_value(&document)?, text: document.text, document: stored })
    }
}

/// Sections as Markdown. Any punctuation may be escaped in it (CommonMark 0.31, section 2.4), so all of it is.
fn sections(others: &[OtherSection]) -> String {
    let escaped = |text: &str| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let escape = |c: char| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c]);
        line.chars().flat_map(escape).collect::<String>()
    };
    let mut out = String::new();
    for section in others {
        out.push_str(&format!("\n## {}\n\n", escaped(&section.heading)));
        for line in &section.lines {
            out.push_str(&format!("- {}\n", escaped(line)));
        }
    }
    out
}

/// Where each value of `wanted` stands in the text: where the parser found it (`known`), else where its words stand, if
/// that is one place only. A person has said what is right, so each is sure.
fn evidence(
    wanted: &Value,
    found: &Value,
    known: &BTreeMap<String, Evidence>,
    text: &str,
) -> BTreeMap<String, Evidence> {
    let mut values = Vec::new();
    leaves(wanted, String::new(), &mut values);
    let mut evidence = BTreeMap::new();
    for (pointer, value) in values {
        let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let same = found.pointer(&pointer).and_then(Value::as_str) == Some(line.as_str());
        let place = match known.get(&pointer) {
            Some(place) if same => Some(Evidence { confidence: 1.0, ..place.clone() }),
            _ => only_place(text, &line),
        };
        evidence.extend(place.map(|place| (pointer, place)));
    }
    evidence
}

/// All texts with their pointers.
fn leaves<'a>(value: &'a Value, pointer: String, into: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) => into.push((pointer, text)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| leaves(item, format!("{pointer}/{index}"), into));
        }
        // Names of JSON Resume need no escape.
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| leaves(member, format!("{pointer}/{name}"), into));
        }
        _ => {}
    }
}

fn only_place(text: &str, line: &str) -> Option<Evidence> {
    let mut places = text.match_indices(line).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|head| head.chars().next_back());
        let after = text.get(at + line.len()..).and_then(|tail| tail.chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    });
    let (start, _) = places.next().filter(|_| !line.is_empty())?;
    let end = start + line.len();
    places.next().is_none().then_some(Evidence { start, end, more: Vec::new(), confidence: 1.0 })
}

#[cfg(test)]
mod tests {
    use matching::parse::ParsedResume;
    use serde_json::json;

    use super::*;

    fn read(raw: Value, others: &[OtherSection]) -> Result<(ReadBack, ParsedResume), DocumentError> {
        let back = ReadBack::of(&EditedResume::check(raw).unwrap(), others)?;
        let parsed = serde_json::from_value(back.document.clone()).unwrap();
        Ok((back, parsed))
    }

    #[test]
    fn each_value_has_its_place_in_the_text() {
        let raw = json!({"basics": {"name": "Ann Example", "email": "ann@example.org"},
            "work": [{"name": "Bluebird", "position": "Fixer of things", "startDate": "2019-03",
                "highlights": ["Ran *all* the\nKubernetes clusters", "Wrote Rust"]}],
            "skills": [{"name": "Rust"}]});
        let (back, parsed) = read(raw.clone(), &[]).unwrap();
        assert_eq!(back.document["resume"], raw);
        for (pointer, expected) in [
            ("/basics/name", "Ann Example"),
            ("/work/0/name", "Bluebird"),
            ("/work/0/position", "Fixer of things"),
            ("/work/0/highlights/0", "Ran *all* the Kubernetes clusters"),
            ("/skills/0/name", "Rust"),
        ] {
            let place = parsed.evidence.get(pointer).unwrap_or_else(|| panic!("{pointer}: {}", back.text));
            assert_eq!(&back.text[place.start..place.end], expected, "{pointer}");
        }
        let names: Vec<&str> = parsed.named_skills.iter().map(|skill| skill.name.as_str()).collect();
        assert!(names.contains(&"Kubernetes") && names.contains(&"Rust"), "{names:?}");
        let document: Document = serde_json::from_value(back.extraction).unwrap();
        assert_eq!(document.text, back.text);
    }

    #[test]
    fn sections_without_a_place_in_json_resume_stay() {
        let others =
            [OtherSection { heading: "Patents".into(), lines: vec!["US 1,234 *A way* to weld".into()] }];
        let (back, parsed) =
            read(json!({"basics": {"name": "Ann Example"}, "skills": [{"name": "Welding"}]}), &others)
                .unwrap();
        assert!(back.text.contains("US 1,234 *A way* to weld"), "{}", back.text);
        assert_eq!(parsed.other_sections, others);
    }

    #[test]
    fn what_says_nothing_is_refused_and_what_looks_like_a_file_is_text() {
        assert!(matches!(read(json!({"basics": {"name": " "}}), &[]), Err(DocumentError::Nothing)));
        let (back, _) =
            read(json!({"basics": {"name": "%PDF-1.7", "summary": "Writes readers of files in Rust."}}), &[])
                .unwrap();
        assert!(back.text.contains("%PDF-1.7") && back.text.contains("Rust"), "{}", back.text);
    }
}
