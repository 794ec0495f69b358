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

const DASHES: [char; 10] = ['-', '–', '—', '~', '～', '〜', '→', '‐', '−', '‑'];

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

    fn glued(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| piece.glued)
    }

    fn folded(&self, at: usize) -> &str {
        self.pieces.get(at).map_or("", |piece| &piece.folded)
    }

    fn number(&self, at: usize, digits: Range<usize>) -> Option<u32> {
        match self.item(at) {
            Some(Item::Number(value, length)) if digits.contains(&length) => Some(value),
            _ => None,
        }
    }

    fn year_at(&self, at: usize) -> Option<u16> {
        let value = self.number(at, 4..5)?;
        (1940..=2049).contains(&value).then(|| u16::try_from(value).ok()).flatten()
    }

    fn month_number(&self, at: usize) -> Option<u8> {
        let value = self.number(at, 1..3)?;
        (1..=12).contains(&value).then(|| u8::try_from(value).ok()).flatten()
    }

    fn day_number(&self, at: usize) -> Option<u8> {
        let value = self.number(at, 1..3)?;
        (1..=31).contains(&value).then(|| u8::try_from(value).ok()).flatten()
    }

    fn mark(&self, at: usize, marks: &[char]) -> bool {
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

    fn year_from(&self, at: usize) -> Option<Found> {
        let year = self.year_at(at)?;
        if self.refused_before(at) {
            return None;
        }
        if self.folded(at + 1) == "年" {
            return Some(self.after_year_mark(at + 1, year));
        }
        if self.mark(at + 1, &['-', '/', '.']) && self.glued(at + 1) && self.glued(at + 2) {
            if let Some(found) = self.iso_tail(at, year) {
                return Some(found);
            }
            // "2000.5" and the like are no years; "2019/20" and "2019-21" are ranges, looked at by the caller.
            if self.mark(at + 1, &['.']) && matches!(self.item(at + 2), Some(Item::Number(..))) {
                return None;
            }
        }
        if let Some(Item::Season(first)) = self.item(at + 1) {
            return Some(season(year, first, at + 2));
        }
        if let (Some(Item::Month(month)), None) = (self.item(at + 1), self.year_at(self.skip_dot(at + 2)))
            && self.number(self.skip_dot(at + 2), 1..3).is_none()
        {
            return Some(Found { date: PartialDate::month(year, month), season_end: None, next: at + 2 });
        }
        (!self.refused_after(at + 1)).then_some(Found {
            date: PartialDate::year(year),
            season_end: None,
            next: at + 1,
        })
    }

    /// "2020年3月15日" from the mark of the year on.
    fn after_year_mark(&self, mark: usize, year: u16) -> Found {
        let mut found = Found { date: PartialDate::year(year), season_end: None, next: mark + 1 };
        if let Some(month) = self.month_number(mark + 1)
            && self.folded(mark + 2) == "月"
        {
            found.date.month = Some(month);
            found.next = mark + 3;
            if let Some(day) = self.day_number(mark + 3)
                && matches!(self.folded(mark + 4), "日" | "号" | "號")
            {
                found.date.day = Some(day);
                found.next = mark + 5;
            }
        }
        found
    }

    /// "-03" or "-03-15" after a year.
    fn iso_tail(&self, at: usize, year: u16) -> Option<Found> {
        let month = self.month_number(at + 2)?;
        let dash = self.mark(at + 1, &['-']);
        if dash && self.number(at + 2, 2..3).is_none() {
            return None;
        }
        let mut found = Found { date: PartialDate::month(year, month), season_end: None, next: at + 3 };
        let same = self.item(at + 3) == self.item(at + 1) && self.glued(at + 3) && self.glued(at + 4);
        if let Some(day) = self.day_number(at + 4).filter(|_| same) {
            found.date.day = Some(day);
            found.next = at + 5;
        }
        Some(found)
    }

    /// Currency and number signs before, or digits glued by punctuation: no year.
    fn refused_before(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        if !self.glued(at) {
            return matches!(self.item(before), Some(Item::Mark('$' | '€' | '£' | '#')));
        }
        match self.item(before) {
            Some(Item::Mark('$' | '€' | '£' | '#' | '@' | '_' | '=' | '+')) => true,
            Some(Item::Mark('.' | ',' | '/' | '-')) => {
                let number = before.checked_sub(1).filter(|_| self.glued(before));
                // The end of "2015-2018" and of "03/2020-05/2021".
                number.is_some_and(|i| {
                    matches!(self.item(i), Some(Item::Number(..))) && self.year_at(i).is_none()
                })
            }
            Some(Item::Word) => !self.adjacent_cjk(before),
            _ => false,
        }
    }

    fn refused_after(&self, at: usize) -> bool {
        match self.item(at) {
            Some(Item::Mark('%' | '+' | '_' | '@' | '=' | '€' | '$')) => self.glued(at),
            Some(Item::Mark(',' | '.')) => {
                self.glued(at) && self.glued(at + 1) && matches!(self.item(at + 1), Some(Item::Number(..)))
            }
            _ => false,
        }
    }

    fn number_from(&self, at: usize) -> Option<Found> {
        if self.refused_before(at) {
            return None;
        }
        let glued_mark = self.mark(at + 1, &['/', '.', '-']) && self.glued(at + 1) && self.glued(at + 2);
        let year_follows = self.mark(at + 1, &['/', '.']) && self.year_at(at + 2).is_some();
        if (glued_mark || year_follows)
            && let Some(found) = self.numeric(at)
        {
            return Some(found);
        }
        let day = self.day_number(at)?;
        let mut next = at + 1;
        if matches!(self.folded(next), "st" | "nd" | "rd" | "th" | "er" | "º" | "ª" | ".") {
            next += 1;
        }
        if matches!(self.folded(next), "of" | "de" | "di") {
            next += 1;
        }
        let Some(Item::Month(month)) = self.item(next) else { return None };
        let found = self.month_year(next + 1)?;
        Some(Found {
            date: PartialDate { year: found.0, month: Some(month), day: Some(day) },
            season_end: None,
            next: found.1,
        })
    }

    /// "03/2020", "15.03.2020", "03/15/2020", and "03/20" next to a dash.
    fn numeric(&self, at: usize) -> Option<Found> {
        if let Some(year) = self.year_at(at + 2) {
            let month = self.month_number(at)?;
            return Some(Found { date: PartialDate::month(year, month), season_end: None, next: at + 3 });
        }
        let same = self.item(at + 1) == self.item(at + 3);
        if let (Some(year), true) = (self.year_at(at + 4), same) {
            let (first, second) = (self.number(at, 1..3)?, self.number(at + 2, 1..3)?);
            // Full stops are the European order; otherwise the American one, unless it cannot be.
            let european = self.mark(at + 1, &['.']) || first > 12;
            let (month, day) = if european { (second, first) } else { (first, second) };
            if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                return None;
            }
            let date = PartialDate { year, month: u8::try_from(month).ok(), day: u8::try_from(day).ok() };
            return Some(Found { date, season_end: None, next: at + 5 });
        }
        let month = self.month_number(at)?;
        let short = self.number(at + 2, 2..3).filter(|_| self.mark(at + 1, &['/']))?;
        let before =
            at.checked_sub(1).is_some_and(|before| self.mark(before, &DASHES) || self.folded(before) == "to");
        let next = at + 3;
        if !before && self.separator(next).is_none() {
            return None;
        }
        Some(Found { date: PartialDate::month(century(short)?, month), season_end: None, next })
    }

    fn month_from(&self, at: usize, month: u8) -> Option<Found> {
        if let Some((year, next)) = self.month_year(at + 1) {
            return Some(Found { date: PartialDate::month(year, month), season_end: None, next });
        }
        let day_at = self.skip_dot(at + 1);
        let day = self.day_number(day_at)?;
        let mut next = day_at + 1;
        if matches!(self.folded(next), "st" | "nd" | "rd" | "th") {
            next += 1;
        }
        let next = self.skip_dot(next);
        let year = self.year_at(next)?;
        let date = PartialDate { year, month: Some(month), day: Some(day) };
        Some(Found { date, season_end: None, next: next + 1 })
    }

    /// The year after a month, and the token after it: "2020", ", 2020", "de 2020", "'20", "-20".
    fn month_year(&self, at: usize) -> Option<(u16, usize)> {
        let mut next = self.skip_dot(at);
        if matches!(self.folded(next), "of" | "de" | "del" | "di") {
            next += 1;
        }
        if self.mark(next, &['\'', '’', '‘', '`']) {
            let short = self.number(next + 1, 2..3)?;
            return Some((century(short)?, next + 2));
        }
        if self.mark(next, &['-', '/', '–']) && self.glued(next) && self.glued(next + 1) {
            if let Some(year) = self.year_at(next + 1) {
                return Some((year, next + 2));
            }
            let short = self.number(next + 1, 2..3)?;
            return Some((century(short)?, next + 2));
        }
        self.year_at(next).map(|year| (year, next + 1))
    }

    fn season_from(&self, at: usize, first: u8) -> Option<Found> {
        let (year, next) = self.month_year(at + 1)?;
        Some(season(year, first, next))
    }

    fn quarter_from(&self, at: usize) -> Option<Found> {
        let quarter =
            u8::try_from(self.number(at + 1, 1..2).filter(|quarter| (1..=4).contains(quarter))?).ok()?;
        let (year, next) = self.month_year(at + 2)?;
        let first = quarter * 3 - 2;
        Some(Found {
            date: PartialDate::month(year, first),
            season_end: Some(PartialDate::month(year, first + 2)),
            next,
        })
    }
}

fn season(year: u16, first: u8, next: usize) -> Found {
    let end = if first == 12 { PartialDate::month(year + 1, 2) } else { PartialDate::month(year, first + 2) };
    Found { date: PartialDate::month(year, first), season_end: Some(end), next }
}

fn century(short: u32) -> Option<u16> {
    let year = if short < 50 { 2000 + short } else { 1900 + short };
    u16::try_from(year).ok()
}
