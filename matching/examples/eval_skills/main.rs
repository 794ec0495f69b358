//! `eval_skills <data folder> [--output json]`: how well skills are found, in figures (docs/quality.md).
//!
//! - Coverage: O*NET's hot and in-demand technologies recognised in a plain list, by the name that O*NET gives.
//! - Spans: F1 on SkillSpan's test sentences, beside a plain dictionary of the same names without context rules.
//! - Ambiguous words: precision and recall on the labelled sentences of `matching/tests/ambiguous`.
//! - Speed: time to find the skills of a text of 1,000 words.

mod ambiguous;
mod coverage;
mod spans;
mod speed;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

/// One figure, as `cargo xtask eval` reads it.
#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    baselines: std::collections::BTreeMap<String, f64>,
    target: Option<f64>,
    met: Option<bool>,
}

impl Figure {
    /// A share between 0 and 1 that should reach `target`, where there is one.
    fn share(name: &str, value: f64, target: Option<f64>) -> Self {
        Self {
            name: format!("skills.{name}"),
            value,
            unit: "share",
            baselines: std::collections::BTreeMap::new(),
            target,
            met: target.map(|target| value >= target),
        }
    }

    fn beside(mut self, name: &str, value: f64) -> Self {
        self.baselines.insert(name.to_owned(), value);
        self
    }
}

#[derive(Debug, Serialize)]
struct Report {
    figures: Vec<Figure>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("eval_skills: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut folder = None;
    let mut json = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--output" => match arguments.next().as_deref() {
                Some("json") => json = true,
                other => return Err(format!("--output {other:?}: only `json` is known").into()),
            },
            _ if folder.is_none() => folder = Some(argument),
            _ => return Err(format!("{argument:?}: one folder only").into()),
        }
    }
    let folder = folder.ok_or("usage: eval_skills <data folder> [--output json]")?;
    let mut figures = Vec::new();
    let details = !json;
    figures.extend(coverage::figures(Path::new(&folder), details)?);
    figures.extend(spans::figures(Path::new(&folder))?);
    figures.extend(ambiguous::figures(details)?);
    figures.extend(speed::figures());
    if json {
        println!("{}", serde_json::to_string_pretty(&Report { figures })?);
    } else {
        for figure in &figures {
            print!("{:<48} {:>9.4} {}", figure.name, figure.value, figure.unit);
            for (name, value) in &figure.baselines {
                print!("  {name} {value:.4}");
            }
            match figure.target {
                Some(target) => {
                    println!("  target {target} {}", if figure.met == Some(true) { "met" } else { "MISSED" });
                }
                None => println!(),
            }
        }
    }
    Ok(())
}
