//! `cargo xtask test`: what continuous integration runs.

use std::time::Instant;

use crate::run::{cargo, check};

/// What to leave out.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only the steps whose name contains this text.
    #[arg(long)]
    only: Option<String>,
}

/// One step: its name and what it does.
type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: &[Step] = &[
    ("format", || check(&mut cargo(&["fmt", "--all", "--check"]))),
    ("clippy", || check(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))),
    ("unit", || check(&mut cargo(&["test", "--workspace"]))),
    ("doc", || {
        check(cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "-D warnings"))
    }),
];

/// Runs the steps, all of them even when one fails, and ends with a line `N passed, N failed`.
///
/// # Errors
/// When a step failed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut passed = 0;
    let mut failed = Vec::new();
    for (name, step) in STEPS.iter().filter(|(name, _)| options.only.as_ref().is_none_or(|only| name.contains(only))) {
        eprintln!("==> {name}");
        let start = Instant::now();
        match step() {
            Ok(()) => passed += 1,
            Err(error) => {
                eprintln!("{name} failed: {error:#}");
                failed.push(*name);
            }
        }
        eprintln!("<== {name}: {:.1} s", start.elapsed().as_secs_f64());
    }
    println!("{passed} passed, {} failed", failed.len());
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}
