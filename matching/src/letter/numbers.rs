//! Numbers in running text: digits with their separators, and number words of English.

use std::ops::Range;

use crate::score::words::content_words;
use crate::skills::normalise::tokenise;

/// What may stand between digits of one number.
const SEPARATORS: [char; 5] = [',', '.', '\'', '\u{a0}', '\u{202f}'];
const PERCENT: [&str; 6] = ["%", "percent", "per cent", "prozent", "pour cent", "por ciento"];
/// What multiplies the number before it; the ones of letters alone are glued to the digits.
const MULTIPLIERS: [(&str, f64); 12] = [
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
    ("tausend", 1e3),
    ("mio", 1e6),
    ("mrd", 1e9),
    ("mn", 1e6),
    ("bn", 1e9),
    ("k", 1e3),
    ("m", 1e6),
    ("b", 1e9),
    ("tsd", 1e3),
];
const WORDS: [(&str, f64); 24] = [
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("fifteen", 15.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("dozen", 12.0),
    ("hundred", 100.0),
    ("thousand", 1e3),
    ("million", 1e6),
];
/// Words of an indefinite number: at least so many.
const AT_LEAST: [(&str, f64); 4] =
    [("dozens", 24.0), ("hundreds", 200.0), ("thousands", 2e3), ("millions", 2e6)];

/// A number of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) span: Range<usize>,
    /// What it may be: "1.500" is one and a half, or one and a half thousand.
    values: Vec<f64>,
    percent: bool,
    /// "over 20", "hundreds".
    at_least: bool,
    /// The stem of the first word behind it.
    unit: Option<String>,
}

impl Number {
    /// Whether `held`, a number of the resume, is as much as this one says.
    pub(super) fn is_borne_out_by(&self, held: &Self) -> bool {
        let equal = |a: &f64, b: &f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
        let enough =
            |said: &f64| held.values.iter().any(|held| equal(said, held) || (self.at_least && held > said));
        self.percent == held.percent && self.values.iter().any(enough)
    }

    /// Whether both are known to count the same things.
    pub(super) fn counts_same_as(&self, held: &Self) -> bool {
        self.unit.is_some() && self.unit == held.unit
    }
}

/// All numbers of a text, in order. A digit within a word ("S3", "k8s") is none.
pub(super) fn find_numbers(text: &str) -> Vec<Number> {
    let mut found = in_digits(text);
    for number in in_words(text) {
        // "5 million" is one number, found already.
        if !found.iter().any(|known| known.span.start < number.span.end && number.span.start < known.span.end)
        {
            found.push(number);
        }
    }
    found.sort_by_key(|number| number.span.start);
    found
}

fn in_digits(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = rest(text, at).find(|c: char| c.is_ascii_digit()) {
        let start = at + offset;
        let end = run_end(text, start);
        at = end;
        let within = text.get(..start).and_then(|head| head.chars().next_back());
        if within.is_some_and(|c| c.is_alphabetic() || c == '_') {
            continue;
        }
        let (factor, after) = multiplier(text, end);
        let percent = percent_end(text, after);
        let values = readings(text.get(start..end).unwrap_or_default());
        found.push(Number {
            span: start..percent.unwrap_or(after),
            values: values.into_iter().map(|value| value * factor).collect(),
            percent: percent.is_some(),
            at_least: is_lower_bound(text, start) || rest(text, after).starts_with('+'),
            unit: unit(text, percent.unwrap_or(after)),
        });
    }
    found
}

fn in_words(text: &str) -> Vec<Number> {
    let word = |token: &crate::skills::normalise::Token| {
        let find =
            |list: &[(&str, f64)]| list.iter().find(|(word, _)| *word == token.text).map(|(_, value)| *value);
        let least = find(&AT_LEAST);
        let value = least.or_else(|| find(&WORDS))?;
        let (factor, after) = multiplier(text, token.span.end);
        let percent = percent_end(text, after);
        Some(Number {
            span: token.span.start..percent.unwrap_or(after),
            values: vec![value * factor],
            percent: percent.is_some(),
            at_least: least.is_some() || is_lower_bound(text, token.span.start),
            unit: unit(text, percent.unwrap_or(after)),
        })
    };
    let mut found: Vec<Number> = Vec::new();
    for number in tokenise(text).iter().filter_map(word) {
        if found.last().is_none_or(|last| last.span.end <= number.span.start) {
            found.push(number);
        }
    }
    found
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn run_end(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut chars = rest(text, start).chars().peekable();
    let mut at = start;
    while let Some(character) = chars.next() {
        at += character.len_utf8();
        let joins = SEPARATORS.contains(&character) && chars.peek().is_some_and(|next| next.is_ascii_digit());
        if character.is_ascii_digit() {
            end = at;
        } else if !joins {
            break;
        }
    }
    end
}

/// With and without its last separator as a decimal point.
fn readings(written: &str) -> Vec<f64> {
    let groups: Vec<&str> = written.split(SEPARATORS).collect();
    let mut readings = Vec::new();
    if groups.iter().skip(1).all(|group| group.len() == 3) {
        readings.extend(groups.concat().parse::<f64>().ok());
    }
    if let Some((fraction, whole)) = groups.split_last().filter(|(_, whole)| !whole.is_empty()) {
        readings.extend(format!("{}.{fraction}", whole.concat()).parse::<f64>().ok());
    }
    readings
}

/// What multiplies the number that ends at `end`, and where that ends.
fn multiplier(text: &str, end: usize) -> (f64, usize) {
    let behind = rest(text, end);
    let glued = behind.starts_with(char::is_alphabetic);
    let start = end + (behind.len() - behind.trim_start_matches([' ', '-']).len());
    let word: String = rest(text, start).chars().take_while(|c| c.is_alphabetic()).collect();
    let known = MULTIPLIERS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    match known {
        // "5 m" may be metres.
        Some((name, factor)) if glued || name.len() > 2 => (*factor, start + word.len()),
        _ => (1.0, end),
    }
}

fn percent_end(text: &str, end: usize) -> Option<usize> {
    let behind = rest(text, end);
    let start = end + (behind.len() - behind.trim_start().len());
    let named = |name: &&&str| {
        rest(text, start).get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name))
    };
    PERCENT.iter().find(named).map(|name| start + name.len())
}

/// "over 20", "more than 20", "at least 20".
fn is_lower_bound(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default().trim_end_matches(['$', '€', '£', '¥', ' ']);
    let before = before.to_lowercase();
    ["over", "above", "more than", "at least", "über", "mehr als", "plus de"]
        .iter()
        .any(|phrase| before.ends_with(phrase))
}

fn unit(text: &str, end: usize) -> Option<String> {
    let behind = rest(text, end).trim_start_matches([' ', '-', '+']);
    let word: String = behind.chars().take_while(|c| c.is_alphabetic()).collect();
    content_words(&word).into_iter().next()
}
