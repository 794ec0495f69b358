//! Calls kubectl, with the rights and the configuration of whoever runs this program.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::args::Installation;

/// The kind, in full, so that no other of a like name is meant.
pub(crate) const KIND: &str = "resumematchers.resumematcher.io";

/// Reads the ResumeMatcher.
pub(crate) fn object(of: &Installation) -> Result<Value> {
    json(of, &["get", KIND, &of.name])
}

/// Runs kubectl with `--output json` and reads what it prints.
pub(crate) fn json(of: &Installation, arguments: &[&str]) -> Result<Value> {
    let text = kubectl(of, &[arguments, &["--output", "json"]].concat())?;
    serde_json::from_str(&text).context("kubectl did not print JSON")
}

/// Runs kubectl and gives what it printed.
pub(crate) fn kubectl(of: &Installation, arguments: &[&str]) -> Result<String> {
    kubectl_with(of, arguments, "")
}

/// Runs kubectl with `input` on its standard input.
pub(crate) fn kubectl_with(of: &Installation, arguments: &[&str], input: &str) -> Result<String> {
    let mut command = command(of, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context(CANNOT_START)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).context("kubectl does not read its input")?;
    }
    let output = child.wait_with_output().context("kubectl cannot be waited for")?;
    if !output.status.success() {
        bail!("kubectl: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs kubectl on this program's own output, for what goes on and on.
pub(crate) fn kubectl_in_sight(of: &Installation, arguments: &[&str]) -> Result<()> {
    let status = command(of, arguments).status().context(CANNOT_START)?;
    if !status.success() {
        bail!("kubectl ended with {status}");
    }
    Ok(())
}

const CANNOT_START: &str = "kubectl cannot be started; is it installed and in PATH?";

fn command(of: &Installation, arguments: &[&str]) -> Command {
    let mut command = Command::new("kubectl");
    // Before the arguments: what stands behind a "--" among them is the other program's.
    for (option, value) in [("--namespace", &of.namespace), ("--context", &of.context)] {
        if let Some(value) = value {
            command.args([option, value]);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}
