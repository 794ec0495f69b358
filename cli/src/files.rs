//! Reading of files, standard input and folders.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use matching::document::TextSource;
use matching::{Document, ExtractError};

use crate::printer;
use crate::settings::Settings;

/// Reads a document from a file, or from standard input if the path is `-`.
pub(crate) fn read_document(settings: &Settings, path: &Path) -> Result<Document> {
    let bytes = read_bytes(path).with_context(|| format!("{} cannot be read", path.display()))?;
    extract(settings, path, &bytes)
}

/// The document that the bytes of a file hold; `path` is for messages, and its name is a hint at the format.
pub(crate) fn extract(settings: &Settings, path: &Path, bytes: &[u8]) -> Result<Document> {
    let unreadable = || format!("{} cannot be read", path.display());
    let hint = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let document = match matching::extract(bytes, hint.as_deref(), &settings.extract_options()) {
        Err(error @ ExtractError::NoText { .. }) if !settings.has_recognition() => {
            return Err(error).context(ocr::HOW_TO_INSTALL).with_context(unreadable);
        }
        other => other.with_context(unreadable)?,
    };
    if document.source == TextSource::Ocr {
        printer::note(&format!(
            "{} is a scan: its text was recognised and may have mistakes",
            path.display()
        ));
    }
    Ok(document)
}

/// The bytes of a file, or of standard input if the path is `-`.
pub(crate) fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}

/// All files in a folder and its folders, in order of their names relative to it. Hidden ones are left out.
pub(crate) fn list_folder(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        let entries =
            std::fs::read_dir(&at).with_context(|| format!("the folder {} cannot be read", at.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("the folder {} cannot be read", at.display()))?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                files.push((name, path));
            }
        }
    }
    files.sort();
    Ok(files)
}
