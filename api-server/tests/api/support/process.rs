//! The real programs, each as a process of its own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running program; killed when dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a worker with these variables and no others but those that find the model.
    pub(crate) fn worker(variables: &[(&'static str, String)]) -> Self {
        Self::start(&worker_program(), "run", variables)
    }

    /// Starts an API server with these variables.
    pub(crate) fn api(variables: &[(&'static str, String)]) -> Self {
        Self::start(Path::new(env!("CARGO_BIN_EXE_api-server")), "serve", variables)
    }

    /// The same with its log in a file.
    pub(crate) fn worker_logging(variables: &[(&'static str, String)], log: &Path) -> Self {
        Self::spawn(&worker_program(), "run", variables, Stdio::from(File::create(log).unwrap()))
    }

    /// The same with its log in a file.
    pub(crate) fn api_logging(variables: &[(&'static str, String)], log: &Path) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_api-server"));
        Self::spawn(program, "serve", variables, Stdio::from(File::create(log).unwrap()))
    }

    fn start(program: &Path, action: &str, variables: &[(&'static str, String)]) -> Self {
        Self::spawn(program, action, variables, Stdio::inherit())
    }

    fn spawn(program: &Path, action: &str, variables: &[(&'static str, String)], log: Stdio) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program).arg(action).stdin(Stdio::null()).stdout(log);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Self(command.spawn().expect("setpriv (package util-linux) starts"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

// Beside the program under test: `cargo test --workspace` builds both before any test runs. Alone, it is built here.
fn worker_program() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_api-server")).with_file_name("worker");
    if !path.is_file() {
        let built = Command::new(env!("CARGO")).args(["build", "--package", "worker"]).status().unwrap();
        assert!(built.success(), "the worker cannot be built");
    }
    assert!(path.is_file(), "there is no {}", path.display());
    path
}
