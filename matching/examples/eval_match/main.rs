//! Measures ranking on graded pairs made from O*NET: same occupation (2), related occupation (1), other (0).
//!
//! `cargo run --workspace --example eval_match -- DATA_FOLDER [--output json] [--part train|test] [--jobs N] [--fit]`
//!
//! `DATA_FOLDER` holds `onet/`. Job and resume of one occupation share no task and are worded differently (`adverts`,
//! `resumes`, `wording`); occupations are split into train and test by their code. `--fit` fits the numbers of the score
//! on the train part and prints them. The baselines see the same texts in the same run.

#![allow(clippy::indexing_slicing, reason = "a measuring program may stop at a mistake")]

mod adverts;
mod baselines;
mod fit;
mod metrics;
mod onet;
mod random;
mod resumes;
mod wording;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use matching::score::{PreparedJob, PreparedResume};
use matching::skills::Taxonomy;
use matching::{Document, Embedder, Matcher};
use serde_json::json;

use baselines::Baselines;
use fit::Sample;
use metrics::{concordance, ndcg};
use onet::Occupation;

/// Resumes of related occupations that are made for each job.
const RELATED: usize = 4;
/// Resumes of the job's own occupation.
const OWN: usize = 2;
/// How much better than the best baseline the matcher is to be.
const MARGIN: f64 = 0.05;
const NAMES: [&str; 5] = ["matcher", "bm25", "word_overlap", "minilm_mean_cosine", "sum_of_three"];

struct Options {
    data: PathBuf,
    json: bool,
    part: String,
    jobs: usize,
    fit: bool,
    show: bool,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let usage =
        "usage: eval_match DATA_FOLDER [--output json] [--part train|test] [--jobs N] [--fit] [--show]";
    let mut options = Options {
        data: PathBuf::new(),
        json: false,
        part: "test".to_owned(),
        jobs: 60,
        fit: false,
        show: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--output" => options.json = args.next().as_deref() == Some("json"),
            "--part" => options.part = args.next().ok_or(usage)?,
            "--jobs" => options.jobs = args.next().ok_or(usage)?.parse()?,
            "--fit" => options.fit = true,
            "--show" => options.show = true,
            folder if !folder.starts_with('-') => options.data = PathBuf::from(folder),
            other => return Err(format!("unknown argument {other}; {usage}").into()),
        }
    }
    if options.data.as_os_str().is_empty() { Err(usage.into()) } else { Ok(options) }
}

fn model_folder() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
    std::env::var_os("RM_MODEL_DIR").map_or_else(|| data.join("resume-matcher/model"), PathBuf::from)
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let occupations = onet::read(&options.data.join("onet"))?;
    if options.show {
        return show(&occupations, &options);
    }
    let matcher = Matcher::new(Embedder::open(&model_folder())?, Taxonomy::builtin());
    let part = if options.fit { "train" } else { options.part.as_str() };
    let world = World::new(&matcher, &occupations, part, options.jobs)?;
    if options.fit {
        println!("{:#?}", fit::fit_all(matcher, &world));
        return Ok(());
    }
    report(&options, &world, &measure(&matcher, &world)?);
    Ok(())
}

/// The pool's texts, to be read by eye.
fn show(occupations: &[Occupation], options: &Options) -> Result<(), Box<dyn Error>> {
    let (jobs, _) = choose(occupations, &options.part, options.jobs);
    for (style, job) in jobs.iter().enumerate() {
        println!("{}\n=====\n{}\n#####", adverts::write(job, style), resumes::write(job, style));
    }
    Ok(())
}

/// The day of all matches.
const DAY: jiff::civil::Date = jiff::civil::Date::constant(2025, 1, 1);

/// Jobs with their grades of each resume, and the resumes.
pub(crate) struct World {
    texts: Vec<String>,
    prepared: Vec<PreparedResume>,
    jobs: Vec<Wanted>,
}

/// A job with its text and the grade of each resume.
struct Wanted {
    text: String,
    prepared: PreparedJob,
    grades: Vec<u32>,
}

impl World {
    fn new(
        matcher: &Matcher,
        occupations: &[Occupation],
        part: &str,
        count: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let (jobs, pool) = choose(occupations, part, count);
        let texts: Vec<String> =
            pool.iter().map(|(occupation, style)| resumes::write(occupation, *style)).collect();
        let mut prepared = Vec::with_capacity(texts.len());
        for text in &texts {
            let document = Document::from_text(text);
            prepared.push(matcher.prepare_resume(&matching::parse(&document), &document)?);
        }
        let mut wanted = Vec::with_capacity(jobs.len());
        for (style, job) in jobs.iter().enumerate() {
            let text = adverts::write(job, style);
            let grades = pool.iter().map(|(occupation, _)| job.grade(occupation)).collect();
            wanted.push(Wanted { prepared: matcher.prepare_job(None, &text)?, text, grades });
        }
        Ok(Self { texts, prepared, jobs: wanted })
    }

    /// What the matcher measures of every resume for every job.
    pub(crate) fn samples(&self, matcher: &Matcher) -> Vec<Sample> {
        let sample = |wanted: &Wanted| {
            let job = matcher.retuned(wanted.prepared.clone());
            let signals = self.prepared.iter().map(|resume| matcher.signals(resume, &job, DAY)).collect();
            Sample { job, signals, grades: wanted.grades.clone() }
        };
        self.jobs.iter().map(sample).collect()
    }
}

/// Means over the jobs, in the order of [`NAMES`].
struct Measured {
    ndcg: [f64; 5],
    concordance: [f64; 5],
}

fn measure(matcher: &Matcher, world: &World) -> Result<Measured, Box<dyn Error>> {
    let baselines = Baselines::new(matcher.embedder(), &world.texts)?;
    let mut measured = Measured { ndcg: [0.0; 5], concordance: [0.0; 5] };
    for Wanted { text, prepared: wanted, grades } in &world.jobs {
        let ours: Vec<f64> =
            world.prepared.iter().map(|resume| matcher.number(resume, wanted, DAY)).collect();
        let [bm25, overlap, minilm] = baselines.score(matcher.embedder(), text)?;
        let sum = baselines::sum(&[&bm25, &overlap, &minilm]);
        for (index, scores) in [ours, bm25, overlap, minilm, sum].iter().enumerate() {
            measured.ndcg[index] += ndcg(scores, grades, 10) / world.jobs.len() as f64;
            measured.concordance[index] += concordance(scores, grades) / world.jobs.len() as f64;
        }
    }
    Ok(measured)
}

fn report(options: &Options, world: &World, measured: &Measured) {
    let figure = |name: &str, values: &[f64; 5], target: Option<f64>| {
        let baselines: BTreeMap<&str, f64> =
            NAMES.iter().skip(1).copied().zip(values[1..].iter().copied()).collect();
        json!({
            "name": name, "value": values[0], "unit": "share", "baselines": baselines, "target": target,
            "met": target.is_none_or(|target| values[0] >= target),
        })
    };
    let best = measured.ndcg[1..].iter().copied().fold(0.0, f64::max);
    if options.json {
        let figures = [
            figure("match.ndcg_at_10", &measured.ndcg, Some(best + MARGIN)),
            figure("match.pairwise_concordance", &measured.concordance, None),
        ];
        println!("{}", json!({ "figures": figures }));
        return;
    }
    println!("{}: {} jobs, {} resumes", options.part, world.jobs.len(), world.texts.len());
    for (name, (ndcg, concordance)) in NAMES.iter().zip(measured.ndcg.iter().zip(measured.concordance)) {
        println!("{name:<20} nDCG@10 {ndcg:.4}   concordance {concordance:.4}");
    }
    println!("target for nDCG@10: {:.4}", best + MARGIN);
}

/// A resume to be made: of which occupation, in which style.
type Planned<'a> = (&'a Occupation, usize);

/// Every n-th occupation of a part as jobs; the pool has resumes of theirs and of occupations related to them.
fn choose<'a>(all: &'a [Occupation], part: &str, count: usize) -> (Vec<&'a Occupation>, Vec<Planned<'a>>) {
    let of_part: Vec<&Occupation> =
        all.iter().filter(|occupation| occupation.is_test() == (part == "test")).collect();
    let step = (of_part.len() / count.max(1)).max(1);
    let jobs: Vec<&Occupation> = of_part.iter().copied().step_by(step).take(count).collect();
    let mut pool: BTreeMap<(&str, usize), &Occupation> = BTreeMap::new();
    for (index, job) in jobs.iter().enumerate() {
        for own in 0..OWN {
            pool.insert((job.code.as_str(), (index + 2 * own + 1) % resumes::STYLES), job);
        }
        let of_code = |code: &String| of_part.iter().copied().find(|occupation| occupation.code == *code);
        let related = job.related.iter().filter_map(of_code);
        for (number, occupation) in related.take(RELATED).enumerate() {
            pool.insert((occupation.code.as_str(), (index + number) % resumes::STYLES), occupation);
        }
    }
    (jobs, pool.into_iter().map(|((_, style), occupation)| (occupation, style)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_says_what_it_is_made_of() {
        let occupation = Occupation {
            code: "47-2111.00".to_owned(),
            titles: ["Electrician", "Journeyman Electrician", "Wireman", "Control Electrician"]
                .map(str::to_owned)
                .to_vec(),
            tasks: (0..12).map(|number| format!("Connect wires to panel {number}.")).collect(),
            tools: (0..8).map(|number| format!("Tool {number}")).collect(),
            related: Vec::new(),
            zone: 3,
        };
        for style in 0..adverts::STYLES.max(resumes::STYLES) {
            let (advert, resume) = (adverts::write(&occupation, style), resumes::write(&occupation, style));
            assert!(advert.to_lowercase().contains("wires") && advert.contains("Tool"), "{advert}");
            assert!(resume.to_lowercase().contains("wires") && resume.contains("@example.com"), "{resume}");
            let shared = (0..12).any(|number| {
                let task = format!("panel {number}");
                advert.contains(&format!("{task}\n")) && resume.contains(&format!("{task}\n"))
            });
            assert!(!shared, "{advert}\n{resume}");
        }
    }
}
