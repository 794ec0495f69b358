//! `cargo xtask`: everything that is done to this repository, by one program.

mod cache;
mod cluster;
mod down;
mod generate;
mod images;
mod model;
mod progress;
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
    /// Build, run and end a real Kubernetes cluster of this checkout.
    Cluster(cluster::Options),
    /// Write the files that are made from the code, or check that they are up to date.
    Generate(generate::Options),
    /// End the cluster of this checkout and remove all that it made.
    Down,
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
        Task::Cluster(options) => cluster::run(&options)?,
        Task::Generate(options) => generate::run(&options)?,
        Task::Down => down::run()?,
        Task::Images(options) => images::run(&options)?,
        Task::Model(options) => model::run(&options)?,
        Task::Up(options) => up::run(&options)?,
        // Its closing line must be the last one, so a failure is told by the exit status alone.
        Task::Test(options) => {
            return Ok(if test::run(&options) { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}
