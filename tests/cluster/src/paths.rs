//! Folders outside the checkout: what is kept for every checkout, and the state of each cluster.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Why a folder cannot be named or made.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// Neither the XDG variable nor `HOME` is set.
    #[error("neither {0} nor HOME is set; set one of them to an absolute path")]
    NoHome(&'static str),
    /// The variable holds a relative path, which would depend on where the command is called.
    #[error("{0} is not an absolute path; the XDG base directory specification asks for one")]
    Relative(&'static str),
    /// The folder cannot be made.
    #[error("make the folder {path}")]
    Make {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The folder of built programs and images, `${XDG_CACHE_HOME:-~/.cache}/resume-matcher`, made when absent.
///
/// # Errors
/// When no home is known or the folder cannot be made.
pub fn cache_dir() -> Result<PathBuf, PathError> {
    make(base("XDG_CACHE_HOME", ".cache")?.join("resume-matcher"))
}

/// The state folder of the cluster `identity`: `${XDG_STATE_HOME:-~/.local/state}/resume-matcher/<identity>`.
///
/// # Errors
/// When no home is known.
pub fn state_path(identity: &str) -> Result<PathBuf, PathError> {
    Ok(state_root()?.join(identity))
}

/// The folder of all clusters' states.
pub(crate) fn state_root() -> Result<PathBuf, PathError> {
    Ok(base("XDG_STATE_HOME", ".local/state")?.join("resume-matcher"))
}

/// A short name that differs between checkouts: `cluster-` and eight hexadecimal digits of the path's SHA-256.
#[must_use]
pub fn identity_of(checkout: &Path) -> String {
    let real = std::fs::canonicalize(checkout).unwrap_or_else(|_| checkout.to_path_buf());
    let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
    let hex: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("cluster-{hex}")
}

pub(crate) fn make(path: PathBuf) -> Result<PathBuf, PathError> {
    match std::fs::create_dir_all(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(PathError::Make { path, source }),
    }
}

fn base(variable: &'static str, below_home: &str) -> Result<PathBuf, PathError> {
    let (name, path) = match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(value) => (variable, PathBuf::from(value)),
        None => {
            let home = std::env::var_os("HOME")
                .filter(|value| !value.is_empty())
                .ok_or(PathError::NoHome(variable))?;
            ("HOME", PathBuf::from(home).join(below_home))
        }
    };
    if path.is_absolute() { Ok(path) } else { Err(PathError::Relative(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkouts_have_different_identities() {
        let one = identity_of(Path::new("/src/one"));
        assert_ne!(one, identity_of(Path::new("/src/two")));
        assert_eq!(one, identity_of(Path::new("/src/one")));
    }

    #[test]
    fn one_checkout_has_one_identity_by_any_path() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(identity_of(&real), identity_of(&link));
    }
}
