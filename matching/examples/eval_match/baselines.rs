//! What the matcher is compared with: BM25, word overlap, the cosine of mean embeddings, and their sum.

use std::collections::{BTreeMap, BTreeSet};

use matching::{Embedder, ModelError};

/// A pool of resumes, ready for all three.
pub(crate) struct Baselines {
    counts: Vec<BTreeMap<String, f64>>,
    lengths: Vec<f64>,
    containing: BTreeMap<String, f64>,
    vectors: Vec<Vec<f32>>,
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1)
        .map(str::to_owned)
        .collect()
}

/// Mean of the vectors of the lines, scaled to length 1.
fn mean_vector(embedder: &Embedder, text: &str) -> Result<Vec<f32>, ModelError> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut mean = vec![0.0_f32; matching::embed::WIDTH];
    for vector in embedder.embed(&lines)? {
        mean.iter_mut().zip(vector.0).for_each(|(sum, value)| *sum += value);
    }
    let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    mean.iter_mut().for_each(|value| *value /= length);
    Ok(mean)
}

impl Baselines {
    /// Indexes the pool.
    pub(crate) fn new(embedder: &Embedder, resumes: &[String]) -> Result<Self, ModelError> {
        let mut baselines = Self {
            counts: Vec::new(),
            lengths: Vec::new(),
            containing: BTreeMap::new(),
            vectors: Vec::new(),
        };
        for resume in resumes {
            let mut counts: BTreeMap<String, f64> = BTreeMap::new();
            let words = words(resume);
            baselines.lengths.push(words.len() as f64);
            for word in words {
                *counts.entry(word).or_default() += 1.0;
            }
            for word in counts.keys() {
                *baselines.containing.entry(word.clone()).or_default() += 1.0;
            }
            baselines.counts.push(counts);
            baselines.vectors.push(mean_vector(embedder, resume)?);
        }
        Ok(baselines)
    }

    /// Scores of the pool for a job: BM25 (k1 1.2, b 0.75), share of the job's words, cosine.
    pub(crate) fn score(&self, embedder: &Embedder, job: &str) -> Result<[Vec<f64>; 3], ModelError> {
        let query: BTreeSet<String> = words(job).into_iter().collect();
        let size = self.counts.len() as f64;
        let average = self.lengths.iter().sum::<f64>() / size;
        let vector = mean_vector(embedder, job)?;
        let (mut bm25, mut overlap, mut cosine) = (Vec::new(), Vec::new(), Vec::new());
        for ((counts, length), resume) in self.counts.iter().zip(&self.lengths).zip(&self.vectors) {
            let (mut sum, mut shared) = (0.0, 0.0);
            for word in &query {
                let Some(count) = counts.get(word) else { continue };
                let containing = self.containing.get(word).copied().unwrap_or_default();
                let rarity = (1.0 + (size - containing + 0.5) / (containing + 0.5)).ln();
                sum += rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average));
                shared += 1.0;
            }
            bm25.push(sum);
            overlap.push(shared / query.len().max(1) as f64);
            cosine.push(f64::from(vector.iter().zip(resume).map(|(a, b)| a * b).sum::<f32>()));
        }
        Ok([bm25, overlap, cosine])
    }
}

/// The sum of scores, each brought to the range from 0 to 1.
pub(crate) fn sum(scores: &[&Vec<f64>]) -> Vec<f64> {
    let mut total = vec![0.0; scores.first().map_or(0, |scores| scores.len())];
    for scores in scores {
        let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (total, score) in total.iter_mut().zip(*scores) {
            *total += (score - low) / (high - low).max(f64::MIN_POSITIVE);
        }
    }
    total
}
