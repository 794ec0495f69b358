//! `cargo xtask`: everything that is done to this repository, by one program.

mod bench;
mod cache;
mod cluster;
mod down;
mod eval;
mod figures;
mod generate;
mod images;
mod measure;
mod model;
mod progress;
mod python;
mod run;
mod test;
mod tools;
mod up;
mod wheel;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks of Resume Matcher.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

/// What can be done.
#[derive(Subcommand)]
enum Task {
    /// Measure speed beside other tools.
    Bench(bench::Options),
    /// Build, run and end a real Kubernetes cluster of this checkout.
    Cluster(cluster::Options),
    /// Write the files that are made from the code, or check that they are up to date.
    Generate(generate::Options),
    /// End the cluster of this checkout and remove all that it made.
    Down,
    /// Measure quality beside its baselines, on a folder of data.
    Eval(eval::Options),
    /// Build every image that an installation needs, as archives in the cache folder.
    Images(images::Options),
    /// Put the sentence-embedding model and the PDF library into the user's data folder.
    Model(model::Options),
    /// Bring everything up: cluster, images, operator and the sample, until it is Ready.
    Up(up::Options),
    /// Run every test: format, lints, documentation, unit, integration and end-to-end.
    Test(test::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    match Args::parse().task {
        Task::Bench(options) => return Ok(status(bench::run(&options)?)),
        Task::Cluster(options) => cluster::run(&options)?,
        Task::Eval(options) => return Ok(status(eval::run(&options)?)),
        Task::Generate(options) => generate::run(&options)?,
        Task::Down => down::run()?,
        Task::Images(options) => images::run(&options)?,
        Task::Model(options) => model::run(&options)?,
        Task::Up(options) => up::run(&options)?,
        // Its closing line must be the last one, so a failure is told by the exit status alone.
        Task::Test(options) => {
            return Ok(status(test::run(&options)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The exit status of a task that has told what failed itself.
fn status(succeeded: bool) -> ExitCode {
    if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
