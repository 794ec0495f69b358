//! The document that extraction makes and everything after it reads: text in reading order, and where it stood.
//!
//! All ranges are byte ranges in [`Document::text`] and fall on character boundaries. All lengths and positions
//! are in PDF points (1/72 inch), the origin is the top left corner of the page, y grows downwards.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a file turned out to contain.
///
/// Conventions of [`Document::text`], which parsers may rely on:
/// - one `\n` ends a line, an empty line separates blocks (and pages), the text has no trailing newline;
/// - inside a line one `\t` stands for a wide gap or the border of a table cell, so `Acme Ltd\t2019 - 2021`
///   was an employer with its dates set to the right margin, or two cells of one row;
/// - text is Unicode NFC, ligatures are taken apart, soft hyphens are gone, words broken at a line end are
///   joined, right-to-left text is in logical (spoken) order;
/// - list items begin with their marker (`- ` for every kind of bullet, `1. ` and the like for numbers).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The kind of file, decided by its content and not by its name.
    pub format: Format,
    /// Where the characters came from.
    pub source: TextSource,
    /// All visible text in reading order.
    pub text: String,
    /// The same text with positions. Formats without pages have one page of unknown size.
    pub pages: Vec<Page>,
    /// Text that a reader of the page cannot see. It is not part of [`Document::text`] and must not count.
    pub hidden: Vec<HiddenText>,
    /// Hyperlinks with the text they are laid on.
    pub links: Vec<Link>,
    /// What was odd but did not stop extraction.
    pub warnings: Vec<Warning>,
}

impl Document {
    /// A document of plain text that came from nowhere in particular: each line is a line, each paragraph
    /// (lines between empty ones) a block. For job descriptions typed into a form, and for tests.
    pub fn from_text(text: &str) -> Self {
        crate::extract::plain_text(text)
    }

    /// The text of a range, or an empty string when the range is not one of this document.
    pub fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// All lines in reading order.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.pages.iter().flat_map(|page| &page.blocks).flat_map(|block| &block.lines)
    }

    /// All spans in reading order.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.lines().flat_map(|line| &line.spans)
    }

    /// The font size in points that most characters are set in; `None` when the format states no sizes.
    pub fn body_font_size(&self) -> Option<f32> {
        let mut weights: Vec<(u32, usize)> = Vec::new();
        for span in self.spans() {
            let Some(size) = span.font_size else { continue };
            // Tenths of a point are fine enough and let equal sizes be counted together.
            let key = (size * 10.0).round().max(0.0) as u32;
            match weights.iter_mut().find(|(known, _)| *known == key) {
                Some((_, weight)) => *weight += span.range.len(),
                None => weights.push((key, span.range.len())),
            }
        }
        weights.iter().max_by_key(|(key, weight)| (*weight, *key)).map(|(key, _)| *key as f32 / 10.0)
    }
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Portable Document Format.
    Pdf,
    /// Office Open XML text (`.docx`, also `.docm` and templates).
    Docx,
    /// OpenDocument text (`.odt`).
    Odt,
    /// Rich Text Format.
    Rtf,
    /// HTML or XHTML.
    Html,
    /// Markdown.
    Markdown,
    /// Plain text in any encoding.
    Text,
}

/// Where the characters of a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextSource {
    /// The file states its characters.
    Native,
    /// The characters were recognised in a picture and may be wrong.
    Ocr,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Number of the page, from 1.
    pub number: u32,
    /// Width and height in points as displayed; `None` for formats without pages.
    pub size: Option<(f32, f32)>,
    /// Blocks in reading order.
    pub blocks: Vec<Block>,
}

/// Lines that belong together: a paragraph, a heading, a list item, a table row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What the block is, as far as the format or the layout says.
    pub kind: BlockKind,
    /// From the first byte of the first line to the last byte of the last one.
    pub range: Range<usize>,
    /// The box around all lines; `None` for formats without positions.
    pub bbox: Option<Rect>,
    /// Column of the page that the block stands in, from 0 at the left; 0 for full-width blocks.
    pub column: u16,
    /// Lines in reading order.
    pub lines: Vec<Line>,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum BlockKind {
    /// Running text; also whatever the format does not tell.
    Paragraph,
    /// A heading as the format marks it (style, outline level or tag), or as size and weight show it in a PDF.
    Heading {
        /// From 1, the highest, to 6. 0 is the title of the document.
        level: u8,
    },
    /// An item of a list.
    ListItem {
        /// Depth from 0.
        depth: u8,
    },
    /// One row of a table; its cells are separated by tabs.
    TableRow,
    /// Page header.
    Header,
    /// Page footer.
    Footer,
    /// A footnote or endnote.
    Note,
    /// A text box or frame that floats beside the text.
    TextBox,
}

/// One line of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The text of the line, without the newline.
    pub range: Range<usize>,
    /// The box around the line; `None` for formats without positions.
    pub bbox: Option<Rect>,
    /// Stretches of equal appearance from first to last; spaces and tabs between them may belong to none.
    pub spans: Vec<Span>,
}

/// A stretch of text in one font, size and style.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The text.
    pub range: Range<usize>,
    /// The box around it; `None` for formats without positions.
    pub bbox: Option<Rect>,
    /// Font size in points as displayed; `None` when the format does not say.
    pub font_size: Option<f32>,
    /// Appearance.
    pub style: Style,
}

/// Appearance of a span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Bold, by the font's weight or name, or by markup.
    pub bold: bool,
    /// Italic or oblique.
    pub italic: bool,
    /// Underlined (only in formats that state it).
    pub underline: bool,
    /// Fixed-width font.
    pub monospace: bool,
    /// Not horizontal on the page as displayed.
    pub rotated: bool,
}

/// A box on a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl Rect {
    /// Width; never negative for boxes made by extraction.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    /// Height; never negative for boxes made by extraction.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// The smallest box around both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }
}

/// Text that is in the file but that a reader cannot see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenText {
    /// The text itself.
    pub text: String,
    /// Page number from 1; `None` for formats without pages.
    pub page: Option<u32>,
    /// Why it cannot be seen.
    pub reason: HiddenReason,
}

/// Why text cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenReason {
    /// The colour of the text is that of the ground under it.
    SameColour,
    /// Too small to read.
    Tiny,
    /// Outside the visible page.
    OffPage,
    /// Drawn with neither fill nor stroke, or fully transparent, and over no picture that shows it.
    Invisible,
    /// Marked as hidden by the format.
    Marked,
    /// Characters without width (zero-width spaces and joiners used to hide or split words).
    ZeroWidth,
    /// Covered by something drawn over it.
    Covered,
}

/// A hyperlink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The target as the file states it, such as `mailto:jane@example.org`.
    pub target: String,
    /// The text it is laid on; `None` when it is laid on a picture or on nothing.
    pub range: Option<Range<usize>>,
}

/// Something odd that did not stop extraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What kind of oddity.
    pub kind: WarningKind,
    /// One sentence for a person.
    pub message: String,
}

/// Kinds of oddities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// The file is damaged; what could be read was read.
    Damaged,
    /// There is text that readers cannot see ([`Document::hidden`]).
    HiddenText,
    /// A page shows pictures but no text: what they say was not read.
    PictureOnlyPage,
    /// Characters without a Unicode value were dropped.
    UnmappedCharacters,
    /// A limit was reached and the rest was left out.
    Truncated,
    /// The encoding was guessed.
    GuessedEncoding,
    /// The text comes from character recognition.
    Ocr,
}
