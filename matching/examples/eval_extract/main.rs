//! Measures extraction on a folder of real files, beside other tools, and prints the figures as JSON.
//!
//!     cargo run --workspace --example eval_extract -- DATA_FOLDER [--output json] [--only SET]... [--each]
//!
//! Sets: `pdf` (truth, character error rates, speed), `formats`, `docx`, `hostile`. `--each` prints every file's
//! figures on standard error. `--print FILE`, `--json FILE` show the text or the document of one file;
//! `--probe FILE` prints outcome, time and peak memory of one file and is what the hostile set runs in a child;
//! `--dump DATA_FOLDER FOLDER` writes the text of every PDF and DOCX.

mod baselines;
mod figures;
mod hostile;
mod metrics;
mod sets;
mod speed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str =
    "usage: eval_extract DATA_FOLDER [--output json] [--only pdf|formats|docx|hostile]... [--each]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--print", file] => print(file, false),
        ["--json", file] => print(file, true),
        ["--probe", file] => hostile::probe(Path::new(file)),
        ["--dump", data, folder] => sets::dump(Path::new(data), Path::new(folder)),
        [data, options @ ..] if !data.starts_with("--") => measure(Path::new(data), options),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn print(file: &str, json: bool) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let document = matching::extract(&bytes, Some(file), &matching::ExtractOptions::default())
        .map_err(|error| format!("{file}: {}: {error}", error.class()))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?);
    } else {
        println!("{}", document.text);
        for hidden in &document.hidden {
            eprintln!("hidden: {hidden:?}");
        }
        for warning in &document.warnings {
            eprintln!("warning: {}", warning.message);
        }
    }
    Ok(())
}

fn measure(data: &Path, options: &[&str]) -> Result<(), String> {
    let (mut only, mut each) = (Vec::new(), false);
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        match (*option, rest.as_slice().first()) {
            ("--each", _) => each = true,
            ("--output", Some(&"json")) => {
                rest.next();
            }
            ("--only", Some(set)) => {
                only.push(*set);
                rest.next();
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    let wanted = |set: &str| only.is_empty() || only.contains(&set);
    let mut report = figures::Report::default();
    if wanted("pdf") {
        pdf(data, each, &mut report)?;
    }
    if wanted("formats") {
        report.figures.extend(sets::formats(data));
    }
    if wanted("docx") {
        let paths: Vec<PathBuf> =
            ["pairs", "docx"].iter().flat_map(|set| sets::files(&data.join(set), &[".docx"])).collect();
        report.figures.extend(speed::docx(&paths));
    }
    if wanted("hostile") {
        report.figures.extend(hostile::hostile(data, each)?);
    }
    println!("{}", serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?);
    Ok(())
}

/// Quality and speed on PDFs, all tools in one run.
fn pdf(data: &Path, each: bool, report: &mut figures::Report) -> Result<(), String> {
    let paths: Vec<PathBuf> = ["pdf-truth", "samples", "text-truth"]
        .iter()
        .flat_map(|set| sets::files(&data.join(set), &[".pdf"]))
        .collect();
    if paths.is_empty() {
        return Err(format!("{} has no PDF files in pdf-truth, samples or text-truth", data.display()));
    }
    // Without Python our own figures are still worth having; those of the others are then missing.
    let baselines = baselines::Baselines::install()
        .inspect_err(|error| eprintln!("the other tools cannot be measured: {error}"))
        .ok();
    let (speed, others) = speed::pdf(&paths, baselines.as_ref())?;
    let mut tools = vec![sets::Texts::ours(&paths)];
    tools.extend(others);
    report.figures.extend(sets::pdf_truth(data, &tools, each)?);
    report.figures.extend(sets::text_truth(data, &tools, each));
    report.figures.extend(speed);
    Ok(())
}
