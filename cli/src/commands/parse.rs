//! `rmctl parse`: a resume as a JSON Resume document.

use std::path::Path;

use anyhow::{Context, Result};
use matching::{Document, ParsedResume};
use serde_json::{Map, Value, json};

use crate::args::Output;
use crate::settings::Settings;
use crate::{files, printer};

/// Prints the JSON Resume document. As JSON it has two more members: `source`, which is `ocr` when the text was
/// recognised in pictures and else `native`, and `evidence`: for each value, by its JSON pointer, the
/// bytes of the text that it came from, that text, and how sure the parser is. A value whose lines stand apart has
/// the further stretches in `more`.
pub(crate) fn run(settings: &Settings, file: &Path) -> Result<()> {
    let document = files::read_document(settings, file)?;
    let parsed = matching::parse(&document);
    match settings.output {
        Output::Text => printer::resume(&parsed),
        Output::Json => printer::json(&with_evidence(&parsed, &document)?),
    }
}

fn with_evidence(parsed: &ParsedResume, document: &Document) -> Result<Value> {
    let mut resume = serde_json::to_value(&parsed.resume).context("the resume cannot be written as JSON")?;
    let mut evidence = Map::new();
    for (pointer, found) in &parsed.evidence {
        let text: Vec<&str> = found.stretches().map(|range| document.slice(&range)).collect();
        let mut entry = json!({
            "start": found.start,
            "end": found.end,
            "text": text.join("\n"),
            "confidence": found.confidence,
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
    }
    Ok(resume)
}
