//! PDF: PDFium decodes the characters, the layout here puts them in reading order.

mod fonts;
mod geometry;
mod glyphs;
mod layout;
mod library;
mod ligatures;
mod pdfium;
mod recognised;
mod visibility;

use super::builder::{DocumentBuilder, RawBlock, Run};
use super::options::ExtractOptions;
use crate::document::{BlockKind, Document, Format, TextSource, WarningKind};
use crate::error::{ExtractError, FormatName};

/// Resolution at which pages are recognised.
const OCR_DOTS_PER_INCH: u32 = 300;
const OCR_MAX_PIXELS: u32 = 12_000_000;

/// What is left of the limits.
struct Budget {
    /// Characters.
    objects: usize,
    /// Pages for character recognition.
    pictures: u32,
}

/// Reads a PDF file.
pub(super) fn extract(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    options.check_cancel()?;
    let session = pdfium::Session::begin(options.pdfium.as_deref())?;
    let document = session.open(bytes)?.map_err(open_error)?;
    let mut builder = DocumentBuilder::new(Format::Pdf, options.limits);
    let mut budget = Budget { objects: options.limits.objects, pictures: options.limits.recognised_pages };
    let pages = document.page_count();
    if pages > options.limits.pages {
        let limit = options.limits.pages;
        builder.warn(
            WarningKind::Truncated,
            format!(
                "the file has {pages} pages, over the limit of {limit}: only the first {limit} were read"
            ),
        );
    }
    if pages == 0 {
        return Err(damaged("it has no pages"));
    }
    let mut unreadable = 0;
    for index in 0..pages.min(options.limits.pages) {
        options.check_cancel()?;
        match document.page(index) {
            Some(page) => read_page(&page, index, options, &mut budget, &mut builder)?,
            None => unreadable += 1,
        }
        if builder.is_full() {
            break;
        }
    }
    if unreadable > 0 {
        builder.warn(WarningKind::Damaged, format!("{unreadable} of {pages} pages could not be read"));
    }
    if unreadable == pages.min(options.limits.pages) {
        return Err(damaged("none of its pages can be read"));
    }
    builder.finish()
}

fn open_error(code: u32) -> ExtractError {
    match code {
        // 4 is a wrong password, 5 a security handler that wants more than one.
        4 | 5 => ExtractError::Encrypted { format: FormatName(Format::Pdf) },
        _ => damaged("its structure cannot be read"),
    }
}

fn damaged(detail: &str) -> ExtractError {
    ExtractError::Damaged { format: FormatName(Format::Pdf), detail: detail.to_owned() }
}

fn read_page(
    page: &pdfium::PdfPage<'_>,
    index: u32,
    options: &ExtractOptions<'_>,
    budget: &mut Budget,
    builder: &mut DocumentBuilder,
) -> Result<(), ExtractError> {
    let text = glyphs::collect(page, options, &mut budget.objects)?;
    builder.start_page(Some(text.size));
    let before = builder.text_len();
    for block in layout::lay_out(&text) {
        builder.push(block);
    }
    for field in page.fields() {
        let bbox = geometry::Geometry::of(page).rect(&field.bounds);
        let block = RawBlock::flowing(BlockKind::TextBox, vec![Run::plain(field.text)]);
        builder.push(RawBlock { bbox: Some(bbox), ..block });
    }
    for (hidden, reason) in &text.hidden {
        builder.hide(hidden, *reason);
    }
    for uri in text.bare_links {
        builder.link_without_text(uri);
    }
    if text.unmapped > 0 {
        let count = text.unmapped;
        builder.warn(WarningKind::UnmappedCharacters, format!("{count} characters have no Unicode value"));
    }
    if builder.text_len() == before && (text.has_pictures || !text.directions.is_empty()) {
        read_pictures(page, index, options, budget, builder)?;
    }
    Ok(())
}

/// A page of pictures without text: recognised where the caller can, noted where not.
fn read_pictures(
    page: &pdfium::PdfPage<'_>,
    index: u32,
    options: &ExtractOptions<'_>,
    budget: &mut Budget,
    builder: &mut DocumentBuilder,
) -> Result<(), ExtractError> {
    let number = index + 1;
    if options.ocr.is_some() && budget.pictures == 0 {
        let limit = options.limits.recognised_pages;
        let message = format!("the file has more pages without text than the {limit} that are recognised");
        builder.warn(WarningKind::Truncated, message);
        return Ok(());
    }
    let paint = || Some(page.render(OCR_DOTS_PER_INCH, OCR_MAX_PIXELS)?.into_picture());
    let Some((ocr, picture)) = options.ocr.and_then(|ocr| Some((ocr, paint()?))) else {
        builder.warn(
            WarningKind::PictureOnlyPage,
            format!("page {number} has no text that can be read, only pictures or drawn letters"),
        );
        return Ok(());
    };
    budget.pictures = budget.pictures.saturating_sub(1);
    let lines = ocr.recognise(&picture).map_err(|detail| ExtractError::Ocr { detail })?;
    if lines.is_empty() {
        return Ok(());
    }
    builder.set_source(TextSource::Ocr);
    builder.warn(
        WarningKind::Ocr,
        format!("page {number} was read by character recognition and may have mistakes"),
    );
    for block in recognised::blocks(lines, picture.dots_per_inch) {
        builder.push(block);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
