//! `rmctl export`: a resume as a PDF, DOCX, Markdown or JSON Resume file.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use matching::export::{Pdf, to_docx, to_markdown, to_pdf};
use matching::parse::json_resume::Resume;

use crate::args::{ExportArgs, ExportFormat};
use crate::settings::Settings;
use crate::{files, fonts, printer};

/// Reads a resume, from a JSON Resume document or any of the formats, and writes it in another one.
pub(crate) fn run(settings: &Settings, args: &ExportArgs) -> Result<()> {
    let target = args.file.as_deref();
    let Some(format) = args.format.or_else(|| target.and_then(by_name)) else {
        bail!("the format is not clear: say --format pdf, docx, md or json");
    };
    let resume = read(settings, &args.resume)?;
    let bytes = match format {
        ExportFormat::Pdf => pdf(&resume, args)?,
        ExportFormat::Docx => to_docx(&resume)?,
        ExportFormat::Md => to_markdown(&resume).into_bytes(),
        ExportFormat::Json => {
            let mut text =
                serde_json::to_vec_pretty(&resume).context("the resume cannot be written as JSON")?;
            text.push(b'\n');
            text
        }
    };
    match target {
        Some(target) => {
            std::fs::write(target, bytes).with_context(|| format!("{} cannot be written", target.display()))
        }
        None => {
            let binary = matches!(format, ExportFormat::Pdf | ExportFormat::Docx);
            if binary && io::stdout().is_terminal() {
                bail!("a terminal cannot show this format: name a file with -o");
            }
            Ok(io::stdout().lock().write_all(&bytes)?)
        }
    }
}

fn by_name(file: &Path) -> Option<ExportFormat> {
    match file.extension()?.to_str()?.to_lowercase().as_str() {
        "pdf" => Some(ExportFormat::Pdf),
        "docx" => Some(ExportFormat::Docx),
        "md" | "markdown" => Some(ExportFormat::Md),
        "json" => Some(ExportFormat::Json),
        _ => None,
    }
}

/// A JSON Resume document as it is; anything else is extracted and parsed.
fn read(settings: &Settings, file: &Path) -> Result<Resume> {
    let bytes = files::read_bytes(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
    if start.and_then(|start| bytes.get(start)) == Some(&b'{') {
        return serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is not a JSON Resume document", file.display()));
    }
    let document = files::extract(settings, file, &bytes)?;
    Ok(matching::parse(&document).resume)
}

/// The PDF, with fonts of the command line or of the system where Helvetica does not do.
fn pdf(resume: &Resume, args: &ExportArgs) -> Result<Vec<u8>> {
    let given = fonts::read(&args.font)?;
    let first = to_pdf(resume, &given)?;
    if first.missing.is_empty() {
        return Ok(first.bytes);
    }
    let all: Vec<_> = given.into_iter().chain(fonts::of_system(&first.missing)).collect();
    let Pdf { bytes, missing } = to_pdf(resume, &all)?;
    if !missing.is_empty() {
        let list: String = missing.iter().collect();
        printer::note(&format!("no font has {list}: drawn as boxes, kept as text; name a font with --font"));
    }
    Ok(bytes)
}
