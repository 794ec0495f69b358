//! Where the model and the PDF library are, and how files are read.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::{ConfigError, Env};
use crate::env_vars::{RM_MAX_PAGES, RM_MODEL_DIR, RM_OCR_LANGUAGES, RM_PDFIUM};

/// Folder of the model inside the images.
const IMAGE_MODEL_DIR: &str = "/usr/share/resume-matcher/model";
/// The PDF library inside the images.
const IMAGE_PDFIUM: &str = "/usr/lib/resume-matcher/libpdfium.so";

/// Pages of a PDF file that are read unless told otherwise: far more than a resume has.
const DEFAULT_PAGES: NonZeroU32 = NonZeroU32::MIN.saturating_add(49);

/// Files that the science needs at run time, and limits on those that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScienceConfig {
    /// Folder with `model.safetensors` and `tokenizer.json`.
    pub model_dir: PathBuf,
    /// `libpdfium.so`; `None` when it is nowhere to be found, so that only PDF files fail.
    pub pdfium: Option<PathBuf>,
    /// Pages of a PDF file that are read; the rest is left out with a warning.
    pub max_pages: NonZeroU32,
    /// Languages of scans, as tesseract names them, joined by `+`.
    pub ocr_languages: String,
}

impl ScienceConfig {
    /// Reads `RM_MODEL_DIR` and `RM_PDFIUM`; without them looks where the images and `cargo xtask model` put the files.
    /// Reads `RM_MAX_PAGES` and `RM_OCR_LANGUAGES`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let data = data_folder(env);
        let model_dir = match env.optional(RM_MODEL_DIR) {
            Some(path) => PathBuf::from(path),
            None => [Some(PathBuf::from(IMAGE_MODEL_DIR)), data.as_ref().map(|folder| folder.join("model"))]
                .into_iter()
                .flatten()
                .find(|folder| folder.is_dir())
                .unwrap_or_else(|| PathBuf::from(IMAGE_MODEL_DIR)),
        };
        let max_pages = env.parsed_or(RM_MAX_PAGES, DEFAULT_PAGES, "a number of pages, at least 1")?;
        let ocr_languages = env.optional(RM_OCR_LANGUAGES).unwrap_or("eng").to_owned();
        Ok(Self { model_dir, pdfium: pdfium(env, data.as_deref())?, max_pages, ocr_languages })
    }
}

fn pdfium(env: &Env, data: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    if let Some(path) = env.optional(RM_PDFIUM) {
        let path = PathBuf::from(path);
        if !path.is_file() {
            return Err(ConfigError::Invalid {
                variable: RM_PDFIUM,
                reason: format!("there is no file {}", path.display()),
                mend: "the path of libpdfium.so",
            });
        }
        return Ok(Some(path));
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("libpdfium.so")));
    let candidates =
        [beside, Some(PathBuf::from(IMAGE_PDFIUM)), data.map(|folder| folder.join("lib/libpdfium.so"))];
    Ok(candidates.into_iter().flatten().find(|path| path.is_file()))
}

/// `${XDG_DATA_HOME:-~/.local/share}/resume-matcher`.
fn data_folder(env: &Env) -> Option<PathBuf> {
    let base = match env.optional("XDG_DATA_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env.optional("HOME")?).join(".local/share"),
    };
    Some(base.join("resume-matcher"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_that_is_not_there_is_an_error() {
        let error =
            ScienceConfig::from_env(&Env::from_pairs([(RM_PDFIUM, "/nowhere/libpdfium.so")])).unwrap_err();
        assert!(error.to_string().contains("there is no file /nowhere/libpdfium.so"), "{error}");
    }

    #[test]
    fn pages_are_limited_to_50_unless_told_otherwise() {
        let pages = |pairs: &[(&str, &str)]| {
            ScienceConfig::from_env(&Env::from_pairs(pairs.iter().copied()))
                .map(|config| config.max_pages.get())
        };
        assert_eq!(pages(&[]), Ok(50));
        assert_eq!(pages(&[(RM_MAX_PAGES, "7")]), Ok(7));
        let error = pages(&[(RM_MAX_PAGES, "0")]).unwrap_err().to_string();
        assert!(error.contains("RM_MAX_PAGES") && error.contains("at least 1"), "{error}");
    }
}
