//! What the words around a mention say of it: version, negation, years.

use super::Kind;
use super::normalise::{Gap, Token};

/// How many tokens before the name a negation may stand.
const NEGATION_REACH: usize = 8;
/// How many tokens may stand between "5 years" and the name.
const YEARS_REACH: usize = 7;

/// The version right after the name.
pub(super) fn version(tokens: &[Token], last: usize, kind: Kind) -> Option<String> {
    if !matches!(kind, Kind::Language | Kind::Framework | Kind::Tool) {
        return None;
    }
    let token = tokens.get(last + 1).filter(|token| token.gap == Gap::None)?;
    let text = token.text.strip_prefix('v').unwrap_or(&token.text);
    let numeric = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
        && text.len() <= 8;
    let unit = tokens.get(last + 2).is_some_and(|next| next.gap == Gap::None && is_year_word(&next.text));
    (numeric && !unit).then(|| text.trim_end_matches('.').to_owned())
}

/// Whether the sentence denies the skill before it names it.
pub(super) fn negated(tokens: &[Token], first: usize) -> bool {
    let mut index = first;
    for _ in 0..NEGATION_REACH {
        let Some(token) = tokens.get(index) else { return false };
        if token.gap >= Gap::Sentence || index == 0 {
            return false;
        }
        index -= 1;
        let word = |offset: usize| tokens.get(index + offset).map_or("", |token| token.text.as_str());
        match word(0) {
            "but" | "however" | "although" => return false,
            "without" | "never" | "lack" | "lacking" | "unfamiliar" | "cannot" | "nor" | "except" => {
                return true;
            }
            "dont" | "doesnt" | "didnt" | "havent" => return true,
            "no" => return !matches!(word(1), "later" | "less" | "fewer" | "more" | "matter" | "doubt"),
            "not" => return !matches!(word(1), "only" | "limited" | "just" | "least"),
            "keine" | "keinerlei" | "kein" | "nicht" | "ohne" | "sans" | "aucune" | "sin" | "senza"
            | "nessuna" | "geen" | "bez" | "brak" | "nenhuma" | "sem" | "fara" => return true,
            _ => {}
        }
    }
    false
}

/// Whether the text waives the skill behind its name: "PHP is not required", "SAP not needed", "Java: none".
pub(super) fn waived(tokens: &[Token], last: usize) -> bool {
    let word = |offset: usize| {
        tokens
            .get(last + offset)
            .filter(|token| token.gap < Gap::Sentence)
            .map_or("", |token| token.text.as_str())
    };
    let mut at = 1;
    while at <= 3
        && matches!(
            word(at),
            "is" | "are" | "experience" | "knowledge" | "skills" | "degree" | "ist" | "kenntnisse"
        )
    {
        at += 1;
    }
    matches!(
        (word(at), word(at + 1)),
        ("not", "required" | "needed" | "necessary" | "mandatory" | "expected" | "a")
            | ("nicht", "erforderlich" | "notwendig" | "notig" | "zwingend")
            | ("none", _)
            | ("no", "experience")
    )
}

/// Years of experience given beside the name: "5+ years of Rust", "Rust (5 years)".
pub(super) fn years(tokens: &[Token], first: usize, last: usize) -> Option<f32> {
    years_before(tokens, first).or_else(|| years_after(tokens, last))
}

fn years_before(tokens: &[Token], first: usize) -> Option<f32> {
    let mut index = first;
    for _ in 0..YEARS_REACH {
        let token = tokens.get(index)?;
        if token.gap >= Gap::Sentence {
            return None;
        }
        index = index.checked_sub(1)?;
        if is_year_word(&tokens.get(index)?.text) {
            return number(tokens, index.checked_sub(1)?);
        }
    }
    None
}

fn years_after(tokens: &[Token], last: usize) -> Option<f32> {
    // "Rust (5 years)", "Rust – 5+ years": the number stands right behind the name, as an item of its own.
    let token = tokens.get(last + 1)?;
    let year = tokens.get(last + 2)?;
    let beside = token.gap <= Gap::Item && year.gap == Gap::None && is_year_word(&year.text);
    // "Rust, 5 years of Java": those years are Java's.
    let next = tokens
        .get(last + 3)
        .is_some_and(|word| word.gap == Gap::None && matches!(word.text.as_str(), "of" | "in" | "with"));
    if beside && !next { number(tokens, last + 1) } else { None }
}

/// Whether the word is a unit of years.
pub(crate) fn is_year_word(word: &str) -> bool {
    matches!(
        word,
        "years" | "year" | "yrs" | "yr" | "jahre" | "jahren" | "ans" | "anos" | "anni" | "jaar" | "lat"
    )
}

/// The number of years that the unit at `index` counts.
pub(crate) fn number_before(tokens: &[Token], index: usize) -> Option<f32> {
    number(tokens, index.checked_sub(1)?)
}

/// The number at `index`; of a range ("3-5 years") the lower end.
fn number(tokens: &[Token], index: usize) -> Option<f32> {
    let token = tokens.get(index)?;
    let value = small_number(&token.text)?;
    let lower = (token.gap <= Gap::Item)
        .then(|| index.checked_sub(1))
        .flatten()
        .and_then(|before| {
            let before_token = tokens.get(before)?;
            if before_token.text == "to" { tokens.get(before.checked_sub(1)?) } else { Some(before_token) }
        })
        .and_then(|token| small_number(&token.text))
        .filter(|lower| *lower < value);
    Some(lower.unwrap_or(value))
}

/// A number of years written in digits or as a word, at most 60.
pub(crate) fn small_number(word: &str) -> Option<f32> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if let Some(value) = WORDS.iter().position(|known| *known == word) {
        return Some(value as f32);
    }
    let value: f32 = word.trim_end_matches('+').parse().ok()?;
    (value.is_finite() && (0.0..=60.0).contains(&value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::normalise::tokenise;

    /// Position of the token `Rust` in the text.
    fn at(tokens: &[Token]) -> usize {
        tokens.iter().position(|token| token.text == "rust").unwrap()
    }

    #[test]
    fn years_belong_to_the_name_beside_them() {
        for (text, expected) in [
            ("5+ years of Rust", Some(5.0)),
            ("three years of professional experience with Rust", Some(3.0)),
            ("3-5 years of Rust", Some(3.0)),
            ("3 to 5 years experience in Rust", Some(3.0)),
            ("Rust (4 years)", Some(4.0)),
            ("Rust, 5 years of Java", None),
            ("2019 years Rust", None),
            ("Worked ten years. Rust", None),
        ] {
            let tokens = tokenise(text);
            assert_eq!(years(&tokens, at(&tokens), at(&tokens)), expected, "{text}");
        }
    }

    #[test]
    fn negation_ends_with_its_sentence() {
        for (text, expected) in [
            ("no experience with Rust", true),
            ("not familiar with Java or Rust", true),
            ("without Rust", true),
            ("not only Rust", false),
            ("including but not limited to Rust", false),
            ("No degree. Rust", false),
            ("never late but good at Rust", false),
            ("knows Rust", false),
        ] {
            let tokens = tokenise(text);
            assert_eq!(negated(&tokens, at(&tokens)), expected, "{text}");
        }
    }

    #[test]
    fn a_version_is_a_number_and_not_a_duration() {
        for (text, expected) in
            [("Rust 1.95", Some("1.95")), ("Rust v2", Some("2")), ("Rust 5 years", None), ("Rust, 5", None)]
        {
            let tokens = tokenise(text);
            assert_eq!(version(&tokens, at(&tokens), Kind::Language).as_deref(), expected, "{text}");
        }
    }
}
