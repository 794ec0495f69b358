//! Measures the whole pipeline on one thread, from the bytes of a resume to its score: resumes a second of processor
//! time, the share of each stage, peak memory. For `cargo xtask bench matching`.
//!
//! usage: bench_pipeline DATA_FOLDER [--output json]
//!
//! RM_MODEL_DIR names the model's folder, RM_PDFIUM the PDF library.

use std::path::{Path, PathBuf};

use matching::skills::Taxonomy;
use matching::{Embedder, ExtractOptions, Matcher};
use serde_json::{Value, json};

/// The sets of whole resumes among the data.
const SETS: [&str; 4] = ["pdf-truth", "pairs", "samples", "formats"];
const KINDS: [&str; 9] = ["pdf", "docx", "odt", "rtf", "html", "htm", "md", "txt", "doc"];

/// The day that positions held "to this day" last to.
const DAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 1, 1);

/// An advertisement with requirements of every kind.
const JOB: &str = "Senior Platform Engineer\n\nWhat you will do:\n- Build and run Kubernetes clusters for forty teams\n\
    - Automate releases, backups and monitoring\n- Advise engineers on databases and networks\n\nWhat we ask for:\n\
    - 5 years of experience with Linux and Python\n- Bachelor's degree in computer science or a similar subject\n\
    - Good knowledge of PostgreSQL, Terraform and Prometheus\n- English; German is a plus\n- CKA certificate preferred\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = std::env::args().nth(1).ok_or("usage: bench_pipeline DATA_FOLDER [--output json]")?;
    let folder = std::env::var_os("RM_MODEL_DIR").ok_or("set RM_MODEL_DIR to the model's folder")?;
    let matcher = Matcher::new(Embedder::open(Path::new(&folder))?, Taxonomy::builtin());
    let job = matcher.prepare_job(None, JOB)?;
    let mut files = Vec::new();
    for set in SETS {
        list(&Path::new(&data).join(set), &mut files)?;
    }
    let options = ExtractOptions::default();
    let (mut stages, mut read, mut bytes, mut refused) = ([0.0; 4], 0_u32, 0, 0_u32);
    for file in &files {
        let content = std::fs::read(file)?;
        let start = computed();
        let Ok(document) = matching::extract(&content, file.to_str(), &options) else {
            refused += 1;
            continue;
        };
        let extracted = computed();
        let parsed = matching::parse(&document);
        let parse = computed();
        let prepared = matcher.prepare_resume(&parsed, &document)?;
        let prepare = computed();
        let result = matcher.explain(&prepared, &document, &job, DAY);
        std::hint::black_box(result);
        let times = [extracted - start, parse - extracted, prepare - parse, computed() - prepare];
        for (stage, time) in stages.iter_mut().zip(times) {
            *stage += time;
        }
        read += 1;
        bytes += content.len();
    }
    if read == 0 {
        return Err(format!("{data}: no file of {} could be read", SETS.join(", ")).into());
    }
    eprintln!("{read} files of {bytes} bytes; {refused} refused");
    print_figures(stages, f64::from(read))
}

fn print_figures(stages: [f64; 4], read: f64) -> Result<(), Box<dyn std::error::Error>> {
    let figure = |name: &str, value: f64, unit: &str| -> Value {
        json!({ "name": name, "value": value, "unit": unit, "baselines": {}, "target": null, "met": null })
    };
    let mut figures =
        vec![figure("pipeline.resumes", read / stages.iter().sum::<f64>(), "resumes/s of processor")];
    for (name, seconds) in
        ["extract", "parse", "embed and find skills", "score and explain"].iter().zip(stages)
    {
        figures.push(figure(&format!("pipeline.{name}"), 1000.0 * seconds / read, "ms/resume"));
    }
    figures.push(figure("pipeline.peak_memory", peak_megabytes()?, "MB"));
    println!("{}", json!({ "figures": figures }));
    Ok(())
}

/// Adds the files of a folder and its folders that are of a kind that we read, in order; a set may be absent.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            list(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|kind| KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known)))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Seconds that this thread has computed; other work on the machine does not count.
fn computed() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Peak of the resident memory of this process, in megabytes.
fn peak_megabytes() -> Result<f64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: f64 = line.split_whitespace().next().ok_or("no number")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
