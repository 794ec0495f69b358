//! `rmctl parse`: a resume as a JSON Resume document.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::civil::Date;
use matching::parse::experience::{Experience, experience};
use matching::{Document, ParsedResume};
use serde_json::{Map, Value, json};

use crate::args::Output;
use crate::settings::Settings;
use crate::{files, printer};

/// Prints the JSON Resume document. As JSON it has four more members: `source`, which is `ocr` when the text was
/// recognised in pictures and else `native`; `evidence`: for each value, by its JSON pointer, the
/// bytes of the text that it came from, that text, and how sure the parser is (a value whose lines stand apart has
/// the further stretches in `more`); `named_skills`: what the text names anywhere; `experience`: years as of a day.
pub(crate) fn run(settings: &Settings, file: &Path, as_of: Date) -> Result<()> {
    let document = files::read_document(settings, file)?;
    let parsed = matching::parse(&document);
    let experience = experience(&parsed, as_of);
    match settings.output {
        Output::Text => printer::resume(&parsed, &experience),
        Output::Json => printer::json(&with_evidence(&parsed, &document, &experience)?),
    }
}

fn with_evidence(parsed: &ParsedResume, document: &Document, experience: &Experience) -> Result<Value> {
    let mut resume = serde_json::to_value(&parsed.resume).context("the resume cannot be written as JSON")?;
    let mut evidence = Map::new();
    for (pointer, found) in &parsed.evidence {
        let text: Vec<&str> = found.stretches().map(|range| document.slice(&range)).collect();
        let mut entry = json!({
            "start": found.start,
            "end": found.end,
            "text": text.join("\n"),
            // A 32-bit number widened as it is would show digits that nobody measured.
            "confidence": (f64::from(found.confidence) * 100.0).round() / 100.0,
        });
        if let (false, Some(members)) = (found.more.is_empty(), entry.as_object_mut()) {
            let more = serde_json::to_value(&found.more).context("the evidence cannot be written as JSON")?;
            members.insert("more".to_owned(), more);
        }
        evidence.insert(pointer.clone(), entry);
    }
    if let Some(members) = resume.as_object_mut() {
        members.insert("evidence".to_owned(), Value::Object(evidence));
        members.insert("source".to_owned(), json!(document.source));
        members.insert("named_skills".to_owned(), json!(parsed.named_skills));
        members.insert("experience".to_owned(), json!(experience));
    }
    Ok(resume)
}
