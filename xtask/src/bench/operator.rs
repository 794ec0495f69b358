//! `cargo xtask bench operator`: the operator on a real API server with many installations.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::eval::finish;
use crate::figures::{Report, Summary};
use crate::run::{cargo, output};

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Installations.
    #[arg(long, default_value_t = 1000)]
    installations: usize,
    /// Seconds of rest that are watched.
    #[arg(long, default_value_t = 300)]
    rest: u64,
    /// Secrets and as many ConfigMaps of 10 KB of someone else's.
    #[arg(long, default_value_t = 10_000)]
    unrelated: usize,
    /// Optimised programs, as released.
    #[arg(long)]
    release: bool,
    /// Write the figures here as JSON too.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints one table and writes the JSON file; whether everything could be measured.
///
/// # Errors
/// When the programs do not compile.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let mut summary = Summary::default();
    summary.add("bench_operator", measure(options));
    finish(&summary, options.output.as_deref())
}

fn measure(options: &Options) -> anyhow::Result<Report> {
    // Not `--package`: with the features of the whole workspace nothing is compiled a second time.
    let mut command = cargo(&["build", "--workspace", "--message-format=json-render-diagnostics"]);
    command.args(["--example", "bench_operator", "--bin", "resume-matcher-operator"]);
    command.args(options.release.then_some("--release"));
    let messages = output(command.stderr(Stdio::inherit())).context("build the measuring program")?;
    let built: Vec<PathBuf> = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| Some(Path::new(message.pointer("/executable")?.as_str()?).to_path_buf()))
        .collect();
    let find = |name: &str| {
        built.iter().find(|path| path.ends_with(name)).with_context(|| format!("cargo built no {name}"))
    };
    let mut bench = Command::new(find("bench_operator")?);
    bench.arg("--operator").arg(find("resume-matcher-operator")?);
    bench.args(["--installations".to_owned(), options.installations.to_string()]);
    bench.args(["--rest".to_owned(), options.rest.to_string()]);
    bench.args(["--unrelated".to_owned(), options.unrelated.to_string()]);
    Report::parse(&output(bench.stdin(Stdio::null()).stderr(Stdio::inherit()))?)
}
