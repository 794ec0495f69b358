//! How near passages of a resume come to a wish in free words: by meaning and by words.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Finding, Judge, best_passages};
use super::job::{Requirement, RequirementKind};
use super::resume::Passage;
use super::weights::Signals;
use crate::embed::QuantisedEmbedding;

/// How many passages make the field: one good line may be chance, three are work.
pub(super) const FIELD: usize = 3;
/// How many passages make the work as a whole.
pub(super) const WHOLE: usize = 6;
/// What a title's words count where they stand in no title.
pub(super) const ELSEWHERE: f32 = 0.7;
/// How much the same likeness of a line that is no title counts when the passage to show is chosen.
const NO_TITLE: f32 = 0.9;
/// A line with more words is no title.
pub(super) const TITLE_WORDS: usize = 8;

impl Judge<'_> {
    fn meanings(&self, index: usize) -> &[f32] {
        self.meanings.get(index).map_or(&[], Vec::as_slice)
    }

    /// A task in free words.
    pub(super) fn duty(&self, index: usize) -> Finding {
        let Some(words) = self.job.words(index) else { return Finding::default() };
        let meanings = self.meanings(index);
        let mut found: Vec<(f32, &Passage)> = Vec::with_capacity(meanings.len());
        let mut here: f32 = 0.0;
        for (passage, meant) in self.resume.passages.iter().zip(meanings) {
            if passage.is_heading() {
                continue;
            }
            let shared = share(words, |word| passage.words.contains(word));
            here = here.max(shared);
            found.push((0.7 * meant + 0.3 * shared, passage));
        }
        let anywhere =
            share(words, |word| self.resume.passages.iter().any(|passage| passage.words.contains(word)));
        let mut finding = best_passages(found);
        finding.signals = Signals {
            nearest: mean_of_best::<1>(meanings),
            field: mean_of_best::<FIELD>(meanings),
            here,
            anywhere,
            ..Signals::default()
        };
        finding
    }

    /// The title among the titles held, and among lines as short as one; and how much of the resume is of its field.
    pub(super) fn title(&self, index: usize, requirement: &Requirement) -> Finding {
        let Some(vector) = self.job.vector(index) else { return Finding::default() };
        let wanted: BTreeSet<String> = super::words::content_words(&requirement.text).into_iter().collect();
        let (mut nearest, mut here) = (0.0_f32, 0.0_f32);
        let mut found = Vec::new();
        for title in &self.resume.titles {
            let shared = wanted.intersection(&title.words).count();
            let shared = overlap(shared, wanted.len(), title.words.len());
            let meant = title.vector.cosine(vector).max(0.0);
            nearest = nearest.max(meant);
            here = here.max(shared);
            found.push((0.6 * meant + 0.4 * shared, title.span.clone()));
        }
        let meanings = self.meanings(index);
        for (passage, meant) in self.resume.passages.iter().zip(meanings) {
            if passage.words.len() <= TITLE_WORDS {
                nearest = nearest.max(*meant);
            }
            let share = share_of_title(wanted.intersection(&passage.words).count(), wanted.len());
            here = here.max(ELSEWHERE * share);
            found.push((NO_TITLE * (0.6 * meant + 0.4 * share), passage.span.clone()));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.start.cmp(&b.1.start)));
        let spans = found.into_iter().take(1).map(|(_, span)| span).collect();
        let field = mean_of_best::<FIELD>(meanings);
        let signals =
            Signals { nearest, field, here, gist: self.gist(), work: self.work(), ..Signals::default() };
        Finding { signals, spans, ..Finding::default() }
    }

    /// How near the resume's work comes to the advertisement as a whole.
    fn gist(&self) -> f32 {
        let Some(gist) = &self.job.gist else { return 0.0 };
        let near: Vec<f32> = self.resume.passages.iter().map(|passage| meaning(passage, gist)).collect();
        mean_of_best::<WHOLE>(&near)
    }

    /// How much of the resume's work is like any of the job's tasks.
    fn work(&self) -> f32 {
        let duties = self.job.requirements().iter().zip(&self.meanings);
        let mut best = vec![0.0_f32; self.resume.passages.len()];
        for (_, meanings) in duties.filter(|(requirement, _)| requirement.kind == RequirementKind::Duty) {
            best.iter_mut().zip(meanings).for_each(|(best, meant)| *best = best.max(*meant));
        }
        mean_of_best::<WHOLE>(&best)
    }
}

/// How near a passage's meaning is to a wish, 0 to 1. A list of skills tells of no work, and its vector moves with each
/// entry; were it to count, one more true skill could lower a score.
pub(super) fn meaning(passage: &Passage, wish: &QuantisedEmbedding) -> f32 {
    if passage.listing { 0.0 } else { passage.vector.cosine(wish).max(0.0) }
}

/// How much two titles have in common, by their numbers of words. "Director of Sales" is not "Sales Assistant": words that
/// only one of the two has count against it.
pub(super) fn overlap(shared: usize, wanted: usize, held: usize) -> f32 {
    if shared > 0 { 2.0 * shared as f32 / (wanted + held) as f32 } else { 0.0 }
}

/// The share of a title's words that stand somewhere.
pub(super) fn share_of_title(shared: usize, wanted: usize) -> f32 {
    shared as f32 / wanted.max(1) as f32
}

/// The share of the words, by what each tells, for which `has` holds.
fn share(words: &BTreeMap<String, f32>, has: impl Fn(&str) -> bool) -> f32 {
    let weights = words.iter().filter(|(word, _)| has(word)).map(|(_, weight)| *weight);
    share_of_weights(weights, words.values().sum())
}

/// The share that weights have of their total; they are added in the order of the words.
pub(super) fn share_of_weights(weights: impl Iterator<Item = f32>, total: f32) -> f32 {
    if total > 0.0 { weights.sum::<f32>() / total } else { 0.0 }
}

/// The mean of the `COUNT` highest values, none below 0; missing ones are 0, so that one more never lowers it.
pub(super) fn mean_of_best<const COUNT: usize>(values: &[f32]) -> f32 {
    let mut best = [0.0_f32; COUNT];
    for value in values {
        let mut value = *value;
        // Each keeps the higher and hands the lower on.
        for slot in &mut best {
            let higher = if *slot > value { *slot } else { value };
            value = if *slot > value { value } else { *slot };
            *slot = higher;
        }
    }
    best.iter().sum::<f32>() / COUNT as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_count_as_nothing_and_more_never_lower_a_mean() {
        assert_eq!(mean_of_best::<3>(&[0.9, 0.3]), 0.4);
        assert_eq!(mean_of_best::<3>(&[0.3, 0.9, 0.1, 0.3]), 0.5);
        assert_eq!(mean_of_best::<3>(&[]), 0.0);
    }
}
