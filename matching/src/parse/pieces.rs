//! Header lines taken apart: dates, places and addresses first, then the names between separators.

use std::ops::Range;

use super::contact::{find_emails, find_urls};
use super::dates::{DateSpan, find_dates};
use super::flow::{Unit, is_duration};
use super::labels::Label;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::places::{inner_place, place_score, trailing_place};
use super::text::{trim_range, word_count};
use super::values::Value;

/// A name in a header line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Where it stands in the document's text.
    pub(super) range: Range<usize>,
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) size: f32,
    /// Number of the header unit within its entry.
    pub(super) row: usize,
    /// Number of the piece within its unit.
    pub(super) column: usize,
}

/// What a header line says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Header {
    pub(super) pieces: Vec<Piece>,
    /// Dates with their places in the document's text.
    pub(super) dates: Vec<DateSpan>,
    /// Ranges that name places.
    pub(super) places: Vec<Range<usize>>,
    /// Ranges of web addresses.
    pub(super) urls: Vec<Range<usize>>,
}

const EDGES: [char; 22] = [
    ',', ';', ':', '|', '•', '·', '–', '—', '-', '/', '(', ')', '[', ']', '~', '：', '，', '、', '@', '*',
    '_', '"',
];

/// Whether a text is a web or e-mail address and nothing else.
pub(super) fn is_address(text: &str) -> bool {
    let found = find_urls(text).into_iter().chain(find_emails(text)).map(|range| range.len()).sum::<usize>();
    found > 0 && found * 10 >= text.len() * 8
}

/// Whether dates are found in a text.
pub(super) fn has_date(text: &str) -> bool {
    !find_dates(text).is_empty()
}

impl Header {
    /// Takes a fragment that stands beside the text.
    pub(super) fn add_meta(&mut self, layout: &Layout<'_>, frag: &Frag<'_>, row: usize) {
        if is_duration(frag.text) {
            return;
        }
        if place_score(frag.text) >= 0.7 && !has_date(frag.text) {
            self.places.push(frag.range.clone());
        } else {
            self.add_frag(layout, frag, row);
        }
    }

    /// Takes dates and addresses that a line states with a label.
    pub(super) fn add_stated(&mut self, layout: &Layout<'_>, (label, value): &(Label, Value)) {
        match label {
            Label::Dates => {
                let base = value.range.start;
                self.dates.extend(
                    find_dates(layout.slice(&value.range)).into_iter().map(|date| DateSpan {
                        range: base + date.range.start..base + date.range.end,
                        ..date
                    }),
                );
            }
            Label::Address => self.urls.push(value.range.clone()),
            Label::Location => self.places.push(value.range.clone()),
            _ => {}
        }
    }

    /// Takes a header line.
    pub(super) fn add_unit(&mut self, layout: &Layout<'_>, unit: &Unit<'_, '_>, row: usize) {
        let first = self.pieces.len();
        let one = unit.frags.windows(2).all(|pair| matches!(pair, [a, b] if b.rect.y0 > a.rect.y0 + 2.0));
        if unit.frags.len() > 1 && one {
            // A name over several lines.
            let joined = unit.joined(layout);
            if let Some(frag) = unit.first() {
                let whole = Frag {
                    text: frag.text,
                    range: joined.range.clone(),
                    runs: unit.frags.iter().flat_map(|frag| frag.runs.clone()).collect(),
                    ..frag.clone()
                };
                self.add_frag(layout, &whole, row);
            }
        } else {
            for frag in &unit.frags {
                self.add_frag(layout, frag, row);
            }
        }
        for (column, piece) in self.pieces.iter_mut().skip(first).enumerate() {
            piece.column = column;
        }
    }

    fn add_frag(&mut self, layout: &Layout<'_>, frag: &Frag<'_>, row: usize) {
        if super::flow::shows_address(layout, frag) {
            self.urls.push(frag.range.clone());
            return;
        }
        let text = layout.slice(&frag.range);
        let base = frag.range.start;
        let shift = |range: Range<usize>| base + range.start..base + range.end;
        let mut holes: Vec<Range<usize>> = Vec::new();
        for range in find_urls(text).into_iter().chain(find_emails(text)) {
            self.urls.push(shift(range.clone()));
            holes.push(range);
        }
        for date in find_dates(text) {
            if holes.iter().any(|hole| hole.start < date.range.end && hole.end > date.range.start) {
                continue;
            }
            holes.push(date.range.clone());
            self.dates.push(DateSpan { range: shift(date.range.clone()), ..date });
        }
        holes.sort_by_key(|hole| hole.start);
        let mut at = 0;
        for hole in holes.into_iter().chain(std::iter::once(text.len()..text.len())) {
            if hole.start >= at {
                self.add_text(layout, frag, shift(at..hole.start), row);
            }
            at = at.max(hole.end);
        }
    }

    /// Takes a stretch without dates and addresses: a place at its end, names before it.
    fn add_text(&mut self, layout: &Layout<'_>, frag: &Frag<'_>, range: Range<usize>, row: usize) {
        let doc = &layout.doc.text;
        let mut range = trim_range(doc, range, &EDGES_OUTER);
        let text = layout.slice(&range);
        if text.is_empty() || is_duration(text) {
            return;
        }
        if place_score(text) >= 0.7 {
            self.places.push(range);
            return;
        }
        if let Some((head, place)) = trailing_place(text) {
            self.places.push(range.start + place.start..range.start + place.end);
            range = range.start..range.start + head;
        } else if let Some(place) = inner_place(text) {
            let at = range.start + place.start..range.start + place.end;
            self.places.push(at.clone());
            self.add_names(layout, frag, range.start..at.start, row);
            range = at.end..range.end;
        }
        self.add_names(layout, frag, range, row);
    }

    fn add_names(&mut self, layout: &Layout<'_>, frag: &Frag<'_>, range: Range<usize>, row: usize) {
        for part in split_names(layout, frag, range) {
            let text = layout.slice(&part);
            if !text.chars().any(char::is_alphanumeric) || is_duration(text) {
                continue;
            }
            if place_score(text) >= 0.9 {
                self.places.push(part);
                continue;
            }
            let runs =
                frag.runs.iter().filter(|run| run.range.start < part.end && run.range.end > part.start);
            let (mut bold, mut italic) = (0_usize, 0_usize);
            for run in runs {
                let shared = run.range.end.min(part.end).saturating_sub(run.range.start.max(part.start));
                bold += if run.bold { shared } else { 0 };
                italic += if run.italic { shared } else { 0 };
            }
            self.pieces.push(Piece {
                bold: bold * 2 > part.len(),
                italic: italic * 2 > part.len(),
                size: frag.size,
                row,
                column: 0,
                range: part,
            });
        }
    }
}

/// What is cut off around dates and places; an opening bracket that belongs to the name stays.
const EDGES_OUTER: [char; 18] =
    [',', ';', '|', '•', '·', '–', '—', '-', '/', '(', '[', ']', '~', '：', '，', '、', '*', '_'];

/// Splits at strong separators and where the weight changes.
fn split_names(layout: &Layout<'_>, frag: &Frag<'_>, range: Range<usize>) -> Vec<Range<usize>> {
    const STRONG: [&str; 12] =
        ["|", " • ", " · ", " – ", " — ", " - ", " / ", " @ ", "｜", " || ", " ∙ ", "\t"];
    let text = layout.slice(&range);
    let mut cuts: Vec<(usize, usize)> = STRONG
        .iter()
        .flat_map(|mark| text.match_indices(mark).map(|(at, found)| (at, at + found.len())))
        .collect();
    for pair in frag.runs.windows(2) {
        let [a, b] = pair else { continue };
        let at = b.range.start;
        let inside = at > range.start && at < range.end;
        // Another script is often set in a font that has no such weight.
        let scripts =
            super::text::is_latin(layout.slice(&a.range)) == super::text::is_latin(layout.slice(&b.range));
        if inside && scripts && (a.bold != b.bold || a.italic != b.italic) && splits_well(layout, &range, at)
        {
            cuts.push((at - range.start, at - range.start));
        }
    }
    cuts.sort_unstable();
    let mut parts = Vec::new();
    let mut at = 0;
    for (end, next) in cuts.into_iter().chain([(text.len(), text.len())]) {
        if end >= at {
            let part = trim_range(&layout.doc.text, range.start + at..range.start + end, &EDGES);
            // A closing bracket that was cut belongs to the name when its partner is in it.
            parts.push(close_bracket(layout, part, range.start + end));
        }
        at = at.max(next);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn close_bracket(layout: &Layout<'_>, part: Range<usize>, limit: usize) -> Range<usize> {
    let text = layout.slice(&part);
    let open = text.matches('(').count() > text.matches(')').count();
    if open && part.end < limit && layout.slice(&(part.end..limit)).starts_with(')') {
        return part.start..part.end + 1;
    }
    part
}

/// Whether a change of weight falls between two names: both sides have letters and a separator or space is there.
fn splits_well(layout: &Layout<'_>, range: &Range<usize>, at: usize) -> bool {
    let before = layout.slice(&(range.start..at));
    let after = layout.slice(&(at..range.end));
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    let apart = before.ends_with(|c: char| c.is_whitespace() || EDGES.contains(&c))
        || after.starts_with(|c: char| c.is_whitespace() || EDGES.contains(&c));
    letters(before) && letters(after) && apart
}

/// Splits a piece at its commas (not in brackets), or at a word for "at"; the parts must be names.
pub(super) fn split_weak(layout: &Layout<'_>, piece: &Piece) -> Vec<Piece> {
    let text = layout.slice(&piece.range);
    let mut depth = 0_i32;
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' | '，' | '、' if depth == 0 => cuts.push((at, at + c.len_utf8())),
            _ => {}
        }
    }
    let at_words = lexicon().set("at");
    let mut from = 0;
    while let Some(space) = text.get(from..).and_then(|rest| rest.find(' ')) {
        let word_start = from + space + 1;
        let rest = text.get(word_start..).unwrap_or_default();
        let word_end = rest.find(' ').unwrap_or(rest.len());
        let word = rest.get(..word_end).unwrap_or_default();
        if word_end < rest.len() && (at_words.is(word) || word == "@") && word_count(text) <= 14 {
            cuts.push((word_start - 1, word_start + word_end));
        }
        from = word_start;
    }
    cuts.sort_unstable();
    let mut parts = Vec::new();
    let mut at = 0;
    for (end, next) in cuts.into_iter().chain([(text.len(), text.len())]) {
        let range = trim_range(
            &layout.doc.text,
            piece.range.start + at.min(end)..piece.range.start + end,
            &[',', ';', '，'],
        );
        if !range.is_empty() {
            parts.push(Piece { range, ..piece.clone() });
        }
        at = next;
    }
    parts
}
