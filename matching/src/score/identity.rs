//! Takes out of a resume what must not enter the score: who the person is.
//!
//! The text keeps its length, so that every position stays true: what is taken out becomes spaces.

use std::ops::Range;

use crate::skills::normalise::{Token, tokenise};

/// Gendered words, normalised; they say nothing about the work.
const GENDERED: &[&str] = &[
    "he",
    "she",
    "his",
    "her",
    "him",
    "hers",
    "himself",
    "herself",
    "mr",
    "mrs",
    "ms",
    "miss",
    "male",
    "female",
    "man",
    "woman",
    "men",
    "women",
    "boy",
    "girl",
    "boys",
    "girls",
    "mother",
    "father",
    "wife",
    "husband",
    "daughter",
    "son",
    "sister",
    "brother",
    "widow",
    "widower",
    "lady",
    "gentleman",
    "ladies",
    "gentlemen",
    "mens",
    "womens",
    "herr",
    "frau",
    "madame",
    "monsieur",
    "senor",
    "senora",
    "maternity",
    "paternity",
    "sorority",
    "fraternity",
    "gender",
    "married",
    "single",
    "divorced",
    "pronouns",
    "maid",
];

/// Endings that differ between the forms for men and women; both are cut, longest first.
const GENDERED_ENDINGS: &[(&str, &[&str])] = &[
    ("saleswoman", &["woman"]),
    ("salesman", &["man"]),
    ("chairwoman", &["woman"]),
    ("chairman", &["man"]),
    ("businesswoman", &["woman"]),
    ("businessman", &["man"]),
    ("policewoman", &["woman"]),
    ("policeman", &["man"]),
    ("spokeswoman", &["woman"]),
    ("spokesman", &["man"]),
    ("firewoman", &["woman"]),
    ("fireman", &["man"]),
    ("craftswoman", &["woman"]),
    ("craftsman", &["man"]),
    ("forewoman", &["woman"]),
    ("foreman", &["man"]),
    ("waitress", &["ress"]),
    ("waiter", &["er"]),
    ("actress", &["ress"]),
    ("actor", &["or"]),
    ("hostess", &["ess"]),
    ("stewardess", &["ess"]),
];

/// Words beside which an age or a birthday stands; the whole line says nothing about the work.
const BIRTH: &[&str] =
    &["birth", "born", "birthday", "dob", "geboren", "geburtsdatum", "age", "nationality", "marital"];

/// Labels before the names of others: whom somebody worked under says nothing about what they did themselves. ("Supervisors:
/// Prof. A. Smith" is no evidence of having supervised.)
const LABELS_OF_OTHERS: &[&str] = &[
    "supervisors",
    "supervised by",
    "thesis supervisor",
    "thesis supervisors",
    "thesis advisor",
    "thesis adviser",
    "academic advisor",
    "referee",
    "referees",
    "reported to",
    "doktorvater",
    "doktormutter",
    "directeur de these",
    "directrice de these",
    "director de tesis",
    "directora de tesis",
];

/// Labels that may be somebody's own title as well ("Supervisor: Warehouse Operations"): of others only before a name with
/// one of [`HONORIFICS`].
const PERHAPS_OF_OTHERS: &[&str] = &[
    "supervisor",
    "advisor",
    "advisors",
    "adviser",
    "advisers",
    "line manager",
    "betreuer",
    "betreuerin",
    "gutachter",
    "encadrant",
    "orientador",
    "orientadora",
    "relatore",
    "relatrice",
    "promotor",
    "copromotor",
];

/// What only stands before a person's name.
const HONORIFICS: &[&str] = &["prof", "professor", "dr", "doctor"];

/// Small words that stand within and between names.
const BETWEEN_NAMES: &[&str] = &[
    "and", "und", "et", "y", "e", "en", "i", "si", "de", "da", "di", "van", "von", "der", "den", "del", "la",
];

/// The text with identity blanked: the given ranges, every mention of the name's parts, addresses of mail and web,
/// telephone numbers, gendered words, lines with a birthday or an age.
pub(super) fn blank(text: &str, ranges: &[Range<usize>], names: &[String]) -> String {
    let mut cuts = contacts_and_names(text, ranges, names);
    for token in tokenise(text) {
        if GENDERED.contains(&token.text.as_str()) {
            cuts.push(token.span.clone());
        }
        for (word, endings) in GENDERED_ENDINGS {
            if token.text.trim_end_matches('s') == *word || token.text == *word {
                let plural = token.text.len() - word.len().min(token.text.len());
                let ending = endings.first().map_or(0, |ending| ending.len()) + plural;
                cuts.push(token.span.end.saturating_sub(ending)..token.span.end);
            }
        }
    }
    without(text, &cuts)
}

/// The text without what leads to the person: the given ranges, every mention of the name's parts, addresses of mail and
/// web, telephone numbers, lines with a birthday or an age. Gendered words stay: the text is to be read by somebody.
pub(super) fn blank_person(text: &str, ranges: &[Range<usize>], names: &[String]) -> String {
    without(text, &contacts_and_names(text, ranges, names))
}

fn contacts_and_names(text: &str, ranges: &[Range<usize>], names: &[String]) -> Vec<Range<usize>> {
    let mut cuts = ranges.to_vec();
    for token in tokenise(text) {
        let written = text.get(token.span.clone()).unwrap_or_default();
        if is_name(&token, written, names) {
            cuts.push(token.span.clone());
        }
    }
    for line in line_ranges(text) {
        blank_contacts(text, line, &mut |range| cuts.push(range));
    }
    cuts
}

/// Puts spaces in the place of what the ranges hold; line ends stay.
fn without(text: &str, cuts: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in cuts {
        if let Some(part) = bytes.get_mut(range.clone()) {
            part.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
    }
    // Whole characters were replaced by as many spaces as they had bytes, so this is UTF-8 still.
    String::from_utf8(bytes).unwrap_or_default()
}

/// A part of the name, written with a capital.
fn is_name(token: &Token, written: &str, names: &[String]) -> bool {
    written.starts_with(char::is_uppercase) && names.contains(&token.text)
}

fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end;
            range
        })
        .collect()
}

fn blank_contacts(text: &str, line: Range<usize>, cut: &mut impl FnMut(Range<usize>)) {
    let slice = text.get(line.clone()).unwrap_or_default();
    let tokens = tokenise(slice);
    let short = tokens.len() <= 12;
    let born = tokens.iter().any(|token| BIRTH.contains(&token.text.as_str()));
    let digits = tokens.iter().any(|token| token.text.starts_with(|c: char| c.is_ascii_digit()));
    if (short && born && (digits || slice.contains(':'))) || names_others(slice) {
        cut(line);
        return;
    }
    for chunk in slice.split_whitespace() {
        let start = line.start + (chunk.as_ptr() as usize - slice.as_ptr() as usize);
        let address =
            chunk.contains('@') || chunk.contains("://") || chunk.contains("www.") || is_profile(chunk);
        if address {
            cut(start..start + chunk.len());
        }
    }
    if let Some(phone) = phone(slice) {
        cut(line.start + phone.start..line.start + phone.end);
    }
}

/// "Supervisors: Prof. Jane Citizen and Dr. Max Muster": a label, and nothing but names.
fn names_others(line: &str) -> bool {
    let Some((label, names)) = line.split_once(':') else { return false };
    let label: Vec<String> = tokenise(label).into_iter().map(|token| token.text).collect();
    let (label, words) = (label.join(" "), tokenise(names));
    let honoured = words.iter().any(|word| HONORIFICS.contains(&word.text.as_str()));
    let labelled = LABELS_OF_OTHERS.contains(&label.as_str())
        || (honoured && PERHAPS_OF_OTHERS.contains(&label.as_str()));
    labelled
        && (2..=12).contains(&words.len())
        && words.iter().all(|word| {
            let written = names.get(word.span.clone()).unwrap_or_default();
            written.starts_with(char::is_uppercase) || BETWEEN_NAMES.contains(&word.text.as_str())
        })
}

fn is_profile(chunk: &str) -> bool {
    let lower = chunk.to_ascii_lowercase();
    ["linkedin.com", "github.com", "gitlab.com", "twitter.com", "x.com/"]
        .iter()
        .any(|host| lower.contains(host))
}

/// The longest run of digits and the marks of telephone numbers that has at least nine digits.
fn phone(line: &str) -> Option<Range<usize>> {
    let mut best: Option<Range<usize>> = None;
    let mut start = None;
    for (at, character) in line.char_indices().chain([(line.len(), 'x')]) {
        let inside =
            character.is_ascii_digit() || matches!(character, '+' | '(' | ')' | '-' | ' ' | '.' | '/');
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let run = line.get(from..at).unwrap_or_default();
                let digits = run.bytes().filter(u8::is_ascii_digit).count();
                // "2015 - 2019" has eight digits; dates with days have no plus and no brackets.
                let marked = run.contains(['+', '(']) || digits >= 10;
                if (9..=16).contains(&digits)
                    && marked
                    && best.as_ref().is_none_or(|known| run.len() > known.len())
                {
                    best = Some(from..at);
                }
                start = None;
            }
            _ => {}
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(text: &str, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let blanked = blank(text, &[], &names);
        assert_eq!(blanked.len(), text.len());
        blanked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_and_contacts_vanish() {
        let text =
            "Jane Doe\njane@doe.org | +1 (555) 010-2030 | https://doe.org\nJane built engines, 2015 - 2019";
        assert_eq!(squeezed(text, &["jane", "doe"]), "| | built engines, 2015 - 2019");
    }

    #[test]
    fn forms_for_men_and_women_become_equal() {
        for (a, b) in [
            ("He led his team as chairman", "She led her team as chairwoman"),
            ("Waiter at a hotel", "Waitress at a hotel"),
            ("Mr. Smith, salesman", "Mrs. Smith, saleswoman"),
        ] {
            assert_eq!(squeezed(a, &[]).replace(". ", " "), squeezed(b, &[]).replace(". ", " "));
        }
    }

    #[test]
    fn whom_somebody_worked_under_vanishes_and_whom_they_led_stays() {
        for others in [
            "- Supervisors: Prof. Jane Citizen, Dr. Max von Muster",
            "Thesis advisor: Ada Lovelace",
            "Betreuer: Prof. Dr. Erika Mustermann",
            "Directrice de thèse : Marie Curie",
        ] {
            assert_eq!(squeezed(others, &[]), "", "{others}");
        }
        for own in
            ["Supervisor: night shift of the ward", "Supervisor: Warehouse Operations", "Advisor: startups"]
        {
            assert_eq!(squeezed(own, &[]), own);
        }
    }

    #[test]
    fn birthdays_vanish_and_work_stays() {
        assert_eq!(squeezed("Date of birth: 3 May 1980\nCared for the aged", &[]), "Cared for the aged");
    }
}
