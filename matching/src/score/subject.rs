//! The subject of a degree: read behind the degree's name, and compared with another.

use std::collections::BTreeSet;

use super::weights::ramp;
use super::words::content_words;
use crate::embed::QuantisedEmbedding;
use crate::skills::normalise::{Gap, Token};

/// Which text it is: a demand lists subjects of which one is enough, an entry of a resume goes on with school and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A job advertisement.
    Job,
    /// A resume.
    Resume,
}

/// What stands behind the name of a degree.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) subjects: Vec<String>,
    /// "or a related field", "or equivalent".
    pub(super) related: bool,
    /// The token after it all.
    pub(super) next: usize,
}

/// A subject made ready for comparing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Subject {
    /// As it is written.
    pub text: String,
    pub(super) words: BTreeSet<String>,
    pub(super) vector: QuantisedEmbedding,
}

impl Subject {
    pub(super) fn new(text: String, vector: QuantisedEmbedding) -> Self {
        let words = content_words(&text).into_iter().collect();
        Self { text, words, vector }
    }
}

/// Words between the degree's name and "in".
const LEAD: &[&str] = &[
    "degree",
    "degrees",
    "diploma",
    "level",
    "honours",
    "honors",
    "hons",
    "hon",
    "s",
    "bachelor",
    "bachelors",
    "master",
    "masters",
    "ms",
    "msc",
    "ma",
    "bs",
    "bsc",
    "ba",
    "phd",
    "mba",
    "in",
    "im",
    "en",
    "of",
    "der",
    "des",
    "fach",
    "bereich",
    "a",
    "an",
    "the",
    "from",
    "or",
    "oder",
    "ou",
    "o",
    "with",
    "major",
    "majoring",
    "concentration",
    "field",
    "subject",
    "science",
    "sciences",
    "arts",
    "applied",
];
/// Words of the lead that say that a subject follows.
const OPENERS: &[&str] = &["in", "im", "en", "of", "der", "bereich", "major", "majoring", "concentration"];
/// Words that end a subject.
const STOP: &[&str] = &[
    "required",
    "preferred",
    "desired",
    "desirable",
    "from",
    "with",
    "at",
    "plus",
    "is",
    "are",
    "must",
    "experience",
    "minimum",
    "years",
    "year",
    "degree",
    "degrees",
    "diploma",
    "field",
    "fields",
    "discipline",
    "disciplines",
    "area",
    "areas",
    "university",
    "college",
    "institute",
    "school",
    "gpa",
    "who",
    "that",
    "strongly",
    "highly",
    "ideally",
    "bevorzugt",
    "erforderlich",
    "mit",
    "exige",
    "requis",
    "gpa",
    "cum",
    "summa",
    "magna",
    "graduated",
    "expected",
    "minor",
    "thesis",
    "bachelor",
    "bachelors",
    "master",
    "masters",
    "phd",
    "bsn",
    "msn",
    "bba",
    "mba",
    "bsc",
    "msc",
];
/// Words that make any near subject do.
const RELATED: &[&str] = &[
    "related",
    "similar",
    "relevant",
    "equivalent",
    "comparable",
    "any",
    "another",
    "other",
    "vergleichbar",
    "vergleichbare",
    "vergleichbaren",
    "vergleichbares",
    "ahnlich",
    "ahnliches",
    "equivalente",
    "similaire",
    "afin",
    "connexe",
];
/// The most subjects of a demand, and words of one subject.
const MOST: usize = 10;
const LONGEST: usize = 6;

/// Reads the subjects behind the degree's name, which ends before token `from`.
pub(super) fn read_subjects(text: &str, tokens: &[Token], from: usize, side: Side) -> Reading {
    let mut reading = Reading { next: from, ..Reading::default() };
    let Some(begin) = skip_lead(tokens, from, side) else {
        reading.related =
            tokens.iter().skip(from).take(5).any(|token| RELATED.contains(&token.text.as_str()));
        return reading;
    };
    let mut at = begin;
    let mut open: Option<(usize, usize)> = None;
    while let Some(token) = tokens.get(at) {
        let word = token.text.as_str();
        let ends = (token.gap >= Gap::Sentence && at > begin)
            || STOP.contains(&word)
            || word.starts_with(|c: char| c.is_ascii_digit())
            || (side == Side::Resume && token.gap == Gap::Item && open.is_some());
        if ends {
            break;
        }
        if RELATED.contains(&word) {
            reading.related = true;
            reading.next = at + 1;
            break;
        }
        let or = matches!(word, "or" | "oder" | "ou" | "u");
        let splits = side == Side::Job && (token.gap == Gap::Item || or);
        if splits {
            close(text, tokens, &mut open, &mut reading);
        }
        let leads_nowhere = or || (open.is_none() && is_filler(word));
        if !leads_nowhere {
            open = Some(open.map_or((at, at), |(first, _)| (first, at)));
        }
        if reading.subjects.len() >= MOST || open.is_some_and(|(first, last)| last - first >= LONGEST) {
            break;
        }
        at += 1;
    }
    close(text, tokens, &mut open, &mut reading);
    // "Bachelor's in Physics or equivalent experience": the rest of the sentence may say so behind a stop word.
    if side == Side::Job && !reading.related {
        let rest = tokens.iter().skip(reading.next).take_while(|token| token.gap < Gap::Sentence).take(6);
        reading.related = rest.into_iter().any(|token| RELATED.contains(&token.text.as_str()));
    }
    reading
}

fn is_filler(word: &str) -> bool {
    matches!(word, "a" | "an" | "the" | "&" | "in" | "of" | "der" | "des" | "en")
}

fn close(text: &str, tokens: &[Token], open: &mut Option<(usize, usize)>, reading: &mut Reading) {
    let Some((first, mut last)) = open.take() else { return };
    while last > first && tokens.get(last).is_some_and(|token| is_filler(&token.text)) {
        last -= 1;
    }
    let (Some(start), Some(end)) = (tokens.get(first), tokens.get(last)) else { return };
    let subject = text.get(start.span.start..end.span.end).unwrap_or_default();
    if !content_words(subject).is_empty() {
        reading.subjects.push(subject.to_owned());
        reading.next = last + 1;
    }
}

/// The token at which the subject begins; `None` when none follows.
fn skip_lead(tokens: &[Token], from: usize, side: Side) -> Option<usize> {
    let mut at = from;
    let mut opened =
        tokens.get(from.checked_sub(1)?).is_some_and(|token| OPENERS.contains(&token.text.as_str()));
    let mut faculty = None;
    // The full stop of "B.Sc." ends no sentence in an entry of a resume.
    let end = if side == Side::Resume { Gap::Line } else { Gap::Sentence };
    while let Some(token) = tokens.get(at) {
        let word = token.text.as_str();
        if token.gap >= end || !LEAD.contains(&word) {
            break;
        }
        // "of Science in X" names a faculty; "in Science" a subject.
        if matches!(word, "science" | "sciences" | "arts" | "applied") {
            faculty = Some(at);
        } else {
            opened |= OPENERS.contains(&word);
            faculty = faculty.filter(|_| !OPENERS.contains(&word));
        }
        if word == "from" || word == "with" {
            return None;
        }
        at += 1;
    }
    let next = tokens.get(at).filter(|token| token.gap < Gap::Line || faculty.is_some())?;
    // Behind a faculty the subject comes with "in" or as an item: "Bachelor of Arts, English Literature".
    if faculty.is_some() && next.gap == Gap::None {
        return faculty;
    }
    let plain = side == Side::Resume && next.gap <= Gap::Sentence;
    (opened || plain).then_some(at)
}

/// How near held subjects come to those asked for, 0 to 1, and the nearest held.
pub(super) fn nearest<'a>(
    wanted: &[Subject],
    related: bool,
    held: &'a [Subject],
) -> Option<(f32, &'a Subject)> {
    let mut best: Option<(f32, &Subject)> = None;
    for subject in held {
        for asked in wanted {
            let fit = fit(asked, related, subject);
            if best.is_none_or(|(known, _)| fit > known) {
                best = Some((fit, subject));
            }
        }
    }
    best
}

fn fit(asked: &Subject, related: bool, held: &Subject) -> f32 {
    /// Likeness of names of subjects: unrelated ones stay below the first, kin like "software engineering" and "computer
    /// science" reach the second.
    const UNLIKE: f32 = 0.25;
    const KIN: f32 = 0.5;
    if !asked.words.is_empty() && asked.words.is_subset(&held.words) {
        return 1.0;
    }
    let likeness = asked.vector.cosine(&held.vector);
    let near = ramp(likeness, UNLIKE, 0.9);
    if related && likeness >= KIN { 1.0 } else { near }
}
