//! Where the model and the PDF library are.

use std::path::{Path, PathBuf};

use super::{ConfigError, Env};
use crate::env_vars::{RM_MODEL_DIR, RM_PDFIUM};

/// Folder of the model inside the images.
const IMAGE_MODEL_DIR: &str = "/usr/share/resume-matcher/model";
/// The PDF library inside the images.
const IMAGE_PDFIUM: &str = "/usr/lib/resume-matcher/libpdfium.so";

/// Files that the science needs at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScienceConfig {
    /// Folder with `model.safetensors` and `tokenizer.json`.
    pub model_dir: PathBuf,
    /// `libpdfium.so`; `None` when it is nowhere to be found, so that only PDF files fail.
    pub pdfium: Option<PathBuf>,
}

impl ScienceConfig {
    /// Reads `RM_MODEL_DIR` and `RM_PDFIUM`; without them looks where the images and `cargo xtask model` put the files.
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
        Ok(Self { model_dir, pdfium: pdfium(env, data.as_deref())? })
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
}
