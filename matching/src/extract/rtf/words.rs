//! Control words: what each does to the text, its look and the tables of fonts and colours.

use super::{Reader, Target, charsets};
use crate::document::BlockKind;
use crate::extract::flow::Look;

impl Reader<'_> {
    /// Does what a control word says.
    pub(super) fn word(&mut self, word: &str, number: Option<i32>) {
        let on = number != Some(0);
        match word {
            "par" | "sect" | "page" => {
                if self.state.target == Target::Body {
                    self.flow.end_block();
                }
            }
            "line" => self.add("\n"),
            "tab" => self.add("\t"),
            "cell" | "nestcell" if self.state.target == Target::Body => {
                self.start_cell();
                self.flow.close_cell();
                self.flow.open_cell();
                self.row_has_cells = true;
            }
            "row" | "nestrow" if self.state.target == Target::Body && self.table_open => {
                self.flow.close_cell();
                self.flow.close_row();
                self.flow.close_table();
                self.table_open = false;
                self.row_has_cells = false;
            }
            "intbl" => self.state.in_table = true,
            "pard" => {
                self.state.in_table = false;
                self.state.shaded = false;
            }
            "outlinelevel" if self.state.target == Target::Body => {
                let level = number.unwrap_or(9);
                self.flow.kind =
                    (0..6).contains(&level).then_some(BlockKind::Heading { level: level as u8 + 1 });
            }
            "plain" => {
                let link = self.state.look.link.take();
                self.state.look = Look { link, ..Look::default() };
                (self.state.hidden, self.state.colour, self.state.shaded) = (false, 0, false);
            }
            "b" => self.state.look.style.bold = on,
            "i" => self.state.look.style.italic = on,
            "ul" => self.state.look.style.underline = on,
            "ulnone" => self.state.look.style.underline = false,
            "v" => self.state.hidden = on,
            "fs" => self.state.look.size = number.map(|half| half as f32 / 2.0),
            "cf" => self.state.colour = usize::try_from(number.unwrap_or_default()).unwrap_or_default(),
            "cb" | "chcbpat" | "highlight" | "cbpat" | "clcbpat" => {
                self.state.shaded |= number.is_some_and(|n| n > 0);
            }
            "f" => self.state.font = number.unwrap_or_default(),
            "uc" => self.state.skip = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8),
            "bin" => {
                self.at =
                    self.at.saturating_add(usize::try_from(number.unwrap_or_default()).unwrap_or_default());
            }
            other => self.table_word(other, number),
        }
    }

    /// Words of the code page and of the tables of fonts and colours.
    fn table_word(&mut self, word: &str, number: Option<i32>) {
        match word {
            "ansicpg" => self.code_page = charsets::code_page(number.unwrap_or(1252)),
            "mac" => self.code_page = encoding_rs::MACINTOSH,
            "fcharset" => {
                let charset = number.unwrap_or_default();
                if charset == charsets::SYMBOL {
                    self.symbol_fonts.insert(self.state.font, true);
                } else if let Some(encoding) = charsets::font_charset(charset) {
                    self.fonts.insert(self.state.font, encoding);
                }
            }
            "red" | "green" | "blue" => {
                let at = usize::from(word != "red") + usize::from(word == "blue");
                if let Some(slot) = self.colour.get_mut(at) {
                    *slot = number.and_then(|value| u8::try_from(value).ok());
                }
            }
            other => self.other_word(other),
        }
    }

    fn other_word(&mut self, word: &str) {
        match word {
            "bullet" => self.add("•"),
            "endash" => self.add("–"),
            "emdash" => self.add("—"),
            "lquote" => self.add("‘"),
            "rquote" => self.add("’"),
            "ldblquote" => self.add("“"),
            "rdblquote" => self.add("”"),
            "emspace" | "enspace" | "qmspace" => self.add(" "),
            "fonttbl" => self.state.target = Target::Fonts,
            "colortbl" => self.state.target = Target::Colours,
            "fldinst" => self.state.target = Target::Instruction,
            // Shapes and text boxes are optional groups with text that shows.
            "shpinst" | "shptxt" | "shp" | "field" | "fldrslt" | "footnote" | "header" | "footer"
            | "headerf" => {
                self.state.optional = false;
            }
            "stylesheet" | "info" | "pict" | "object" | "themedata" | "colorschememapping" | "datastore"
            | "latentstyles" | "listtable" | "listoverridetable" | "rsidtbl" | "generator" | "xmlnstbl"
            | "pntext" | "pnseclvl" | "filetbl" | "revtbl" | "sp" | "shprslt" | "nonshppict"
            | "bkmkstart" | "bkmkend" | "annotation" | "atnid" | "atnauthor" | "deleted" | "mmathPr"
            | "tc" | "xe" => self.state.target = Target::Nowhere,
            _ if self.state.optional => self.state.target = Target::Nowhere,
            _ => {}
        }
    }
}
