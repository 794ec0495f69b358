//! What an advertisement says of the title, the place and clearances, in the forms that people use.

use std::ops::Range;

use crate::skills::normalise::{Token, tokenise};

/// Security clearances, lowest first (United States and United Kingdom).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clearance {
    /// Named without a level, public trust, baseline checks.
    Basic,
    /// Confidential, security check.
    Confidential,
    /// Secret.
    Secret,
    /// Top secret, developed vetting.
    TopSecret,
    /// Top secret with access to compartments.
    Compartmented,
}

impl Clearance {
    /// Every level, lowest first.
    pub(super) const ALL: [Self; 5] =
        [Self::Basic, Self::Confidential, Self::Secret, Self::TopSecret, Self::Compartmented];
}

/// Names of clearances, normalised; the longest found counts.
const CLEARANCES: &[(&str, Clearance)] = &[
    ("ts sci", Clearance::Compartmented),
    ("top secret sci", Clearance::Compartmented),
    ("top secret", Clearance::TopSecret),
    ("developed vetting", Clearance::TopSecret),
    ("dv clearance", Clearance::TopSecret),
    ("dv cleared", Clearance::TopSecret),
    ("secret clearance", Clearance::Secret),
    ("secret security clearance", Clearance::Secret),
    ("confidential clearance", Clearance::Confidential),
    ("sc clearance", Clearance::Confidential),
    ("sc cleared", Clearance::Confidential),
    ("public trust", Clearance::Basic),
    ("bpss", Clearance::Basic),
    ("security clearance", Clearance::Basic),
    ("sicherheitsuberprufung", Clearance::Basic),
    ("habilitation de securite", Clearance::Basic),
];

/// The highest clearance that a text names. Being able to get one is nothing that a resume can show.
pub(super) fn clearance(text: &str) -> Option<Clearance> {
    let joined = joined(&tokenise(text));
    if ["obtain", "eligible", "eligibility", "no security clearance"].iter().any(|word| says(&joined, word)) {
        return None;
    }
    CLEARANCES.iter().filter(|(name, _)| says(&joined, name)).map(|(_, level)| *level).max()
}

/// Labels before a title, normalised.
const TITLE_LABELS: &[&str] = &[
    "job title",
    "title",
    "position",
    "position title",
    "role",
    "vacancy",
    "job",
    "stellenbezeichnung",
    "stelle",
    "poste",
    "intitule du poste",
    "puesto",
    "cargo",
    "we are hiring",
    "hiring",
    "now hiring",
];
/// Openings of a sentence that names the title, up to the article.
const TITLE_OPENINGS: &[&str] = &[
    "we are looking for",
    "were looking for",
    "we are hiring",
    "we are seeking",
    "were hiring",
    "is looking for",
    "is seeking",
    "is hiring",
    "seeks",
    "looking for",
    "seeking",
    "wir suchen",
    "nous recherchons",
    "buscamos",
    "join us as",
    "join our team as",
];
const ARTICLES: &[&str] = &["a", "an", "the", "our", "another", "eine", "einen", "ein", "un", "une", "una"];
/// Words at which a title in a sentence ends.
const TITLE_ENDS: &[&str] = &[
    "to",
    "who",
    "for",
    "with",
    "in",
    "at",
    "that",
    "and",
    "fur",
    "zur",
    "zum",
    "mit",
    "im",
    "pour",
    "avec",
    "para",
    "con",
    "based",
    "on",
    "as",
    "join",
    "responsible",
];

/// The title behind a label ("Job title: Nurse"), as bytes of the line.
pub(super) fn labelled_title(line: &str) -> Option<Range<usize>> {
    let (label, rest) = line.split_once([':', '–'])?;
    let label = joined(&tokenise(label));
    if !TITLE_LABELS.contains(&label.trim()) {
        return None;
    }
    let title = rest.trim();
    let start = line.len() - rest.trim_start().len();
    (1..=10).contains(&title.split_whitespace().count()).then_some(start..start + title.len())
}

/// The title that a sentence names ("We are looking for an experienced baker to …"), as bytes of the line.
pub(super) fn title_in_sentence(line: &str) -> Option<Range<usize>> {
    let tokens = tokenise(line);
    for index in 0..tokens.len() {
        let opening = TITLE_OPENINGS.iter().find_map(|opening| {
            let length = opening.split(' ').count();
            let window = tokens.get(index..index + length)?;
            window.iter().zip(opening.split(' ')).all(|(token, word)| token.text == word).then_some(length)
        });
        let Some(mut at) = opening.map(|length| index + length) else { continue };
        while tokens.get(at).is_some_and(|token| ARTICLES.contains(&token.text.as_str())) {
            at += 1;
        }
        let first = tokens.get(at)?;
        let length = tokens
            .iter()
            .skip(at)
            .enumerate()
            .take_while(|(offset, token)| {
                let open = *offset == 0 || token.gap == crate::skills::normalise::Gap::None;
                open && !TITLE_ENDS.contains(&token.text.as_str())
            })
            .count();
        if (1..=6).contains(&length) {
            return Some(first.span.start..tokens.get(at + length - 1)?.span.end);
        }
        return None;
    }
    None
}

/// What stands behind a title and is none of it: "(m/w/d)", "(full time)", " - Berlin", " | Remote". The rest, as bytes.
pub(super) fn bare_title(line: &str) -> Range<usize> {
    let mut end = line.len();
    for mark in [
        " (", " [", " | ", " – ", " - ", " — ", " @ ", " at ", ", remote", " m/w/d", " w/m/d", " h/f",
        " (h/f",
    ] {
        let found = line.get(..end).and_then(|head| head.to_ascii_lowercase().find(mark));
        if let Some(at) = found.filter(|at| *at >= 3) {
            end = end.min(at);
        }
    }
    0..line.get(..end).unwrap_or(line).trim_end().len()
}

/// Labels before a place, normalised.
const PLACE_LABELS: &[&str] = &[
    "location",
    "locations",
    "job location",
    "work location",
    "place of work",
    "workplace",
    "based in",
    "standort",
    "arbeitsort",
    "einsatzort",
    "lieu",
    "lieu de travail",
    "localisation",
    "ubicacion",
    "lugar de trabajo",
    "where",
];
const PLACE_PHRASES: &[&str] = &[
    "based in",
    "on site",
    "onsite",
    "hybrid",
    "remote",
    "fully remote",
    "willing to relocate",
    "willingness to relocate",
    "relocation",
    "commutable",
    "homeoffice",
    "home office",
    "teletravail",
];

/// Whether a line says where the work is, and nothing else: at most twelve words, with a label or a phrase of places.
pub(super) fn is_place(line: &str) -> bool {
    let label = line.split_once(':').map(|(label, _)| joined(&tokenise(label)));
    if label.is_some_and(|label| PLACE_LABELS.contains(&label.trim())) {
        return true;
    }
    let tokens = tokenise(line);
    let joined = joined(&tokens);
    tokens.len() <= 8 && PLACE_PHRASES.iter().any(|phrase| says(&joined, phrase))
}

/// How advertisements ask for leave to work, normalised.
const PERMIT_PHRASES: &[&str] = &[
    "authorized to work",
    "authorised to work",
    "authorization to work",
    "authorisation to work",
    "work authorization",
    "work authorisation",
    "right to work",
    "eligible to work in",
    "eligibility to work in",
    "entitled to work in",
    "legally work in",
    "work permit",
    "work visa",
    "us citizen",
    "u s citizen",
    "eu citizen",
    "us citizenship",
    "u s citizenship",
    "eu citizenship",
    "citizenship required",
    "citizenship is required",
    "green card",
    "arbeitserlaubnis",
    "permis de travail",
    "permiso de trabajo",
    "permesso di lavoro",
    "werkvergunning",
    "pozwolenie na prace",
    "permis de munca",
    "autorizacao de trabalho",
];
/// Most words of a line about leave to work: a longer one asks for more.
const MAX_PERMIT_WORDS: usize = 16;

/// Whether a line asks for leave to work in a country.
pub(super) fn is_work_permit(line: &str) -> bool {
    let tokens = tokenise(line);
    let joined = joined(&tokens);
    tokens.len() <= MAX_PERMIT_WORDS && PERMIT_PHRASES.iter().any(|phrase| says(&joined, phrase))
}

fn joined(tokens: &[Token]) -> String {
    tokens.iter().map(|token| format!(" {}", token.text)).collect::<String>() + " "
}

fn says(joined: &str, phrase: &str) -> bool {
    joined.contains(&format!(" {phrase} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearances_are_levels() {
        for (text, level) in [
            ("Active TS/SCI required", Some(Clearance::Compartmented)),
            ("Top Secret clearance", Some(Clearance::TopSecret)),
            ("Must hold a Secret clearance", Some(Clearance::Secret)),
            ("Security clearance is a plus", Some(Clearance::Basic)),
            ("Ability to obtain a security clearance", None),
            ("The secret of our success", None),
        ] {
            assert_eq!(clearance(text), level, "{text}");
        }
    }

    #[test]
    fn titles_are_found_where_people_put_them() {
        for (line, title) in [
            ("Job Title: Line Cook", Some("Line Cook")),
            ("POSITION: Senior Accountant", Some("Senior Accountant")),
            ("Stellenbezeichnung: Pflegefachkraft", Some("Pflegefachkraft")),
            ("Requirements: Python", None),
        ] {
            assert_eq!(labelled_title(line).map(|range| &line[range]), title, "{line}");
        }
        for (line, title) in [
            (
                "We are looking for an experienced pastry chef to join our kitchen.",
                Some("experienced pastry chef"),
            ),
            ("Acme is hiring a Warehouse Supervisor for its new site", Some("Warehouse Supervisor")),
            ("Wir suchen eine Pflegefachkraft für unsere Station", Some("Pflegefachkraft")),
            ("We bake bread.", None),
        ] {
            assert_eq!(title_in_sentence(line).map(|range| &line[range]), title, "{line}");
        }
        for (line, title) in [
            ("Software Engineer (m/w/d)", "Software Engineer"),
            ("Registered Nurse - ICU | Springfield, IL", "Registered Nurse"),
            ("Cook", "Cook"),
        ] {
            assert_eq!(&line[bare_title(line)], title, "{line}");
        }
    }

    #[test]
    fn leave_to_work_is_no_duty() {
        for line in [
            "Must be authorised to work in the United States",
            "Right to work in the UK",
            "U.S. citizenship required",
            "Gültige Arbeitserlaubnis",
            "Permis de travail valide",
        ] {
            assert!(is_work_permit(line), "{line}");
        }
        for line in ["Able to work in a team", "You have the drive to work on hard things"] {
            assert!(!is_work_permit(line), "{line}");
        }
    }

    #[test]
    fn places_are_no_duties() {
        for line in ["Location: Berlin", "Hybrid, two days on site", "Standort: München"] {
            assert!(is_place(line), "{line}");
        }
        assert!(!is_place("Manage remote teams in three countries and report to the head of engineering"));
    }
}
