//! `rmctl extract`: the text of a file.

use std::path::Path;

use anyhow::Result;

use crate::args::Output;
use crate::settings::Settings;
use crate::{files, printer};

/// Prints the text, or the whole document with positions as JSON.
pub(crate) fn run(settings: &Settings, file: &Path) -> Result<()> {
    let document = files::read_document(settings, file)?;
    match settings.output {
        Output::Text => {
            for warning in &document.warnings {
                printer::note(&warning.message);
            }
            printer::line(&document.text)
        }
        Output::Json => printer::json(&document),
    }
}
