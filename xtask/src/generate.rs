//! `cargo xtask generate`: writes the files that are made from the code, or checks that they are up to date.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::run::{cargo, output, programs, root};

/// The program that prints most of them.
const OPERATOR: &str = "resume-matcher-operator";

/// What to do with them.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail when a file is not what it would be.
    #[arg(long)]
    check: bool,
}

const HEADER: &str = "# Made from operator/src/crd.rs by `cargo xtask generate`. Do not edit.\n";
const MEND: &str = "run `cargo xtask generate` and commit the result";

/// Makes every generated file.
///
/// # Errors
/// When the operator cannot be built or a file cannot be written; with `--check`, when one differs.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    // Not `--package`: the features are nearer to those of the tests then, so less is compiled a second time.
    let print = |what: &[&str]| output(cargo(&["run", "--quiet", "--bin", OPERATOR, "--"]).args(what));
    bring(&files(&print)?, options.check)
}

/// Fails when a file is not what it would be, by the operator that the tests have built: nothing is compiled for it.
///
/// # Errors
/// When one differs, or the tests cannot be built.
pub(crate) fn check_by_test_build() -> anyhow::Result<()> {
    let build = ["test", "--locked", "--workspace", "--no-run", "--message-format=json-render-diagnostics"];
    let messages = output(cargo(&build).stdin(Stdio::null()).stderr(Stdio::inherit()))?;
    let operator = programs(&messages).find(|(name, _)| name == OPERATOR);
    let (_, operator) = operator.with_context(|| format!("cargo did not build {OPERATOR}"))?;
    bring(&files(&|what| output(Command::new(&operator).args(what)))?, true)
}

/// Writes what differs; with `check` fails instead.
fn bring(files: &[(PathBuf, String)], check: bool) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for (path, content) in files {
        let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        if std::fs::read_to_string(path).is_ok_and(|present| present == *content) {
            continue;
        }
        if check {
            stale.push(shown);
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        std::fs::write(path, content).with_context(|| format!("write {shown}"))?;
        println!("wrote {shown}");
    }
    if !stale.is_empty() {
        bail!("not up to date: {}; {MEND}", stale.join(", "));
    }
    Ok(())
}

/// The kinds, in the plural, and the end of the names of their files below `kustomize/` and `charts/`.
const KINDS: [(&str, &str); 3] =
    [("resumematchers", ""), ("resumematcherbackups", "-backups"), ("resumematcherrestores", "-restores")];

/// Each generated file and its content, by what the operator prints.
fn files(print: &dyn Fn(&[&str]) -> anyhow::Result<String>) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut files = vec![(root().join("docs/resumematcher-reference.md"), print(&["reference"])?)];
    for (plural, end) in KINDS {
        let definition = print(&["crd", plural])?;
        let plain = format!("{HEADER}{definition}");
        files.push((root().join(format!("crds/{plural}.yaml")), plain.clone()));
        // kustomize does not read files above its folder.
        files.push((root().join(format!("kustomize/base/crd{end}.yaml")), plain));
        let chart = root().join(format!("charts/resume-matcher-operator/templates/crd{end}.yaml"));
        files.push((chart, in_chart(&definition)?));
    }
    Ok(files)
}

/// The chart has its own copy, because a chart cannot reach outside its folder, and keeps the definition when it is
/// uninstalled: deleting it would delete every installation.
fn in_chart(definition: &str) -> anyhow::Result<String> {
    let kept = definition.replacen(
        "metadata:\n",
        "metadata:\n  annotations:\n    helm.sh/resource-policy: keep\n",
        1,
    );
    if kept == definition {
        bail!("the definition has no metadata to annotate");
    }
    Ok(format!("{{{{- if .Values.crds.install }}}}\n{HEADER}{}{{{{- end }}}}\n", escape(&kept)))
}

/// Text that Helm would take for its own.
fn escape(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helms_own_signs_are_escaped() {
        assert_eq!(escape("a {{ b"), "a {{ \"{{\" }} b");
    }
}
