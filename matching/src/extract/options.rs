//! What the caller decides about extraction: limits, when to stop, where PDFium is, who reads pictures.

use std::path::PathBuf;

use crate::document::Rect;
use crate::error::ExtractError;

/// Options of [`crate::extract()`]. The default has the default [`Limits`], never cancels, looks for PDFium in
/// its usual places and has no character recognition.
#[derive(Clone, Default)]
pub struct ExtractOptions<'a> {
    /// Bounds on what a file may cost.
    pub limits: Limits,
    /// Asked between steps (at the latest after each page or some thousand elements); `true` ends extraction with
    /// [`ExtractError::Cancelled`]. Time budgets go here, since this library reads no clock.
    pub cancel: Option<&'a dyn Fn() -> bool>,
    /// The PDFium library to load instead of looking for it. The first PDF of the process decides which one is
    /// loaded; it stays loaded.
    pub pdfium: Option<PathBuf>,
    /// Reads pages that have pictures and no text. Without it such files are [`ExtractError::NoText`].
    pub ocr: Option<&'a dyn Ocr>,
}

impl std::fmt::Debug for ExtractOptions<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ExtractOptions")
            .field("limits", &self.limits)
            .field("cancel", &self.cancel.is_some())
            .field("pdfium", &self.pdfium)
            .field("ocr", &self.ocr.is_some())
            .finish()
    }
}

impl ExtractOptions<'_> {
    /// Ends with [`ExtractError::Cancelled`] when the caller says stop.
    pub(crate) fn check_cancel(&self) -> Result<(), ExtractError> {
        match self.cancel {
            Some(cancel) if cancel() => Err(ExtractError::Cancelled),
            _ => Ok(()),
        }
    }
}

/// Bounds on what a file may cost. All are generous for resumes and job descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub bytes: usize,
    /// Pages that are read; the rest is left out with a warning.
    pub pages: u32,
    /// Pages that are given to character recognition, which takes seconds for each; the rest is left out with a
    /// warning.
    pub recognised_pages: u32,
    /// Characters, XML events or tags in the whole file.
    pub objects: usize,
    /// Bytes after decompression, all parts together.
    pub expanded_bytes: usize,
    /// Bytes after decompression for each byte before, for parts over 1 MiB.
    pub expansion_ratio: usize,
    /// Nesting of elements or groups.
    pub depth: usize,
    /// Bytes of text; the rest is left out with a warning.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 20 << 20,
            pages: 50,
            recognised_pages: 10,
            objects: 2_000_000,
            expanded_bytes: 64 << 20,
            expansion_ratio: 200,
            depth: 256,
            text_bytes: 2 << 20,
        }
    }
}

impl Limits {
    /// Refuses files over the size limit.
    pub(crate) fn check_bytes(&self, bytes: usize) -> Result<(), ExtractError> {
        if bytes > self.bytes {
            return Err(ExtractError::TooLarge { limit: self.bytes as u64, unit: "bytes" });
        }
        Ok(())
    }
}

/// A recogniser of characters in pictures. Implementations live with the callers, since they start programs.
pub trait Ocr {
    /// The lines of text in a picture in reading order; empty when there are none.
    ///
    /// The error is one sentence for a person.
    fn recognise(&self, picture: &Picture) -> Result<Vec<OcrLine>, String>;
}

/// A picture of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels in an inch of the page.
    pub dots_per_inch: u32,
    /// One byte each of red, green and blue a pixel, rows from the top, without padding.
    pub rgb: Vec<u8>,
}

/// A line of recognised text.
#[derive(Debug, Clone, PartialEq)]
pub struct OcrLine {
    /// The text.
    pub text: String,
    /// Where it stands, in pixels of the picture.
    pub bbox: Rect,
}
