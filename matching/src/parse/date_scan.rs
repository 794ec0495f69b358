//! The grammar of single dates: a text as months, numbers and marks, and the dates that start at one of them.

use std::ops::Range;

use super::dates::{DateSpan, PartialDate};
use super::lexicon::{Lexicon, lexicon};
use super::text::{Token, fold, is_cjk};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// A number and how many digits it has.
    Number(u32, usize),
    /// The name of a month.
    Month(u8),
    /// The name of a season, by its first month.
    Season(u8),
    /// A quarter of a year.
    Quarter(u8),
    /// Any other word or a character of a script without spaces.
    Word,
    /// Any other character.
    Mark(char),
}

#[derive(Debug)]
struct Piece {
    item: Item,
    range: Range<usize>,
    folded: String,
    /// No white space stands before it.
    glued: bool,
}

/// A date and the token after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// The date; of a season or quarter its first month.
    pub(super) date: PartialDate,
    /// The last month of a season or quarter.
    pub(super) season_end: Option<PartialDate>,
    /// Index of the token after it.
    pub(super) next: usize,
}

/// A text in tokens.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    lexicon: &'static Lexicon,
}

pub(super) const DASHES: [char; 10] = ['-', '–', '—', '~', '～', '〜', '→', '‐', '−', '‑'];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Cjk,
    Mark,
}

fn class(c: char) -> Class {
    if c.is_ascii_digit() {
        Class::Digit
    } else if is_cjk(c) {
        Class::Cjk
    } else if c.is_alphabetic() {
        Class::Letter
    } else {
        Class::Mark
    }
}

impl<'a> Scanner<'a> {
    /// Splits a text at white space, punctuation and between letters and digits.
    pub(super) fn new(text: &'a str) -> Self {
        let mut scanner = Self { text, pieces: Vec::new(), lexicon: lexicon() };
        let mut glued = false;
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            if c.is_whitespace() {
                glued = false;
                continue;
            }
            let kind = class(c);
            let mut end = start + c.len_utf8();
            if matches!(kind, Class::Letter | Class::Digit) {
                while let Some((at, next)) = chars.next_if(|(_, next)| class(*next) == kind) {
                    end = at + next.len_utf8();
                }
            }
            scanner.push(kind, start..end, c, glued);
            glued = true;
        }
        scanner
    }

    fn push(&mut self, kind: Class, range: Range<usize>, first: char, glued: bool) {
        let word = self.text.get(range.clone()).unwrap_or_default();
        let folded = fold(word);
        let item = match kind {
            Class::Digit => word.parse().map_or(Item::Mark('#'), |value| Item::Number(value, word.len())),
            Class::Letter if folded == "q" => Item::Quarter(0),
            Class::Letter | Class::Cjk => {
                if let Some(month) = self.lexicon.months.get(&folded) {
                    Item::Month(*month)
                } else if let Some(first) = self.lexicon.seasons.get(&folded) {
                    Item::Season(*first)
                } else {
                    Item::Word
                }
            }
            Class::Mark => Item::Mark(first),
        };
        self.pieces.push(Piece { item, range, folded, glued });
    }

    /// Number of tokens.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// What the token is.
    pub(super) fn item(&self, at: usize) -> Option<Item> {
        self.pieces.get(at).map(|piece| piece.item)
    }

    pub(super) fn glued(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| piece.glued)
    }

    pub(super) fn folded(&self, at: usize) -> &str {
        self.pieces.get(at).map_or("", |piece| &piece.folded)
    }

    pub(super) fn number(&self, at: usize, digits: Range<usize>) -> Option<u32> {
        match self.item(at) {
            Some(Item::Number(value, length)) if digits.contains(&length) => Some(value),
            _ => None,
        }
    }

    pub(super) fn year_at(&self, at: usize) -> Option<u16> {
        let value = self.number(at, 4..5)?;
        (1940..=2049).contains(&value).then(|| u16::try_from(value).ok()).flatten()
    }

    pub(super) fn month_number(&self, at: usize) -> Option<u8> {
        let value = self.number(at, 1..3)?;
        (1..=12).contains(&value).then(|| u8::try_from(value).ok()).flatten()
    }

    pub(super) fn day_number(&self, at: usize) -> Option<u8> {
        let value = self.number(at, 1..3)?;
        (1..=31).contains(&value).then(|| u8::try_from(value).ok()).flatten()
    }

    pub(super) fn mark(&self, at: usize, marks: &[char]) -> bool {
        matches!(self.item(at), Some(Item::Mark(c)) if marks.contains(&c))
    }

    /// The token after a full stop or comma at `at`, else `at`.
    pub(super) fn skip_dot(&self, at: usize) -> usize {
        if self.mark(at, &['.', ',']) { at + 1 } else { at }
    }

    /// The token after a phrase of the set `key` that starts at `at`.
    pub(super) fn word(&self, at: usize, key: &str) -> Option<usize> {
        let set = self.lexicon.set(key);
        let first = self.pieces.get(at)?;
        if first.folded.chars().any(is_cjk) {
            let rest = self.text.get(first.range.start..)?;
            let end = first.range.start + set.starts_unspaced(rest)?;
            return Some(self.pieces.iter().position(|piece| piece.range.start >= end).unwrap_or(self.len()));
        }
        let mut words = Vec::new();
        let mut ends = Vec::new();
        for (offset, piece) in self.pieces.get(at..)?.iter().enumerate().take(9) {
            match piece.item {
                Item::Word | Item::Month(_) | Item::Season(_) => {
                    words.push(Token { range: piece.range.clone(), folded: piece.folded.clone() });
                    ends.push(at + offset + 1);
                }
                Item::Mark('\'' | '’' | '-') if !words.is_empty() => {}
                _ => break,
            }
        }
        ends.get(set.prefix_len(&words)?.checked_sub(1)?).copied()
    }

    /// The token after "present", "heute", "现在" and the like.
    pub(super) fn present(&self, at: usize) -> Option<usize> {
        let at = if self.mark(at, &['(', '.']) { at + 1 } else { at };
        self.word(at, "present")
    }

    /// The token after a dash or a word for "to".
    pub(super) fn separator(&self, at: usize) -> Option<usize> {
        let mut next = self.skip_ended(at);
        let academic = self.glued(next) && self.glued(next + 1) && self.number(next + 1, 2..3).is_some();
        let slash = self.mark(next, &['/']) && (self.year_at(next + 1).is_some() || academic);
        if self.mark(next, &DASHES) || slash {
            while self.mark(next, &DASHES) || self.mark(next, &['/', '>']) {
                next += 1;
            }
            return Some(self.word(next, "to").unwrap_or(next));
        }
        self.word(next, "to")
    }

    /// Passes over the full stop of an abbreviated month and over 月/日 that closed a date.
    fn skip_ended(&self, at: usize) -> usize {
        if self.mark(at, &['.']) && self.mark(at + 1, &DASHES) { at + 1 } else { at }
    }

    /// Whether a dash after a date is the end of the text, as in "2019 –".
    pub(super) fn dangling(&self, dash: usize, after: usize) -> bool {
        self.mark(dash, &DASHES)
            && (after >= self.len() || (self.mark(after, &[')', ']', '|']) && after + 1 >= self.len()))
    }

    /// Whether the word stands before dates in ordinary sentences too ("the project of 2019").
    pub(super) fn is_vague(&self, at: usize) -> bool {
        matches!(self.folded(at), "de" | "from" | "von" | "van" | "da" | "din" | "des" | "la")
    }

    /// Whether the token is glued to the one before in a script without spaces.
    pub(super) fn adjacent_cjk(&self, at: usize) -> bool {
        self.folded(at).chars().any(is_cjk)
    }

    /// "2019–21": the end shares the century.
    pub(super) fn short_end(&self, at: usize, first: PartialDate) -> Option<(PartialDate, usize)> {
        let value = u16::try_from(self.number(at, 2..3)?).ok()?;
        let year = first.year / 100 * 100 + value;
        let plausible =
            first.month.is_none() && year > first.year && year < first.year + 60 && self.glued(at);
        plausible.then_some((PartialDate::year(year), at + 1))
    }

    /// The stretch from token `at` to before token `next`.
    pub(super) fn span(
        &self,
        at: usize,
        next: usize,
        start: Option<PartialDate>,
        end: Option<PartialDate>,
        open: bool,
    ) -> DateSpan {
        let from = self.pieces.get(at).map_or(0, |piece| piece.range.start);
        let to =
            next.checked_sub(1).and_then(|last| self.pieces.get(last)).map_or(from, |piece| piece.range.end);
        DateSpan { start, end, open, single: false, range: from..to.max(from) }
    }

    /// The date that starts at token `at`.
    pub(super) fn date(&self, at: usize) -> Option<Found> {
        let found = match self.item(at)? {
            Item::Number(_, 4) => self.year_from(at),
            Item::Number(_, 1 | 2) => self.number_from(at),
            Item::Month(month) => self.month_from(at, month),
            Item::Season(first) => self.season_from(at, first),
            Item::Quarter(_) => self.quarter_from(at),
            _ => None,
        }?;
        // Letters right behind make it something else: "2012R2".
        let behind_letters = self.glued(found.next)
            && matches!(self.item(found.next), Some(Item::Word | Item::Month(_)))
            && !self.adjacent_cjk(found.next);
        (!behind_letters).then_some(found)
    }
}
