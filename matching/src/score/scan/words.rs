//! Which of a wish's words stand in the rows of a resume.

use std::collections::{BTreeMap, BTreeSet};

use super::super::PreparedJob;
use super::super::columns::{Columns, Dictionary};
use super::super::job::RequirementKind;
use super::super::likeness::{ELSEWHERE, overlap, share_of_title, share_of_weights};
use super::super::resume::is_heading;
use super::super::words::content_words;

/// Bits of a word of a set.
const BITS: usize = u64::BITS as usize;

/// The words of a job's wishes.
pub(super) struct Words {
    lanes: Vec<Lane>,
    /// Set of the dictionary's numbers that any wish has: small enough for the first-level cache.
    wanted: Vec<u64>,
    /// Each wanted word by its number, in order, and where it stands in the wishes.
    places: Vec<(u32, Vec<Place>)>,
}

/// One wish.
struct Lane {
    title: bool,
    /// How much each word tells, in alphabetical order; words that no resume has are among them.
    weights: Vec<f32>,
    total: f32,
}

/// A word within a wish.
struct Place {
    lane: usize,
    word: usize,
}

/// What was found of one resume.
#[derive(Default)]
pub(super) struct Scratch {
    lanes: Vec<Found>,
    touched: Vec<usize>,
    /// Rows that have wanted words, by their places in [`Words::places`].
    hits: Vec<(u32, usize)>,
}

/// What was found for one wish.
#[derive(Default)]
struct Found {
    /// Share of its words in the row that has most of them.
    here: f32,
    /// How many of its words the present row has, and which.
    count: usize,
    row: Vec<u64>,
    /// Which of its words any passage has.
    anywhere: Vec<u64>,
    /// Whether a passage that merely lists skills has all of its words, and whether another one has.
    whole: [bool; 2],
}

impl Words {
    pub(super) fn new(job: &PreparedJob, lanes: &[usize], dictionary: &Dictionary) -> Self {
        let mut places = BTreeMap::new();
        let mut words = Self {
            lanes: Vec::with_capacity(lanes.len()),
            wanted: vec![0; dictionary.words().div_ceil(BITS)],
            places: Vec::new(),
        };
        for index in lanes {
            let requirement = job.requirements().get(*index);
            let title = requirement.filter(|requirement| requirement.kind == RequirementKind::Title);
            match title {
                Some(title) => {
                    let wanted: BTreeSet<String> = content_words(&title.text).into_iter().collect();
                    words.push(true, wanted.iter().map(|word| (word, 1.0)), dictionary, &mut places);
                }
                None => {
                    let wanted = job.words(*index).into_iter().flatten();
                    words.push(false, wanted.map(|(word, weight)| (word, *weight)), dictionary, &mut places);
                }
            }
        }
        words.places = places.into_iter().collect();
        words
    }

    fn push<'w>(
        &mut self,
        title: bool,
        words: impl Iterator<Item = (&'w String, f32)>,
        dictionary: &Dictionary,
        places: &mut BTreeMap<u32, Vec<Place>>,
    ) {
        let mut weights = Vec::new();
        for (at, (word, weight)) in words.enumerate() {
            weights.push(weight);
            let Some(number) = dictionary.word(word) else { continue };
            if let Some(bits) = self.wanted.get_mut(number as usize / BITS) {
                *bits |= 1 << (number as usize % BITS);
            }
            places.entry(number).or_default().push(Place { lane: self.lanes.len(), word: at });
        }
        self.lanes.push(Lane { title, total: weights.iter().sum(), weights });
    }

    pub(super) fn measure(&self, resume: &Columns<'_>, scratch: &mut Scratch) {
        let Scratch { lanes, touched, hits } = scratch;
        lanes.resize_with(self.lanes.len(), Found::default);
        for (found, lane) in lanes.iter_mut().zip(&self.lanes) {
            found.reset(lane.weights.len().div_ceil(BITS));
        }
        hits.clear();
        for (number, rows) in resume.words() {
            if self.wants(number)
                && let Ok(word) = self.places.binary_search_by_key(&number, |(known, _)| *known)
            {
                hits.extend(rows.iter().map(|row| (u32::from_le_bytes(*row), word)));
            }
        }
        // Row by row; within a row the order says nothing.
        hits.sort_unstable();
        for row in hits.chunk_by(|a, b| a.0 == b.0) {
            row.iter().for_each(|(_, word)| self.mark(*word, lanes, touched));
            let Some(row) = row.first().map(|(row, _)| *row as usize) else { continue };
            let listing = resume.about(row).is_some_and(|about| about.listing);
            for lane in touched.drain(..) {
                if let (Some(found), Some(lane)) = (lanes.get_mut(lane), self.lanes.get(lane)) {
                    found.settle(lane, (row < resume.passages).then_some(listing), resume.word_count(row));
                }
            }
        }
    }

    #[inline(always)]
    fn wants(&self, number: u32) -> bool {
        self.wanted.get(number as usize / BITS).is_some_and(|bits| bits >> (number as usize % BITS) & 1 == 1)
    }

    /// Notes that the present row has a wanted word.
    fn mark(&self, word: usize, lanes: &mut [Found], touched: &mut Vec<usize>) {
        for place in self.places.get(word).map_or(&[][..], |(_, places)| places) {
            let Some(found) = lanes.get_mut(place.lane) else { continue };
            if found.count == 0 {
                touched.push(place.lane);
            }
            found.count += 1;
            if let Some(bits) = found.row.get_mut(place.word / BITS) {
                *bits |= 1 << (place.word % BITS);
            }
        }
    }

    /// For one lane, whether all of its words stand in one passage: in a list of skills, in another one.
    pub(super) fn whole(lane: usize, scratch: &Scratch) -> [bool; 2] {
        scratch.lanes.get(lane).map_or([false; 2], |found| found.whole)
    }

    /// For one lane, the share of its words in the row that has most of them, and in the whole resume.
    pub(super) fn shares(&self, lane: usize, scratch: &Scratch) -> (f32, f32) {
        let (Some(lane), Some(found)) = (self.lanes.get(lane), scratch.lanes.get(lane)) else {
            return (0.0, 0.0);
        };
        if lane.title {
            return (found.here, found.here);
        }
        (found.here, lane.share(&found.anywhere))
    }
}

impl Lane {
    fn share(&self, words: &[u64]) -> f32 {
        let weights = ones(words).filter_map(|word| self.weights.get(word).copied());
        share_of_weights(weights, self.total)
    }
}

impl Found {
    fn reset(&mut self, length: usize) {
        (self.here, self.count, self.whole) = (0.0, 0, [false; 2]);
        for set in [&mut self.row, &mut self.anywhere] {
            set.clear();
            set.resize(length, 0);
        }
    }

    /// Ends a row of so many words, which is a passage that merely lists skills or not, or else a title.
    fn settle(&mut self, lane: &Lane, listing: Option<bool>, words: usize) {
        let wanted = lane.weights.len();
        let passage = listing.is_some();
        let share = match (lane.title, passage) {
            (true, true) => ELSEWHERE * share_of_title(self.count, wanted),
            (true, false) => overlap(self.count, wanted, words),
            (false, true) if !is_heading(words) => lane.share(&self.row),
            (false, _) => 0.0,
        };
        let [in_list, in_work] = &mut self.whole;
        *in_list |= self.count == wanted && listing == Some(true);
        *in_work |= self.count == wanted && listing == Some(false);
        self.here = self.here.max(share);
        for (anywhere, row) in self.anywhere.iter_mut().zip(&mut self.row) {
            *anywhere |= if passage { *row } else { 0 };
            *row = 0;
        }
        self.count = 0;
    }
}

/// The members of a set, in order.
fn ones(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    set.iter().enumerate().flat_map(|(at, bits)| {
        let mut rest = *bits;
        std::iter::from_fn(move || {
            let next = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(at * BITS + next)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_set_come_in_order() {
        assert_eq!(ones(&[0b1011, 0, 1 << 63]).collect::<Vec<_>>(), [0, 1, 3, 191]);
        assert_eq!(ones(&[]).count(), 0);
    }
}
