//! RTF: groups, control words and code pages as word processors write them.

mod charsets;
mod words;

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::builder::DocumentBuilder;
use super::flow::{Flow, Look};
use super::options::ExtractOptions;
use crate::document::{Document, Format, HiddenReason, WarningKind};
use crate::error::{ExtractError, FormatName};

/// Reads an RTF file.
pub(super) fn extract(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    options.check_cancel()?;
    let mut reader = Reader::new(bytes, options);
    let whole = reader.run()?;
    let mut builder = DocumentBuilder::new(Format::Rtf, options.limits);
    for block in reader.flow.take_blocks() {
        builder.push(block);
    }
    for (text, reason) in &reader.flow.hidden {
        builder.hide(text, *reason);
    }
    if !whole {
        builder.warn(WarningKind::Damaged, "the file breaks off; what could be read was read");
    }
    match builder.finish() {
        Err(ExtractError::NoText { .. }) if !whole => Err(ExtractError::Damaged {
            format: FormatName(Format::Rtf),
            detail: "nothing of its text can be read".to_owned(),
        }),
        result => result,
    }
}

/// Where text goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Target {
    /// Into the document.
    #[default]
    Body,
    /// Nowhere: pictures, style sheets, and what is not known.
    Nowhere,
    Fonts,
    Colours,
    /// The instruction of a field, such as a link's target.
    Instruction,
}

/// What a group hands down and takes back when it ends.
#[derive(Clone, Default)]
struct State {
    target: Target,
    look: Look,
    hidden: bool,
    colour: usize,
    shaded: bool,
    font: i32,
    /// Bytes that follow each Unicode character for readers without Unicode.
    skip: usize,
    in_table: bool,
    /// The group began with `\*`: it is left out unless its first word is known.
    optional: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    options: &'a ExtractOptions<'a>,
    budget: usize,
    state: State,
    stack: Vec<State>,
    flow: Flow,
    /// Bytes of text in the current code page.
    pending: Vec<u8>,
    code_page: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    symbol_fonts: HashMap<i32, bool>,
    colours: Vec<bool>,
    colour: [Option<u8>; 3],
    instruction: String,
    skip_next: usize,
    high_surrogate: Option<u32>,
    table_open: bool,
    row_has_cells: bool,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], options: &'a ExtractOptions<'a>) -> Self {
        Self {
            bytes,
            at: 0,
            options,
            budget: options.limits.objects,
            state: State { skip: 1, ..State::default() },
            stack: Vec::new(),
            flow: Flow::default(),
            pending: Vec::new(),
            code_page: WINDOWS_1252,
            fonts: HashMap::new(),
            symbol_fonts: HashMap::new(),
            colours: Vec::new(),
            colour: [None; 3],
            instruction: String::new(),
            skip_next: 0,
            high_surrogate: None,
            table_open: false,
            row_has_cells: false,
        }
    }

    /// Reads to the end; `Ok(false)` when groups were left open.
    fn run(&mut self) -> Result<bool, ExtractError> {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.at += 1;
            self.spend()?;
            match byte {
                b'{' => {
                    self.flush();
                    if self.stack.len() >= self.options.limits.depth {
                        let limit = self.options.limits.depth as u64;
                        return Err(ExtractError::TooLarge { limit, unit: "nested groups" });
                    }
                    self.stack.push(self.state.clone());
                    self.state.optional = false;
                }
                b'}' => {
                    self.flush();
                    self.end_group();
                }
                b'\\' => self.control(),
                b'\r' | b'\n' => {}
                other => self.byte(other),
            }
        }
        self.flush();
        Ok(self.stack.is_empty())
    }

    fn spend(&mut self) -> Result<(), ExtractError> {
        self.budget = self.budget.checked_sub(1).ok_or(ExtractError::TooLarge {
            limit: self.options.limits.objects as u64,
            unit: "characters and control words",
        })?;
        if self.budget.is_multiple_of(65_536) { self.options.check_cancel() } else { Ok(()) }
    }

    fn end_group(&mut self) {
        if let Some(outer) = self.stack.pop() {
            if self.state.target == Target::Instruction && outer.target != Target::Instruction {
                let target = self.instruction.split('"').nth(1).map(str::to_owned);
                let is_link = self.instruction.trim_start().starts_with("HYPERLINK");
                self.instruction.clear();
                // The result of the field follows in a sibling group: its parent carries the link.
                self.state = outer;
                self.state.look.link = target.filter(|target| is_link && !target.is_empty());
                return;
            }
            self.state = outer;
        }
    }

    fn control(&mut self) {
        let Some(first) = self.bytes.get(self.at).copied() else { return };
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            return self.symbol(first);
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = String::from_utf8_lossy(rest.get(..length).unwrap_or_default()).into_owned();
        self.at += length;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest.iter().skip(sign).take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number = if digits > 0 {
            self.at += sign + digits;
            std::str::from_utf8(rest.get(..sign + digits).unwrap_or_default())
                .ok()
                .and_then(|text| text.parse::<i32>().ok())
        } else {
            None
        };
        if self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        if word == "u" {
            return self.unicode(number.unwrap_or_default());
        }
        self.flush();
        self.word(&word, number);
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'\'' => {
                let hex = self.bytes.get(self.at..self.at + 2).and_then(|hex| std::str::from_utf8(hex).ok());
                self.at += 2;
                if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    self.byte(byte);
                }
            }
            b'*' => self.state.optional = true,
            b'~' => self.add(" "),
            b'_' => self.add("-"),
            b'-' => {}
            b'\r' | b'\n' => {
                self.flush();
                self.word("par", None);
            }
            b'\\' | b'{' | b'}' => self.byte(symbol),
            _ => {}
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.skip_next > 0 {
            self.skip_next -= 1;
        } else {
            self.pending.push(byte);
        }
    }

    /// A character by its number in UTF-16, which is signed here.
    fn unicode(&mut self, number: i32) {
        self.flush();
        self.skip_next = self.state.skip;
        let unit = (number & 0xffff) as u32;
        let code = match (self.high_surrogate.take(), unit) {
            (_, 0xd800..=0xdbff) => {
                self.high_surrogate = Some(unit);
                return;
            }
            (Some(high), 0xdc00..=0xdfff) => 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00),
            _ => unit,
        };
        if let Some(c) = char::from_u32(code) {
            self.add(c.encode_utf8(&mut [0; 4]));
        }
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        if self.symbol_fonts.get(&self.state.font) == Some(&true) && self.state.target == Target::Body {
            let text: String = bytes
                .iter()
                .map(|byte| if matches!(byte, 0xb7 | 0xa7 | 0xd8 | 0x76 | 0xfc) { '•' } else { ' ' })
                .collect();
            return self.add(&text);
        }
        let encoding = self.fonts.get(&self.state.font).copied().unwrap_or(self.code_page);
        let text = encoding.decode_without_bom_handling(&bytes).0.into_owned();
        self.add(&text);
    }

    fn add(&mut self, text: &str) {
        match self.state.target {
            Target::Body => {
                self.flush();
                self.start_cell();
                let white =
                    self.colours.get(self.state.colour).copied().unwrap_or_default() && !self.state.shaded;
                if self.state.hidden {
                    self.flow.hide(text, HiddenReason::Marked);
                } else if self.state.look.size.is_some_and(|size| size < 2.0) {
                    self.flow.hide(text, HiddenReason::Tiny);
                } else if white {
                    self.flow.hide(text, HiddenReason::SameColour);
                } else {
                    self.flow.text(text, &self.state.look);
                }
            }
            Target::Instruction if self.instruction.len() < 4096 => self.instruction.push_str(text),
            Target::Colours if text.contains(';') => {
                let white = self.colour.iter().all(|channel| channel.is_some_and(|value| value > 0xf5));
                self.colours.push(white);
                self.colour = [None; 3];
            }
            _ => {}
        }
    }

    /// Text of a table row goes into a cell.
    fn start_cell(&mut self) {
        if self.state.in_table && !self.table_open {
            self.flow.open_table();
            self.flow.open_cell();
            self.table_open = true;
        } else if !self.state.in_table && self.table_open && !self.row_has_cells {
            self.flow.close_cell();
            self.flow.close_table();
            self.table_open = false;
        }
    }
}

#[cfg(test)]
mod tests;
