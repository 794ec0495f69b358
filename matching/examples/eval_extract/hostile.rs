//! What becomes of malformed and malicious files, each read in a process of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::figures::Figure;
use crate::sets::files;

/// Limits that every hostile file must keep.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const MEMORY_LIMIT_KIB: u64 = 512 * 1024;

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

/// Runs every hostile file in a child process of its own. `each` gets the outcome of every file.
pub(crate) fn hostile(data: &Path, each: bool) -> Result<Vec<Figure>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    let (mut broken, mut slowest, mut largest) = (0_usize, 0, 0);
    let endings = [".pdf", ".docx", ".docm", ".zip", ".odt", ".rtf", ".html", ".md", ".txt"];
    let paths = files(&data.join("hostile"), &endings);
    for path in &paths {
        let name = path.strip_prefix(data).unwrap_or(path).display().to_string();
        let Some(outcome) = run_child(&program, path)? else {
            eprintln!("crash or over {} s: {name}", TIME_LIMIT.as_secs());
            broken += 1;
            continue;
        };
        if each {
            eprintln!("{outcome} {name}");
        }
        let number = |field: &str| outcome.get(field).and_then(Value::as_u64).unwrap_or_default();
        let (time, memory) = (number("milliseconds"), number("peak_kib"));
        if memory > MEMORY_LIMIT_KIB {
            eprintln!("{memory} KiB: {name}");
            broken += 1;
        }
        (slowest, largest) = (slowest.max(time), largest.max(memory));
        let class = outcome.get("class").and_then(Value::as_str).unwrap_or_default();
        *classes.entry(class.to_owned()).or_default() += 1;
    }
    let mut figures = vec![
        Figure::new("extract.hostile.files", paths.len() as f64, "files"),
        Figure::new("extract.hostile.broken", broken as f64, "files").at_most(0.0),
        Figure::new("extract.hostile.slowest", slowest as f64 / 1000.0, "s")
            .at_most(TIME_LIMIT.as_secs_f64()),
        Figure::new("extract.hostile.largest", largest as f64 / 1024.0, "MiB")
            .at_most(MEMORY_LIMIT_KIB as f64 / 1024.0),
    ];
    let class = |(class, count)| Figure::new(format!("extract.hostile.class.{class}"), count as f64, "files");
    figures.extend(classes.into_iter().map(class));
    Ok(figures)
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
