//! Why text could not be got out of a file, in classes that a person understands.

use crate::document::Format;

/// Why extraction ended without a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file is well-formed but states no characters, as a scan does.
    #[error(
        "the file has no text ({pages} page(s), pictures only or blank): it is probably a scan; save it from the \
         program that wrote it, or have it read by character recognition (OCR)"
    )]
    NoText {
        /// How many pages were looked at.
        pages: u32,
    },
    /// A password is needed.
    #[error("the {format} file is encrypted and needs a password: save it without one")]
    Encrypted {
        /// The kind of file.
        format: FormatName,
    },
    /// The bytes do not make a readable file of their kind.
    #[error("the {format} file is damaged or cut short ({detail}): save or upload it again")]
    Damaged {
        /// The kind of file.
        format: FormatName,
        /// What could not be read.
        detail: String,
    },
    /// The kind of file is known but not read here, or not known at all.
    #[error("{what} cannot be read: {mend}")]
    Unsupported {
        /// What the file is.
        what: String,
        /// What the person can do.
        mend: String,
    },
    /// A limit of [`crate::extract::Limits`] was passed.
    #[error("the file is over the limit of {limit} {unit}")]
    TooLarge {
        /// The limit's value.
        limit: u64,
        /// What is counted, such as `bytes`, `pages` or `bytes after decompression`.
        unit: &'static str,
    },
    /// The caller's cancel function said stop, usually because of a time budget.
    #[error("reading the file took too long and was stopped")]
    Cancelled,
    /// The PDFium library could not be loaded.
    #[error(
        "the PDFium library was not found or could not be loaded ({detail}): run `cargo xtask model`, or name \
         libpdfium.so in RM_PDFIUM"
    )]
    PdfiumMissing {
        /// Where it was looked for, or what the loader said.
        detail: String,
    },
    /// Character recognition was asked for and failed.
    #[error("character recognition failed: {detail}")]
    Ocr {
        /// What the recogniser said.
        detail: String,
    },
}

impl ExtractError {
    /// A short name of the class: stable, bounded, fit for metrics labels and problem types.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoText { .. } => "no_text",
            Self::Encrypted { .. } => "encrypted",
            Self::Damaged { .. } => "damaged",
            Self::Unsupported { .. } => "unsupported",
            Self::TooLarge { .. } => "too_large",
            Self::Cancelled => "cancelled",
            Self::PdfiumMissing { .. } => "pdfium_missing",
            Self::Ocr { .. } => "ocr_failed",
        }
    }

    /// Whether the file is at fault. When false, trying again on a mended installation may succeed.
    pub fn is_about_the_file(&self) -> bool {
        !matches!(self, Self::Cancelled | Self::PdfiumMissing { .. } | Self::Ocr { .. })
    }
}

/// The name of a format as people write it, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatName(pub Format);

impl std::fmt::Display for FormatName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self.0 {
            Format::Pdf => "PDF",
            Format::Docx => "DOCX",
            Format::Odt => "ODT",
            Format::Rtf => "RTF",
            Format::Html => "HTML",
            Format::Markdown => "Markdown",
            Format::Text => "text",
        })
    }
}
