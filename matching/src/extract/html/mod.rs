//! HTML, and Markdown by way of it: tags are read as a stream, so that no nesting costs more than its depth.

mod css;
mod elements;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{RawKind, Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use elements::{is_block, is_void};

use super::builder::DocumentBuilder;
use super::flow::{Flow, Look};
use super::numerals::{NumberFormat, format_number};
use super::options::ExtractOptions;
use super::text::{decode, decode_as};
use crate::document::{BlockKind, Document, Format, HiddenReason};
use crate::error::ExtractError;

/// Reads an HTML file.
pub(super) fn extract(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    let text = match stated_encoding(bytes) {
        Some(encoding) => decode_as(bytes, encoding),
        None => decode(bytes).text,
    };
    read(&text, Format::Html, options)
}

/// Reads a Markdown file.
pub(super) fn extract_markdown(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    use pulldown_cmark::{Options, Parser, html};
    options.check_cancel()?;
    let text = decode(bytes).text;
    let text = without_front_matter(&text);
    let extensions = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut markup = String::with_capacity(text.len() * 2);
    html::push_html(&mut markup, Parser::new_ext(text, extensions));
    read(&markup, Format::Markdown, options)
}

/// Markdown without the YAML block that site generators put first.
fn without_front_matter(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else { return text };
    let end = rest.find("\n---").map(|at| at + 4);
    end.and_then(|end| rest.get(end..)).map_or(text, |rest| rest.trim_start_matches('-'))
}

fn read(text: &str, format: Format, options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    options.check_cancel()?;
    let sink = Sink(RefCell::new(Walker {
        options,
        budget: options.limits.objects,
        error: None,
        flow: Flow::default(),
        open: vec![Open::default()],
        lists: Vec::new(),
        rules: css::Rules::default(),
        style_sheet: String::new(),
    }));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    // Scripts are not run, so the tokenizer never waits for one.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let walker = tokenizer.sink.0.into_inner();
    walker.finish(format)
}

/// The encoding that a `meta` element near the start names, unless a byte-order mark or valid UTF-8 says otherwise.
fn stated_encoding(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    if encoding_rs::Encoding::for_bom(bytes).is_some() || std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let head = bytes.get(..2048).unwrap_or(bytes).to_ascii_lowercase();
    let at = memchr::memmem::find(&head, b"charset=")? + 8;
    let label: Vec<u8> = head
        .get(at..)?
        .iter()
        .copied()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .collect();
    encoding_rs::Encoding::for_label(&label)
}

struct Sink<'a>(RefCell<Walker<'a>>);

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        self.0.borrow_mut().token(token)
    }
}

/// An open element and what it hands down.
#[derive(Clone, Default)]
struct Open {
    name: String,
    look: Look,
    hidden: Option<HiddenReason>,
    /// Not text at all: scripts, style sheets, metadata.
    dropped: bool,
    preformatted: bool,
    /// The ground may be dark, so that white text shows.
    dark_ground: bool,
}

struct Walker<'a> {
    options: &'a ExtractOptions<'a>,
    budget: usize,
    error: Option<ExtractError>,
    flow: Flow,
    open: Vec<Open>,
    /// Next number of each open list; `None` for bullets.
    lists: Vec<Option<(u32, NumberFormat)>>,
    rules: css::Rules,
    style_sheet: String,
}

impl Walker<'_> {
    fn token(&mut self, token: Token) -> TokenSinkResult<()> {
        if self.error.is_some() {
            return TokenSinkResult::Continue;
        }
        match self.budget.checked_sub(1) {
            Some(left) => self.budget = left,
            None => {
                let limit = self.options.limits.objects as u64;
                self.error = Some(ExtractError::TooLarge { limit, unit: "tags" });
            }
        }
        if self.budget.is_multiple_of(8192) {
            self.error = self.error.take().or(self.options.check_cancel().err());
        }
        match token {
            Token::CharacterTokens(text) => self.text(&text),
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => return self.start(&tag),
                TagKind::EndTag => self.end(&tag.name),
            },
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = tag.name.to_string();
        let attribute = |wanted: &str| {
            tag.attrs
                .iter()
                .find(|attribute| &*attribute.name.local == wanted)
                .map(|attribute| attribute.value.to_string())
        };
        // A paragraph or item that is still open ends where the next begins.
        if matches!(name.as_str(), "li" | "tr" | "td" | "th" | "dt" | "dd" | "option" | "p") {
            self.end_implied(&name);
        }
        self.structure(&name, &attribute);
        let parent = self.open.last().cloned().unwrap_or_default();
        let mut element = Open { name: name.clone(), ..parent };
        element.style(&name);
        if name == "a" {
            let target = attribute("href")
                .filter(|target| !target.starts_with('#') && !target.starts_with("javascript:"));
            element.look.link =
                target.map(|target| target.trim().to_owned()).filter(|target| !target.is_empty());
        }
        let found = self.rules.look_up(
            attribute("class").as_deref(),
            attribute("id").as_deref(),
            attribute("style").as_deref(),
            tag.attrs.iter().any(|attribute| &*attribute.name.local == "hidden"),
        );
        element.dark_ground |= found.ground;
        element.hidden = element
            .hidden
            .or(found.hidden.filter(|reason| *reason != HiddenReason::SameColour || !element.dark_ground));
        element.look.style.bold |= found.bold;
        if !is_void(&name) && !tag.self_closing && self.open.len() < self.options.limits.depth {
            self.open.push(element);
        }
        TokenSinkResult::RawData(match name.as_str() {
            "script" => ScriptData,
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => Rawtext,
            "title" | "textarea" => Rcdata,
            _ => return TokenSinkResult::Continue,
        } as RawKind)
    }

    /// What an element does to the flow when it begins.
    fn structure(&mut self, name: &str, attribute: &dyn Fn(&str) -> Option<String>) {
        match name {
            "br" => self.push("\n"),
            "hr" => self.flow.end_block(),
            "table" => self.flow.open_table(),
            "td" | "th" => self.flow.open_cell(),
            "ul" | "menu" => {
                self.flow.end_block();
                self.lists.push(None);
            }
            "ol" => {
                self.flow.end_block();
                let start = attribute("start").and_then(|start| start.parse().ok()).unwrap_or(1);
                let format = NumberFormat::of_sign(&attribute("type").unwrap_or_default());
                self.lists.push(Some((start, format)));
            }
            "li" => self.item(),
            name if is_block(name) => {
                // The marker of an item is followed by its first paragraph on the same line.
                if self.flow.has_text() && !self.marker_only() {
                    self.flow.end_block();
                }
                if let Some(level) = name.strip_prefix('h').and_then(|level| level.parse::<u8>().ok()) {
                    self.flow.kind = Some(BlockKind::Heading { level: level.clamp(1, 6) });
                }
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        self.flow.end_block();
        let depth = self.lists.len().saturating_sub(1).min(255) as u8;
        self.flow.kind = Some(BlockKind::ListItem { depth });
        let marker = match self.lists.last_mut() {
            Some(Some((number, format))) => {
                let marker = format!("{}. ", format_number(*number, *format));
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        };
        if self.open.last().is_none_or(|open| open.hidden.is_none() && !open.dropped) {
            self.flow.text(&marker, &Look::default());
        }
    }

    fn marker_only(&self) -> bool {
        self.flow.only_marker()
    }

    fn end_implied(&mut self, name: &str) {
        let closes = |open: &str| match name {
            "li" => open == "li",
            "tr" => matches!(open, "tr" | "td" | "th"),
            "td" | "th" => matches!(open, "td" | "th"),
            "dt" | "dd" => matches!(open, "dt" | "dd"),
            other => open == other,
        };
        let bounds = |open: &str| match name {
            "li" => matches!(open, "ul" | "ol" | "menu"),
            "tr" | "td" | "th" => open == "table",
            "dt" | "dd" => open == "dl",
            _ => is_block(open) && open != "p",
        };
        while let Some(found) = self
            .open
            .iter()
            .rev()
            .map(|open| open.name.as_str())
            .take_while(|open| !bounds(open))
            .find(|open| closes(open))
            .map(str::to_owned)
        {
            self.end(&found);
        }
    }

    fn end(&mut self, name: &str) {
        if name == "style" {
            self.rules.read(&std::mem::take(&mut self.style_sheet));
        }
        let Some(at) = self.open.iter().rposition(|open| open.name == name).filter(|at| *at > 0) else {
            if is_block(name) {
                self.flow.end_block();
            }
            return;
        };
        while self.open.len() > at {
            let closed = self.open.pop().map(|open| open.name).unwrap_or_default();
            match closed.as_str() {
                "td" | "th" => self.flow.close_cell(),
                "tr" => self.flow.close_row(),
                "table" => self.flow.close_table(),
                "ul" | "ol" | "menu" => {
                    self.flow.end_block();
                    self.lists.pop();
                }
                block if is_block(block) => self.flow.end_block(),
                _ => {}
            }
        }
    }

    fn text(&mut self, text: &str) {
        let Some(open) = self.open.last() else { return };
        if open.name == "style" {
            if self.style_sheet.len() < 1 << 20 {
                self.style_sheet.push_str(text);
            }
            return;
        }
        if open.dropped {
            return;
        }
        if open.preformatted {
            return self.push(&text.replace('\t', "    "));
        }
        let mut collapsed = String::with_capacity(text.len());
        for c in text.chars() {
            let c = if c.is_ascii_whitespace() { ' ' } else { c };
            if c != ' ' || !collapsed.ends_with(' ') {
                collapsed.push(c);
            }
        }
        self.push(&collapsed);
    }

    fn push(&mut self, text: &str) {
        let Some(open) = self.open.last() else { return };
        match open.hidden {
            _ if open.dropped => {}
            Some(reason) => self.flow.hide(text, reason),
            None => self.flow.text(text, &open.look),
        }
    }

    fn finish(mut self, format: Format) -> Result<Document, ExtractError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut builder = DocumentBuilder::new(format, self.options.limits);
        for block in self.flow.take_blocks() {
            builder.push(block);
        }
        for (text, reason) in &self.flow.hidden {
            builder.hide(text, *reason);
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests;
