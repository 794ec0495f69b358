//! `cargo xtask`: everything that is done to this repository, by one program.

mod run;
mod test;

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
    /// Run every test: format, lints, documentation, unit, integration and end-to-end.
    Test(test::Options),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Test(options) => test::run(&options),
    }
}
