//! What scoring takes from the parsed resume: identity to leave out, years, titles, and checks.

use std::ops::Range;

use super::resume::{Passage, Stretch, stuffing_warning};
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
        if school || IDENTITY.iter().any(|prefix| pointer.starts_with(prefix)) {
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

/// When positions began and ended, in months since year 0, the end exclusive; no end where they last to this day.
pub(super) fn stretches(resume: &ParsedResume) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for work in &resume.resume.work {
        let Some(start) = work.start_date.as_deref().and_then(PartialDate::parse_iso) else { continue };
        let end = match work.end_date.as_deref() {
            Some(end) => match PartialDate::parse_iso(end) {
                Some(end) => Some(end.month_index(true) + 1),
                None => continue,
            },
            None => None,
        };
        stretches.push(Stretch { start: start.month_index(false), end });
    }
    stretches
}

/// Positions and the headline, with the place that shows them.
pub(super) fn titles(resume: &ParsedResume, document: &Document) -> Vec<(String, Range<usize>)> {
    let mut titles = Vec::new();
    for (pointer, evidence) in &resume.evidence {
        let position = pointer.starts_with("/work/") && pointer.ends_with("/position");
        if position || pointer == "/basics/label" {
            let span = evidence.start..evidence.end;
            titles.push((document.slice(&span).to_owned(), span));
        }
    }
    titles
}

/// What a person, or a program that reads applications, would stumble over.
pub(super) fn warnings(resume: &ParsedResume, document: &Document, passages: &[Passage]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    if !document.hidden.is_empty() {
        warnings.push(
            "The file holds text that a reader cannot see. It is not scored; employers may take it for a trick.".to_owned(),
        );
    }
    let basics = &resume.resume.basics;
    if basics.email.is_none() && basics.phone.is_none() {
        warnings.push("No e-mail address or telephone number was found.".to_owned());
    }
    if resume.resume.work.is_empty() {
        warnings.push("No employment was recognised: use a heading such as \"Experience\" and one line for employer, title and dates.".to_owned());
    } else if resume.resume.work.iter().any(|position| position.start_date.is_none()) {
        warnings.push(
            "Some positions have no dates that can be read: write them like \"03/2019 - 05/2022\"."
                .to_owned(),
        );
    }
    warnings.extend(stuffing_warning(passages));
    warnings.extend(document.warnings.iter().map(|warning| warning.message.clone()));
    warnings
}
