//! Runs other programs, and says which one failed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A command that runs cargo in the checkout.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Runs a command to its end; an exit status other than 0 is an error that names it.
pub(crate) fn check(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Runs a command to its end and returns what it wrote to standard output; an exit status other than 0 is an error with
/// what it wrote to standard error.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let out = command.output().with_context(|| format!("start {command:?}"))?;
    if !out.status.success() {
        bail!("{command:?} ended with {}: {}", out.status, String::from_utf8_lossy(&out.stderr).trim());
    }
    String::from_utf8(out.stdout).with_context(|| format!("{command:?} wrote something that is not UTF-8"))
}

/// Names and paths of the programs that cargo's messages (`--message-format=json`) tell of.
pub(crate) fn programs(messages: &str) -> impl Iterator<Item = (String, PathBuf)> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| program(&message).map(|(name, path)| (name.to_owned(), path.into())))
}

/// Name and path of the program that one message tells of; a program's own unit tests are not the program.
fn program(message: &Value) -> Option<(&str, &str)> {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let is_binary = text("/target/kind/0") == Some("bin");
    let is_test = message.pointer("/profile/test").and_then(Value::as_bool).unwrap_or(false);
    if is_binary && !is_test { Some((text("/target/name")?, text("/executable")?)) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::program;

    #[test]
    fn unit_tests_and_libraries_are_not_programs() {
        let message = |kind: &str, test: bool| {
            json!({
                "target": {"kind": [kind], "name": "worker"},
                "profile": {"test": test},
                "executable": "/x/worker"
            })
        };
        assert_eq!(program(&message("bin", false)), Some(("worker", "/x/worker")));
        assert_eq!(program(&message("bin", true)), None);
        assert_eq!(program(&message("test", true)), None);
        assert_eq!(program(&json!({"reason": "build-finished", "success": true})), None);
    }
}
