//! Plain text: encoding detected, lines kept, paragraphs at empty lines.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::builder::{DocumentBuilder, RawBlock, Run, is_bullet};
use super::options::{ExtractOptions, Limits};
use crate::document::{BlockKind, Document, Format, WarningKind};
use crate::error::ExtractError;

/// Reads a text file in any encoding.
pub(crate) fn extract(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    options.check_cancel()?;
    let decoded = decode(bytes);
    let mut builder = DocumentBuilder::new(Format::Text, options.limits);
    if let Some(name) = decoded.guessed {
        builder.warn(WarningKind::GuessedEncoding, format!("the encoding was taken to be {name}"));
    }
    push_paragraphs(&mut builder, &decoded.text);
    builder.finish()
}

/// A document of text that is text already; empty text makes an empty document.
pub(crate) fn from_str(text: &str) -> Document {
    let mut builder = DocumentBuilder::new(Format::Text, Limits::default());
    push_paragraphs(&mut builder, text);
    builder.complete()
}

fn push_paragraphs(builder: &mut DocumentBuilder, text: &str) {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{c}'], "\n");
    let mut paragraph = String::new();
    for line in text.split('\n') {
        let item = is_item(line);
        if line.trim().is_empty() || item {
            flush(builder, &mut paragraph);
        }
        if !line.trim().is_empty() {
            if !paragraph.is_empty() {
                paragraph.push('\n');
            }
            paragraph.push_str(line);
        }
    }
    flush(builder, &mut paragraph);
}

fn flush(builder: &mut DocumentBuilder, paragraph: &mut String) {
    if !paragraph.is_empty() {
        let kind = if is_item(paragraph) { BlockKind::ListItem { depth: 0 } } else { BlockKind::Paragraph };
        builder.push(RawBlock::flowing(kind, vec![Run::plain(std::mem::take(paragraph))]));
    }
}

/// Whether a line begins with a bullet.
fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(is_bullet) || ["- ", "* ", "– "].iter().any(|marker| line.starts_with(marker))
}

/// Text and how its encoding was found.
pub(crate) struct Decoded {
    /// The text.
    pub(crate) text: String,
    /// Name of the encoding when it was guessed from the bytes rather than stated or plain.
    pub(crate) guessed: Option<&'static str>,
}

/// Decodes bytes: byte-order mark, then UTF-8 if valid, then UTF-16 by its zeros, then a guess.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(length..).unwrap_or_default();
        return Decoded { text: decode_as(rest, encoding), guessed: None };
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains('\0')
    {
        return Decoded { text: text.to_owned(), guessed: None };
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return Decoded { text: decode_as(bytes, encoding), guessed: Some(encoding.name()) };
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Allow);
    Decoded { text: decode_as(bytes, encoding), guessed: (encoding != UTF_8).then_some(encoding.name()) }
}

/// Decodes bytes by a stated encoding; malformed sequences become U+FFFD.
pub(crate) fn decode_as(bytes: &[u8], encoding: &'static Encoding) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let zeros = |start: usize| head.iter().skip(start).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if (even + odd) * 3 < head.len() {
        return None;
    }
    Some(if odd > even { UTF_16LE } else { UTF_16BE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Document {
        extract(bytes, &ExtractOptions::default()).expect("readable")
    }

    #[test]
    fn paragraphs_and_lines_are_kept() {
        let document = read(b"Jane Doe\r\nEngineer\r\n\r\n\r\nSkills: Rust\r\n");
        assert_eq!(document.text, "Jane Doe\nEngineer\n\nSkills: Rust");
        assert_eq!(document.pages[0].blocks.len(), 2);
    }

    #[test]
    fn items_are_blocks_of_their_own() {
        let document = read("Skills:\n• Rust\n  and Go\n* Java".as_bytes());
        assert_eq!(document.text, "Skills:\n\n- Rust\nand Go\n\n- Java");
        assert_eq!(document.pages[0].blocks[1].kind, BlockKind::ListItem { depth: 0 });
    }

    #[test]
    fn encodings_are_found() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("Zoë".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(read(&utf16).text, "Zoë");
        let (latin, _, _) =
            encoding_rs::WINDOWS_1252.encode("Études à l'Université – Gérard Müller, préparateur");
        assert_eq!(read(&latin).text, "Études à l'Université – Gérard Müller, préparateur");
        let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode("職務経歴書 山田太郎 東京都 プログラマー");
        let document = read(&shift_jis);
        assert_eq!(document.text, "職務経歴書 山田太郎 東京都 プログラマー");
        assert_eq!(document.warnings[0].kind, WarningKind::GuessedEncoding);
    }

    #[test]
    fn nothing_but_spaces_is_no_text() {
        let error = extract(b" \n\t\n", &ExtractOptions::default()).expect_err("no text");
        assert_eq!(error.class(), "no_text");
    }
}
