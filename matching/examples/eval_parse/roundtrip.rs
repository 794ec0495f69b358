//! JSON Resume documents, exported to PDF and DOCX and read back: the share of their values that return to their place.

use std::error::Error;
use std::path::{Path, PathBuf};

use matching::export::{to_docx, to_pdf};
use matching::parse::json_resume::Resume;
use matching::parse::parse;
use matching::{ExtractOptions, extract};
use serde_json::{Value, json};

/// Values written, and values that did not come back under the same JSON pointer.
#[derive(Default)]
pub(crate) struct RoundTrip {
    files: usize,
    written: usize,
    lost: usize,
}

impl RoundTrip {
    /// The share as a figure; its target is that nothing is lost.
    pub(crate) fn figures(&self) -> Vec<Value> {
        if self.files == 0 {
            return Vec::new();
        }
        let value = (self.written - self.lost) as f64 / self.written as f64;
        vec![json!({"name": "export.round_trip.values", "value": crate::rounded(value), "unit": "share",
            "baselines": {}, "target": 1.0, "met": self.lost == 0})]
    }

    /// A line for people.
    pub(crate) fn print(&self) {
        println!(
            "\nround trip: {} of {} values of {} files came back",
            self.written - self.lost,
            self.written,
            self.files
        );
    }
}

/// Reads all JSON Resume documents of `formats`, writes them in both formats, and compares.
pub(crate) fn measure(folder: &Path, verbose: bool) -> Result<RoundTrip, Box<dyn Error>> {
    let mut trip = RoundTrip::default();
    let mut files = Vec::new();
    collect(&folder.join("formats"), &mut files)?;
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        let Ok(resume) = serde_json::from_str::<Resume>(&text) else { continue };
        if resume.basics.name.is_none() {
            continue;
        }
        trip.files += 1;
        let pdf = to_pdf(&resume, &[])?.bytes;
        for (bytes, hint) in [(pdf, "resume.pdf"), (to_docx(&resume)?, "resume.docx")] {
            let found = parse(&extract(&bytes, Some(hint), &ExtractOptions::default())?).resume;
            let found = serde_json::to_value(found)?;
            let mut lost = Vec::new();
            trip.written += compare(&serde_json::to_value(&resume)?, &found, "", &mut lost);
            if verbose {
                for (pointer, value) in &lost {
                    let got = found.pointer(pointer).map(ToString::to_string).unwrap_or_default();
                    println!("{} {hint} {pointer}\n  want {value:?}\n  got  {got}", path.display());
                }
            }
            trip.lost += lost.len();
        }
    }
    Ok(trip)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Counts the values of `want`, and lists those that `found` does not have in the same place. Runs of white space are
/// one space: that is what paper keeps of them.
fn compare(want: &Value, found: &Value, pointer: &str, lost: &mut Vec<(String, String)>) -> usize {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match want {
        Value::String(text) if !plain(text).is_empty() => {
            let same = found.pointer(pointer).and_then(Value::as_str).is_some_and(|got| got == plain(text));
            if !same {
                lost.push((pointer.to_owned(), text.clone()));
            }
            1
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| compare(item, found, &format!("{pointer}/{index}"), lost))
            .sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| compare(member, found, &format!("{pointer}/{name}"), lost))
            .sum(),
        _ => 0,
    }
}
