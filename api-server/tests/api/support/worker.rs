//! The real worker, as a process of its own.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running worker; ends when dropped.
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts a worker with these variables and no others but those that find the model.
    pub(crate) fn start(variables: &[(&'static str, String)]) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program()).arg("run").stdin(Stdio::null());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Self(command.spawn().expect("setpriv (package util-linux) starts"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

// Beside the program under test: `cargo test --workspace` builds both before any test runs. Alone, it is built here.
fn program() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_api-server")).with_file_name("worker");
    if !path.is_file() {
        let built = Command::new(env!("CARGO")).args(["build", "--package", "worker"]).status().unwrap();
        assert!(built.success(), "the worker cannot be built");
    }
    assert!(path.is_file(), "there is no {}", path.display());
    path
}
