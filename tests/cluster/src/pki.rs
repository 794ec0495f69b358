//! Certificates, keys and kubeconfigs, made by the node program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

/// Why the keys cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The program cannot be run.
    #[error("run {path} pki")]
    Run {
        /// The program.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It failed.
    #[error("making certificates failed: {0}")]
    Failed(String),
}

/// A certificate that a component reads as `NAME.crt` and `NAME.key`.
#[derive(Serialize)]
pub(crate) struct Certificate<'a> {
    pub(crate) name: &'a str,
    pub(crate) user: &'a str,
    pub(crate) groups: &'a [&'a str],
    /// DNS names and addresses that it serves; none makes it a client's only.
    pub(crate) hosts: &'a [&'a str],
}

/// A kubeconfig with a client certificate of its own inside.
#[derive(Serialize)]
pub(crate) struct Kubeconfig<'a> {
    pub(crate) path: PathBuf,
    pub(crate) server: &'a str,
    pub(crate) user: &'a str,
    pub(crate) groups: &'a [&'a str],
    pub(crate) context: &'a str,
}

/// All keys of one cluster, signed by one authority that is made with them.
#[derive(Serialize)]
pub(crate) struct Pki<'a> {
    pub(crate) dir: PathBuf,
    pub(crate) certificates: Vec<Certificate<'a>>,
    pub(crate) kubeconfigs: Vec<Kubeconfig<'a>>,
}

impl Pki<'_> {
    /// Writes the files.
    pub(crate) fn make(&self, node: &Path) -> Result<(), PkiError> {
        let failed = |source| PkiError::Run { path: node.to_path_buf(), source };
        let mut child = Command::new(node)
            .arg("pki")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
            stdin.write_all(&text).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        Err(PkiError::Failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}
