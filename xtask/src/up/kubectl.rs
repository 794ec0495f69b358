//! Calls kubectl on one cluster.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::run::output;

/// kubectl and the cluster that it talks to.
#[derive(Debug, Clone)]
pub(crate) struct Kubectl {
    /// The program.
    pub(crate) program: PathBuf,
    /// How to reach the cluster.
    pub(crate) kubeconfig: PathBuf,
}

impl Kubectl {
    /// A command with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(args);
        command
    }

    /// What it prints.
    ///
    /// # Errors
    /// When it fails; the error has its message.
    pub(crate) fn text(&self, args: &[&str]) -> anyhow::Result<String> {
        output(&mut self.command(args))
    }

    /// What it prints with `--output json`.
    ///
    /// # Errors
    /// When it fails or prints something else.
    pub(crate) fn json(&self, args: &[&str]) -> anyhow::Result<Value> {
        let text = output(self.command(args).args(["--output", "json"]))?;
        serde_json::from_str(&text).with_context(|| format!("read what kubectl {} printed", args.join(" ")))
    }
}

/// The text at a JSON pointer, empty when there is none.
pub(crate) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, empty when there is none.
pub(crate) fn list_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
