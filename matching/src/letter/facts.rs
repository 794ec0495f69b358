//! What the resume and the advertisement say, made ready for looking claims up.

use std::collections::BTreeSet;
use std::ops::Range;

use super::claims::{YearCount, year_counts};
use super::numbers::{Number, find_numbers};
use super::{Advertisement, Source};
use crate::parse::dates::{DateSpan, find_dates};
use crate::parse::experience::{Experience, experience};
use crate::score::degree::{NamedDegree, held_degrees};
use crate::score::passages::lines;
use crate::score::words::content_words;
use crate::skills::normalise::{Token, tokenise};
use crate::skills::{Relation, SkillId, SkillMention, Taxonomy};

/// The words of a text in one string, for finding phrases.
pub(super) struct Words {
    joined: String,
    /// Where each word begins in `joined`, with where it stands in the text.
    places: Vec<(usize, Range<usize>)>,
}

impl Words {
    pub(super) fn new(text: &str) -> Self {
        let (mut joined, mut places) = (String::new(), Vec::new());
        for token in tokenise(text) {
            places.push((joined.len(), token.span));
            joined.push(' ');
            joined.push_str(&token.text);
        }
        joined.push(' ');
        Self { joined, places }
    }

    /// Where these words stand one behind the other, for the first time.
    pub(super) fn find(&self, phrase: &[Token]) -> Option<Range<usize>> {
        if phrase.is_empty() {
            return None;
        }
        let needle: String = phrase.iter().map(|token| format!(" {}", token.text)).collect();
        let at = self.joined.find(&(needle + " "))?;
        let first = self.places.binary_search_by_key(&at, |(start, _)| *start).ok()?;
        let last = self.places.get(first + phrase.len() - 1)?;
        Some(self.places.get(first)?.1.start..last.1.end)
    }

    /// Where the first word stands that begins with `prefix`.
    pub(super) fn find_prefix(&self, prefix: &str) -> Option<Range<usize>> {
        let at = self.joined.find(&format!(" {prefix}"))?;
        let index = self.places.binary_search_by_key(&at, |(start, _)| *start).ok()?;
        self.places.get(index).map(|(_, span)| span.clone())
    }
}

/// A passage with the stems of its content words.
pub(super) struct Passage {
    pub(super) span: Range<usize>,
    pub(super) words: BTreeSet<String>,
}

/// What is known.
pub(super) struct Facts<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) words: Words,
    /// What the resume names, denied things included.
    pub(super) mentions: Vec<SkillMention>,
    pub(super) degrees: Vec<NamedDegree>,
    pub(super) dates: Vec<DateSpan>,
    pub(super) numbers: Vec<Number>,
    pub(super) year_counts: Vec<YearCount>,
    pub(super) passages: Vec<Passage>,
    pub(super) experience: Experience,
    /// Where the dates of positions stand.
    pub(super) positions: Vec<Range<usize>>,
    pub(super) advertised: Words,
    pub(super) advertised_skills: Vec<SkillId>,
    pub(super) advertised_numbers: Vec<Number>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(source: &Source<'a>) -> Self {
        let text = source.document.text.as_str();
        let dates = find_dates(text);
        let passages: Vec<Passage> = lines(text)
            .into_iter()
            .map(|span| {
                let words = content_words(text.get(span.clone()).unwrap_or_default());
                Passage { span, words: words.into_iter().collect() }
            })
            .collect();
        let in_passage = |passage: &Passage| {
            let slice = text.get(passage.span.clone()).unwrap_or_default();
            let shift = passage.span.start;
            held_degrees(slice).into_iter().map(move |mut degree| {
                degree.span = degree.span.start + shift..degree.span.end + shift;
                degree
            })
        };
        let advertised = advertised_text(&source.advertisement);
        let mentions = source.taxonomy.find(&advertised).into_iter();
        Self {
            taxonomy: source.taxonomy,
            words: Words::new(text),
            mentions: source.taxonomy.find(text),
            degrees: passages.iter().flat_map(in_passage).collect(),
            numbers: find_numbers(text)
                .into_iter()
                .filter(|number| !dates.iter().any(|date| meet(&date.range, &number.span)))
                .collect(),
            dates,
            year_counts: year_counts(&tokenise(text)),
            passages,
            experience: experience(source.resume, source.as_of),
            positions: positions(source),
            advertised_skills: mentions.map(|mention| mention.skill).collect(),
            advertised_numbers: find_numbers(&advertised),
            advertised: Words::new(&advertised),
        }
    }

    /// Whether having `held` is having `claimed`.
    pub(super) fn shows(&self, held: SkillId, claimed: SkillId) -> bool {
        matches!(self.taxonomy.relation(held, claimed), Relation::Same | Relation::Implies)
    }

    /// The passage that a place of the resume is in.
    pub(super) fn passage_at(&self, span: &Range<usize>) -> Option<&Passage> {
        self.passages.iter().find(|passage| meet(&passage.span, span))
    }
}

/// Whether two ranges have something in common.
pub(super) fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

fn advertised_text(advertisement: &Advertisement<'_>) -> String {
    let parts = [advertisement.title, advertisement.company, Some(advertisement.text)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn positions(source: &Source<'_>) -> Vec<Range<usize>> {
    let dated = |pointer: &str| {
        pointer.starts_with("/work/") && (pointer.ends_with("/startDate") || pointer.ends_with("/endDate"))
    };
    let own = source.resume.evidence.iter().filter(|(pointer, _)| dated(pointer));
    own.map(|(_, evidence)| evidence.start..evidence.end).collect()
}
