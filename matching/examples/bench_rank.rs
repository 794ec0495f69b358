//! Measures ranking: one job against an index of 10,000 resumes, on one thread. For `cargo xtask bench matching`.
//!
//! usage: bench_rank DATA_FOLDER [--output json]
//!
//! The pool is made here and the same every time: resumes of forty passages, drawn from passages of all trades. Each number in
//! a passage's text is another, but passages share vectors, so that making the pool takes seconds. The data are not used.
//! RM_MODEL_DIR names the model's folder.

use std::io::BufWriter;
use std::path::Path;

use jiff::civil::Date;
use matching::rank::{PoolIndex, PoolWriter};
use matching::score::PreparedResume;
use matching::skills::Taxonomy;
use matching::{Document, Embedder, Matcher};
use serde_json::{Value, json};

const RESUMES: usize = 10_000;
const PASSAGES: usize = 40;
/// Resumes of which the order is compared with that of scoring all in memory.
const COMPARED: usize = 1_000;
const DAY: Date = Date::constant(2026, 1, 1);
const TARGET_MILLISECONDS: f64 = 50.0;
const SENTENCES: &str = include_str!("../../xtask/baselines/sentences.txt");
const JOB: &str = "Senior Platform Engineer\n\nWhat you will do:\n- Build and run Kubernetes clusters for forty teams\n\
    - Automate releases, backups and monitoring\n- Advise engineers on databases and networks\n- Review code\n\n\
    What we ask for:\n- 5 years of experience with Linux and Python\n- Bachelor's degree in computer science\n\
    - Good knowledge of PostgreSQL, Terraform and Prometheus\n- English; German is a plus\n";

/// Numbers without a pattern, the same in every run (the generator of Numerical Recipes).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::var_os("RM_MODEL_DIR").ok_or("set RM_MODEL_DIR to the model's folder")?;
    let matcher = Matcher::new(Embedder::open(Path::new(&model))?, Taxonomy::builtin());
    let job = matcher.prepare_job(None, JOB)?;
    let base = base_resume(&matcher)?;
    let file = std::env::temp_dir().join(format!("bench-rank-{}.rmi", std::process::id()));
    let measured = measure(&matcher, &job, &base, &file);
    std::fs::remove_file(&file)?;
    println!("{}", json!({ "figures": measured? }));
    Ok(())
}

/// One resume of all sentences, from whose passages the pool is drawn.
fn base_resume(matcher: &Matcher) -> Result<PreparedResume, Box<dyn std::error::Error>> {
    let text: String = SENTENCES.lines().map(|line| format!("- {line}\n")).collect();
    let document =
        Document::from_text(&format!("Experience\nEngineer, Example Ltd\n03/2018 - 06/2023\n{text}"));
    Ok(matcher.prepare_resume(&matching::parse(&document), &document)?)
}

fn draw(base: &PreparedResume, numbers: &mut Numbers) -> PreparedResume {
    let mut resume = base.clone();
    let passages = || base.passages.get(numbers.below(base.passages.len())).cloned();
    resume.passages = std::iter::repeat_with(passages).take(PASSAGES).flatten().collect();
    resume
}

fn measure(
    matcher: &Matcher,
    job: &matching::score::PreparedJob,
    base: &PreparedResume,
    file: &Path,
) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let mut numbers = Numbers(1);
    let mut writer = PoolWriter::new(BufWriter::new(std::fs::File::create(file)?), matcher)?;
    let mut first = Vec::new();
    for number in 0..RESUMES {
        let (name, resume) = (format!("{number:05}"), draw(base, &mut numbers));
        writer.add(&name, &resume)?;
        if number < COMPARED {
            first.push((name, resume));
        }
    }
    writer.finish()?;
    let start = computed()?;
    let index = PoolIndex::open(file, matcher)?;
    let opened = 1000.0 * (computed()? - start);
    index.rank(matcher, job, DAY)?;
    let start = computed()?;
    let ranked = index.rank(matcher, job, DAY)?;
    let took = 1000.0 * (computed()? - start);
    let expected = matching::rank(matcher, job, &first, DAY);
    let found: Vec<_> = ranked.iter().filter(|entry| entry.name < expected_end().as_str()).cloned().collect();
    let same = f64::from(u8::from(found == expected));
    let figure = |name: &str, value: f64, unit: &str, target: Option<f64>, met: Option<bool>| json!({ "name": name, "value": value, "unit": unit, "baselines": {}, "target": target, "met": met });
    Ok(vec![
        figure(
            "rank.10000_resumes",
            took,
            "ms of processor",
            Some(TARGET_MILLISECONDS),
            Some(took <= TARGET_MILLISECONDS),
        ),
        figure("rank.open_index", opened, "ms of processor", None, None),
        figure("rank.same_order_as_scoring_all", same, "", Some(1.0), Some(found == expected)),
    ])
}

/// Seconds that this thread has computed; other work on the machine does not count.
fn computed() -> Result<f64, Box<dyn std::error::Error>> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = statistics.split_whitespace().next().ok_or("no figures")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// The name behind the last one that is compared.
fn expected_end() -> String {
    format!("{COMPARED:05}")
}
