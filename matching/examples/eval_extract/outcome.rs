//! Speed, and what becomes of malformed and malicious files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sets::files;

/// Rounds over the files, of which the quickest counts.
const ROUNDS: usize = 5;
/// Limits that every hostile file must keep.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const MEMORY_LIMIT_KIB: u64 = 512 * 1024;

/// Files and bytes a second on resumes as PDF and as DOCX, one thread.
pub(crate) fn speed(data: &Path) -> Result<Value, String> {
    let mut report = serde_json::Map::new();
    for (name, folders, ending) in [
        ("pdf", ["pdf-truth", "samples", "formats", "pairs"], ".pdf"),
        ("docx", ["pairs", "docx", "", ""], ".docx"),
    ] {
        let paths: Vec<_> = folders
            .iter()
            .filter(|folder| !folder.is_empty())
            .flat_map(|folder| files(&data.join(folder), &[ending]))
            .collect();
        let contents: Vec<Vec<u8>> = paths.iter().filter_map(|path| std::fs::read(path).ok()).collect();
        let bytes: usize = contents.iter().map(Vec::len).sum();
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let start = processor_seconds();
            for content in &contents {
                // The outcome does not matter here: the hostile set looks at it.
                let _ = std::hint::black_box(matching::extract(
                    content,
                    None,
                    &matching::ExtractOptions::default(),
                ));
            }
            best = best.min(processor_seconds() - start);
        }
        let best = best.max(1e-9);
        report.insert(
            name.to_owned(),
            json!({ "files": contents.len(), "cpu_seconds": best, "files_per_second": contents.len() as f64 / best,
                    "megabytes_per_second": bytes as f64 / 1e6 / best }),
        );
    }
    Ok(report.into())
}

/// Processor time of this process, so that other work on the machine does not count.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or_default()
        / 1e9
}

/// Reads one file and prints how it went.
pub(crate) fn probe(file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    let start = Instant::now();
    let hint = file.to_string_lossy();
    let result = matching::extract(&bytes, Some(&hint), &matching::ExtractOptions::default());
    let milliseconds = start.elapsed().as_millis() as u64;
    let (class, message, characters) = match &result {
        Ok(document) => ("text", String::new(), document.text.chars().count()),
        Err(error) => (error.class(), error.to_string(), 0),
    };
    let peak = peak_kib();
    let report = json!({ "class": class, "message": message, "characters": characters,
                         "milliseconds": milliseconds, "peak_kib": peak });
    println!("{report}");
    Ok(())
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

/// Runs every hostile file in a child process of its own.
pub(crate) fn hostile(data: &Path) -> Result<Value, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    let (mut slowest, mut largest) = ((0, String::new()), (0, String::new()));
    let mut outcomes = serde_json::Map::new();
    let paths = files(&data.join("hostile"), &[".pdf", ".docx", ".docm", ".zip"]);
    for path in &paths {
        let name = path.strip_prefix(data).unwrap_or(path).display().to_string();
        let Some(outcome) = run_child(&program, path)? else {
            *classes.entry("crash or timeout".to_owned()).or_default() += 1;
            broken.push(name);
            continue;
        };
        let class = outcome.get("class").and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |field: &str| outcome.get(field).and_then(Value::as_u64).unwrap_or_default();
        let (time, memory) = (number("milliseconds"), number("peak_kib"));
        slowest = slowest.max((time, name.clone()));
        largest = largest.max((memory, name.clone()));
        if memory > MEMORY_LIMIT_KIB {
            broken.push(name.clone());
        }
        *classes.entry(class).or_default() += 1;
        outcomes.insert(name, outcome);
    }
    Ok(json!({ "files": paths.len(), "classes": classes, "broken": broken,
               "slowest_milliseconds": slowest, "largest_kib": largest, "outcomes": outcomes }))
}

/// The outcome that a child reports; `None` when it crashed or took too long.
fn run_child(program: &Path, file: &Path) -> Result<Option<Value>, String> {
    let mut child = Command::new(program)
        .arg("--probe")
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let start = Instant::now();
    // The child's one line fits the pipe, so it never waits for a reader.
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if start.elapsed() > TIME_LIMIT {
            child.kill().map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&output.stdout).ok())
}
