//! `cargo xtask bench matching`: the science, on one core, in one run.

use std::path::PathBuf;

use super::embedding;
use crate::eval::finish;
use crate::figures::{Report, Summary};
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
    /// Measure only these.
    #[arg(long, value_name = "NAME")]
    only: Vec<Measure>,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Measure {
    /// Files and megabytes a second beside other tools.
    Extraction,
    /// Texts a second beside onnxruntime.
    Embedding,
    /// Time and memory of the embedding engine until its first vector.
    ColdStart,
    /// Resumes a second from bytes to score, and memory.
    Pipeline,
    /// A job against an index of 10,000 resumes.
    Ranking,
}

impl Measure {
    const ALL: [Self; 5] =
        [Self::Extraction, Self::Embedding, Self::ColdStart, Self::Pipeline, Self::Ranking];

    fn program(self) -> &'static str {
        match self {
            Self::Extraction => "eval_extract",
            Self::Embedding => "bench_embed",
            Self::ColdStart => "eval_engine",
            Self::Pipeline => "bench_pipeline",
            Self::Ranking => "bench_rank",
        }
    }
}

/// Prints one table and writes the JSON file; whether everything could be measured.
///
/// # Errors
/// When the data are not there, a program does not compile, or the JSON file cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let data = check_data(&options.data)?;
    let chosen: Vec<Measure> = Measure::ALL
        .into_iter()
        .filter(|measure| options.only.is_empty() || options.only.contains(measure))
        .collect();
    let names: Vec<&str> = chosen.iter().map(|measure| measure.program()).collect();
    let programs = Programs::build(Profile::Release, &names)?;
    let mut summary = Summary::default();
    for measure in chosen {
        let name = measure.program();
        let report = match measure {
            Measure::Extraction => programs.figures(name, &data).map(speed_only),
            Measure::Embedding => embedding::figures(&programs),
            Measure::ColdStart | Measure::Pipeline | Measure::Ranking => programs.figures(name, &data),
        };
        summary.add(name, report);
    }
    finish(&summary, options.output.as_deref())
}

/// The figures of speed: those of quality belong to `cargo xtask eval`.
fn speed_only(mut report: Report) -> Report {
    report.figures.retain(|figure| {
        ["files/s", "MB/s"].iter().any(|unit| figure.unit.starts_with(unit)) || figure.name.contains("speed")
    });
    report
}
