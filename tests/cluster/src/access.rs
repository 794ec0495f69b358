//! A cluster as a client sees it: its own, or any other that a kubeconfig leads to.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a kubectl command failed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// kubectl cannot be run.
    #[error("run {path}")]
    Run {
        /// kubectl.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// kubectl ended with an error.
    #[error("kubectl {command} failed: {output}")]
    Kubectl {
        /// Its arguments.
        command: String,
        /// What it said.
        output: String,
    },
}

/// A kubeconfig and the kubectl to use it with.
#[derive(Debug, Clone)]
pub struct Access {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
}

impl Access {
    /// Access by any kubeconfig: kind, k3d, a cloud's cluster.
    #[must_use]
    pub fn new(kubectl: &Path, kubeconfig: &Path) -> Self {
        Self { kubectl: kubectl.to_path_buf(), kubeconfig: kubeconfig.to_path_buf() }
    }

    /// The kubectl program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.kubectl
    }

    /// The kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs kubectl and gives what it printed.
    ///
    /// # Errors
    /// When kubectl fails; the message is its own.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, AccessError> {
        self.run(args, None)
    }

    /// Applies objects, YAML or JSON, by server-side apply.
    ///
    /// # Errors
    /// When kubectl fails; the message is its own.
    pub fn apply(&self, objects: &str) -> Result<String, AccessError> {
        let args =
            ["apply", "--server-side", "--force-conflicts", "--field-manager=test-cluster", "--filename=-"];
        self.run(&args, Some(objects))
    }

    fn run(&self, args: &[&str], input: Option<&str>) -> Result<String, AccessError> {
        let failed = |source| AccessError::Run { path: self.kubectl.clone(), source };
        let mut child = Command::new(&self.kubectl)
            .env("KUBECONFIG", &self.kubeconfig)
            .args(args)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input.as_bytes()).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let command = args.join(" ");
        Err(AccessError::Kubectl {
            command,
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}
