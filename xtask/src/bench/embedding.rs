//! The embedding engine beside onnxruntime: the same texts, one thread, the same core, tokenisation included in both.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::figures::{Figure, Report};
use crate::measure::Programs;
use crate::python;

const SCRIPT: &str = include_str!("../../baselines/embedding.py");
const REQUIREMENTS: &str = include_str!("../../baselines/embedding.txt");
const SENTENCES: &str = include_str!("../../baselines/sentences.txt");

/// Times that each set is embedded by each program; the fastest counts, since others on the machine only slow it down.
const ROUNDS: usize = 4;

/// What both programs read.
#[derive(Serialize)]
struct Request {
    texts: Vec<Vec<String>>,
    rounds: usize,
}

/// What both programs print.
#[derive(Deserialize)]
struct Answer {
    results: Vec<Timing>,
}

/// One set, embedded one way.
#[derive(Deserialize)]
struct Timing {
    set: usize,
    texts_per_second: f64,
    /// The vector of the set's first text, to show that both computed the same.
    first: Vec<f64>,
}

/// Texts a second of processor time, ours beside onnxruntime's fastest batch.
///
/// # Errors
/// When the baseline cannot be installed, one of the programs fails, or the two disagree on a text's vector.
pub(super) fn figures(programs: &Programs) -> anyhow::Result<Report> {
    let (python, kept) = python::environment("embedding", REQUIREMENTS)?;
    let sets = [("long", long_texts(24)), ("passages", passages(240))];
    let request = Request { texts: sets.iter().map(|(_, texts)| texts.clone()).collect(), rounds: ROUNDS };
    let request = serde_json::to_string(&request)?;
    let ours = || run(programs.command("bench_embed")?.arg(programs.model()), &request);
    eprintln!("measuring: bench_embed");
    // Ours before and after, so that a change of the machine's load in between favours neither.
    let mut own = ours()?.results;
    eprintln!("measuring: onnxruntime");
    let mut baseline = Command::new(python);
    baseline.args(["-c", SCRIPT]).arg(programs.model()).arg(kept).env("OMP_NUM_THREADS", "1");
    let other = run(&mut baseline, &request)?.results;
    own.extend(ours()?.results);
    let mut report = Report::default();
    for (number, (name, _)) in sets.iter().enumerate() {
        let ours = fastest(&own, number)?;
        let theirs = fastest(&other, number)?;
        let cosine: f64 = ours.first.iter().zip(&theirs.first).map(|(a, b)| a * b).sum();
        if cosine < 0.9999 {
            bail!("the two programs disagree on the first text of the set {name}: cosine {cosine}");
        }
        report.figures.push(Figure {
            name: format!("embed.{name}"),
            value: Some(ours.texts_per_second),
            unit: "texts/s".to_owned(),
            baselines: [("onnxruntime".to_owned(), Some(theirs.texts_per_second))].into(),
            target: Some(theirs.texts_per_second),
            met: Some(ours.texts_per_second >= theirs.texts_per_second),
        });
    }
    Ok(report)
}

/// Starts a program on the first processor, so that both run on the same one, and gives it the request.
fn run(program: &mut Command, request: &str) -> anyhow::Result<Answer> {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start taskset (on Debian: apt-get install util-linux)")?;
    // Dropped at the end of the statement, which closes it.
    child.stdin.take().context("no standard input")?.write_all(request.as_bytes())?;
    let out = child.wait_with_output()?;
    if !out.status.success() {
        bail!("{program:?} ended with {}", out.status);
    }
    serde_json::from_slice(&out.stdout).context("it printed no timings")
}

fn fastest(timings: &[Timing], set: usize) -> anyhow::Result<&Timing> {
    timings
        .iter()
        .filter(|timing| timing.set == set)
        .max_by(|a, b| a.texts_per_second.total_cmp(&b.texts_per_second))
        .with_context(|| format!("set {set} was not measured"))
}

/// Texts of about 232 tokens: sentences one after the other, each text begun at another one.
fn long_texts(count: usize) -> Vec<String> {
    let sentences: Vec<&str> = SENTENCES.lines().collect();
    let text = |start: usize| {
        let mut text = String::new();
        for sentence in sentences.iter().cycle().skip(start) {
            if text.len() + sentence.len() > 1180 {
                break;
            }
            text.push_str(sentence);
            text.push_str(". ");
        }
        text
    };
    (0..count).map(text).collect()
}

/// Texts as a resume's passages are: one sentence each, numbered so that no two are the same.
fn passages(count: usize) -> Vec<String> {
    SENTENCES
        .lines()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(at, sentence)| format!("{sentence} {at}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_and_have_the_length_that_is_measured() {
        let texts = long_texts(24);
        assert!(texts.iter().all(|text| (1000..=1200).contains(&text.len())));
        let passages = passages(240);
        for set in [texts, passages] {
            let count = set.len();
            assert_eq!(set.into_iter().collect::<std::collections::BTreeSet<_>>().len(), count);
        }
    }

    #[test]
    fn the_fastest_timing_of_a_set_counts() {
        let timing = |set, texts_per_second| Timing { set, texts_per_second, first: Vec::new() };
        let timings = [timing(0, 3.0), timing(1, 9.0), timing(0, 5.0)];
        assert_eq!(fastest(&timings, 0).unwrap().texts_per_second, 5.0);
        assert!(fastest(&timings, 2).is_err());
    }
}
