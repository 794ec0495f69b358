//! What scoring takes from the parsed resume: identity to leave out, positions with their time, titles.

use std::ops::Range;

use super::degree::held_degrees;
use super::resume::Stretch;
use crate::parse::dates::PartialDate;
use crate::skills::normalise::tokenise;
use crate::{Document, ParsedResume};

/// What says who the person is.
pub(super) struct Identity {
    /// Stretches of the text to leave out.
    pub(super) ranges: Vec<Range<usize>>,
    /// Parts of the name, normalised.
    pub(super) names: Vec<String>,
}

/// Pointers of values that say who somebody is, or how famous the school was.
const IDENTITY: &[&str] = &[
    "/basics/name",
    "/basics/email",
    "/basics/phone",
    "/basics/url",
    "/basics/location",
    "/basics/profiles",
    "/basics/image",
];

/// Finds what to leave out of the text.
pub(super) fn identity(resume: &ParsedResume, document: &Document) -> Identity {
    let mut ranges = Vec::new();
    for (pointer, evidence) in &resume.evidence {
        let school = pointer.starts_with("/education/") && pointer.ends_with("/institution");
        if school {
            ranges.extend(nameless(document, evidence.start..evidence.end));
        } else if IDENTITY.iter().any(|prefix| pointer.starts_with(prefix)) {
            ranges.push(evidence.start..evidence.end);
        }
    }
    let mut known = resume.resume.basics.name.clone().unwrap_or_default();
    if known.is_empty()
        && let Some(line) = first_line_like_a_name(document)
    {
        document.slice(&line).clone_into(&mut known);
        ranges.push(line);
    }
    let mut names: Vec<String> = Vec::new();
    for token in tokenise(&known) {
        // One letter is an initial; blanking every "A" would blank more than names.
        if token.text.chars().count() > 1 {
            names.push(token.text);
        }
    }
    Identity { ranges, names }
}

/// Finds what leads to the person and to those who are named as references; schools stay.
pub(super) fn person(resume: &ParsedResume, document: &Document) -> Identity {
    let Identity { names, .. } = identity(resume, document);
    let leads =
        |pointer: &str| IDENTITY.iter().chain(&["/references"]).any(|prefix| pointer.starts_with(prefix));
    let own = resume.evidence.iter().filter(|(pointer, _)| leads(pointer));
    let mut ranges: Vec<Range<usize>> = own.flat_map(|(_, evidence)| evidence.stretches()).collect();
    if resume.resume.basics.name.is_none() {
        ranges.extend(first_line_like_a_name(document));
    }
    Identity { ranges, names }
}

/// The parts of a school's name that name no degree: "Electrical apprenticeship, IBEW Local 48" is both.
fn nameless(document: &Document, school: Range<usize>) -> Vec<Range<usize>> {
    let mut start = school.start;
    let parts = document.slice(&school).split_inclusive([',', '|', ';']).map(|part| {
        let range = start..start + part.len();
        start = range.end;
        (range, part)
    });
    parts.filter(|(_, part)| held_degrees(part).is_empty()).map(|(range, _)| range).collect()
}

/// Where no name was parsed: the first line, if it is two to four capitalised words and nothing else.
fn first_line_like_a_name(document: &Document) -> Option<Range<usize>> {
    let line = document.text.lines().find(|line| !line.trim().is_empty())?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let capitalised = words.iter().all(|word| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
    });
    let skill = !crate::skills::Taxonomy::builtin().find(line).is_empty();
    if !(2..=4).contains(&words.len()) || !capitalised || skill {
        return None;
    }
    let start = line.as_ptr() as usize - document.text.as_ptr() as usize;
    Some(start..start + line.len())
}

/// A position with its time, and every stretch of the text that is of it.
pub(super) struct Position {
    pub(super) stretch: Stretch,
    pub(super) ranges: Vec<Range<usize>>,
}

/// The positions whose dates were read.
pub(super) fn positions(resume: &ParsedResume) -> Vec<Position> {
    let mut positions = Vec::new();
    for (index, work) in resume.resume.work.iter().enumerate() {
        let Some(start) = work.start_date.as_deref().and_then(PartialDate::parse_iso) else { continue };
        let end = match work.end_date.as_deref() {
            Some(end) => match PartialDate::parse_iso(end) {
                Some(end) => Some(end.month_index(true) + 1),
                None => continue,
            },
            None => None,
        };
        let prefix = format!("/work/{index}/");
        let own = resume.evidence.iter().filter(|(pointer, _)| pointer.starts_with(&prefix));
        positions.push(Position {
            stretch: Stretch { start: start.month_index(false), end },
            ranges: own.map(|(_, evidence)| evidence.start..evidence.end).collect(),
        });
    }
    positions
}

/// Where the titles of positions and the headline stand.
pub(super) fn titles(resume: &ParsedResume) -> Vec<Range<usize>> {
    let mut titles = Vec::new();
    for (pointer, evidence) in &resume.evidence {
        let position = pointer.starts_with("/work/") && pointer.ends_with("/position");
        if position || pointer == "/basics/label" {
            titles.push(evidence.start..evidence.end);
        }
    }
    titles
}
