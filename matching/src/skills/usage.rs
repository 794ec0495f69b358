//! How well and when a skill was used, as the words around a mention say: level, and years from and to.

use serde::{Deserialize, Serialize};

use super::normalise::{Gap, Token};

/// How many tokens may stand between a word of level and the name ("advanced knowledge of the C++ language").
const LEVEL_REACH: usize = 4;

/// How well somebody has a skill, or should have it, by their own words. The order is that of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// "basic", "familiar with", A1 and A2.
    Basic,
    /// "good", "working knowledge", B1 and B2.
    Intermediate,
    /// "advanced", "strong", "fluent", C1.
    Advanced,
    /// "expert", "native", C2.
    Expert,
}

impl Level {
    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
            Self::Expert => "expert",
        }
    }
}

/// The calendar years in which a skill was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First year.
    pub from: Option<u16>,
    /// Last year; `None` where the use goes on ("since 2019", "2019 - present").
    pub to: Option<u16>,
}

/// The level that stands beside the name: before it in the same phrase, or right behind it as an item of its own.
pub(super) fn level(tokens: &[Token], first: usize, last: usize) -> Option<Level> {
    level_after(tokens, last).or_else(|| level_before(tokens, first))
}

fn level_before(tokens: &[Token], first: usize) -> Option<Level> {
    let mut index = first;
    for _ in 0..LEVEL_REACH {
        // "advanced Excel, Word": the word belongs to what it stands with.
        if tokens.get(index)?.gap > Gap::None {
            return None;
        }
        index = index.checked_sub(1)?;
        let word = tokens.get(index)?.text.as_str();
        if let Some(level) = level_word(word) {
            let prefixed = index.checked_sub(1).and_then(|before| tokens.get(before));
            let very =
                prefixed.is_some_and(|token| matches!(token.text.as_str(), "very" | "sehr" | "tres" | "muy"));
            return Some(if very && level == Level::Intermediate { Level::Advanced } else { level });
        }
        if matches!(word, "&" | "or" | "but" | "not" | "no" | "und" | "et" | "y") {
            return None;
        }
    }
    None
}

fn level_after(tokens: &[Token], last: usize) -> Option<Level> {
    let beside = tokens.get(last + 1)?;
    let level = level_word(&beside.text)?;
    // "Excel (advanced)", "Spanish: fluent", "Python - expert"; in "Java, advanced Excel" the word is Excel's.
    let alone = tokens.get(last + 2).is_none_or(|next| {
        next.gap > Gap::None
            || matches!(next.text.as_str(), "level" | "skills" | "user" | "knowledge" | "speaker")
    });
    (alone && beside.gap <= Gap::Item).then_some(level)
}

/// Words of level in the languages that resumes are parsed in, normalised, and the levels of the Common European Framework of
/// Reference for Languages.
fn level_word(word: &str) -> Option<Level> {
    let level = match word {
        "basic" | "basics" | "beginner" | "elementary" | "familiar" | "familiarity" | "fundamental"
        | "limited" | "a1" | "a2" | "grundkenntnisse" | "anfanger" | "notions" | "basico" | "basica"
        | "debutant" | "podstawowy" => Level::Basic,
        "intermediate" | "good" | "working" | "solid" | "conversational" | "competent" | "b1" | "b2"
        | "gute" | "gut" | "bonne" | "bon" | "intermedio" | "bueno" | "moyen" | "fortgeschrittene" => {
            Level::Intermediate
        }
        "advanced" | "strong" | "proficient" | "proficiency" | "fluent" | "fluency" | "excellent"
        | "deep" | "extensive" | "c1" | "fliessend" | "fließend" | "verhandlungssicher" | "courant"
        | "avance" | "avanzado" | "avanzato" | "fluido" | "zaawansowany" => Level::Advanced,
        "expert" | "expertise" | "mastery" | "native" | "bilingual" | "c2" | "muttersprache"
        | "muttersprachler" | "experte" | "natif" | "maternelle" | "nativo" | "experto" | "madrelingua" => {
            Level::Expert
        }
        _ => return None,
    };
    Some(level)
}

/// The years right behind the name: "Java (2015-2019)", "Rust since 2020", "COBOL, last used 2008".
pub(super) fn period(tokens: &[Token], last: usize) -> Option<Period> {
    let token = |offset: usize| tokens.get(last + offset).filter(|token| token.gap < Gap::Sentence);
    let word = |offset: usize| token(offset).map_or("", |token| token.text.as_str());
    let after = |offset: usize| token(offset).and_then(calendar_year);
    match word(1) {
        "since" | "seit" | "depuis" | "desde" | "dal" | "od" => {
            return after(2).map(|year| Period { from: Some(year), to: None });
        }
        "until" | "till" | "bis" | "jusqu" | "hasta" => {
            return after(2).map(|year| Period { from: None, to: Some(year) });
        }
        "last" if word(2) == "used" => {
            let year = after(3).or_else(|| after(4));
            return year.map(|year| Period { from: None, to: Some(year) });
        }
        _ => {}
    }
    let from = after(1)?;
    if let Some(to) = after(2).filter(|to| *to >= from) {
        return Some(Period { from: Some(from), to: Some(to) });
    }
    let joined = usize::from(matches!(word(2), "to" | "bis" | "a"));
    match word(2 + joined) {
        "present" | "now" | "today" | "current" | "heute" | "aujourdhui" | "actualidad" | "oggi" => {
            Some(Period { from: Some(from), to: None })
        }
        _ => match after(2 + joined).filter(|to| joined > 0 && *to >= from) {
            Some(to) => Some(Period { from: Some(from), to: Some(to) }),
            // "Excel 2016" is a version; "Java (2016)" a year.
            None if token(1).is_some_and(|token| token.gap == Gap::Item) => {
                Some(Period { from: Some(from), to: Some(from) })
            }
            None => None,
        },
    }
}

/// A year in which somebody living may have worked.
fn calendar_year(token: &Token) -> Option<u16> {
    let year: u16 = token.text.parse().ok()?;
    (1950..=2099).contains(&year).then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::normalise::tokenise;

    fn at(tokens: &[Token]) -> usize {
        tokens.iter().position(|token| token.text == "rust").unwrap()
    }

    #[test]
    fn a_level_stands_before_the_name_or_alone_behind_it() {
        for (text, expected) in [
            ("advanced Rust", Some(Level::Advanced)),
            ("basic knowledge of Rust", Some(Level::Basic)),
            ("Rust (expert)", Some(Level::Expert)),
            ("Rust: intermediate", Some(Level::Intermediate)),
            ("Sehr gute Kenntnisse in Rust", Some(Level::Advanced)),
            ("Rust, advanced Excel", None),
            ("advanced Excel, Rust", None),
            ("expert in Java and Rust", None),
            ("Rust – C1", Some(Level::Advanced)),
            ("uses Rust", None),
        ] {
            let tokens = tokenise(text);
            assert_eq!(level(&tokens, at(&tokens), at(&tokens)), expected, "{text}");
        }
    }

    #[test]
    fn years_of_use_stand_behind_the_name() {
        let period_of = |text: &str| {
            let tokens = tokenise(text);
            period(&tokens, at(&tokens)).map(|period| (period.from, period.to))
        };
        for (text, expected) in [
            ("Rust (2015-2019)", Some((Some(2015), Some(2019)))),
            ("Rust since 2020", Some((Some(2020), None))),
            ("Rust, 2018 - present", Some((Some(2018), None))),
            ("Rust until 2012", Some((None, Some(2012)))),
            ("Rust (last used in 2008)", Some((None, Some(2008)))),
            ("Rust (2016)", Some((Some(2016), Some(2016)))),
            ("Rust 2021", None),
            ("Rust (since 2020)", Some((Some(2020), None))),
            ("Rust and 2016", None),
        ] {
            assert_eq!(period_of(text), expected, "{text}");
        }
    }
}
