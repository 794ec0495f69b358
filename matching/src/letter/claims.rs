//! Finds in a sentence what can be looked up: years of experience and achievements, and what the sentence is about.

use std::ops::Range;

use crate::skills::normalise::{Gap, Token};
use crate::skills::{is_year_word, number_before};

/// Beginnings of words that tell of an achievement.
pub(super) const ACHIEVEMENTS: [&str; 10] =
    ["doubl", "tripl", "quadrupl", "halv", "award", "prize", "promoted", "patent", "published", "certif"];
/// Words of somebody who speaks of themselves, normalised.
const OWN: [&str; 10] = ["i", "im", "ive", "id", "my", "me", "mine", "ich", "mein", "je"];
const YOURS: [&str; 6] = ["you", "your", "yours", "ihr", "ihre", "votre"];
/// Words of applying and wishing: what they go with is not held yet.
const WISHES: [&str; 18] = [
    "apply",
    "applying",
    "application",
    "applied",
    "join",
    "joining",
    "opportunity",
    "vacancy",
    "advertised",
    "contribute",
    "excited",
    "interested",
    "eager",
    "keen",
    "hope",
    "would",
    "forward",
    "bewerbe",
];
/// Words of work that was done.
const WORKED: [&str; 12] = [
    "worked",
    "employed",
    "served",
    "led",
    "managed",
    "built",
    "developed",
    "spent",
    "interned",
    "joined",
    "was",
    "been",
];

/// A number of years.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct YearCount {
    pub(super) years: f32,
    pub(super) span: Range<usize>,
}

/// "ten years", "5+ years"; "two years ago" counts nothing.
pub(super) fn year_counts(tokens: &[Token]) -> Vec<YearCount> {
    let count = |(index, token): (usize, &Token)| {
        if !is_year_word(&token.text) || token.gap > Gap::None {
            return None;
        }
        let next = tokens.get(index + 1).filter(|next| next.gap == Gap::None);
        if next.is_some_and(|next| matches!(next.text.as_str(), "ago" | "old")) {
            return None;
        }
        let years = number_before(tokens, index)?;
        let start = tokens.get(index.checked_sub(1)?)?.span.start;
        Some(YearCount { years, span: start..token.span.end })
    };
    tokens.iter().enumerate().filter_map(count).collect()
}

/// What a sentence is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// It speaks to the employer and not of the writer.
    pub(super) of_employer: bool,
    /// It tells of a wish or an application.
    pub(super) wish: bool,
    /// It tells of work done.
    pub(super) worked: bool,
}

impl Manner {
    pub(super) fn of(tokens: &[Token]) -> Self {
        let says = |list: &[&str]| tokens.iter().any(|token| list.contains(&token.text.as_str()));
        Self { of_employer: says(&YOURS) && !says(&OWN), wish: says(&WISHES), worked: says(&WORKED) }
    }

    /// Whether what the advertisement says may stand in the sentence without being a claim.
    pub(super) fn may_repeat(self) -> bool {
        self.of_employer || (self.wish && !self.worked)
    }
}

/// Whether what begins at `start` is yet to be learnt: "eager to learn Kubernetes".
pub(super) fn is_to_be_learnt(tokens: &[Token], start: usize) -> bool {
    let before: Vec<&Token> = tokens.iter().take_while(|token| token.span.end <= start).collect();
    let near = before.len().saturating_sub(6);
    before.get(near..).unwrap_or_default().windows(2).any(
        |pair| matches!(pair, [to, learn] if to.text == "to" && matches!(learn.text.as_str(), "learn" | "study")),
    )
}
