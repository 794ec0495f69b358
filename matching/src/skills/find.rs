//! Finds mentions of skills in text.

use std::ops::Range;

use serde::Serialize;

use super::context::supported;
use super::index::{BREAK, NameIndex, key};
use super::normalise::{Gap, Token, tokenise};
use super::taxonomy::Pattern;
use super::{Kind, Level, Period, SkillId, Taxonomy, qualify, usage};

/// One mention of a skill in a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkillMention {
    /// Which skill.
    #[serde(skip)]
    pub skill: SkillId,
    /// Its canonical name.
    pub canonical: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Byte range of the name in the text, without version.
    pub span: Range<usize>,
    /// The version that follows the name ("17" of "Java 17").
    pub version: Option<String>,
    /// Whether the text says that it is not there ("no experience with").
    pub negated: bool,
    /// Years of experience that the text gives for it.
    pub years: Option<f32>,
    /// How well somebody has it, or should have it, as the text says.
    pub level: Option<Level>,
    /// The calendar years of its use, where the text gives them beside the name.
    pub period: Option<Period>,
    /// How sure it is that the skill is meant, 0 to 1.
    pub confidence: f32,
}

/// A name found, not yet judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// First token.
    pub(super) first: usize,
    /// Last token.
    pub(super) last: usize,
    /// Number of the pattern.
    pub(super) pattern: usize,
    /// Whether it counts only with support.
    pub(super) ambiguous: bool,
    /// Whether it is written in lower case or capitals, not as the name is: it counts only as an item in a list of technologies.
    pub(super) respelt: bool,
}

/// A text made ready for finding.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) haystack: String,
    /// Where each token's leading space is in the haystack.
    pub(super) starts: Vec<usize>,
    /// The tokens' numbers in the names' vocabulary.
    words: Vec<Option<u32>>,
    /// The number of [`BREAK`]; a number of no word where no name holds one.
    item_end: u32,
}

impl Taxonomy {
    /// All mentions in `text`, in order, none overlapping another; the longest name wins.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<SkillMention> {
        let prepared = self.prepare(text);
        let mut candidates = self.candidates(&prepared);
        let sure: Vec<Candidate> =
            candidates.iter().copied().filter(|candidate| !candidate.ambiguous).collect();
        let unsure: Vec<Candidate> =
            candidates.iter().copied().filter(|candidate| candidate.ambiguous).collect();
        let mut strength = vec![0_u32; self.patterns.len()];
        candidates.retain(|candidate| {
            if !candidate.ambiguous {
                return true;
            }
            let support = supported(self, &prepared, candidate, &sure, &unsure);
            if let Some(slot) = strength.get_mut(candidate.pattern) {
                *slot = support;
            }
            support > 0
        });
        // Longest first; among equals the better supported, then the earlier one.
        candidates.sort_by_key(|candidate| {
            let support = strength.get(candidate.pattern).copied().unwrap_or_default();
            let length = candidate.last - candidate.first;
            (usize::MAX - length, u32::MAX - support, candidate.first, candidate.pattern)
        });
        let mut taken = vec![false; prepared.tokens.len()];
        candidates.retain(|candidate| {
            let own = taken.get_mut(candidate.first..=candidate.last).unwrap_or_default();
            let free = own.iter().all(|taken| !taken);
            if free {
                own.fill(true);
            }
            free
        });
        candidates.sort_by_key(|candidate| candidate.first);
        candidates.iter().filter_map(|candidate| self.mention(&prepared, candidate)).collect()
    }

    /// Byte ranges of all names in `text` as a plain dictionary finds them: in any spelling, without looking at the words
    /// around; the longest name wins. What [`Taxonomy::find`] is measured against.
    #[must_use]
    pub fn find_names(&self, text: &str) -> Vec<Range<usize>> {
        let prepared = self.prepare(text);
        let mut spans = Vec::new();
        let mut first = 0;
        while first < prepared.tokens.len() {
            let mut longest = None;
            self.walk(&prepared, first, |last, patterns| {
                if !patterns.is_empty() {
                    longest = Some(last);
                }
            });
            let tokens = longest.and_then(|last| prepared.tokens.get(first).zip(prepared.tokens.get(last)));
            spans.extend(tokens.map(|(start, end)| start.span.start..end.span.end));
            first = longest.unwrap_or(first) + 1;
        }
        spans
    }

    fn prepare<'a>(&self, text: &'a str) -> Prepared<'a> {
        let tokens = split_versions(tokenise(text), &self.index);
        let haystack = key(&tokens);
        let mut starts = Vec::with_capacity(tokens.len());
        let mut at = 0;
        for (index, token) in tokens.iter().enumerate() {
            if index > 0 && token.gap > Gap::None {
                at += 2;
            }
            starts.push(at);
            at += 1 + token.text.len();
        }
        let words = tokens.iter().map(|token| self.index.word(&token.text)).collect();
        let item_end = self.index.word(BREAK).unwrap_or(u32::MAX);
        Prepared { text, tokens, haystack, starts, words, item_end }
    }

    fn candidates(&self, prepared: &Prepared<'_>) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for first in 0..prepared.tokens.len() {
            self.walk(prepared, first, |last, patterns| {
                self.judge(prepared, first, last, patterns, &mut candidates);
            });
        }
        candidates
    }

    /// Gives the patterns of all names that begin at the token `first`, with their last token, the shortest first.
    fn walk(&self, prepared: &Prepared<'_>, first: usize, mut give: impl FnMut(usize, &[u32])) {
        let word = |index: usize| prepared.words.get(index).copied().flatten();
        let mut last = first;
        let mut node = word(first).and_then(|word| self.index.first(word));
        while let Some(at) = node {
            give(last, self.index.outputs(at));
            last += 1;
            let apart = prepared.tokens.get(last).is_some_and(|token| token.gap > Gap::None);
            let from = if apart { self.index.next(at, prepared.item_end) } else { Some(at) };
            node = from.zip(word(last)).and_then(|(from, word)| self.index.next(from, word));
        }
    }

    /// Keeps those of the `patterns`, whose words stand at `first..=last`, that are spelt as they ask and not ruled out.
    fn judge(
        &self,
        prepared: &Prepared<'_>,
        first: usize,
        last: usize,
        patterns: &[u32],
        candidates: &mut Vec<Candidate>,
    ) {
        for pattern in patterns.iter().map(|pattern| *pattern as usize) {
            let Some(known) = self.patterns.get(pattern) else { continue };
            if let Some(spelling) = judge_spelling(prepared, known, first, last)
                && !self.ruled_out(prepared, known, first, last)
            {
                let respelt = spelling == Spelling::Respelt;
                let ambiguous = spelling != Spelling::Sure;
                candidates.push(Candidate { first, last, pattern, ambiguous, respelt });
            }
        }
    }

    /// Whether one of the entry's `not` phrases stands around a marked name.
    fn ruled_out(&self, prepared: &Prepared<'_>, pattern: &Pattern, first: usize, last: usize) -> bool {
        if !(pattern.name.exact_case || pattern.name.needs_support) {
            return false;
        }
        let Some(skill) = self.get(pattern.skill) else { return true };
        let start = prepared.starts.get(first.saturating_sub(4)).copied().unwrap_or_default();
        let end = prepared.starts.get(last + 5).map_or(prepared.haystack.len(), |next| next + 1);
        let Some(window) = prepared.haystack.get(start..end) else { return false };
        let (own_start, own_end) = prepared.key_range(first, last);
        skill.never.iter().any(|phrase| {
            window
                .match_indices(phrase)
                .any(|(at, found)| start + at <= own_start && start + at + found.len() >= own_end)
        })
    }

    fn mention(&self, prepared: &Prepared<'_>, candidate: &Candidate) -> Option<SkillMention> {
        let pattern = self.patterns.get(candidate.pattern)?;
        let skill = self.get(pattern.skill)?;
        let span =
            prepared.tokens.get(candidate.first)?.span.start..prepared.tokens.get(candidate.last)?.span.end;
        let confidence = if candidate.ambiguous {
            0.8
        } else if span.len() <= 3 {
            0.9
        } else {
            1.0
        };
        Some(SkillMention {
            skill: pattern.skill,
            canonical: skill.name,
            kind: skill.kind,
            span,
            version: qualify::version(&prepared.tokens, candidate.last, skill.kind),
            negated: qualify::negated(&prepared.tokens, candidate.first)
                || qualify::waived(&prepared.tokens, candidate.last),
            years: qualify::years(&prepared.tokens, candidate.first, candidate.last),
            level: usage::level(&prepared.tokens, candidate.first, candidate.last),
            period: usage::period(&prepared.tokens, candidate.last),
            confidence,
        })
    }
}

impl Prepared<'_> {
    /// Where the tokens' key, leading and closing space included, is in the haystack.
    fn key_range(&self, first: usize, last: usize) -> (usize, usize) {
        let start = self.starts.get(first).copied().unwrap_or_default();
        let end = match (self.starts.get(last), self.tokens.get(last)) {
            (Some(start), Some(token)) => start + token.text.len() + 2,
            _ => start,
        };
        (start, end)
    }
}

/// What the spelling of a name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// It is the name.
    Sure,
    /// It needs support.
    Unsure,
    /// An exact name in lower case or capitals, as people write lists ("python, react, docker").
    Respelt,
}

/// `None` when an exact name is spelt otherwise.
fn judge_spelling(prepared: &Prepared<'_>, pattern: &Pattern, first: usize, last: usize) -> Option<Spelling> {
    let name = pattern.name;
    let unsure = |unsure: bool| if unsure { Spelling::Unsure } else { Spelling::Sure };
    if !name.exact_case {
        return Some(unsure(name.needs_support));
    }
    let (start, end) = (prepared.tokens.get(first)?, prepared.tokens.get(last)?);
    let written = prepared.text.get(start.span.start..end.span.end)?;
    if written.split_whitespace().eq(name.text.split_whitespace()) {
        // A capital says nothing where every word would have one.
        let ordinary = name.text.chars().skip(1).all(|c| c.is_lowercase() || c == ' ');
        let opening = start.gap >= Gap::Sentence && ordinary;
        return Some(unsure(name.needs_support || opening));
    }
    let uniform = !written.contains(char::is_uppercase) || !written.contains(char::is_lowercase);
    (uniform && written.len() > 1).then_some(Spelling::Respelt)
}

/// Splits "python3" into "python" and "3" where the first is a known name and the whole is not.
fn split_versions(tokens: Vec<Token>, names: &NameIndex) -> Vec<Token> {
    let mut split = Vec::with_capacity(tokens.len());
    for token in tokens {
        let letters = token.text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let digits = token.text.len() - letters.len();
        let cut = token.span.end.saturating_sub(digits);
        let splits = digits > 0
            && (letters.len() > 2 || letters == "c#")
            && letters.is_ascii()
            && names.is_name(letters)
            && !names.is_name(&token.text)
            && cut > token.span.start;
        if !splits {
            split.push(token);
            continue;
        }
        let version = token.text.get(letters.len()..).unwrap_or_default().to_owned();
        let letters = letters.to_owned();
        split.push(Token { span: token.span.start..cut, text: letters, gap: token.gap });
        split.push(Token { span: cut..token.span.end, text: version, gap: Gap::None });
    }
    split
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
