//! `cargo xtask bench api`: the API under load beside a FastAPI service.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;

use crate::eval::finish;
use crate::figures::{Report, Summary};
use crate::measure::{Profile, Programs};
use crate::python;
use crate::run::{cargo, check, output, root};

const REQUIREMENTS: &str = include_str!("../../baselines/api.txt");

/// What to measure with.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write the figures here as JSON too.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints one table and writes the JSON file; whether everything could be measured.
///
/// # Errors
/// When something does not compile, the other service's packages cannot be installed, or the JSON file cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let (python, _kept) = python::environment("api", REQUIREMENTS)?;
    // As it is released: the profile of development is slower in our own code (docs/decisions/0003).
    let build = ["build", "--release", "--workspace", "--bin", "api-server"];
    check(&mut cargo(&build)).context("build the API")?;
    let programs = Programs::build(Profile::Release, &["bench_api"])?;
    let mut command = programs.command("bench_api")?;
    command.arg(root().join("target/release/api-server"));
    command.arg(python).arg(root().join("xtask/baselines/api.py")).stderr(Stdio::inherit());
    let mut summary = Summary::default();
    summary.add("bench_api", output(&mut command).and_then(|printed| Report::parse(&printed)));
    finish(&summary, options.output.as_deref())
}
