//! Measures ranking: one job against an index of 10,000 resumes, on one thread. For `cargo xtask bench matching`.
//!
//! usage: bench_rank DATA_FOLDER [--output json]
//!
//! The pool is made here and the same every time, of the real resumes among the data: each is repeated with some passages
//! left out, some put in from others, its positions moved in time, and each passage's vector turned by about eight degrees,
//! so that no two resumes have a vector in common. RM_MODEL_DIR names the model's folder, RM_PDFIUM the PDF library.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use matching::embed::{Embedding, QuantisedEmbedding};
use matching::rank::{PoolIndex, PoolWriter, Ranked};
use matching::score::{PreparedJob, PreparedResume};
use matching::skills::Taxonomy;
use matching::{Embedder, ExtractOptions, Matcher};
use serde_json::{Value, json};

const RESUMES: usize = 10_000;
/// Times that the pool is ranked; the fastest counts, since others on the machine only slow it down.
const ROUNDS: usize = 5;
/// Length of what is added to a vector of length 1.
const TURN: f32 = 0.15;
const DAY: Date = Date::constant(2026, 1, 1);
const TARGET_MILLISECONDS: f64 = 50.0;
/// Passages of a resume: the samples have books of a thousand lines too, and files with next to nothing.
const PASSAGES: std::ops::Range<usize> = 10..200;
/// The sets of whole resumes among the data, and the kinds that are read.
const SETS: [&str; 3] = ["pdf-truth", "pairs", "samples"];
const KINDS: [&str; 4] = ["pdf", "docx", "odt", "txt"];
const JOB: &str = "Senior Platform Engineer\n\nWhat you will do:\n- Build and run Kubernetes clusters for forty teams\n\
    - Automate releases, backups and monitoring\n- Advise engineers on databases and networks\n- Review code\n\n\
    What we ask for:\n- 5 years of experience with Linux and Python\n- Bachelor's degree in computer science\n\
    - Good knowledge of PostgreSQL, Terraform and Prometheus\n- English; German is a plus\n";

type Failure = Box<dyn std::error::Error>;

/// Numbers without a pattern, the same in every run (the generator of Numerical Recipes).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound.max(1)
    }

    /// From -1 to 1.
    fn around_zero(&mut self) -> f32 {
        (self.next() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn main() -> Result<(), Failure> {
    let data = std::env::args().nth(1).ok_or("usage: bench_rank DATA_FOLDER [--output json]")?;
    let model = std::env::var_os("RM_MODEL_DIR").ok_or("set RM_MODEL_DIR to the model's folder")?;
    let matcher = Matcher::new(Embedder::open(Path::new(&model))?, Taxonomy::builtin());
    let job = matcher.prepare_job(None, JOB)?;
    let bases = read_resumes(&matcher, Path::new(&data))?;
    let file = std::env::temp_dir().join(format!("bench-rank-{}.rmi", std::process::id()));
    let measured = measure(&matcher, &job, &bases, &file);
    std::fs::remove_file(&file)?;
    println!("{}", json!({ "figures": measured? }));
    Ok(())
}

/// The resumes that the pool is made of.
fn read_resumes(matcher: &Matcher, data: &Path) -> Result<Vec<PreparedResume>, Failure> {
    let mut files = Vec::new();
    for set in SETS {
        list(&data.join(set), &mut files)?;
    }
    let mut resumes = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file)?;
        let Ok(document) = matching::extract(&bytes, file.to_str(), &ExtractOptions::default()) else {
            continue;
        };
        let resume = matcher.prepare_resume(&matching::parse(&document), &document)?;
        resumes.extend(PASSAGES.contains(&resume.passages.len()).then_some(resume));
    }
    if resumes.len() < 10 {
        return Err(format!("{}: no ten resumes in {}", data.display(), SETS.join(", ")).into());
    }
    Ok(resumes)
}

/// Resume number `number` of the pool.
fn draw(bases: &[PreparedResume], number: usize) -> PreparedResume {
    let mut numbers = Numbers(number as u64);
    let mut resume = bases.get(number % bases.len()).cloned().unwrap_or_default();
    resume.passages.retain(|_| numbers.below(10) > 0);
    for passage in &mut resume.passages {
        let other = bases.get(numbers.below(bases.len()));
        let other = other.and_then(|other| other.passages.get(numbers.below(other.passages.len())));
        if let (0, Some(other)) = (numbers.below(8), other) {
            passage.clone_from(other);
        }
        turn(&mut passage.vector, &mut numbers);
    }
    resume.titles.iter_mut().for_each(|title| turn(&mut title.vector, &mut numbers));
    for stretch in &mut resume.stretches {
        let months = numbers.below(48) as i32;
        stretch.start -= months;
        stretch.end = stretch.end.map(|end| end - months);
    }
    resume
}

fn turn(vector: &mut QuantisedEmbedding, numbers: &mut Numbers) {
    let Embedding(mut values) = vector.to_embedding();
    // Values from -1 to 1 have the mean square 1/3.
    let size = TURN * (3.0 / values.len() as f32).sqrt();
    values.iter_mut().for_each(|value| *value += size * numbers.around_zero());
    *vector = QuantisedEmbedding::from(&Embedding(values));
}

fn measure(
    matcher: &Matcher,
    job: &PreparedJob,
    bases: &[PreparedResume],
    file: &Path,
) -> Result<Vec<Value>, Failure> {
    let mut writer = PoolWriter::new(BufWriter::new(std::fs::File::create(file)?), matcher)?;
    let (mut passages, mut expected) = (0, Vec::with_capacity(RESUMES));
    let mut one_by_one = 0.0;
    for number in 0..RESUMES {
        let (name, resume) = (name(number), draw(bases, number));
        writer.add(&name, &resume)?;
        passages += resume.passages.len();
        let start = computed();
        expected.push((name, matcher.number(&resume, job, DAY)));
        one_by_one += 1000.0 * (computed() - start);
    }
    writer.finish()?;
    expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let start = computed();
    let index = PoolIndex::open(file, matcher)?;
    let opened = 1000.0 * (computed() - start);
    let mut times = Vec::with_capacity(ROUNDS);
    let mut same = true;
    for _ in 0..ROUNDS {
        let start = computed();
        let ranked = index.rank(matcher, job, DAY)?;
        times.push(1000.0 * (computed() - start));
        let scored =
            |entry: &Ranked<'_>, known: &(String, f64)| entry.name == known.0 && entry.score == known.1;
        same &= ranked.len() == expected.len() && ranked.iter().zip(&expected).all(|(a, b)| scored(a, b));
    }
    let first = times.first().copied().unwrap_or(f64::NAN);
    let took = times.into_iter().fold(f64::INFINITY, f64::min);
    let kilobytes = std::fs::metadata(file)?.len() as f64 / 1000.0 / RESUMES as f64;
    let wishes = job.requirements().len() as f64;
    Ok(vec![
        figure(
            "rank.10000_resumes",
            took,
            "ms of processor",
            &[("one by one", one_by_one)],
            Some(TARGET_MILLISECONDS),
        ),
        figure("rank.10000_resumes.first_time", first, "ms of processor", &[], None),
        figure("rank.open_index", opened, "ms of processor", &[], None),
        figure("rank.index", kilobytes, "kB a resume", &[], None),
        figure("rank.made_of", bases.len() as f64, "real resumes", &[], None),
        figure("rank.passages", passages as f64 / RESUMES as f64, "a resume", &[], None),
        figure("rank.requirements", wishes, "", &[], None),
        json!({
            "name": "rank.same_order_and_scores_as_scoring_all", "value": f64::from(u8::from(same)), "unit": "",
            "baselines": {}, "target": 1.0, "met": same,
        }),
    ])
}

fn figure(name: &str, value: f64, unit: &str, baselines: &[(&str, f64)], target: Option<f64>) -> Value {
    let baselines: serde_json::Map<String, Value> =
        baselines.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let met = target.map(|target| value <= target);
    json!({ "name": name, "value": value, "unit": unit, "baselines": baselines, "target": target, "met": met })
}

fn name(number: usize) -> String {
    format!("{number:05}")
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
        let of_kind = |kind: &std::ffi::OsStr| KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known));
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(of_kind) {
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
