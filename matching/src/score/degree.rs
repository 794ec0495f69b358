//! Degrees: which one a text names, and whether one is enough for another.

use serde::Serialize;

use crate::skills::normalise::{Token, tokenise};

/// Levels of education, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
];

/// The lowest degree that a demand names: "Bachelor's or Master's" asks for a bachelor.
pub(super) fn find_degree(text: &str) -> Option<Degree> {
    all(text).into_iter().min()
}

/// The highest degree that a resume's line names.
pub(super) fn highest_degree(text: &str) -> Option<Degree> {
    all(text).into_iter().max()
}

fn all(text: &str) -> Vec<Degree> {
    let tokens = tokenise(text);
    let joined: String = tokens.iter().map(|token| format!(" {}", token.text)).collect::<String>() + " ";
    let mut found: Vec<Degree> = NAMES
        .iter()
        .filter(|(name, _)| joined.contains(&format!(" {name} ")))
        .map(|(_, degree)| *degree)
        .collect();
    // "MS Excel" and "MS Office" are no degrees: capitals count before "in", "of", "degree" or a separator.
    for (index, token) in tokens.iter().enumerate() {
        let written = text.get(token.span.clone()).unwrap_or_default();
        let degree = CAPITALS.iter().find(|(name, _)| *name == written).map(|(_, degree)| *degree);
        if degree.is_some() && is_followed(&tokens, index) {
            found.extend(degree);
        }
    }
    found
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
        matches!(next.text.as_str(), "in" | "of" | "degree" | "or" | "&")
            || next.gap > crate::skills::normalise::Gap::None
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
        ] {
            assert_eq!(find_degree(text), asked, "{text}");
        }
        assert_eq!(highest_degree("B.Sc. and M.Sc. in Physics"), Some(Degree::Master));
    }
}
