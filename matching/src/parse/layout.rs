//! The document as fragments: stretches of a line without wide gaps, each with its place and appearance.
//!
//! Formats without positions get synthetic ones (a line is a row, a tab a new column), so that everything after
//! this module works on one kind of input.

use std::ops::Range;

use super::text::{is_caps, is_cjk, is_latin, trim_range};
use crate::document::{Block, BlockKind, Document, Format, Line, Rect, Span};

/// A stretch of characters in one weight.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StyleRun {
    pub(super) range: Range<usize>,
    pub(super) bold: bool,
    pub(super) italic: bool,
}

/// A fragment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frag<'d> {
    /// The text without white space and list marker.
    pub(super) text: &'d str,
    /// Where it stands in the document's text.
    pub(super) range: Range<usize>,
    /// The same with its icon and list marker, which may carry its link.
    pub(super) reach: Range<usize>,
    /// Where it stands on paper; pages follow each other downwards.
    pub(super) rect: Rect,
    /// Page from 0.
    pub(super) page: usize,
    /// Font size; 10 when the format does not say.
    pub(super) size: f32,
    /// Most characters are bold.
    pub(super) bold: bool,
    /// Most characters are italic.
    pub(super) italic: bool,
    /// All letters are capitals.
    pub(super) caps: bool,
    /// It began with a list marker.
    pub(super) bullet: bool,
    /// It began with a dash or a colon-like decoration, or ended with one.
    pub(super) decorated: bool,
    /// It stands in a list item.
    pub(super) listed: bool,
    /// Level of the heading that the format marks; 0 for none.
    pub(super) level: u8,
    /// Its left edge was estimated, because a tab stands in its span.
    pub(super) estimated: bool,
    /// Number of the block it belongs to.
    pub(super) block: usize,
    /// Index of the fragment within its line.
    pub(super) cell: usize,
    /// Its weights.
    pub(super) runs: Vec<StyleRun>,
}

impl Frag<'_> {
    /// Whether two fragments look the same.
    pub(super) fn same_style(&self, other: &Self) -> bool {
        (self.size - other.size).abs() < 0.3 && self.bold == other.bold && self.italic == other.italic
    }

    /// Whether two fragments look the same as far as fonts have it: another script may lack the weight.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let lead = |frag: &Self| frag.runs.first().is_some_and(|run| run.bold);
        let scripts = is_latin(self.text) != is_latin(other.text);
        let weight = self.bold == other.bold || lead(self) == lead(other) || scripts;
        (self.size - other.size).abs() < 0.3 && weight && self.italic == other.italic
    }

    /// Horizontal middle.
    pub(super) fn centre(&self) -> f32 {
        f32::midpoint(self.rect.x0, self.rect.x1)
    }
}

/// All fragments of a document.
#[derive(Debug)]
pub(super) struct Layout<'d> {
    pub(super) doc: &'d Document,
    pub(super) frags: Vec<Frag<'d>>,
    /// Positions come from the file.
    pub(super) positioned: bool,
    /// Size of most characters.
    pub(super) body_size: f32,
    /// Where each page begins.
    pub(super) offsets: Vec<f32>,
}

impl<'d> Layout<'d> {
    /// Takes a document apart.
    pub(super) fn new(doc: &'d Document) -> Self {
        let positioned = doc.format == Format::Pdf && doc.lines().all(|line| line.bbox.is_some());
        let body_size = doc.body_font_size().unwrap_or(10.0);
        let mut layout = Self { doc, frags: Vec::new(), positioned, body_size, offsets: Vec::new() };
        let mut offset = 0.0_f32;
        let mut block_number = 0;
        for (page_index, page) in doc.pages.iter().enumerate() {
            layout.offsets.push(offset);
            let mut y = offset;
            for block in &page.blocks {
                block_number += 1;
                if matches!(block.kind, BlockKind::Footer) {
                    continue;
                }
                y += 8.0;
                for line in &block.lines {
                    let place = Place { page: page_index, block: block_number, offset, y };
                    layout.add_line(block, line, &place);
                    y += 14.0;
                }
            }
            let height = page.size.map_or(y - offset, |(_, height)| height);
            offset += height.max(1.0) + 40.0;
        }
        layout.snap_estimates();
        layout.drop_page_furniture();
        layout
    }

    fn add_line(&mut self, block: &Block, line: &Line, place: &Place) {
        let text = self.doc.slice(&line.range);
        let mut start = line.range.start;
        let mut pending_bullet = false;
        let mut cell = 0;
        let mut cuts: Vec<usize> = text.match_indices('\t').map(|(at, _)| line.range.start + at).collect();
        if self.positioned {
            cuts.extend(wide_gaps(&line.spans));
            cuts.extend(self.after_dates(line));
            cuts.sort_unstable();
        }
        cuts.push(line.range.end);
        for cut in cuts {
            let piece = start..cut;
            start = cut;
            if trim_range(&self.doc.text, piece.clone(), &[]).is_empty() {
                continue;
            }
            let Some(frag) = self.frag(block, line, piece, place, cell) else {
                pending_bullet = true;
                continue;
            };
            let bullet = frag.bullet || pending_bullet;
            pending_bullet = false;
            cell += 1;
            self.frags.push(Frag { bullet, ..frag });
        }
    }

    /// The fragment of a piece of a line; `None` for a list marker alone.
    fn frag(
        &self,
        block: &Block,
        line: &Line,
        piece: Range<usize>,
        place: &Place,
        cell: usize,
    ) -> Option<Frag<'d>> {
        let reach = piece.clone();
        let (range, bullet) = strip_marker(self.doc, trim_range(&self.doc.text, piece, &[]));
        if range.is_empty() {
            return None;
        }
        let text = self.doc.text.get(range.clone())?;
        let spans: Vec<&Span> = line
            .spans
            .iter()
            .filter(|span| span.range.start < range.end && span.range.end > range.start)
            .collect();
        let size = spans
            .iter()
            .max_by_key(|span| overlap(&span.range, &range))
            .and_then(|span| span.font_size)
            .unwrap_or(10.0);
        let weight = |test: fn(&Span) -> bool| {
            spans.iter().filter(|span| test(span)).map(|span| overlap(&span.range, &range)).sum::<usize>() * 2
                > range.len()
        };
        let (depth, level) = match block.kind {
            BlockKind::ListItem { depth } => (depth, 0),
            BlockKind::Heading { level } => (0, level.max(1)),
            _ => (0, 0),
        };
        let listed = matches!(block.kind, BlockKind::ListItem { .. })
            && cell == 0
            && block.lines.first().is_some_and(|first| first.range == line.range);
        Some(Frag {
            text,
            rect: self.rect(line, &spans, &range, place, cell, depth),
            page: place.page,
            size,
            bold: weight(|span| span.style.bold),
            italic: weight(|span| span.style.italic),
            caps: is_caps(text),
            bullet: bullet || listed,
            listed: matches!(block.kind, BlockKind::ListItem { .. }),
            estimated: self.positioned
                && cell > 0
                && spans.iter().any(|span| self.slice(&span.range).contains('\t')),
            decorated: text.ends_with([':', '-', '=', '_', '：'])
                || text.starts_with(['=', '#', '【', '◆', '■', '●']),
            level,
            block: place.block,
            cell,
            runs: spans
                .iter()
                .map(|span| StyleRun {
                    range: span.range.start.max(range.start)..span.range.end.min(range.end),
                    bold: span.style.bold,
                    italic: span.style.italic,
                })
                .collect(),
            range,
            reach,
        })
    }

    fn rect(
        &self,
        line: &Line,
        spans: &[&Span],
        range: &Range<usize>,
        place: &Place,
        cell: usize,
        depth: u8,
    ) -> Rect {
        if self.positioned {
            let boxes = spans.iter().filter_map(|span| self.part(span, range)).reduce(|a, b| a.union(&b));
            if let Some(found) = boxes.or(line.bbox) {
                return Rect { y0: found.y0 + place.offset, y1: found.y1 + place.offset, ..found };
            }
        }
        let x0 = cell as f32 * 200.0 + f32::from(depth) * 15.0;
        Rect { x0, x1: x0 + range.len() as f32 * 5.0, y0: place.y, y1: place.y + 11.0 }
    }

    /// The part of a span's box that the characters in `range` take up; a tab in the span is a gap of unknown width.
    fn part(&self, span: &Span, range: &Range<usize>) -> Option<Rect> {
        let whole = span.bbox?;
        let text = self.slice(&span.range);
        if !text.contains('\t') {
            return Some(whole);
        }
        let size = span.font_size.unwrap_or(10.0);
        let width = |text: &str| text.chars().map(|c| if is_cjk(c) { size } else { size * 0.5 }).sum::<f32>();
        let inside = self.slice(&(range.start.max(span.range.start)..range.end.min(span.range.end)));
        let before = self.slice(&(span.range.start..range.start.max(span.range.start)));
        let after = self.slice(&(range.end.min(span.range.end)..span.range.end));
        let x0 = if before.contains('\t') {
            whole.x1 - width(after) - width(inside)
        } else {
            whole.x0 + width(before)
        };
        let x0 = x0.clamp(whole.x0, whole.x1);
        Some(Rect { x0, x1: (x0 + width(inside)).min(whole.x1), ..whole })
    }

    /// Moves estimated left edges to the nearest edge that other lines of the page share.
    fn snap_estimates(&mut self) {
        let edges: Vec<(usize, f32)> =
            self.frags.iter().filter(|frag| !frag.estimated).map(|frag| (frag.page, frag.rect.x0)).collect();
        for frag in self.frags.iter_mut().filter(|frag| frag.estimated) {
            let shared = |x: f32| {
                edges.iter().filter(|(page, edge)| *page == frag.page && (edge - x).abs() < 1.5).count()
            };
            let near = edges
                .iter()
                .filter(|(page, edge)| *page == frag.page && (edge - frag.rect.x0).abs() < 3.0 * frag.size)
                .map(|(_, edge)| (shared(*edge), *edge))
                .max_by(|a, b| {
                    a.0.cmp(&b.0).then((b.1 - frag.rect.x0).abs().total_cmp(&(a.1 - frag.rect.x0).abs()))
                });
            if let Some((_, edge)) = near.filter(|(count, _)| *count >= 2) {
                frag.rect.x0 = edge.min(frag.rect.x1);
            }
        }
    }

    /// Where a date set in another weight before the text ends: it stands in a column of its own.
    fn after_dates(&self, line: &Line) -> Vec<usize> {
        line.spans
            .windows(2)
            .filter_map(|pair| {
                let [left, right] = pair else { return None };
                let lead = self.slice(&(line.range.start..left.range.end));
                (left.style != right.style && super::flow::is_date_only(lead)).then_some(left.range.end)
            })
            .collect()
    }

    /// The text of a range.
    pub(super) fn slice(&self, range: &Range<usize>) -> &'d str {
        self.doc.text.get(range.clone()).unwrap_or_default()
    }

    /// Targets of the links laid on a range.
    pub(super) fn links(&self, range: &Range<usize>) -> impl Iterator<Item = (&'d str, Range<usize>)> {
        let range = range.clone();
        self.doc.links.iter().filter_map(move |link| {
            let at = link.range.clone()?;
            (at.start < range.end && at.end > range.start).then_some((link.target.as_str(), at))
        })
    }
}

/// Where a line comes from.
struct Place {
    page: usize,
    block: usize,
    offset: f32,
    y: f32,
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

/// Byte positions between spans that stand far apart on the line.
fn wide_gaps(spans: &[Span]) -> Vec<usize> {
    spans
        .windows(2)
        .filter_map(|pair| {
            let [left, right] = pair else { return None };
            let gap = right.bbox?.x0 - left.bbox?.x1;
            let (size, next) = (left.font_size.unwrap_or(10.0), right.font_size.unwrap_or(10.0));
            // Text of another size stands apart sooner.
            let other_size = (size - next).abs() > 0.1 * size.max(next);
            (gap > if other_size { 0.6 } else { 2.2 } * size).then_some(left.range.end)
        })
        .collect()
}

const MARKERS: [char; 24] = [
    '-', '–', '—', '•', '*', '·', '▪', '◦', '‣', '◆', '●', '○', '■', '□', '➢', '➤', '✓', '✔', '▸', '►', '∙',
    '◇', '❖', '\u{f0b7}',
];

/// The range without a list marker, and whether there was one.
fn strip_marker(doc: &Document, range: Range<usize>) -> (Range<usize>, bool) {
    let Some(text) = doc.text.get(range.clone()) else { return (range, false) };
    let mut chars = text.chars();
    let first = chars.next();
    let second = chars.next();
    if let Some(mark) = first.filter(|c| MARKERS.contains(c)) {
        let alone = second.is_none();
        if alone || second.is_some_and(char::is_whitespace) || !matches!(mark, '-' | '–' | '—' | '*' | '·')
        {
            return (trim_range(&doc.text, range.start + mark.len_utf8()..range.end, &[]), true);
        }
    }
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if (1..=2).contains(&digits) {
        let rest = text.get(digits..).unwrap_or_default();
        if rest.starts_with(". ") || rest.starts_with(") ") {
            return (trim_range(&doc.text, range.start + digits + 1..range.end, &[]), true);
        }
    }
    (range, false)
}
