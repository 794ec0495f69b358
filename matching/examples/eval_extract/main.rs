//! Measures extraction on a folder of real files and prints the figures as JSON.
//!
//!     cargo run -p matching --example eval_extract -- DATA_FOLDER [--texts NAME=FOLDER]… [--only SET]
//!
//! `--texts` measures the output of another tool by the same rules: its folder holds, for each data file, a file of
//! the same relative path with `.txt` added. `--print FILE`, `--json FILE` show the text or the document of one file;
//! `--probe FILE` prints outcome, time and peak memory of one file and is what the hostile set runs in a child.

mod metrics;
mod outcome;
mod sets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--print", file] => print(file, false),
        ["--json", file] => print(file, true),
        ["--probe", file] => outcome::probe(Path::new(file)),
        ["--dump", data, folder] => sets::dump(Path::new(data), Path::new(folder)),
        [data, options @ ..] if !data.starts_with("--") => measure(Path::new(data), options),
        _ => Err("usage: eval_extract DATA_FOLDER [--texts NAME=FOLDER]… [--only SET]".to_owned()),
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
    let mut tools = vec![sets::Tool::ours()];
    let mut only = None;
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{option} needs a value"))?;
        match *option {
            "--texts" => {
                let (name, folder) = value.split_once('=').ok_or("--texts takes NAME=FOLDER")?;
                tools.push(sets::Tool::texts(name, PathBuf::from(folder)));
            }
            "--only" => only = Some(*value),
            other => return Err(format!("unknown option {other}")),
        }
    }
    let mut report = serde_json::Map::new();
    let wanted = |set: &str| only.is_none_or(|only| only == set);
    if wanted("truth") {
        report.insert("pdf_truth".to_owned(), sets::pdf_truth(data, &tools)?);
    }
    if wanted("text") {
        report.insert("text_truth".to_owned(), sets::text_truth(data, &tools)?);
    }
    if wanted("formats") {
        report.insert("formats".to_owned(), sets::formats(data)?);
    }
    if wanted("speed") {
        report.insert("speed".to_owned(), outcome::speed(data)?);
    }
    if wanted("hostile") {
        report.insert("hostile".to_owned(), outcome::hostile(data)?);
    }
    println!("{}", serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?);
    Ok(())
}
