//! Extract: the bytes of a file become a [`Document`]: text in reading order with positions, hidden text apart.
//!
//! The kind of file is decided by its content; every reader keeps the [`Limits`] and asks the caller's cancel
//! function between steps, so that no file, however built, takes without bound.

mod builder;
mod clean;
mod container;
mod detect;
mod docx;
mod flow;
mod html;
mod numerals;
mod odt;
mod options;
mod pdf;
mod rtf;
mod tables;
mod text;
mod xml;

use crate::document::Document;
use crate::error::ExtractError;

pub use detect::{Kind, detect};
pub use options::{ExtractOptions, Limits, Ocr, OcrLine, Picture};

/// Reads a file.
///
/// `hint` is its name or MIME type, if known; it only decides between kinds that content cannot tell apart
/// (Markdown from plain text). Errors are classes a person understands; see [`ExtractError`].
pub fn extract(
    bytes: &[u8],
    hint: Option<&str>,
    options: &ExtractOptions<'_>,
) -> Result<Document, ExtractError> {
    if bytes.is_empty() {
        return Err(ExtractError::Empty);
    }
    options.limits.check_bytes(bytes.len())?;
    match detect(bytes, hint)? {
        Kind::Docx => docx::extract(bytes, options),
        Kind::Pdf => pdf::extract(bytes, options),
        Kind::Odt => odt::extract(bytes, options),
        Kind::Rtf => rtf::extract(bytes, options),
        Kind::Html => html::extract(bytes, options),
        Kind::Markdown => html::extract_markdown(bytes, options),
        Kind::Text => text::extract(bytes, options),
        Kind::Picture => Err(ExtractError::Unsupported {
            what: "a picture".to_owned(),
            mend: "put it into a PDF file, whose pages can be read by character recognition (OCR)".to_owned(),
        }),
    }
}

/// A document of plain text; see [`Document::from_text`].
pub(crate) fn plain_text(text: &str) -> Document {
    text::from_str(text)
}
