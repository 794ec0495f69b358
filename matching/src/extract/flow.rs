//! Collects flowing text (HTML, ODT, RTF) into blocks: paragraphs, list items, and cells of tables.

use super::builder::{RawBlock, Run};
use super::tables::row_blocks;
use crate::document::{BlockKind, HiddenReason, Style};

/// Appearance and link of a piece of text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Look {
    pub(crate) style: Style,
    pub(crate) size: Option<f32>,
    pub(crate) link: Option<String>,
}

/// Blocks so far, and the paragraph being written.
#[derive(Default)]
pub(crate) struct Flow {
    /// Finished blocks: at the bottom those of the document, above them those of open cells.
    sinks: Vec<Vec<RawBlock>>,
    /// Finished cells of the open row of each open table.
    rows: Vec<Vec<Vec<RawBlock>>>,
    runs: Vec<Run>,
    /// What the paragraph being written is.
    pub(crate) kind: Option<BlockKind>,
    /// Text that cannot be seen.
    pub(crate) hidden: Vec<(String, HiddenReason)>,
}

impl Flow {
    /// Appends text to the open paragraph.
    pub(crate) fn text(&mut self, text: &str, look: &Look) {
        match self.runs.last_mut() {
            Some(run) if run.style == look.style && run.font_size == look.size && run.link == look.link => {
                run.text.push_str(text);
            }
            _ => self.runs.push(Run {
                text: text.to_owned(),
                style: look.style,
                font_size: look.size,
                bbox: None,
                link: look.link.clone(),
            }),
        }
    }

    /// Notes text that cannot be seen.
    pub(crate) fn hide(&mut self, text: &str, reason: HiddenReason) {
        match self.hidden.last_mut() {
            Some((known, last)) if *last == reason => known.push_str(text),
            _ => self.hidden.push((text.to_owned(), reason)),
        }
    }

    /// Whether the open paragraph has visible text.
    pub(crate) fn has_text(&self) -> bool {
        self.runs.iter().any(|run| !run.text.trim().is_empty())
    }

    /// Ends the open paragraph.
    pub(crate) fn end_block(&mut self) {
        let runs = std::mem::take(&mut self.runs);
        let kind = self.kind.take().unwrap_or(BlockKind::Paragraph);
        if runs.iter().any(|run| !run.text.trim().is_empty()) {
            self.emit(vec![RawBlock::flowing(kind, runs)]);
        }
    }

    fn emit(&mut self, blocks: Vec<RawBlock>) {
        match self.sinks.last_mut() {
            Some(sink) => sink.extend(blocks),
            None => self.sinks.push(blocks),
        }
    }

    fn open_document(&mut self) {
        if self.sinks.is_empty() {
            self.sinks.push(Vec::new());
        }
    }

    /// A table begins.
    pub(crate) fn open_table(&mut self) {
        self.end_block();
        self.rows.push(Vec::new());
    }

    /// A cell begins.
    pub(crate) fn open_cell(&mut self) {
        self.end_block();
        self.open_document();
        self.sinks.push(Vec::new());
    }

    /// The open cell ends.
    pub(crate) fn close_cell(&mut self) {
        self.end_block();
        if self.sinks.len() < 2 {
            return;
        }
        let blocks = self.sinks.pop().unwrap_or_default();
        match self.rows.last_mut() {
            Some(row) => row.push(blocks),
            None => self.emit(blocks),
        }
    }

    /// The open row ends.
    pub(crate) fn close_row(&mut self) {
        self.end_block();
        let cells = self.rows.last_mut().map(std::mem::take).unwrap_or_default();
        let blocks = row_blocks(cells);
        self.emit(blocks);
    }

    /// The open table ends.
    pub(crate) fn close_table(&mut self) {
        self.close_row();
        self.rows.pop();
    }

    /// The blocks since the last time; what is open is ended.
    pub(crate) fn take_blocks(&mut self) -> Vec<RawBlock> {
        self.end_block();
        while self.sinks.len() > 1 {
            self.close_cell();
        }
        while !self.rows.is_empty() {
            self.close_table();
        }
        self.sinks.first_mut().map(std::mem::take).unwrap_or_default()
    }
}

impl Flow {
    /// Whether the open paragraph has nothing but the marker of a list item.
    pub(crate) fn only_marker(&self) -> bool {
        let text: String = self.runs.iter().map(|run| run.text.as_str()).collect();
        let text = text.trim();
        matches!(self.kind, Some(BlockKind::ListItem { .. }))
            && !text.contains(' ')
            && (text == "-" || text.ends_with('.'))
    }
}
