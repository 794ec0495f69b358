//! Export: a JSON Resume document becomes a PDF, DOCX or Markdown file that applicant tracking systems read.
//!
//! One column, plain headings, text in reading order, no pictures, no tables. The same resume gives the same bytes.
//! [`crate::extract()`] and [`crate::parse()`] read the files back; where a value would not be understood by its looks
//! alone (an employer without a usual word, a summary of two words), the line says what it is: "Employer: Bluebird".
//!
//! The steps: [`content`] decides the lines, [`pdf`], [`docx`] and [`markdown`] write them.

mod content;
mod docx;
mod entries;
mod lines;
mod markdown;
mod pdf;

#[cfg(test)]
mod tests;

pub use docx::to_docx;
pub use markdown::to_markdown;
pub use pdf::{Font, Pdf, to_pdf};

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A font of the caller cannot be read.
    #[error("font {number} cannot be used ({detail}): give a TrueType or OpenType file")]
    Font {
        /// Its place in the list of fonts, from 1.
        number: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// The archive of a DOCX file could not be put together.
    #[error("the DOCX archive could not be written")]
    Archive(#[from] zip::result::ZipError),
    /// Data could not be compressed or written.
    #[error("a part of the file could not be written")]
    Part(#[from] std::io::Error),
}
