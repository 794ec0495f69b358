//! `cargo xtask test`: what continuous integration runs.

mod cluster;
mod counts;
mod schema;
mod steps;

use std::time::{Duration, Instant};

pub(crate) use cluster::variables;
use counts::Counts;
use steps::STEPS;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only the steps whose name contains one of these texts (separated by commas).
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Leave out the steps whose name contains one of these texts (separated by commas).
    #[arg(long, value_delimiter = ',')]
    skip: Vec<String>,
    /// Name the steps and end.
    #[arg(long)]
    list: bool,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        let in_list = |list: &[String]| list.iter().any(|text| name.contains(text.as_str()));
        (self.only.is_empty() || in_list(&self.only)) && !in_list(&self.skip)
    }
}

/// How a step ended.
struct Outcome {
    name: &'static str,
    took: Duration,
    counts: Counts,
    error: Option<anyhow::Error>,
}

/// Runs the steps, all of them even when one fails, and ends with a line `N passed, N failed`: the tests, and each step
/// without tests of its own as one. Returns whether nothing failed.
pub(crate) fn run(options: &Options) -> bool {
    let steps = STEPS.iter().filter(|step| options.wants(step.name));
    if options.list {
        steps.for_each(|step| println!("{:12} {}", step.name, step.purpose));
        return true;
    }
    let start = Instant::now();
    let mut outcomes = Vec::new();
    for step in steps {
        eprintln!("\n==> {}: {}", step.name, step.purpose);
        let start = Instant::now();
        let mut counts = Counts::default();
        let error = (step.run)(&mut counts).err();
        if let Some(error) = &error {
            eprintln!("<== {} FAILED: {error:#}", step.name);
        }
        outcomes.push(Outcome { name: step.name, took: start.elapsed(), counts, error });
    }
    report(&outcomes, start.elapsed())
}

/// Prints the table of steps, what failed, and the closing line.
fn report(outcomes: &[Outcome], took: Duration) -> bool {
    let mut total = Counts::default();
    println!("\n{:12} {:>9} {:>7} {:>7}", "step", "seconds", "passed", "failed");
    for outcome in outcomes {
        let counts = outcome.counts.of_step(outcome.error.is_some());
        let seconds = outcome.took.as_secs_f64();
        println!("{:12} {seconds:>9.1} {:>7} {:>7}", outcome.name, counts.passed, counts.failed);
        total.add(counts);
    }
    println!("{:12} {:>9.1}", "all", took.as_secs_f64());
    for outcome in outcomes {
        if let Some(error) = &outcome.error {
            println!("failed: {}: {error:#}", outcome.name);
        }
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    total.failed == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(only: &[&str], skip: &[&str]) -> Options {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Options { only: owned(only), skip: owned(skip), list: false }
    }

    #[test]
    fn only_and_skip_choose_steps() {
        assert!(options(&[], &[]).wants("clippy"));
        assert!(options(&["clip", "doc"], &[]).wants("doc"));
        assert!(!options(&["clip"], &[]).wants("doc"));
        assert!(!options(&["clip"], &["clippy"]).wants("clippy"));
    }

    #[test]
    fn step_names_are_unique() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
