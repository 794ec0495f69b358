//! Extract: the bytes of a file become a [`Document`]: text in reading order with positions, hidden text apart.
//!
//! The kind of file is decided by its content; every reader keeps the [`Limits`] and asks the caller's cancel
//! function between steps, so that no file, however built, takes without bound.

mod builder;
mod clean;
mod container;
mod detect;
mod docx;
mod numerals;
mod options;
mod pdf;
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
        Kind::Text => text::extract(bytes, options),
        other => Err(ExtractError::Unsupported {
            what: other.describe().to_owned(),
            mend: "save it as PDF or DOCX".to_owned(),
        }),
    }
}

/// A document of plain text; see [`Document::from_text`].
pub(crate) fn plain_text(text: &str) -> Document {
    text::from_str(text)
}
