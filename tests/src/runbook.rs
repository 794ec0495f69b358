//! The commands that `docs/disaster-recovery.md` shows for Kubernetes, run as a person types them: kubectl with its plugin.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::installation::Installation;

const RUNBOOK: &str = include_str!("../../docs/disaster-recovery.md");
/// The part whose commands these are; the next part is for those who have no operator.
const PART: &str = "\n## In Kubernetes\n";

/// The runbook, and which of its commands have been run.
pub struct Runbook {
    /// Holds kubectl and its plugin under the names that people call them by.
    programs: TempDir,
    commands: BTreeSet<&'static str>,
    run: Mutex<BTreeSet<&'static str>>,
}

impl Runbook {
    /// Reads the commands, and puts the programs in place.
    ///
    /// # Errors
    /// When the document has no such part, or the tests were started by themselves.
    pub fn open() -> anyhow::Result<Self> {
        let commands = commands(RUNBOOK)?;
        let programs = TempDir::new().context("a folder for the programs")?;
        for (variable, name) in [("RM_E2E_KUBECTL", "kubectl"), ("RM_E2E_RMCTL", "kubectl-resumematcher")] {
            let program = std::env::var_os(variable).with_context(|| {
                format!("{variable} is not set: run `cargo xtask test --only e2e`, which sets it")
            })?;
            symlink(Path::new(&program), programs.path().join(name))
                .with_context(|| format!("link {name}"))?;
        }
        Ok(Self { programs, commands, run: Mutex::default() })
    }

    /// Runs a command of the runbook, in which NAME stands for the installation and ID for this backup; what it prints.
    ///
    /// # Errors
    /// When the runbook does not show the command, or it fails.
    pub async fn run(&self, shown: &str, installation: &Installation, id: &str) -> anyhow::Result<Value> {
        let shown = *self
            .commands
            .get(shown)
            .with_context(|| format!("the runbook does not show `{shown}`; it shows {:?}", self.commands))?;
        let words = shown.split_whitespace().map(|word| match word {
            "NAME" => installation.name.as_str(),
            "ID" => id,
            other => other,
        });
        let mut words = words.map(ToOwned::to_owned);
        let mut command = Command::new(words.next().context("an empty command")?);
        command.args(words).args(["--namespace", &installation.namespace, "--output", "json"]);
        command.env("KUBECONFIG", installation.kubeconfig()).env("PATH", self.path()?).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context(shown)?;
        if !output.status.success() {
            bail!("{shown}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        self.run.lock().map_err(|_| anyhow::anyhow!("a test panicked"))?.insert(shown);
        serde_json::from_slice(&output.stdout).with_context(|| format!("{shown} prints JSON"))
    }

    /// Fails when a command was not run: a new one belongs into the drill.
    ///
    /// # Errors
    /// When one was not, by name.
    pub fn all_run(&self) -> anyhow::Result<()> {
        let run = self.run.lock().map_err(|_| anyhow::anyhow!("a test panicked"))?;
        let left: Vec<_> = self.commands.difference(&run).collect();
        ensure!(left.is_empty(), "the runbook shows what no drill has run: {left:?}");
        Ok(())
    }

    /// Where programs are found: the ones here first.
    fn path(&self) -> anyhow::Result<std::ffi::OsString> {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.path().to_owned()).chain(std::env::split_paths(&others));
        Ok(std::env::join_paths(folders)?)
    }
}

/// The indented lines of the part for Kubernetes.
fn commands(document: &'static str) -> anyhow::Result<BTreeSet<&'static str>> {
    let (_, part) = document.split_once(PART).context("the runbook has no part for Kubernetes")?;
    let part = part.split("\n## ").next().unwrap_or(part);
    let lines = part.lines().filter(|line| line.starts_with("    "));
    let commands: BTreeSet<_> = lines.map(str::trim).filter(|line| line.starts_with("kubectl ")).collect();
    ensure!(!commands.is_empty(), "the runbook shows no command");
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_indented_lines_of_the_part_for_kubernetes() {
        let shown = commands(RUNBOOK).unwrap();
        assert!(shown.contains("kubectl resumematcher restore NAME --from latest"), "{shown:?}");
        assert!(shown.iter().all(|line| line.starts_with("kubectl resumematcher ")), "{shown:?}");
        assert!(commands("# A title\n\nOf something else.\n").is_err());
    }
}
