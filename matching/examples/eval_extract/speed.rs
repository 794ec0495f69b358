//! Speed on one core beside other tools, in one run: processor time, so that other work on the machine counts less.

use std::path::PathBuf;

use crate::baselines::{Baselines, Run, TOOLS};
use crate::figures::Figure;
use crate::sets::{Texts, options};

/// Turns of ours and the first tool one after the other, the quickest of which counts.
const TURNS: usize = 3;
/// Rounds over the files in each turn.
const ROUNDS: usize = 2;
/// Pages of files that are called short: the length of nearly all resumes.
const SHORT: usize = 4;
/// How many times as fast as each tool we want to be.
const WANTED: [f64; 3] = [1.0, 20.0, 50.0];

struct File {
    content: Vec<u8>,
    short: bool,
}

/// Files and bytes a second on PDFs, and the texts that the other tools made.
pub(crate) fn pdf(
    paths: &[PathBuf],
    baselines: Option<&Baselines>,
) -> Result<(Vec<Figure>, Vec<Texts>), String> {
    let mut files = Vec::new();
    for path in paths {
        let content = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let pages = matching::extract(&content, None, &options()).map_or(1, |document| document.pages.len());
        files.push(File { content, short: pages <= SHORT });
    }
    let (mut ours, mut first) = (vec![f64::INFINITY; files.len()], None);
    for _ in 0..TURNS {
        for _ in 0..ROUNDS {
            pass(&files, &mut ours);
        }
        if let Some(baselines) = baselines {
            first = Some(quicker(first, baselines.run(TOOLS[0], ROUNDS, paths)?));
        }
    }
    let mut runs = Vec::new();
    if let (Some(baselines), Some(first)) = (baselines, first) {
        runs.push((TOOLS[0], first));
        for tool in TOOLS.iter().skip(1) {
            runs.push((*tool, baselines.run(tool, 1, paths)?));
        }
    }
    let figures = figures(&files, &ours, &runs);
    let texts = |(tool, run): (&str, Run)| Texts {
        tool: tool.to_owned(),
        of: paths.iter().cloned().zip(run.texts).collect(),
    };
    Ok((figures, runs.into_iter().map(texts).collect()))
}

/// For each file the quicker of two runs.
fn quicker(known: Option<Run>, new: Run) -> Run {
    match known {
        None => new,
        Some(known) => {
            let seconds = known.seconds.iter().zip(&new.seconds).map(|(a, b)| a.min(*b)).collect();
            Run { seconds, ..known }
        }
    }
}

/// Reads each file once; `quickest` keeps each one's least processor seconds, as the other tools' are kept.
fn pass(files: &[File], quickest: &mut [f64]) {
    for (file, quickest) in files.iter().zip(quickest) {
        let start = processor_seconds();
        // What comes of it is looked at elsewhere.
        let _ = std::hint::black_box(matching::extract(&file.content, None, &options()));
        *quickest = quickest.min(processor_seconds() - start);
    }
}

/// Which files a figure is of.
type Part = (&'static str, fn(&File) -> bool);

fn figures(files: &[File], ours: &[f64], runs: &[(&str, Run)]) -> Vec<Figure> {
    let sum = |seconds: &[f64], keep: fn(&File) -> bool| -> f64 {
        files.iter().zip(seconds).filter(|(file, _)| keep(file)).map(|(_, seconds)| seconds).sum()
    };
    let bytes: usize = files.iter().map(|file| file.content.len()).sum();
    let megabytes = bytes as f64 / 1e6;
    let parts: [Part; 3] = [("all", |_| true), ("short", |file| file.short), ("long", |file| !file.short)];
    let mut figures = Vec::new();
    for (part, keep) in parts {
        let count = files.iter().filter(|file| keep(file)).count() as f64;
        if count == 0.0 {
            continue;
        }
        let mut figure = Figure::new(format!("extract.speed.pdf.{part}"), count / sum(ours, keep), "files/s");
        for (tool, run) in runs {
            figure = figure.beside(tool, count / sum(&run.seconds, keep));
        }
        figures.push(figure);
    }
    let all = ours.iter().sum::<f64>();
    let mut figure = Figure::new("extract.speed.pdf.bytes", megabytes / all, "MB/s");
    for (tool, run) in runs {
        figure = figure.beside(tool, megabytes / run.seconds.iter().sum::<f64>());
    }
    figures.push(figure);
    for ((tool, run), wanted) in runs.iter().zip(WANTED) {
        for (part, keep) in parts {
            let figure = Figure::new(
                format!("extract.speed.pdf.{part}.over_{tool}"),
                sum(&run.seconds, keep) / sum(ours, keep),
                "times",
            );
            figures.push(figure.at_least(wanted));
        }
    }
    figures
}

/// Files and bytes a second on DOCX.
pub(crate) fn docx(paths: &[PathBuf]) -> Vec<Figure> {
    let contents: Vec<Vec<u8>> = paths.iter().filter_map(|path| std::fs::read(path).ok()).collect();
    if contents.is_empty() {
        return Vec::new();
    }
    let files: Vec<File> = contents.into_iter().map(|content| File { content, short: true }).collect();
    let mut quickest = vec![f64::INFINITY; files.len()];
    (0..TURNS * ROUNDS).for_each(|_| pass(&files, &mut quickest));
    let seconds = quickest.iter().sum::<f64>().max(1e-6);
    let bytes: usize = files.iter().map(|file| file.content.len()).sum();
    vec![
        Figure::new("extract.speed.docx", files.len() as f64 / seconds, "files/s"),
        Figure::new("extract.speed.docx.bytes", bytes as f64 / 1e6 / seconds, "MB/s"),
    ]
}

/// Processor time of this process, by the clock that Python's `process_time` reads too.
fn processor_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
