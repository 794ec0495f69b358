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
///
/// It does not get what `cargo run` has told this program of its own package: build scripts (that of `ring` is one) ask to
/// be run again when these variables change, so after each change between `cargo` and `cargo xtask` all that uses TLS would be
/// compiled anew.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_package(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command.args(args).current_dir(root());
    command
}

/// Whether cargo sets this variable for the package that it runs or builds.
fn is_of_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|start| variable.starts_with(start))
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

    use super::{cargo, is_of_package, program};

    #[test]
    fn cargo_is_not_told_of_this_package() {
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some(), "the tests run by cargo");
        let changes: Vec<_> = cargo(&["version"])
            .get_envs()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.is_none()))
            .collect();
        assert!(changes.contains(&("CARGO_PKG_NAME".to_owned(), true)), "{changes:?}");
        assert!(changes.contains(&("CARGO_MANIFEST_DIR".to_owned(), true)), "{changes:?}");
        assert!(!is_of_package("CARGO_HOME") && !is_of_package("CARGO_INCREMENTAL"));
    }

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
