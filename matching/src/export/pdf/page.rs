//! Lines on pages: sizes, wrapping, what stands at the right margin, page breaks.

use unicode_bidi::BidiInfo;

use super::fonts::{Fonts, Glyph};
use crate::export::lines::{Kind, Line, Run};

/// Width and height of A4 in points.
pub(super) const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 51.0;
/// How far the text of a bullet is set in.
const INDENT: f32 = 18.0;
const MARKER: f32 = 8.0;

/// Glyphs of one font in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) x: f32,
    /// Baseline, from the lower edge of the page.
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) glyphs: Vec<Glyph>,
}

/// A link and its box (x0, y0, x1, y1).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinkBox {
    pub(super) target: String,
    pub(super) area: [f32; 4],
}

/// A page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) pieces: Vec<Piece>,
    pub(super) links: Vec<LinkBox>,
}

/// Size, distance of lines, and space above of a kind of line.
fn looks(kind: Kind) -> (f32, f32, f32) {
    match kind {
        Kind::Name => (20.0, 26.0, 0.0),
        Kind::Heading => (13.0, 18.0, 12.0),
        Kind::Entry => (11.0, 14.0, 10.0),
        Kind::Contact | Kind::Detail | Kind::Paragraph | Kind::Bullet => (10.0, 13.0, 0.0),
    }
}

/// A word or, in scripts without spaces, a character; with its run.
struct Word<'l> {
    text: String,
    run: &'l Run,
    /// A space stands before it.
    spaced: bool,
}

/// Sets lines on pages.
pub(super) fn paginate(lines: &[Line], fonts: &mut Fonts<'_>) -> Vec<Page> {
    let mut setter = Setter { fonts, pages: vec![Page::default()], y: PAGE.1 - MARGIN };
    for (index, line) in lines.iter().enumerate() {
        // A heading stays with what it announces, an entry with its second line.
        let keep = match line.kind {
            Kind::Heading => 60.0,
            Kind::Entry => 30.0,
            _ => 0.0,
        };
        setter.line(line, keep, index == 0);
    }
    setter.pages
}

struct Setter<'f, 'a> {
    fonts: &'f mut Fonts<'a>,
    pages: Vec<Page>,
    y: f32,
}

impl Setter<'_, '_> {
    fn line(&mut self, line: &Line, keep: f32, first: bool) {
        let (size, leading, above) = looks(line.kind);
        let left = if line.kind == Kind::Bullet { MARGIN + INDENT } else { MARGIN };
        let right = PAGE.0 - MARGIN;
        if self.y - above - leading - keep < MARGIN {
            self.new_page();
        } else if !first {
            self.y -= above;
        }
        let words = words(line);
        let aside = self.fonts.measure(&line.aside, false, 10.0);
        // What stands beside needs room in the first row; a row of its own otherwise.
        let rows = self.wrap(&words, right - left, if aside > 0.0 { aside + 24.0 } else { 0.0 }, size);
        for (row, part) in rows.iter().enumerate() {
            if self.y - leading < MARGIN {
                self.new_page();
            }
            self.y -= leading;
            if row == 0 && line.kind == Kind::Bullet {
                self.text("•", MARGIN + MARKER, size, false);
            }
            self.row(part, left, size);
            if row == 0 && !line.aside.is_empty() {
                self.text(&line.aside, right - aside, 10.0, false);
            }
        }
    }

    fn new_page(&mut self) {
        self.pages.push(Page::default());
        self.y = PAGE.1 - MARGIN;
    }

    /// Breaks words into rows; `less` is what the first row has less room for.
    fn wrap<'w, 'l>(
        &mut self,
        words: &'w [Word<'l>],
        room: f32,
        less: f32,
        size: f32,
    ) -> Vec<Vec<&'w Word<'l>>> {
        let mut rows: Vec<Vec<&Word<'_>>> = vec![Vec::new()];
        let mut used = less;
        for word in words {
            let space = if word.spaced { self.fonts.measure(" ", word.run.bold, size) } else { 0.0 };
            let width = self.fonts.measure(&word.text, word.run.bold, size);
            let empty = rows.last().is_none_or(Vec::is_empty);
            if !empty && used + space + width > room {
                rows.push(Vec::new());
                used = 0.0;
            }
            let empty = rows.last().is_none_or(Vec::is_empty);
            used += width + if empty { 0.0 } else { space };
            if let Some(row) = rows.last_mut() {
                row.push(word);
            }
        }
        rows
    }

    /// Draws a row; a row that is wider than the page because of one long word is set smaller.
    fn row(&mut self, words: &[&Word<'_>], left: f32, size: f32) {
        let mut width = 0.0;
        for (index, word) in words.iter().enumerate() {
            let space = if index > 0 && word.spaced { " " } else { "" };
            width += self.fonts.measure(&format!("{space}{}", word.text), word.run.bold, size);
        }
        let room = PAGE.0 - MARGIN - left;
        let size = if width > room { size * room / width } else { size };
        let mut x = left;
        let mut at = 0;
        while let Some(first) = words.get(at) {
            let same: Vec<&&Word<'_>> =
                words.iter().skip(at).take_while(|word| std::ptr::eq(word.run, first.run)).collect();
            let text: String = same
                .iter()
                .enumerate()
                .map(|(index, word)| {
                    let space = if at + index > 0 && word.spaced { " " } else { "" };
                    format!("{space}{}", word.text)
                })
                .collect();
            let end = self.text(&text, x, size, first.run.bold);
            if let (Some(target), Some(page)) = (&first.run.link, self.pages.last_mut()) {
                let area = [x, self.y - 0.25 * size, end, self.y + 0.8 * size];
                page.links.push(LinkBox { target: target.clone(), area });
            }
            x = end;
            at += same.len();
        }
    }

    /// Draws text on the baseline and returns where it ends. Right-to-left text is put in the order it is seen in.
    fn text(&mut self, text: &str, x: f32, size: f32, bold: bool) -> f32 {
        let mut at = x;
        for part in visual(text) {
            let mut piece = Piece { x: at, y: self.y, size, bold, glyphs: Vec::new() };
            for c in part.chars() {
                let glyph = self.fonts.glyph(c);
                if piece.glyphs.last().is_some_and(|last| !same_font(*last, glyph)) {
                    self.push(std::mem::replace(
                        &mut piece,
                        Piece { x: at, y: self.y, size, bold, glyphs: Vec::new() },
                    ));
                }
                piece.glyphs.push(glyph);
                at += f32::from(self.fonts.width(glyph, bold)) * size / 1000.0;
            }
            self.push(piece);
        }
        at
    }

    fn push(&mut self, piece: Piece) {
        if let (Some(page), false) = (self.pages.last_mut(), piece.glyphs.is_empty()) {
            page.pieces.push(piece);
        }
    }
}

fn same_font(a: Glyph, b: Glyph) -> bool {
    match (a, b) {
        (Glyph::Latin(_), Glyph::Latin(_)) => true,
        (Glyph::Embedded(a, _), Glyph::Embedded(b, _)) | (Glyph::Box(a, _), Glyph::Box(b, _)) => a == b,
        _ => false,
    }
}

/// The text in the order in which it is seen from left to right (Unicode Standard Annex 9).
fn visual(text: &str) -> Vec<String> {
    let info = BidiInfo::new(text, None);
    if !info.has_rtl() {
        return vec![text.to_owned()];
    }
    info.paragraphs
        .iter()
        .flat_map(|paragraph| {
            let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
            runs.into_iter()
                .map(|run| {
                    let part = text.get(run.clone()).unwrap_or_default();
                    let rtl = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
                    if rtl { part.chars().rev().collect() } else { part.to_owned() }
                })
                .collect::<Vec<String>>()
        })
        .collect()
}

/// The words of a line; text without spaces may break after any of its characters.
fn words(line: &Line) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    for run in &line.runs {
        let mut spaced = false;
        let mut word = String::new();
        let mut begun_spaced = false;
        for c in run.text.chars() {
            let unspaced = crate::parse::is_unspaced(c);
            if c == ' ' || unspaced {
                if !word.is_empty() {
                    found.push(Word { text: std::mem::take(&mut word), run, spaced: begun_spaced });
                    spaced = false;
                }
                if c == ' ' {
                    spaced = true;
                } else {
                    found.push(Word { text: c.to_string(), run, spaced: std::mem::take(&mut spaced) });
                }
                continue;
            }
            if word.is_empty() {
                begun_spaced = std::mem::take(&mut spaced);
            }
            word.push(c);
        }
        if !word.is_empty() {
            found.push(Word { text: word, run, spaced: begun_spaced });
        } else if spaced {
            // A space at the end of a run belongs before the next one.
            found.push(Word { text: String::new(), run, spaced: true });
        }
    }
    found
}
