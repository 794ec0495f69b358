//! Ends of elements: what was gathered becomes blocks.

use super::{Body, Paragraph, Place};
use crate::document::BlockKind;
use crate::extract::builder::{RawBlock, Run};
use crate::extract::tables::row_blocks;

impl Body {
    /// An element's end.
    pub(super) fn end(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match name {
            "p" => self.end_paragraph(),
            "pPr" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.mark_deleted = self.place.deleted_mark;
                }
                self.place = Place::default();
            }
            "rPr" => self.place.run_properties = false,
            "tcPr" => self.place.cell_properties = false,
            "t" => self.place.text = false,
            "instrText" => self.place.instruction = false,
            "hyperlink" | "fldSimple" => {
                self.links.pop();
            }
            "tc" => self.end_cell(),
            "tr" => {
                let cells =
                    self.rows.last_mut().map(|row| std::mem::take(&mut row.cells)).unwrap_or_default();
                let blocks = row_blocks(cells);
                self.emit(blocks);
            }
            "tbl" => {
                let row = self.rows.pop().unwrap_or_default();
                self.grounds = self.grounds.saturating_sub(usize::from(row.shaded_table));
            }
            "txbxContent" => self.end_text_box(),
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        if self.sinks.len() < 2 {
            return;
        }
        let blocks = self.sinks.pop().unwrap_or_default();
        match self.rows.last_mut() {
            Some(row) => {
                row.cells.push(blocks);
                if std::mem::take(&mut row.shaded_cell) {
                    self.grounds = self.grounds.saturating_sub(1);
                }
            }
            None => self.emit(blocks),
        }
    }

    fn end_text_box(&mut self) {
        if self.sinks.len() < 2 {
            return;
        }
        self.grounds = self.grounds.saturating_sub(1);
        self.paragraphs.pop();
        let mut blocks = self.sinks.pop().unwrap_or_default();
        for block in &mut blocks {
            if block.kind == BlockKind::Paragraph {
                block.kind = BlockKind::TextBox;
            }
        }
        match self.paragraphs.last_mut() {
            Some(host) => host.boxes.extend(blocks),
            None => self.emit(blocks),
        }
        self.run = self.paragraphs.last().map(|paragraph| paragraph.style.props).unwrap_or_default();
    }

    /// Finishes the innermost open paragraph and the text boxes that hang on it.
    pub(super) fn end_paragraph(&mut self) {
        let Some(mut paragraph) = self.paragraphs.pop() else { return };
        self.place = Place::default();
        let boxes = std::mem::take(&mut paragraph.boxes);
        if paragraph.mark_deleted {
            self.carried = paragraph.runs;
        } else {
            let block = self.paragraph_block(paragraph);
            self.emit(vec![block]);
        }
        self.emit(boxes);
    }

    fn paragraph_block(&mut self, paragraph: Paragraph) -> RawBlock {
        let heading = paragraph
            .outline
            .filter(|level| *level < 9)
            .map(|level| (level + 1).min(6))
            .or_else(|| paragraph.style.heading());
        let styled = paragraph.style.list.clone();
        let list = paragraph.list_id.or_else(|| styled.as_ref().map(|(id, _)| id.clone()));
        let level = paragraph.list_level.or(styled.map(|(_, level)| level)).unwrap_or(0);
        let visible = paragraph.runs.iter().any(|run| !run.text.trim().is_empty());
        let marker = list.filter(|id| id != "0" && visible).and_then(|id| self.numbering.next(&id, level));
        let mut runs = paragraph.runs;
        let kind = match (heading, &marker) {
            (Some(level), _) => BlockKind::Heading { level },
            (None, Some(_)) => BlockKind::ListItem { depth: level },
            (None, None) => BlockKind::Paragraph,
        };
        if let Some(marker) = marker {
            let first = runs.first().cloned().unwrap_or_default();
            runs.insert(0, Run { text: marker, link: None, ..first });
        }
        RawBlock::flowing(kind, runs)
    }
}
