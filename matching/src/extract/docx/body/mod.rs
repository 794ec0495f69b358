//! The text of one part of a DOCX file: paragraphs, lists, tables, text boxes; deletions skipped, insertions kept.

mod ends;

use super::Relations;
use super::numbering::Numbering;
use super::styles::{Props, StyleDef, Styles, is_shade};
use crate::document::{BlockKind, HiddenReason};
use crate::error::ExtractError;
use crate::extract::builder::{RawBlock, Run};
use crate::extract::options::ExtractOptions;
use crate::extract::xml::{Element, Node, walk};

/// Reads parts one after the other; lists count on from part to part.
pub(super) struct Body {
    styles: Styles,
    numbering: Numbering,
    /// Text that cannot be seen.
    pub(super) hidden: Vec<(String, HiddenReason)>,
    /// Where finished blocks go: the part, or the cell or text box being read.
    sinks: Vec<Vec<RawBlock>>,
    paragraphs: Vec<Paragraph>,
    rows: Vec<Row>,
    /// Elements inside something that is not read.
    skipped: usize,
    place: Place,
    run: Props,
    /// Runs of a paragraph whose mark was deleted: they begin the next one.
    carried: Vec<Run>,
    fields: Vec<Field>,
    links: Vec<String>,
    /// Grounds that are not white around the current place: cells, text boxes.
    grounds: usize,
}

/// Which property element the walk is in.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    paragraph_properties: bool,
    run_properties: bool,
    cell_properties: bool,
    text: bool,
    instruction: bool,
    deleted_mark: bool,
}

#[derive(Default)]
struct Paragraph {
    style: StyleDef,
    runs: Vec<Run>,
    outline: Option<u8>,
    list_id: Option<String>,
    list_level: Option<u8>,
    shaded: bool,
    mark_deleted: bool,
    /// Blocks of text boxes that hang on this paragraph.
    boxes: Vec<RawBlock>,
}

#[derive(Default)]
struct Row {
    cells: Vec<Vec<RawBlock>>,
    shaded_table: bool,
    shaded_cell: bool,
}

/// A field such as a hyperlink, from its begin mark to its end mark.
#[derive(Default)]
struct Field {
    instruction: String,
    is_link: bool,
}

impl Body {
    pub(super) fn new(styles: Styles, numbering: Numbering) -> Self {
        Self {
            styles,
            numbering,
            hidden: Vec::new(),
            sinks: vec![Vec::new()],
            paragraphs: Vec::new(),
            rows: Vec::new(),
            skipped: 0,
            place: Place::default(),
            run: Props::default(),
            carried: Vec::new(),
            fields: Vec::new(),
            links: Vec::new(),
            grounds: 0,
        }
    }

    /// Reads a part; `Ok(false)` when it broke off.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        relations: &Relations,
        options: &ExtractOptions<'_>,
        budget: &mut usize,
    ) -> Result<bool, ExtractError> {
        let whole = walk(bytes, options, budget, |node| {
            match node {
                Node::Start(element) => self.start(&element, relations),
                Node::End(name) => self.end(&name),
                Node::Text(text) => self.text(&text),
            }
            Ok(())
        })?;
        self.close();
        Ok(whole)
    }

    /// The blocks read since the last time.
    pub(super) fn take_blocks(&mut self) -> Vec<RawBlock> {
        self.sinks.first_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Ends what a part that broke off left open.
    fn close(&mut self) {
        self.skipped = 0;
        while !self.paragraphs.is_empty() || self.sinks.len() > 1 {
            if self.paragraphs.is_empty() {
                let inner = self.sinks.pop().unwrap_or_default();
                self.emit(inner);
            } else {
                self.end_paragraph();
            }
        }
        let carried = std::mem::take(&mut self.carried);
        if !carried.is_empty() {
            self.emit(vec![RawBlock::flowing(BlockKind::Paragraph, carried)]);
        }
        self.rows.clear();
        self.fields.clear();
        self.links.clear();
        self.place = Place::default();
        self.grounds = 0;
    }

    fn emit(&mut self, blocks: Vec<RawBlock>) {
        if let Some(sink) = self.sinks.last_mut() {
            sink.extend(blocks);
        }
    }

    fn start(&mut self, element: &Element<'_>, relations: &Relations) {
        if self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        let name = element.name();
        match name.as_str() {
            "del" if self.place.paragraph_properties => self.place.deleted_mark = self.place.run_properties,
            // Deleted and moved-away text; the old look of text boxes; readings of CJK words; old properties.
            "del" | "moveFrom" | "Fallback" | "rt" | "pPrChange" | "rPrChange" | "tcPrChange"
            | "tblPrChange" | "sectPrChange" | "sectPr" | "delText" => self.skipped = 1,
            "p" => self.start_paragraph(),
            "pPr" => self.place.paragraph_properties = true,
            "rPr" => self.place.run_properties = true,
            "tcPr" => self.place.cell_properties = true,
            "r" => {
                self.run = self.paragraphs.last().map(|paragraph| paragraph.style.props).unwrap_or_default();
            }
            _ if self.place.paragraph_properties => self.paragraph_property(&name, element),
            _ if self.place.run_properties => self.run_property(&name, element),
            "tbl" | "tr" | "tc" | "tblStyle" | "shd" | "txbxContent" => self.structure(&name, element),
            _ => self.inline(&name, element, relations),
        }
    }

    fn start_paragraph(&mut self) {
        let runs = std::mem::take(&mut self.carried);
        self.paragraphs.push(Paragraph { style: self.styles.paragraph(None), runs, ..Paragraph::default() });
        self.place = Place::default();
        self.run = self.paragraphs.last().map(|paragraph| paragraph.style.props).unwrap_or_default();
    }

    fn paragraph_property(&mut self, name: &str, element: &Element<'_>) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let value = || element.attribute("val");
        match name {
            "pStyle" => {
                paragraph.style = self.styles.paragraph(value().as_deref());
                self.run = paragraph.style.props;
            }
            "outlineLvl" => paragraph.outline = value().and_then(|level| level.parse().ok()),
            "numId" => paragraph.list_id = value(),
            "ilvl" => paragraph.list_level = value().and_then(|level| level.parse().ok()),
            "shd" if !self.place.run_properties => paragraph.shaded = is_shade(element),
            _ => {}
        }
    }

    fn run_property(&mut self, name: &str, element: &Element<'_>) {
        if name == "rStyle" {
            let style = element.attribute("val").map(|id| self.styles.resolve(&id)).unwrap_or_default();
            self.run = style.props.over(&self.run);
        } else {
            self.run.apply(name, element);
        }
    }

    fn structure(&mut self, name: &str, element: &Element<'_>) {
        match name {
            "tbl" => self.rows.push(Row::default()),
            "tblStyle" => {
                // Table styles may paint any ground; white text in them is usual.
                if let Some(row) = self.rows.last_mut().filter(|row| !row.shaded_table) {
                    row.shaded_table = element.attribute("val").is_some_and(|style| style != "TableGrid");
                    self.grounds += usize::from(row.shaded_table);
                }
            }
            "tc" => self.sinks.push(Vec::new()),
            "shd" if self.place.cell_properties && is_shade(element) => {
                if let Some(row) = self.rows.last_mut().filter(|row| !row.shaded_cell) {
                    row.shaded_cell = true;
                    self.grounds += 1;
                }
            }
            "txbxContent" => {
                // Text boxes have fills of their own.
                self.grounds += 1;
                self.sinks.push(Vec::new());
                // The host paragraph waits below this one on the stack.
                self.paragraphs.push(Paragraph::default());
                self.place = Place::default();
            }
            _ => {}
        }
    }

    fn inline(&mut self, name: &str, element: &Element<'_>, relations: &Relations) {
        match name {
            "t" => self.place.text = true,
            "instrText" => self.place.instruction = true,
            "tab" | "ptab" => self.add("\t"),
            "br" | "cr" => self.add("\n"),
            "noBreakHyphen" => self.add("-"),
            "sym" => {
                let code = element.attribute("char").and_then(|code| u32::from_str_radix(&code, 16).ok());
                let bullet = matches!(code, Some(0xf0b7 | 0xf0a7 | 0xf0d8 | 0xf076 | 0xf0fc));
                self.add(if bullet { "•" } else { " " });
            }
            "hyperlink" => {
                let target =
                    element.attribute("id").and_then(|id| relations.get(&id)).map(|r| r.target.clone());
                self.links.push(target.unwrap_or_default());
            }
            "fldSimple" => {
                let target = element.attribute("instr").and_then(|instruction| link_of(&instruction));
                self.links.push(target.unwrap_or_default());
            }
            "fldChar" => self.field(element.attribute("fldCharType").as_deref()),
            _ => {}
        }
    }

    fn field(&mut self, kind: Option<&str>) {
        match kind {
            Some("begin") => self.fields.push(Field::default()),
            Some("separate") => {
                if let Some(field) = self.fields.last_mut()
                    && let Some(target) = link_of(&field.instruction)
                {
                    field.is_link = true;
                    self.links.push(target);
                }
            }
            Some("end") if self.fields.pop().is_some_and(|field| field.is_link) => {
                self.links.pop();
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped > 0 {
            return;
        }
        if self.place.instruction {
            if let Some(field) = self.fields.last_mut()
                && field.instruction.len() < 4096
            {
                field.instruction.push_str(text);
            }
        } else if self.place.text {
            self.add(text);
        }
    }

    fn add(&mut self, text: &str) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let on_white = self.grounds == 0 && !paragraph.shaded;
        if let Some(reason) = self.run.hidden(on_white) {
            match self.hidden.last_mut() {
                Some((known, last)) if *last == reason => known.push_str(text),
                _ => self.hidden.push((text.to_owned(), reason)),
            }
            return;
        }
        let style = self.run.style();
        let link = self.links.last().filter(|target| !target.is_empty());
        match paragraph.runs.last_mut() {
            Some(run)
                if run.style == style && run.font_size == self.run.size && run.link.as_ref() == link =>
            {
                run.text.push_str(text);
            }
            _ => {
                let link = link.cloned();
                paragraph.runs.push(Run {
                    text: text.to_owned(),
                    style,
                    font_size: self.run.size,
                    bbox: None,
                    link,
                });
            }
        }
    }
}

/// The target in a field's instruction: `HYPERLINK "https://…"`.
fn link_of(instruction: &str) -> Option<String> {
    let rest = instruction.trim_start().strip_prefix("HYPERLINK")?;
    let quoted = rest.split('"').nth(1)?;
    (!rest.trim_start().starts_with("\\l") && !quoted.is_empty()).then(|| quoted.to_owned())
}
