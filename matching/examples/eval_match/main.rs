//! Measures ranking on graded pairs made from O*NET: same occupation (2), related occupation (1), other (0).
//!
//! `cargo run -p matching --example eval_match -- O*NET_FOLDER MODEL_FOLDER [train|test] [JOBS]`
//!
//! Job and resume of one occupation share no task: the job has every second one, the resume the others; titles differ,
//! and of the technology skills each names a part. Occupations are split into train and test by their code, so that
//! numbers fitted on one are checked on the other.

#![allow(clippy::indexing_slicing, reason = "a measuring program may stop at a mistake")]

mod baselines;
mod onet;

use std::path::Path;

use matching::skills::Taxonomy;
use matching::{Document, Embedder, Matcher};

use baselines::Baselines;
use onet::Occupation;

/// Resumes of related occupations that are made for each job.
const RELATED: usize = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: eval_match O*NET_FOLDER MODEL_FOLDER [train|test] [JOBS]";
    let folder = args.next().ok_or(usage)?;
    let model = args.next().ok_or(usage)?;
    let part = args.next().unwrap_or_else(|| "test".to_owned());
    let count: usize = args.next().map_or(Ok(40), |count| count.parse())?;
    let occupations = onet::read(Path::new(&folder))?;
    let (jobs, pool) = choose(&occupations, &part, count);
    let matcher = Matcher::new(Embedder::open(Path::new(&model))?, Taxonomy::builtin());
    let resumes: Vec<String> = pool.iter().enumerate().map(|(index, at)| at.resume(index)).collect();
    let mut prepared = Vec::with_capacity(resumes.len());
    for text in &resumes {
        let document = Document::from_text(text);
        prepared.push(matcher.prepare_resume(&matching::parse(&document), &document)?);
    }
    let as_of = jiff::civil::date(2025, 1, 1);
    let baselines = Baselines::new(matcher.embedder(), &resumes)?;
    let names = ["matcher", "bm25", "overlap", "minilm mean", "sum of three"];
    let mut totals = [0.0; 5];
    for job in &jobs {
        let grades: Vec<u32> = pool.iter().map(|occupation| job.grade(occupation)).collect();
        let text = job.advertisement();
        let wanted = matcher.prepare_job(None, &text)?;
        let ours: Vec<f64> = prepared.iter().map(|resume| matcher.number(resume, &wanted, as_of)).collect();
        let [bm25, overlap, minilm] = baselines.score(matcher.embedder(), &text)?;
        let sum = baselines::sum(&[&bm25, &overlap, &minilm]);
        for (total, scores) in totals.iter_mut().zip([ours, bm25, overlap, minilm, sum]) {
            *total += ndcg(&scores, &grades, 10);
        }
    }
    println!("{part}: {} jobs, {} resumes", jobs.len(), resumes.len());
    for (name, total) in names.iter().zip(totals) {
        println!("{name:<14} nDCG@10 {:.4}", total / jobs.len().max(1) as f64);
    }
    Ok(())
}

/// Every n-th occupation of a part as jobs; the pool has their resumes and those of occupations related to them.
fn choose<'a>(all: &'a [Occupation], part: &str, count: usize) -> (Vec<&'a Occupation>, Vec<&'a Occupation>) {
    let of_part: Vec<&Occupation> =
        all.iter().filter(|occupation| occupation.is_test() == (part == "test")).collect();
    let step = (of_part.len() / count.max(1)).max(1);
    let jobs: Vec<&Occupation> = of_part.iter().copied().step_by(step).take(count).collect();
    let mut pool = jobs.clone();
    for job in &jobs {
        let related =
            job.related.iter().filter_map(|code| all.iter().find(|occupation| occupation.code == *code));
        pool.extend(related.take(RELATED));
    }
    pool.sort_by(|a, b| a.code.cmp(&b.code));
    pool.dedup_by(|a, b| a.code == b.code);
    (jobs, pool)
}

/// Normalised discounted cumulative gain of the first `k`; ties count by position in the pool.
fn ndcg(scores: &[f64], grades: &[u32], k: usize) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let gain = |grade: u32, place: usize| f64::from((1_u32 << grade) - 1) / ((place + 2) as f64).log2();
    let reached: f64 = order.iter().take(k).enumerate().map(|(place, at)| gain(grades[*at], place)).sum();
    let mut best = grades.to_vec();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let ideal: f64 = best.iter().take(k).enumerate().map(|(place, grade)| gain(*grade, place)).sum();
    if ideal > 0.0 { reached / ideal } else { 0.0 }
}
