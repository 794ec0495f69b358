//! Builds a [`Document`] block by block, so that all readers keep the same conventions for text and ranges.

use std::ops::Range;

use super::clean::clean;
use super::options::Limits;
use crate::document::{
    Block, BlockKind, Document, Format, HiddenReason, HiddenText, Line, Link, Page, Rect, Span, Style,
    TextSource, Warning, WarningKind,
};
use crate::error::ExtractError;

/// A stretch of text as a reader found it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) font_size: Option<f32>,
    pub(crate) bbox: Option<Rect>,
    /// Target of the link it is part of.
    pub(crate) link: Option<String>,
}

impl Run {
    /// Unformatted text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A line as a reader found it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawLine {
    pub(crate) runs: Vec<Run>,
    pub(crate) bbox: Option<Rect>,
}

/// A block as a reader found it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawBlock {
    pub(crate) kind: BlockKind,
    pub(crate) column: u16,
    pub(crate) bbox: Option<Rect>,
    pub(crate) lines: Vec<RawLine>,
}

impl RawBlock {
    /// A block without positions; its lines are the runs cut at newlines.
    pub(crate) fn flowing(kind: BlockKind, runs: Vec<Run>) -> Self {
        let mut lines = vec![RawLine::default()];
        for run in runs {
            for (index, part) in run.text.split('\n').enumerate() {
                if index > 0 {
                    lines.push(RawLine::default());
                }
                if part.is_empty() {
                    continue;
                }
                if let Some(line) = lines.last_mut() {
                    line.runs.push(Run { text: part.to_owned(), ..run.clone() });
                }
            }
        }
        Self { kind, column: 0, bbox: None, lines }
    }
}

/// The document being built.
pub(crate) struct DocumentBuilder {
    document: Document,
    limits: Limits,
    unmapped: usize,
    zero_width: Vec<String>,
    full: bool,
    /// The run being cleaned, kept so that its memory is asked for once.
    scratch: String,
}

impl DocumentBuilder {
    /// An empty document of a format.
    pub(crate) fn new(format: Format, limits: Limits) -> Self {
        Self {
            document: Document {
                format,
                source: TextSource::Native,
                text: String::new(),
                pages: Vec::new(),
                hidden: Vec::new(),
                links: Vec::new(),
                warnings: Vec::new(),
            },
            limits,
            unmapped: 0,
            zero_width: Vec::new(),
            full: false,
            scratch: String::new(),
        }
    }

    /// Starts a page; blocks go to the last page started.
    pub(crate) fn start_page(&mut self, size: Option<(f32, f32)>) {
        let number = self.document.pages.len() as u32 + 1;
        self.document.pages.push(Page { number, size, blocks: Vec::new() });
    }

    /// Says where the characters come from.
    pub(crate) fn set_source(&mut self, source: TextSource) {
        self.document.source = source;
    }

    /// Notes an oddity, each kind once with the first message.
    pub(crate) fn warn(&mut self, kind: WarningKind, message: impl Into<String>) {
        if self.document.warnings.iter().all(|known| known.kind != kind) {
            self.document.warnings.push(Warning { kind, message: message.into() });
        }
    }

    /// Notes text that cannot be seen. Text without letters or digits does not matter and is left out.
    pub(crate) fn hide(&mut self, text: &str, reason: HiddenReason) {
        let mut plain = String::new();
        clean(text, &mut plain);
        let plain = plain.trim();
        if !plain.chars().any(char::is_alphanumeric) || self.hidden_is_full() {
            return;
        }
        let page = self.document.pages.last().filter(|page| page.size.is_some()).map(|page| page.number);
        match self.document.hidden.last_mut() {
            Some(last) if last.page == page && last.reason == reason => {
                last.text.push('\n');
                last.text.push_str(plain);
            }
            _ => self.document.hidden.push(HiddenText { text: plain.to_owned(), page, reason }),
        }
    }

    fn hidden_is_full(&self) -> bool {
        self.document.hidden.iter().map(|hidden| hidden.text.len()).sum::<usize>() > self.limits.text_bytes
    }

    /// Notes a link that is laid on no text.
    pub(crate) fn link_without_text(&mut self, target: String) {
        if self.document.links.iter().all(|known| known.target != target) {
            self.document.links.push(Link { target, range: None });
        }
    }

    /// Appends a block. Empty lines are dropped, and so is a block with nothing else.
    pub(crate) fn push(&mut self, raw: RawBlock) {
        if self.full {
            return;
        }
        if self.document.pages.is_empty() {
            self.start_page(None);
        }
        let before = self.document.text.len();
        if before > 0 {
            self.document.text.push_str("\n\n");
        }
        let start = self.document.text.len();
        let mut lines: Vec<Line> = Vec::with_capacity(raw.lines.len());
        for raw_line in raw.lines {
            let separator = self.document.text.len();
            if !lines.is_empty() {
                self.document.text.push('\n');
            }
            match self.push_line(raw_line) {
                Some(line) => lines.push(line),
                None => self.document.text.truncate(separator),
            }
        }
        let (Some(_), Some(last)) = (lines.first(), lines.last()) else {
            self.document.text.truncate(before);
            return;
        };
        let range = start..last.range.end;
        let bbox = raw.bbox.or_else(|| lines.iter().filter_map(|line| line.bbox).reduce(|a, b| a.union(&b)));
        let block = Block { kind: raw.kind, range, bbox, column: raw.column, lines };
        if let Some(page) = self.document.pages.last_mut() {
            page.blocks.push(block);
        }
        if self.document.text.len() > self.limits.text_bytes {
            self.full = true;
            let limit = self.limits.text_bytes;
            self.warn(
                WarningKind::Truncated,
                format!("the text is over {limit} bytes; the rest was left out"),
            );
        }
    }

    fn push_line(&mut self, mut raw: RawLine) -> Option<Line> {
        let start = self.document.text.len();
        unify_marker(&mut raw.runs);
        let mut spans: Vec<Span> = Vec::with_capacity(raw.runs.len());
        for run in raw.runs {
            let range = self.push_run(&run.text, start);
            if range.is_empty() {
                continue;
            }
            if let Some(target) = run.link {
                self.add_link(target, range.clone());
            }
            let visible = self.document.slice(&range).trim().len();
            match spans.last_mut() {
                Some(last) if last.style == run.style && last.font_size == run.font_size => {
                    last.range.end = range.end;
                    last.bbox = merge(last.bbox, run.bbox);
                }
                _ if visible > 0 => {
                    spans.push(Span { range, bbox: run.bbox, font_size: run.font_size, style: run.style });
                }
                _ => {}
            }
        }
        let trimmed = self.document.text.trim_end_matches([' ', '\t', '\n']).len().max(start);
        self.document.text.truncate(trimmed);
        if self.document.text.get(start..).is_none_or(|line| line.trim().is_empty()) {
            self.document.text.truncate(start);
            return None;
        }
        for span in &mut spans {
            span.range.end = span.range.end.min(trimmed);
        }
        spans.retain(|span| !span.range.is_empty());
        self.clip_links(trimmed);
        let bbox = raw.bbox.or_else(|| spans.iter().filter_map(|span| span.bbox).reduce(|a, b| a.union(&b)));
        Some(Line { range: start..trimmed, bbox, spans })
    }

    /// Appends the cleaned text of a run and gives its range; spaces are never doubled nor put first in a line.
    fn push_run(&mut self, text: &str, line_start: usize) -> Range<usize> {
        self.scratch.clear();
        let removed = clean(text, &mut self.scratch);
        self.unmapped += removed.unmapped;
        if removed.zero_width > 0 && self.zero_width.len() < 20 {
            self.zero_width.push(self.scratch.trim().to_owned());
        }
        let mut start = self.document.text.len();
        let out = &mut self.document.text;
        out.reserve(self.scratch.len());
        // Words are copied whole: only the characters between them need a look at what stands before.
        for piece in self.scratch.split_inclusive([' ', '\t', '\n']) {
            let word = piece.trim_end_matches([' ', '\t', '\n']);
            out.push_str(word);
            let last = out.as_bytes().last().copied().filter(|_| out.len() > line_start);
            match piece.as_bytes().get(word.len()) {
                None => {}
                Some(b'\t') if last.is_none() => {}
                Some(b'\t') => {
                    // A tab swallows the spaces and tabs before it.
                    let kept = out.trim_end_matches([' ', '\t']).len();
                    out.truncate(kept);
                    start = start.min(kept);
                    out.push('\t');
                }
                Some(_) if matches!(last, None | Some(b' ' | b'\t')) => {}
                Some(_) => out.push(' '),
            }
        }
        let end = out.len();
        start.min(end)..end
    }

    fn add_link(&mut self, target: String, range: Range<usize>) {
        match self.document.links.last_mut() {
            Some(Link { target: known, range: Some(open) })
                if *known == target && open.end <= range.start && range.start - open.end <= 1 =>
            {
                open.end = range.end;
            }
            _ => self.document.links.push(Link { target, range: Some(range) }),
        }
    }

    fn clip_links(&mut self, end: usize) {
        for link in self.document.links.iter_mut().rev() {
            match &mut link.range {
                Some(range) if range.end > end => range.end = end.max(range.start),
                Some(_) => break,
                None => {}
            }
        }
    }

    /// Whether the limit on text is reached, so that readers can stop early.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Number of bytes of text so far.
    pub(crate) fn text_len(&self) -> usize {
        self.document.text.len()
    }

    /// The finished document; [`ExtractError::NoText`] when nothing visible was found.
    pub(crate) fn finish(mut self) -> Result<Document, ExtractError> {
        if !self.document.text.chars().any(char::is_alphanumeric) {
            return Err(ExtractError::NoText { pages: self.document.pages.len().max(1) as u32 });
        }
        Ok(self.complete())
    }

    /// The document whether or not it has text.
    pub(crate) fn complete(&mut self) -> Document {
        if self.unmapped > 0 {
            let count = self.unmapped;
            self.warn(
                WarningKind::UnmappedCharacters,
                format!("{count} icons or unknown characters were dropped"),
            );
        }
        for text in std::mem::take(&mut self.zero_width) {
            self.document.hidden.push(HiddenText { text, page: None, reason: HiddenReason::ZeroWidth });
        }
        if !self.document.hidden.is_empty() {
            self.warn(WarningKind::HiddenText, "there is text that readers cannot see; it does not count");
        }
        let empty = self.document.clone_frame();
        std::mem::replace(&mut self.document, empty)
    }
}

impl Document {
    /// An empty document of the same format.
    fn clone_frame(&self) -> Self {
        Self {
            format: self.format,
            source: self.source,
            text: String::new(),
            pages: Vec::new(),
            hidden: Vec::new(),
            links: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Makes a bullet of any shape at the start of a line the one marker that [`Document`] promises.
fn unify_marker(runs: &mut [Run]) {
    let Some(first) = runs.iter_mut().find(|run| !run.text.trim().is_empty()) else { return };
    let text = first.text.trim_start();
    let mut chars = text.chars();
    if let Some(bullet) = chars.next()
        && (is_bullet(bullet)
            || (matches!(bullet, '*' | '–' | '—' | '·' | '−')
                && chars.as_str().starts_with([' ', '\t', '\u{a0}'])))
    {
        first.text = format!("- {}", chars.as_str().trim_start());
    }
}

/// Whether a character is a bullet wherever it begins a line.
pub(crate) fn is_bullet(c: char) -> bool {
    matches!(
        c,
        '•' | '‣'
            | '◦'
            | '▪'
            | '▫'
            | '●'
            | '○'
            | '■'
            | '□'
            | '◆'
            | '◇'
            | '❖'
            | '➢'
            | '➤'
            | '►'
            | '▶'
            | '▸'
            | '✓'
            | '✔'
            | '⁃'
            | '∙'
            | '⚫'
            | '◾'
            | '◼'
            | '\u{f0b7}'
            | '\u{f0a7}'
            | '\u{f0d8}'
            | '\u{f076}'
            | '\u{f0fc}'
    )
}

fn merge(a: Option<Rect>, b: Option<Rect>) -> Option<Rect> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.union(&b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(blocks: Vec<RawBlock>) -> Document {
        let mut builder = DocumentBuilder::new(Format::Text, Limits::default());
        for block in blocks {
            builder.push(block);
        }
        builder.finish().expect("there is text")
    }

    #[test]
    fn blocks_are_separated_by_an_empty_line_and_ranges_fit() {
        let document = built(vec![
            RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain("one  two \nthree")]),
            RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain("   ")]),
            RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain("four")]),
        ]);
        assert_eq!(document.text, "one two\nthree\n\nfour");
        let lines: Vec<_> = document.lines().map(|line| document.slice(&line.range)).collect();
        assert_eq!(lines, ["one two", "three", "four"]);
        let blocks: Vec<_> = document.pages[0].blocks.iter().map(|b| document.slice(&b.range)).collect();
        assert_eq!(blocks, ["one two\nthree", "four"]);
    }

    #[test]
    fn bullets_of_any_shape_become_one_marker() {
        let lines = "• one\n▪two\n– three\n-\u{a0}four\n–five";
        let document = built(vec![RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain(lines)])]);
        assert_eq!(document.text, "- one\n- two\n- three\n- four\n–five");
    }

    #[test]
    fn a_tab_swallows_spaces_around_it() {
        let document =
            built(vec![RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain("Acme \t  2019")])]);
        assert_eq!(document.text, "Acme\t2019");
    }

    #[test]
    fn styles_make_spans_and_links_keep_their_text() {
        let bold = Run { style: Style { bold: true, ..Style::default() }, ..Run::plain("Jane") };
        let link = Run { link: Some("mailto:j@x.org".to_owned()), ..Run::plain("j@x.org") };
        let document =
            built(vec![RawBlock::flowing(BlockKind::Paragraph, vec![bold, Run::plain(" "), link])]);
        let spans: Vec<_> = document.spans().map(|s| (document.slice(&s.range), s.style.bold)).collect();
        assert_eq!(spans, [("Jane", true), ("j@x.org", false)]);
        let range = document.links[0].range.clone().expect("the link has text");
        assert_eq!(document.slice(&range), "j@x.org");
    }

    #[test]
    fn a_document_without_letters_has_no_text() {
        let mut builder = DocumentBuilder::new(Format::Pdf, Limits::default());
        builder.start_page(Some((595.0, 842.0)));
        builder.push(RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain("—")]));
        assert_eq!(builder.finish(), Err(ExtractError::NoText { pages: 1 }));
    }
}
