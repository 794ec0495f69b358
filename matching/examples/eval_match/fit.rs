//! Fits the numbers of the score on the train part by coordinate ascent.

use matching::score::{PreparedJob, Signals, Tuning};

use crate::metrics::{concordance, ndcg};

/// A job with what was measured of each resume of the pool, and the grades.
pub(crate) struct Sample {
    pub(crate) job: PreparedJob,
    pub(crate) signals: Vec<Vec<Signals>>,
    pub(crate) grades: Vec<u32>,
}

/// What is made as high as it can be: nDCG@10 knows only the head of the list, concordance all of it.
fn objective(samples: &[Sample], tuning: &Tuning) -> f64 {
    let mut sum = 0.0;
    for sample in samples {
        let score = tuning.scorer(&sample.job);
        let scores: Vec<f64> = sample.signals.iter().map(|signals| score(signals)).collect();
        sum += ndcg(&scores, &sample.grades, 10) + 0.5 * concordance(&scores, &sample.grades);
    }
    sum / samples.len().max(1) as f64
}

/// Every number that is fitted, with the range that keeps the score sensible to people: no kind may vanish, and a ramp must
/// rise slowly enough that a requirement can be partly met.
fn numbers(tuning: &mut Tuning) -> Vec<(&mut f32, [f32; 2])> {
    let mut all: Vec<(&mut f32, [f32; 2])> = Vec::new();
    all.extend(tuning.duty.iter_mut().map(|number| (number, [0.02, 1.0])));
    all.extend(tuning.title.iter_mut().map(|number| (number, [0.02, 1.0])));
    let [duty_from, duty_to] = &mut tuning.duty_ramp;
    let [title_from, title_to] = &mut tuning.title_ramp;
    all.push((duty_from, [0.0, 0.4]));
    all.push((duty_to, [0.5, 0.9]));
    all.push((title_from, [0.0, 0.4]));
    all.push((title_to, [0.6, 0.95]));
    all.push((&mut tuning.meant, [0.1, 0.7]));
    let [skill, _, _, _, _, title, duty] = &mut tuning.shares;
    all.push((skill, [0.15, 0.5]));
    all.push((title, [0.08, 0.35]));
    all.push((duty, [0.2, 0.6]));
    all
}

/// Turns one number after the other as long as it helps.
pub(crate) fn fit(samples: &[Sample], start: Tuning, rounds: usize) -> Tuning {
    let mut best = start;
    let mut reached = objective(samples, &best);
    eprintln!("start {reached:.4}");
    let count = numbers(&mut best.clone()).len();
    for round in 0..rounds {
        let before = reached;
        for index in 0..count {
            for factor in [0.6_f32, 0.8, 0.92, 1.08, 1.25, 1.6] {
                let mut tried = best.clone();
                if let Some((number, [low, high])) = numbers(&mut tried).into_iter().nth(index) {
                    *number = (*number * factor).clamp(low, high);
                }
                let value = objective(samples, &tried);
                if value > reached + 1e-5 {
                    (best, reached) = (tried, value);
                }
            }
        }
        eprintln!("round {round}: {reached:.4}");
        if reached - before < 1e-4 {
            break;
        }
    }
    best
}
