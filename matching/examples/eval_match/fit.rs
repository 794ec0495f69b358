//! Fits the numbers of the score on the train part by coordinate ascent.

use matching::Matcher;
use matching::score::{PreparedJob, Signals, Tuning};

use crate::World;
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

/// Numbers that act before anything is measured, with the values that are tried.
type Early = (fn(&mut Tuning) -> &mut f32, &'static [f32]);
const EARLY: [Early; 4] = [
    (|tuning| &mut tuning.rarity, &[1.0, 2.0, 3.0]),
    (|tuning| &mut tuning.rare_duty, &[0.0, 1.0, 2.0, 3.0]),
    (|tuning| &mut tuning.office, &[0.3, 0.6, 1.0]),
    (|tuning| &mut tuning.soft, &[0.1, 0.3]),
];

/// Fits all numbers: for each value of an early one the others a little, and with the best ones to the end.
pub(crate) fn fit_all(mut matcher: Matcher, world: &World) -> Tuning {
    let mut best = fit(&world.samples(&matcher), Tuning::default(), 3);
    let mut reached = objective(&world.samples(&matcher), &best);
    for (number, values) in EARLY {
        for value in values {
            let mut tried = best.clone();
            if *number(&mut tried) == *value {
                continue;
            }
            *number(&mut tried) = *value;
            matcher = matcher.with_tuning(tried.clone());
            let samples = world.samples(&matcher);
            let tried = fit(&samples, tried, 1);
            let now = objective(&samples, &tried);
            eprintln!("early {value}: {now:.4}");
            if now > reached + 1e-4 {
                (best, reached) = (tried, now);
            }
        }
    }
    matcher = matcher.with_tuning(best.clone());
    fit(&world.samples(&matcher), best, 5)
}

/// Turns one number after the other as long as it helps.
fn fit(samples: &[Sample], start: Tuning, rounds: usize) -> Tuning {
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
