//! Degrees: which ones a text names, and in which subjects.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::subject::{Side, read_subjects};
use crate::skills::normalise::{Gap, Token, tokenise};

/// Levels of education, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Degree {
    /// End of secondary school.
    Secondary,
    /// Apprenticeship, trade school, two-year college.
    Vocational,
    /// Bachelor or the like.
    Bachelor,
    /// Master or the like.
    Master,
    /// Doctorate.
    Doctorate,
}

/// Names of degrees, normalised; of several in one text the lowest is asked for and the highest is held.
const NAMES: &[(&str, Degree)] = &[
    ("high school", Degree::Secondary),
    ("secondary school", Degree::Secondary),
    ("ged", Degree::Secondary),
    ("abitur", Degree::Secondary),
    ("baccalaureat", Degree::Secondary),
    ("matura", Degree::Secondary),
    ("a levels", Degree::Secondary),
    ("associate degree", Degree::Vocational),
    ("associates degree", Degree::Vocational),
    ("associate of", Degree::Vocational),
    ("vocational", Degree::Vocational),
    ("trade school", Degree::Vocational),
    ("apprenticeship", Degree::Vocational),
    ("ausbildung", Degree::Vocational),
    ("berufsausbildung", Degree::Vocational),
    ("bachelor", Degree::Bachelor),
    ("bachelors", Degree::Bachelor),
    ("undergraduate degree", Degree::Bachelor),
    ("college degree", Degree::Bachelor),
    ("university degree", Degree::Bachelor),
    ("bsc", Degree::Bachelor),
    ("b sc", Degree::Bachelor),
    ("b s", Degree::Bachelor),
    ("b a", Degree::Bachelor),
    ("beng", Degree::Bachelor),
    ("b eng", Degree::Bachelor),
    ("b tech", Degree::Bachelor),
    ("btech", Degree::Bachelor),
    ("licence professionnelle", Degree::Bachelor),
    ("licenciatura", Degree::Bachelor),
    ("licenta", Degree::Bachelor),
    ("laurea", Degree::Bachelor),
    ("master of", Degree::Master),
    ("masters", Degree::Master),
    ("master degree", Degree::Master),
    ("masters degree", Degree::Master),
    ("msc", Degree::Master),
    ("m sc", Degree::Master),
    ("m s", Degree::Master),
    ("m a", Degree::Master),
    ("mba", Degree::Master),
    ("meng", Degree::Master),
    ("diplom", Degree::Master),
    ("magister", Degree::Master),
    ("graduate degree", Degree::Master),
    ("advanced degree", Degree::Master),
    ("phd", Degree::Doctorate),
    ("ph d", Degree::Doctorate),
    ("doctorate", Degree::Doctorate),
    ("doctoral degree", Degree::Doctorate),
    ("doctor of", Degree::Doctorate),
    ("promotion zum", Degree::Doctorate),
    ("j d", Degree::Doctorate),
    ("abgeschlossenes studium", Degree::Bachelor),
    ("hochschulstudium", Degree::Bachelor),
    ("hochschulabschluss", Degree::Bachelor),
    ("studium der", Degree::Bachelor),
    ("studium im bereich", Degree::Bachelor),
    ("studienabschluss", Degree::Bachelor),
    ("licence en", Degree::Bachelor),
    ("bac 3", Degree::Bachelor),
    ("bac+3", Degree::Bachelor),
    ("bac 5", Degree::Master),
    ("bac+5", Degree::Master),
    ("ecole d'ingenieur", Degree::Master),
    ("diplome d'ingenieur", Degree::Master),
    ("grado en", Degree::Bachelor),
    ("grado universitario", Degree::Bachelor),
    ("titulacion universitaria", Degree::Bachelor),
    ("licenciado", Degree::Bachelor),
    ("licenciada", Degree::Bachelor),
];

/// The two-letter ones are words or initials unless written in capitals.
const CAPITALS: &[(&str, Degree)] = &[
    ("BS", Degree::Bachelor),
    ("BA", Degree::Bachelor),
    ("BSN", Degree::Bachelor),
    ("BBA", Degree::Bachelor),
    ("MS", Degree::Master),
    ("MA", Degree::Master),
    ("MSN", Degree::Master),
    ("MD", Degree::Doctorate),
    ("JD", Degree::Doctorate),
    ("BFA", Degree::Bachelor),
    ("MFA", Degree::Master),
    ("MPH", Degree::Master),
    ("MSW", Degree::Master),
    ("LLB", Degree::Bachelor),
    ("LLM", Degree::Master),
];

/// Subjects that the name of a degree says by itself, normalised.
const OWN_SUBJECTS: &[(&str, &str)] = &[
    ("mba", "business administration"),
    ("bba", "business administration"),
    ("bsn", "nursing"),
    ("msn", "nursing"),
    ("beng", "engineering"),
    ("b eng", "engineering"),
    ("meng", "engineering"),
    ("btech", "technology"),
    ("b tech", "technology"),
    ("jd", "law"),
    ("j d", "law"),
    ("llb", "law"),
    ("llm", "law"),
    ("md", "medicine"),
    ("bfa", "fine arts"),
    ("mfa", "fine arts"),
    ("mph", "public health"),
    ("msw", "social work"),
];

/// A degree as a text names it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedDegree {
    pub(crate) level: Degree,
    /// Its subjects; of several, one is enough.
    pub(crate) subjects: Vec<String>,
    /// Whether a related subject is as good.
    pub(super) related: bool,
    /// Bytes of the text, from the degree's name to the end of its subjects.
    pub(crate) span: Range<usize>,
}

/// What a demand asks for: the lowest degree that it names ("Bachelor's or Master's" asks for a bachelor), in the subjects
/// of all of them.
pub(super) fn asked_degree(text: &str) -> Option<NamedDegree> {
    let all = named_degrees(text, Side::Job);
    let mut asked = all.iter().min_by_key(|named| named.level)?.clone();
    for other in all {
        asked.span.start = asked.span.start.min(other.span.start);
        asked.span.end = asked.span.end.max(other.span.end);
        asked.related |= other.related;
        for subject in other.subjects {
            if !asked.subjects.iter().any(|known| known.eq_ignore_ascii_case(&subject)) {
                asked.subjects.push(subject);
            }
        }
    }
    Some(asked)
}

/// Every degree that a line of a resume names.
pub(crate) fn held_degrees(text: &str) -> Vec<NamedDegree> {
    named_degrees(text, Side::Resume)
}

fn named_degrees(text: &str, side: Side) -> Vec<NamedDegree> {
    let tokens = tokenise(text);
    let mut found: Vec<NamedDegree> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let Some((level, length, name)) = name_at(text, &tokens, index) else {
            index += 1;
            continue;
        };
        let next = index + length;
        let read = read_subjects(text, &tokens, next, side);
        let mut subjects = read.subjects;
        let own = OWN_SUBJECTS.iter().find(|(known, _)| *known == name).map(|(_, subject)| *subject);
        if let Some(own) = own.filter(|own| !subjects.iter().any(|known| known.eq_ignore_ascii_case(own))) {
            subjects.push(own.to_owned());
        }
        let start = tokens.get(index).map_or(0, |token| token.span.start);
        let last = read.next.max(next).saturating_sub(1);
        let end = tokens.get(last).map_or(text.len(), |token| token.span.end);
        found.push(NamedDegree { level, subjects, related: read.related, span: start..end });
        index = next;
    }
    found
}

/// The degree whose name begins at a token: its level, the number of tokens, the name as it is listed.
fn name_at(text: &str, tokens: &[Token], index: usize) -> Option<(Degree, usize, String)> {
    let mut best: Option<(Degree, usize, String)> = None;
    for (name, level) in NAMES {
        let length = name.split(' ').count();
        let here = tokens.get(index..index + length).is_some_and(|window| {
            let inside = window.iter().skip(1).all(|token| token.gap < Gap::Line);
            inside && window.iter().zip(name.split(' ')).all(|(token, word)| token.text == word)
        });
        if here && best.as_ref().is_none_or(|(_, known, _)| length > *known) {
            best = Some((*level, length, (*name).to_owned()));
        }
    }
    if best.is_some() {
        return best;
    }
    // "MS Excel" and "MS Office" are no degrees: capitals count before "in", "of", "degree" or a separator.
    let token = tokens.get(index)?;
    let written = text.get(token.span.clone())?;
    let (_, level) = CAPITALS.iter().find(|(name, _)| *name == written)?;
    is_followed(tokens, index).then(|| (*level, 1, token.text.clone()))
}

fn is_followed(tokens: &[Token], index: usize) -> bool {
    const PRODUCTS: [&str; 8] =
        ["office", "excel", "word", "windows", "sql", "project", "access", "powerpoint"];
    let next = tokens.get(index + 1);
    // "BA Business Administration" opens an entry.
    if index == 0 && next.is_some_and(|next| !PRODUCTS.contains(&next.text.as_str())) {
        return true;
    }
    next.is_none_or(|next| {
        matches!(next.text.as_str(), "in" | "of" | "degree" | "or" | "&") || next.gap > Gap::None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_lowest_asked_and_the_highest_held() {
        for (text, asked) in [
            ("Bachelor's or Master's degree in Computer Science", Some(Degree::Bachelor)),
            ("BS in Nursing", Some(Degree::Bachelor)),
            ("Ph.D. required", Some(Degree::Doctorate)),
            ("High school diploma or GED", Some(Degree::Secondary)),
            ("Proficient in MS Office", None),
            ("Scrum master certification", None),
            ("BA Business Administration, 2014", Some(Degree::Bachelor)),
            ("MS Excel", None),
            ("B.Sc. Physics", Some(Degree::Bachelor)),
            ("Abgeschlossenes Studium der Informatik", Some(Degree::Bachelor)),
            ("Bac+5 en informatique", Some(Degree::Master)),
            ("Grado en Derecho", Some(Degree::Bachelor)),
        ] {
            assert_eq!(asked_degree(text).map(|asked| asked.level), asked, "{text}");
        }
        let held = held_degrees("B.Sc. and M.Sc. in Physics");
        assert_eq!(held.iter().map(|held| held.level).max(), Some(Degree::Master));
    }

    #[test]
    fn the_subjects_asked_for_are_read() {
        for (text, subjects, related) in [
            ("Bachelor's degree in Computer Science or a related field", &["Computer Science"][..], true),
            ("Bachelor's or Master's degree in Physics", &["Physics"], false),
            (
                "BS/MS in Computer Science, Software Engineering, or equivalent experience",
                &["Computer Science", "Software Engineering"],
                true,
            ),
            ("Bachelor of Science in Nursing (BSN) required", &["Nursing"], false),
            ("Bachelor's degree required", &[], false),
            ("Degree: Bachelor of Engineering", &["Engineering"], false),
            ("Bachelor's degree in Accounting and 3 years of experience with SAP", &["Accounting"], false),
            ("Bachelor's degree from an accredited university", &[], false),
            ("High school diploma or equivalent", &[], true),
            ("Abgeschlossenes Studium der Informatik oder vergleichbar", &["Informatik"], true),
            ("MBA preferred", &["business administration"], false),
        ] {
            let asked = asked_degree(text).unwrap();
            assert_eq!(
                (asked.subjects, asked.related),
                (subjects.iter().map(|s| (*s).to_owned()).collect(), related),
                "{text}"
            );
        }
    }

    #[test]
    fn the_subjects_held_are_read() {
        for (text, subjects) in [
            ("BSc Computer Science, Example University, 2017", &["Computer Science"][..]),
            ("BA Business Administration, 2014", &["Business Administration"]),
            ("BBA in accounting", &["accounting", "business administration"]),
            ("Bachelor of Science in Mechanical Engineering | 2010 - 2014", &["Mechanical Engineering"]),
            ("Bachelor of Arts, English Literature", &["English Literature"]),
            ("M.Sc. (Hons) Data Science", &["Data Science"]),
            ("Bachelor of Science", &[]),
            ("Bachelor of Engineering, 2012", &["Engineering"]),
        ] {
            let held = held_degrees(text);
            assert_eq!(held.len(), 1, "{text}: {held:?}");
            assert_eq!(held[0].subjects, subjects, "{text}");
        }
    }
}
