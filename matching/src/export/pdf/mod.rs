//! PDF: A4, one column, text in reading order with its characters stated, links, no pictures.
//!
//! Latin text is set in Helvetica, which every reader has. Other characters are set in the first font of the caller that
//! has them, of which the used glyphs are embedded. A character that no font has is drawn as an empty box and still
//! stated as text, so nothing is lost for software that reads the file; [`Pdf::missing`] lists such characters.

mod fonts;
mod metrics;
mod page;
mod write;

use crate::parse::json_resume::Resume;

use super::ExportError;
use super::content::lines;

pub use fonts::Font;

/// A PDF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// Characters that no font had, in order of their code points, without repeats. They are drawn as boxes.
    pub missing: Vec<char>,
}

/// A resume as a PDF file.
///
/// `others` are fonts (TrueType or OpenType) for what Helvetica lacks, the preferred ones first: Cyrillic, Greek, Chinese …
/// The same resume and fonts give the same bytes: the file states no time and no random number.
pub fn to_pdf(resume: &Resume, others: &[Font]) -> Result<Pdf, ExportError> {
    let mut fonts = fonts::Fonts::open(others)?;
    let pages = page::paginate(&lines(resume), &mut fonts);
    let missing = fonts.missing();
    let title = resume.basics.name.as_deref().unwrap_or("Resume");
    let bytes = write::file(&pages, &fonts, title)?;
    Ok(Pdf { bytes, missing })
}
