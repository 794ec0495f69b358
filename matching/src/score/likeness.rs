//! How near passages of a resume come to a wish in free words: by meaning and by words.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Finding, Judge, best_passages};
use super::job::Requirement;
use super::resume::Passage;
use super::weights::Signals;
use crate::embed::Embedding;

/// How many passages make the field: one good line may be chance, three are work.
const FIELD: usize = 3;
/// What a title's words count where they stand in no title.
const ELSEWHERE: f32 = 0.7;
/// A line with more words is no title.
const TITLE_WORDS: usize = 8;

impl Judge<'_> {
    /// A task in free words.
    pub(super) fn duty(&self, index: usize) -> Finding {
        let (Some(vector), Some(words)) = (self.job.vector(index), self.job.words(index)) else {
            return Finding::default();
        };
        let mut nearest = Vec::with_capacity(self.resume.passages.len());
        let mut found: Vec<(f32, &Passage)> = Vec::new();
        let mut here: f32 = 0.0;
        for passage in &self.resume.passages {
            let meant = meaning(passage, vector);
            let shared = share(words, |word| passage.words.contains(word));
            nearest.push(meant);
            here = here.max(shared);
            found.push((0.7 * meant + 0.3 * shared, passage));
        }
        let anywhere =
            share(words, |word| self.resume.passages.iter().any(|passage| passage.words.contains(word)));
        let (nearest, field) = best_and_mean(nearest);
        let mut finding = best_passages(found);
        finding.signals = Signals { nearest, field, here, anywhere, ..Signals::default() };
        finding
    }

    /// The title among the titles held, and among lines as short as one; and how much of the resume is of its field.
    pub(super) fn title(&self, index: usize, requirement: &Requirement) -> Finding {
        let Some(vector) = self.job.vector(index) else { return Finding::default() };
        let wanted: BTreeSet<String> = super::words::content_words(&requirement.text).into_iter().collect();
        let overlap = |words: &BTreeSet<String>| {
            let shared = wanted.intersection(words).count() as f32;
            // "Director of Sales" is not "Sales Assistant": words that only one of the two has count against it.
            if shared > 0.0 { 2.0 * shared / (wanted.len() + words.len()) as f32 } else { 0.0 }
        };
        let (mut nearest, mut here) = (0.0_f32, 0.0_f32);
        let mut found = Vec::new();
        for title in &self.resume.titles {
            let (meant, shared) = (title.vector.cosine(vector).max(0.0), overlap(&title.words));
            nearest = nearest.max(meant);
            here = here.max(shared);
            found.push((0.6 * meant + 0.4 * shared, title.span.clone()));
        }
        let mut field = Vec::with_capacity(self.resume.passages.len());
        for passage in &self.resume.passages {
            let meant = meaning(passage, vector);
            field.push(meant);
            if passage.words.len() <= TITLE_WORDS {
                nearest = nearest.max(meant);
            }
            let share = wanted.intersection(&passage.words).count() as f32 / wanted.len().max(1) as f32;
            here = here.max(ELSEWHERE * share);
            found.push((0.5 * meant + 0.2 * share, passage.span.clone()));
        }
        let (_, field) = best_and_mean(field);
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.start.cmp(&b.1.start)));
        let spans = found.into_iter().take(1).map(|(_, span)| span).collect();
        Finding {
            signals: Signals { nearest, field, here, anywhere: here, ..Signals::default() },
            spans,
            ..Finding::default()
        }
    }
}

/// How near a passage's meaning is to a wish, 0 to 1. A list of skills tells of no work, and its vector moves with each
/// entry; were it to count, one more true skill could lower a score.
fn meaning(passage: &Passage, wish: &Embedding) -> f32 {
    if passage.listing { 0.0 } else { passage.vector.cosine(wish).max(0.0) }
}

/// The share of the words, by what each tells, for which `has` holds.
fn share(words: &BTreeMap<String, f32>, has: impl Fn(&str) -> bool) -> f32 {
    let total: f32 = words.values().sum();
    let shared: f32 = words.iter().filter(|(word, _)| has(word)).map(|(_, weight)| weight).sum();
    if total > 0.0 { shared / total } else { 0.0 }
}

/// The highest value, and the mean of the [`FIELD`] highest; missing ones are 0, so that one more never lowers it.
fn best_and_mean(mut values: Vec<f32>) -> (f32, f32) {
    values.sort_by(|a, b| b.total_cmp(a));
    let best = values.first().copied().unwrap_or_default();
    (best, values.iter().take(FIELD).sum::<f32>() / FIELD as f32)
}
