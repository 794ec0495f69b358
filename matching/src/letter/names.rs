//! Names and titles in a sentence, by capitals and by the words around them.

use std::ops::Range;

use super::ClaimKind;
use crate::skills::normalise::{Gap, Token};

/// Words that begin a sentence and are no part of the name behind them.
const OPENERS: [&str; 34] = [
    "at", "in", "as", "my", "the", "with", "for", "during", "since", "when", "while", "after", "before",
    "having", "working", "our", "your", "this", "that", "from", "to", "on", "by", "&", "but", "both", "also",
    "a", "an", "led", "built", "managed", "used", "worked",
];
/// Words in capitals that name nothing.
const PLAIN: [&str; 31] = [
    "i",
    "im",
    "ive",
    "id",
    "ill",
    "name",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "dear",
    "sincerely",
    "regards",
    "hiring",
    "english",
    "cv",
];
/// Small words within names.
const WITHIN: [&str; 5] = ["of", "de", "la", "von", "van"];
const SCHOOLS: [&str; 9] = [
    "university",
    "college",
    "school",
    "institute",
    "academy",
    "polytechnic",
    "universitat",
    "hochschule",
    "universite",
];
/// Openings and closings of letters: nothing in such a line is a claim.
const COURTESIES: [&str; 12] = [
    "dear",
    "hello",
    "hi",
    "sincerely",
    "yours",
    "kind",
    "best",
    "warm",
    "regards",
    "respectfully",
    "sehr",
    "mit",
];
const LEGAL_FORMS: [&str; 9] = ["ltd", "inc", "gmbh", "llc", "corp", "plc", "ag", "sa", "co"];
/// German words by which a text is known whose nouns are all in capitals.
const GERMAN: [&str; 10] = ["der", "die", "das", "und", "mit", "ich", "fur", "bei", "als", "eine"];
/// What is no title behind "as a".
const NO_TITLES: [&str; 20] = [
    "result",
    "team",
    "whole",
    "part",
    "member",
    "matter",
    "consequence",
    "way",
    "person",
    "candidate",
    "professional",
    "colleague",
    "company",
    "means",
    "family",
    "child",
    "group",
    "student",
    "leader",
    "specialist",
];
/// Where a title ends.
const TITLE_ENDS: [&str; 20] = [
    "with", "at", "in", "for", "who", "that", "&", "to", "i", "on", "from", "where", "since", "my", "whose",
    "by", "im", "ive", "of", "than",
];
/// Words that praise and are no part of a title.
pub(super) const PRAISE: [&str; 14] = [
    "experienced",
    "passionate",
    "dedicated",
    "motivated",
    "skilled",
    "seasoned",
    "committed",
    "reliable",
    "qualified",
    "driven",
    "proven",
    "highly",
    "professional",
    "successful",
];

/// A name or title found in a sentence.
pub(super) struct Named {
    pub(super) kind: ClaimKind,
    /// Its tokens in the sentence.
    pub(super) tokens: Range<usize>,
}

/// Whether a line greets or takes leave.
pub(super) fn is_courtesy(tokens: &[Token]) -> bool {
    let first = tokens.first().map_or("", |token| token.text.as_str());
    tokens.len() <= 8 && COURTESIES.contains(&first)
}

/// Whether names can be told by their capitals.
pub(super) fn has_telling_capitals(tokens: &[Token]) -> bool {
    let german = tokens.iter().filter(|token| GERMAN.contains(&token.text.as_str())).count();
    german < 2 || german * 20 < tokens.len()
}

/// Words in capitals that stand together; `known` are ranges of `text` that something else was found in.
pub(super) fn find_names(text: &str, tokens: &[Token], known: &[Range<usize>]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let end = run_end(text, tokens, index, known);
        if end == index {
            index += 1;
            continue;
        }
        let opener = |token: &Token| OPENERS.contains(&token.text.as_str());
        let start = if index == 0 && tokens.first().is_some_and(opener) { 1 } else { index };
        // A sentence begins with a capital whatever its first word is.
        let telling = start > 0 || end > 1 || tokens.first().is_some_and(|token| is_shouted(text, token));
        if start < end && telling {
            found.push(Named { kind: kind(tokens, start..end), tokens: start..end });
        }
        index = end;
    }
    found
}

fn run_end(text: &str, tokens: &[Token], start: usize, known: &[Range<usize>]) -> usize {
    let names = |index: usize| {
        tokens.get(index).is_some_and(|token| {
            let written = text.get(token.span.clone()).unwrap_or_default();
            let taken = known.iter().any(|known| super::facts::meet(known, &token.span));
            written.starts_with(char::is_uppercase) && !taken && !PLAIN.contains(&token.text.as_str())
        })
    };
    let joined = |index: usize| tokens.get(index).is_some_and(|token| token.gap == Gap::None);
    let small = |index: usize| tokens.get(index).is_some_and(|token| WITHIN.contains(&token.text.as_str()));
    if !names(start) {
        return start;
    }
    let mut end = start + 1;
    loop {
        if joined(end) && names(end) {
            end += 1;
        } else if joined(end) && small(end) && joined(end + 1) && names(end + 1) {
            end += 2;
        } else {
            return end;
        }
    }
}

/// Two capitals or more: an abbreviation or the name of a product.
fn is_shouted(text: &str, token: &Token) -> bool {
    let written = text.get(token.span.clone()).unwrap_or_default();
    written.chars().filter(|c| c.is_uppercase()).count() > 1
}

fn kind(tokens: &[Token], run: Range<usize>) -> ClaimKind {
    let own = tokens.get(run.clone()).unwrap_or_default();
    if own.iter().any(|token| SCHOOLS.contains(&token.text.as_str())) {
        return ClaimKind::School;
    }
    let before = run.start.checked_sub(1).and_then(|before| tokens.get(before));
    match before.map_or("", |token| token.text.as_str()) {
        "at" | "for" | "with" | "joined" | "bei" | "chez" => ClaimKind::Employer,
        _ => ClaimKind::Name,
    }
}

/// The words of a name without its legal form.
pub(super) fn without_legal_form(tokens: &[Token]) -> &[Token] {
    match tokens.split_last() {
        Some((last, rest)) if !rest.is_empty() && LEGAL_FORMS.contains(&last.text.as_str()) => rest,
        _ => tokens,
    }
}

/// "as a senior nurse", "I am an accountant", "my role as warehouse manager".
pub(super) fn find_titles(tokens: &[Token]) -> Vec<Named> {
    let word = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let article = |index: usize| matches!(word(index), "a" | "an" | "the");
    let mut found = Vec::new();
    for index in 0..tokens.len() {
        let start = match (word(index), word(index + 1)) {
            ("as", _) if article(index + 1) => index + 2,
            ("i", "am" | "was") if article(index + 2) => index + 3,
            ("im", _) if article(index + 1) => index + 2,
            ("worked" | "role" | "position" | "serving" | "working", "as") => {
                index + if article(index + 2) { 3 } else { 2 }
            }
            _ => continue,
        };
        let ends = |index: usize| {
            tokens.get(index).is_none_or(|token| token.gap > Gap::None) || TITLE_ENDS.contains(&word(index))
        };
        let length = (0..6).take_while(|offset| *offset == 0 || !ends(start + offset)).count();
        let end = (start + length).min(tokens.len());
        let last = end.checked_sub(1).map_or("", word);
        let twice = found.iter().any(|named: &Named| named.tokens.start == start);
        if start < end && !twice && !NO_TITLES.contains(&last) && length < 6 {
            found.push(Named { kind: ClaimKind::Title, tokens: start..end });
        }
    }
    found
}
