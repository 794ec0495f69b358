//! The kind of a file by its content.

use crate::document::Format;
use crate::error::{ExtractError, FormatName};

/// The kinds of files that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Portable Document Format.
    Pdf,
    /// A ZIP container that is read as Office Open XML text.
    Docx,
    /// A ZIP container that is read as OpenDocument text.
    Odt,
    /// Rich Text Format.
    Rtf,
    /// HTML.
    Html,
    /// Markdown, told from text by the hint.
    Markdown,
    /// Text.
    Text,
    /// A picture (PNG, JPEG, TIFF, GIF, WebP, BMP).
    Picture,
}

/// Decides what a file is. `hint` is a file name or MIME type.
///
/// Errors: [`ExtractError::Unsupported`] for kinds that are known and not read, and for bytes that are no text.
pub fn detect(bytes: &[u8], hint: Option<&str>) -> Result<Kind, ExtractError> {
    let hint = hint.unwrap_or_default().to_ascii_lowercase();
    let head = bytes.get(..1024).unwrap_or(bytes);
    if contains(head, b"%PDF-") || contains(head, b"%!PS-Adobe-3.0 PDF") {
        return Ok(Kind::Pdf);
    }
    if head.starts_with(b"PK") {
        return zip_kind(bytes);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(compound_file(bytes));
    }
    if is_picture(head) {
        return Ok(Kind::Picture);
    }
    let text = trim_start(head);
    if text.starts_with(b"{\\rtf") {
        return Ok(Kind::Rtf);
    }
    if is_html(text, &hint) {
        return Ok(Kind::Html);
    }
    if looks_binary(head) {
        for (ending, format) in [(".pdf", Format::Pdf), (".docx", Format::Docx), (".odt", Format::Odt)] {
            if hint.ends_with(ending) {
                let detail = "it does not begin like one".to_owned();
                return Err(ExtractError::Damaged { format: FormatName(format), detail });
            }
        }
        return Err(ExtractError::Unsupported {
            what: "a file of an unknown kind".to_owned(),
            mend: "save it as PDF or DOCX".to_owned(),
        });
    }
    let markdown = [".md", ".markdown", ".mkd"].iter().any(|end| hint.ends_with(end));
    if markdown || hint.starts_with("text/markdown") { Ok(Kind::Markdown) } else { Ok(Kind::Text) }
}

fn zip_kind(bytes: &[u8]) -> Result<Kind, ExtractError> {
    // Names are stored uncompressed before each entry and again in the directory.
    if contains(bytes, b"application/vnd.oasis.opendocument.text") {
        return Ok(Kind::Odt);
    }
    let other = [
        (&b"xl/workbook"[..], "an Excel workbook"),
        (b"ppt/presentation", "a PowerPoint presentation"),
        (b"application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet"),
        (b"application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation"),
        (b"application/epub+zip", "an e-book"),
        (b"Index/Document.iwa", "a Pages document"),
    ];
    if contains(bytes, b"word/") || contains(bytes, b"word\\") || contains(bytes, b"[Content_Types].xml") {
        let word = contains(bytes, b"word/") || contains(bytes, b"word\\");
        if word || !other.iter().any(|(mark, _)| contains(bytes, mark)) {
            return Ok(Kind::Docx);
        }
    }
    let what = other.iter().find(|(mark, _)| contains(bytes, mark)).map_or("a ZIP archive", |(_, what)| what);
    Err(ExtractError::Unsupported { what: what.to_owned(), mend: "save it as PDF or DOCX".to_owned() })
}

/// The old binary Office container: Word before 2007, or a newer file wrapped for encryption.
fn compound_file(bytes: &[u8]) -> ExtractError {
    let utf16 = |name: &str| name.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>();
    if contains(bytes, &utf16("EncryptedPackage")) {
        return ExtractError::Encrypted { format: FormatName(Format::Docx) };
    }
    let what = if contains(bytes, &utf16("WordDocument")) {
        "an old Word file (.doc)"
    } else {
        "an old Office file"
    };
    ExtractError::Unsupported { what: what.to_owned(), mend: "save it as DOCX or PDF".to_owned() }
}

fn is_picture(head: &[u8]) -> bool {
    let marks: [&[u8]; 7] = [b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"BM", b"\0\0\x01\0"];
    let riff = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    riff || marks
        .iter()
        .enumerate()
        .any(|(index, mark)| head.starts_with(mark) && (index != 5 || looks_binary(head)))
}

fn is_html(text: &[u8], hint: &str) -> bool {
    let start = text.get(..256).unwrap_or(text).to_ascii_lowercase();
    let named = hint.ends_with(".html")
        || hint.ends_with(".htm")
        || hint.ends_with(".xhtml")
        || hint.contains("html");
    let tagged =
        [&b"<!doctype html"[..], b"<html", b"<head", b"<body"].iter().any(|tag| start.starts_with(tag));
    tagged || (start.starts_with(b"<?xml") && contains(&start, b"<html")) || (named && start.contains(&b'<'))
}

/// UTF-16 has a byte-order mark or zeros in every other place; everything else with zeros is no text.
fn looks_binary(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return false;
    }
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    if zeros > 0 {
        let even = head.iter().step_by(2).filter(|byte| **byte == 0).count();
        let one_sided = even == 0 || even == zeros;
        return !(one_sided && zeros * 3 > head.len());
    }
    let controls = head.iter().filter(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=31)).count();
    controls * 20 > head.len()
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// Whether `needle` occurs in `haystack`.
pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_over_the_name() {
        assert_eq!(detect(b"%PDF-1.7\n", Some("resume.docx")), Ok(Kind::Pdf));
        assert_eq!(detect(b"junk\n%PDF-1.4", None), Ok(Kind::Pdf));
        assert_eq!(detect(b"{\\rtf1 hello}", Some("a.txt")), Ok(Kind::Rtf));
        assert_eq!(detect(b"  <!DOCTYPE html><p>x", None), Ok(Kind::Html));
        assert_eq!(detect(b"\x89PNG\r\n\x1a\n", None), Ok(Kind::Picture));
    }

    #[test]
    fn the_hint_tells_markdown_from_text() {
        assert_eq!(detect(b"# Jane", Some("resume.MD")), Ok(Kind::Markdown));
        assert_eq!(detect(b"# Jane", Some("resume.txt")), Ok(Kind::Text));
    }

    #[test]
    fn old_word_files_are_named_with_the_mend() {
        let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        bytes.extend("WordDocument".bytes().flat_map(|byte| [byte, 0]));
        let message = detect(&bytes, None).expect_err("refused").to_string();
        assert_eq!(message, "an old Word file (.doc) cannot be read: save it as DOCX or PDF");
    }

    #[test]
    fn wrapped_encrypted_office_files_are_called_encrypted() {
        let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        bytes.extend("EncryptedPackage".bytes().flat_map(|byte| [byte, 0]));
        assert_eq!(detect(&bytes, None).expect_err("refused").class(), "encrypted");
    }

    #[test]
    fn zips_are_told_apart() {
        assert_eq!(detect(b"PK\x03\x04....word/document.xml", None), Ok(Kind::Docx));
        assert_eq!(
            detect(b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.textPK", None),
            Ok(Kind::Odt)
        );
        let message = detect(b"PK\x03\x04[Content_Types].xml xl/workbook.xml", None).expect_err("refused");
        assert_eq!(message.to_string(), "an Excel workbook cannot be read: save it as PDF or DOCX");
    }

    #[test]
    fn binary_rubbish_is_refused_and_utf16_is_text() {
        assert_eq!(detect(&[0, 1, 2, 0, 0, 9, 8, 7], None).expect_err("refused").class(), "unsupported");
        let error = detect(&[0, 1, 2, 0, 0, 9, 8, 7], Some("resume.PDF")).expect_err("refused");
        assert_eq!(error.class(), "damaged");
        let utf16: Vec<u8> = "Jane Doe".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&utf16, None), Ok(Kind::Text));
    }
}
