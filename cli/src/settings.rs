//! From the command line to what the commands need.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use matching::extract::{Limits, Ocr};
use matching::skills::Taxonomy;
use matching::{Embedder, ExtractOptions, Matcher};
use ocr::Tesseract;

use crate::args::{Options, Output};

/// Where the images hold the model.
const SYSTEM_MODEL: &str = "/usr/share/resume-matcher/model";

/// What the commands need.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) output: Output,
    model: PathBuf,
    pdfium: Option<PathBuf>,
    max_pages: u32,
    tesseract: Option<Tesseract>,
}

impl Settings {
    /// Fills in the defaults.
    pub(crate) fn from_options(options: Options) -> Self {
        Self {
            output: options.output,
            model: options.model.unwrap_or_else(default_model),
            pdfium: options.pdfium,
            max_pages: options.max_pages,
            tesseract: std::env::var_os("PATH")
                .and_then(|path| Tesseract::find(&path, options.ocr_languages)),
        }
    }

    /// Options for reading files.
    pub(crate) fn extract_options(&self) -> ExtractOptions<'_> {
        ExtractOptions {
            limits: Limits { pages: self.max_pages, ..Limits::default() },
            pdfium: self.pdfium.clone(),
            ocr: self.tesseract.as_ref().map(|tesseract| tesseract as &dyn Ocr),
            ..ExtractOptions::default()
        }
    }

    /// Whether scans can be read.
    pub(crate) fn has_recognition(&self) -> bool {
        self.tesseract.is_some()
    }

    /// Opens the model.
    pub(crate) fn matcher(&self) -> Result<Matcher> {
        let embedder = Embedder::open(&self.model).context("the embedding model cannot be used")?;
        Ok(Matcher::new(embedder, Taxonomy::builtin()))
    }
}

fn default_model() -> PathBuf {
    let system = Path::new(SYSTEM_MODEL);
    if system.is_dir() {
        return system.to_owned();
    }
    let data = std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    data.or_else(home).unwrap_or_default().join("resume-matcher/model")
}
