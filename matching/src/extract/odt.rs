//! ODT: OpenDocument text, with its headers, notes, lists and text boxes; tracked deletions left out.

use std::collections::HashMap;

use super::builder::{DocumentBuilder, RawBlock};
use super::container::Container;
use super::flow::{Flow, Look};
use super::numerals::{NumberFormat, format_number};
use super::options::ExtractOptions;
use super::xml::{Element, Node, walk};
use crate::document::{BlockKind, Document, Format, HiddenReason, WarningKind};
use crate::error::{ExtractError, FormatName};

/// Styles that a style may be based on, one on the other.
const MAX_CHAIN: usize = 16;
/// Spaces that one element may stand for.
const MAX_SPACES: usize = 100;

/// Reads an ODT file.
pub(super) fn extract(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    let mut budget = options.limits.objects;
    let mut container = Container::open(bytes, Format::Odt, options)?;
    if let Some(manifest) = container.read("META-INF/manifest.xml")?
        && memchr::memmem::find(&manifest, b"encryption-data").is_some()
    {
        return Err(ExtractError::Encrypted { format: FormatName(Format::Odt) });
    }
    let content = container.read("content.xml")?.ok_or_else(|| damaged("its text part is missing"))?;
    let mut reader = Reader::default();
    let mut sides = Vec::new();
    if let Some(styles) = container.read("styles.xml")? {
        reader.read(&styles, options, &mut budget)?;
        sides = reader.flow.take_blocks();
    }
    let whole = reader.read(&content, options, &mut budget)?;
    let main = reader.flow.take_blocks();
    let broken = container.damaged || !whole;
    let mut builder = DocumentBuilder::new(Format::Odt, options.limits);
    let (footers, headers): (Vec<RawBlock>, Vec<RawBlock>) =
        sides.into_iter().partition(|block| block.kind == BlockKind::Footer);
    for block in headers.into_iter().chain(main).chain(std::mem::take(&mut reader.notes)).chain(footers) {
        builder.push(block);
    }
    for (text, reason) in &reader.flow.hidden {
        builder.hide(text, *reason);
    }
    if broken {
        builder.warn(WarningKind::Damaged, "the file is damaged; what could be read was read");
    }
    match builder.finish() {
        Err(ExtractError::NoText { .. }) if broken => Err(damaged("nothing of its text can be read")),
        result => result,
    }
}

fn damaged(detail: &str) -> ExtractError {
    ExtractError::Damaged { format: FormatName(Format::Odt), detail: detail.to_owned() }
}

#[derive(Debug, Clone, Default)]
struct StyleDef {
    parent: Option<String>,
    bold: Option<bool>,
    italic: Option<bool>,
    underline: Option<bool>,
    size: Option<f32>,
    hidden: Option<bool>,
    white: Option<bool>,
    ground: Option<bool>,
}

#[derive(Default)]
struct Reader {
    styles: HashMap<String, StyleDef>,
    /// Numbering of list styles by level; levels that are absent have bullets.
    lists: HashMap<String, HashMap<u8, (NumberFormat, u32)>>,
    defining: Option<String>,
    defining_list: Option<String>,
    flow: Flow,
    notes: Vec<RawBlock>,
    /// Styles of the open paragraph and spans.
    open: Vec<StyleDef>,
    links: Vec<String>,
    open_lists: Vec<(String, u32)>,
    /// Elements inside something that is not read.
    skipped: usize,
    /// Header or footer being read.
    side: Option<BlockKind>,
    paragraphs: usize,
    notes_open: Vec<Flow>,
}

impl Reader {
    fn read(
        &mut self,
        bytes: &[u8],
        options: &ExtractOptions<'_>,
        budget: &mut usize,
    ) -> Result<bool, ExtractError> {
        let whole = walk(bytes, options, budget, |node| {
            match node {
                Node::Start(element) => self.start(&element),
                Node::End(name) => self.end(&name),
                Node::Text(text) if self.skipped == 0 && self.paragraphs > 0 => {
                    let collapsed: Vec<&str> = text.split_ascii_whitespace().collect();
                    let lead = if text.starts_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
                    let tail = if text.ends_with(|c: char| c.is_ascii_whitespace()) { " " } else { "" };
                    self.add(&format!("{lead}{}{tail}", collapsed.join(" ")));
                }
                Node::Text(_) => {}
            }
            Ok(())
        })?;
        self.skipped = 0;
        self.paragraphs = 0;
        self.open.clear();
        self.links.clear();
        self.open_lists.clear();
        while let Some(mut outer) = self.notes_open.pop() {
            std::mem::swap(&mut self.flow, &mut outer);
            self.notes.extend(outer.take_blocks());
        }
        Ok(whole)
    }

    fn start(&mut self, element: &Element<'_>) {
        if self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        let name = element.name();
        match name.as_str() {
            "tracked-changes" | "annotation" | "note-citation" | "forms" | "ruby-text" | "sequence-decls"
            | "desc" | "title" => {
                self.skipped = 1;
            }
            "style" | "default-style" => {
                self.defining = element.attribute("name");
                if let Some(name) = &self.defining {
                    let parent = element.attribute("parent-style-name");
                    self.styles.insert(name.clone(), StyleDef { parent, ..StyleDef::default() });
                }
            }
            "list-style" => self.defining_list = element.attribute("name"),
            "list-level-style-number" => self.define_level(element),
            "text-properties" | "paragraph-properties" | "table-cell-properties" | "graphic-properties" => {
                if let Some(style) = self.defining.as_ref().and_then(|name| self.styles.get_mut(name)) {
                    style.take(element);
                }
            }
            "header" | "header-left" | "header-first" => self.side = Some(BlockKind::Header),
            "footer" | "footer-left" | "footer-first" => self.side = Some(BlockKind::Footer),
            "p" | "h" => self.start_paragraph(&name, element),
            "span" => self.open.push(self.resolve(element.attribute("style-name").as_deref())),
            "a" => self.links.push(element.attribute("href").unwrap_or_default()),
            "s" => {
                let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1_usize);
                self.add(&" ".repeat(count.min(MAX_SPACES)));
            }
            "tab" => self.add("\t"),
            "line-break" => self.add("\n"),
            "list" => {
                let own = element.attribute("style-name");
                let inherited = self.open_lists.last().map(|(style, _)| style.clone());
                self.open_lists.push((own.or(inherited).unwrap_or_default(), 0));
            }
            "list-item" => self.start_item(),
            "table" => self.flow.open_table(),
            "table-cell" => self.flow.open_cell(),
            "note-body" => self.notes_open.push(std::mem::take(&mut self.flow)),
            _ => {}
        }
    }

    fn define_level(&mut self, element: &Element<'_>) {
        let Some(list) = &self.defining_list else { return };
        let level = element.attribute("level").and_then(|level| level.parse::<u8>().ok()).unwrap_or(1);
        let sign = element.attribute("num-format").unwrap_or_default();
        let start = element.attribute("start-value").and_then(|start| start.parse().ok()).unwrap_or(1);
        self.lists.entry(list.clone()).or_default().insert(level, (NumberFormat::of_sign(&sign), start));
    }

    fn start_paragraph(&mut self, name: &str, element: &Element<'_>) {
        // A text box inside a paragraph ends what was before it.
        if self.paragraphs > 0 {
            self.flow.end_block();
        }
        self.paragraphs += 1;
        self.open.push(self.resolve(element.attribute("style-name").as_deref()));
        if let Some(side) = self.side {
            self.flow.kind = Some(side);
        } else if name == "h" {
            let level =
                element.attribute("outline-level").and_then(|level| level.parse::<u8>().ok()).unwrap_or(1);
            self.flow.kind = Some(BlockKind::Heading { level: level.clamp(1, 6) });
        }
    }

    fn start_item(&mut self) {
        self.flow.end_block();
        let depth = self.open_lists.len().max(1) as u8;
        let Some((style, count)) = self.open_lists.last_mut() else { return };
        let marker = match self.lists.get(style).and_then(|levels| levels.get(&depth)) {
            Some((format, start)) => format!("{}. ", format_number(start.saturating_add(*count), *format)),
            None => "- ".to_owned(),
        };
        *count = count.saturating_add(1);
        self.flow.kind = Some(BlockKind::ListItem { depth: depth - 1 });
        self.flow.text(&marker, &Look::default());
    }

    fn end(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match name {
            "p" | "h" => {
                self.open.pop();
                self.paragraphs = self.paragraphs.saturating_sub(1);
                self.flow.end_block();
            }
            "span" => {
                self.open.pop();
            }
            "a" => {
                self.links.pop();
            }
            "style" | "default-style" => self.defining = None,
            "list-style" => self.defining_list = None,
            "header" | "header-left" | "header-first" | "footer" | "footer-left" | "footer-first" => {
                self.side = None;
            }
            "list" => {
                self.open_lists.pop();
            }
            "table-cell" => self.flow.close_cell(),
            "table-row" => self.flow.close_row(),
            "table" => self.flow.close_table(),
            "note-body" => {
                if let Some(outer) = self.notes_open.pop() {
                    let mut note = std::mem::replace(&mut self.flow, outer);
                    self.flow.hidden.append(&mut note.hidden);
                    let blocks = note.take_blocks().into_iter();
                    self.notes.extend(blocks.map(|block| RawBlock { kind: BlockKind::Note, ..block }));
                }
            }
            _ => {}
        }
    }

    /// A style with what it inherits.
    fn resolve(&self, name: Option<&str>) -> StyleDef {
        let mut resolved = StyleDef::default();
        let mut next = name;
        for _ in 0..MAX_CHAIN {
            let Some(style) = next.and_then(|name| self.styles.get(name)) else { break };
            resolved = resolved.over(style);
            next = style.parent.as_deref();
        }
        resolved
    }

    fn add(&mut self, text: &str) {
        if self.paragraphs == 0 {
            return;
        }
        let style = self.open.iter().rev().fold(StyleDef::default(), |inner, outer| inner.over(outer));
        let hidden = if style.hidden == Some(true) {
            Some(HiddenReason::Marked)
        } else if style.size.is_some_and(|size| size < 2.0) {
            Some(HiddenReason::Tiny)
        } else if style.white == Some(true) && style.ground != Some(true) {
            Some(HiddenReason::SameColour)
        } else {
            None
        };
        if let Some(reason) = hidden {
            return self.flow.hide(text, reason);
        }
        let mut look = Look { size: style.size, ..Look::default() };
        look.style.bold = style.bold == Some(true);
        look.style.italic = style.italic == Some(true);
        look.style.underline = style.underline == Some(true);
        look.link =
            self.links.last().filter(|target| !target.is_empty() && !target.starts_with('#')).cloned();
        self.flow.text(text, &look);
    }
}

impl StyleDef {
    fn take(&mut self, element: &Element<'_>) {
        let value = |name: &str| element.attribute(name);
        if let Some(weight) = value("font-weight") {
            self.bold = Some(weight == "bold" || weight.parse::<u16>().is_ok_and(|weight| weight >= 600));
        }
        if let Some(style) = value("font-style") {
            self.italic = Some(style == "italic" || style == "oblique");
        }
        if let Some(underline) = value("text-underline-style") {
            self.underline = Some(underline != "none");
        }
        if let Some(size) = value("font-size").and_then(|size| size.strip_suffix("pt")?.parse().ok()) {
            self.size = Some(size);
        }
        if let Some(display) = value("display") {
            self.hidden = Some(display == "none");
        }
        if let Some(colour) = value("color") {
            self.white = Some(colour.eq_ignore_ascii_case("#ffffff"));
        }
        if let Some(ground) = value("background-color").or_else(|| value("fill-color")) {
            self.ground = Some(ground != "transparent" && !ground.eq_ignore_ascii_case("#ffffff"));
        }
    }

    fn over(&self, base: &Self) -> Self {
        Self {
            parent: None,
            bold: self.bold.or(base.bold),
            italic: self.italic.or(base.italic),
            underline: self.underline.or(base.underline),
            size: self.size.or(base.size),
            hidden: self.hidden.or(base.hidden),
            white: self.white.or(base.white),
            ground: self.ground.or(base.ground),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn odt(styles: &str, body: &str, sides: &str) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("mimetype", stored).unwrap();
        writer.write_all(b"application/vnd.oasis.opendocument.text").unwrap();
        writer.start_file("content.xml", zip::write::SimpleFileOptions::default()).unwrap();
        let xml = format!(
            "<office:document-content><office:automatic-styles>{styles}</office:automatic-styles>\
             <office:body><office:text>{body}</office:text></office:body></office:document-content>"
        );
        writer.write_all(xml.as_bytes()).unwrap();
        if !sides.is_empty() {
            writer.start_file("styles.xml", zip::write::SimpleFileOptions::default()).unwrap();
            let page = format!("<style:master-page>{sides}</style:master-page>");
            let xml = format!(
                "<office:document-styles><office:master-styles>{page}</office:master-styles></office:document-styles>"
            );
            writer.write_all(xml.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read(styles: &str, body: &str) -> Document {
        crate::extract(&odt(styles, body, ""), None, &ExtractOptions::default()).unwrap()
    }

    #[test]
    fn headers_come_first_footers_last_and_text_boxes_are_read_once() {
        let body = "<text:p>host<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame></text:p><text:p>end</text:p>";
        let sides = "<style:header><text:p>Jane Doe</text:p></style:header><style:footer><text:p>page 1</text:p></style:footer>";
        let document = crate::extract(&odt("", body, sides), None, &ExtractOptions::default()).unwrap();
        assert_eq!(document.text, "Jane Doe\n\nhost\n\nboxed\n\nend\n\npage 1");
        let kinds: Vec<_> = document.pages[0].blocks.iter().map(|block| block.kind).collect();
        assert_eq!((kinds[0], kinds[4]), (BlockKind::Header, BlockKind::Footer));
    }

    #[test]
    fn paragraphs_headings_lists_and_tables_are_read() {
        let styles = r#"<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>"#;
        let body = r#"<text:h text:outline-level="2">Work</text:h><text:p>Acme<text:tab/>2019<text:line-break/>a<text:s text:c="3"/>b</text:p>
            <text:list text:style-name="L1"><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>
            <text:list><text:list-item><text:p>dot</text:p></text:list-item></text:list>
            <table:table><table:table-row><table:table-cell><text:p>Rust</text:p></table:table-cell><table:table-cell><text:p>5</text:p></table:table-cell></table:table-row></table:table>"#;
        let document = read(styles, body);
        assert_eq!(document.text, "Work\n\nAcme\t2019\na b\n\n1. one\n\n2. two\n\n- dot\n\nRust\t5");
        assert_eq!(document.pages[0].blocks[0].kind, BlockKind::Heading { level: 2 });
        assert_eq!(document.format, Format::Odt);
    }

    #[test]
    fn deletions_are_left_out_notes_come_last_and_hidden_text_apart() {
        let styles = r##"<style:style style:name="B"><style:text-properties fo:font-weight="bold" fo:font-size="14pt"/></style:style>
            <style:style style:name="W"><style:text-properties fo:color="#ffffff"/></style:style>"##;
        let body = r##"<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
            <text:p><text:span text:style-name="B">Jane</text:span> <text:a xlink:href="https://x.org">site</text:a><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>noted</text:p></text:note-body></text:note><text:span text:style-name="W"> stuffed words</text:span></text:p><text:p>end</text:p>"##;
        let document = read(styles, body);
        assert_eq!(document.text, "Jane site\n\nend\n\nnoted");
        assert_eq!(document.hidden[0].text, "stuffed words");
        assert_eq!(document.links[0].target, "https://x.org");
        let first = document.spans().next().unwrap();
        assert_eq!((first.style.bold, first.font_size), (true, Some(14.0)));
    }
}
