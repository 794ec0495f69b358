//! `cargo xtask eval`: every figure of quality beside its baselines, on a folder of data.

use std::path::PathBuf;

use crate::figures::Summary;
use crate::measure::{Profile, Programs, check_data};

/// What to measure with.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder that holds the data sets (docs/quality.md lists them).
    #[arg(value_name = "DATA_FOLDER")]
    data: PathBuf,
    /// Write the figures here as JSON too.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run only these programs.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(PROGRAMS))]
    only: Vec<String>,
}

/// The measuring programs: extraction, parsing, skills, scoring, the embedding engine and the order of pools.
const PROGRAMS: [&str; 5] = ["eval_extract", "eval_parse", "eval_skills", "eval_match", "eval_engine"];

/// Prints one table and writes the JSON file; whether every program could measure.
///
/// # Errors
/// When the data are not there, a program does not compile, or the JSON file cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let data = check_data(&options.data)?;
    let chosen = |name: &&str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let names: Vec<&str> = PROGRAMS.into_iter().filter(chosen).collect();
    let programs = Programs::build(Profile::Release, &names)?;
    let mut summary = Summary::default();
    for name in names {
        summary.add(name, programs.figures(name, &data));
    }
    finish(&summary, options.output.as_deref())
}

/// Prints the table, writes the JSON file and names what failed.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn finish(summary: &Summary, output: Option<&std::path::Path>) -> anyhow::Result<bool> {
    print!("{}", summary.table());
    if let Some(path) = output {
        summary.write(path)?;
    }
    let failed = summary.failed();
    if !failed.is_empty() {
        eprintln!("failed: {}", failed.join(", "));
    }
    Ok(failed.is_empty())
}
