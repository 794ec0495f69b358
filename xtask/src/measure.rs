//! Builds and runs the programs that measure: the examples of `matching`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::figures::Report;
use crate::model;
use crate::run::{cargo, output};

/// How the measuring programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As the tests are: already compiled after a run of them, with debug assertions, and of no use for figures of speed.
    Tests,
    /// As what is released.
    Release,
}

/// The measuring programs, built, and what they need beside the data.
pub(crate) struct Programs {
    paths: BTreeMap<String, PathBuf>,
    home: PathBuf,
}

impl Programs {
    /// Builds examples by name, and puts the model and PDFium in place.
    ///
    /// # Errors
    /// When one does not compile, or the model cannot be fetched.
    pub(crate) fn build(profile: Profile, names: &[&str]) -> anyhow::Result<Self> {
        let home = model::ensure()?;
        // Not `--package`: with the features of the whole workspace nothing is compiled a second time.
        let mut command = cargo(&["build", "--workspace", "--message-format=json-render-diagnostics"]);
        if profile == Profile::Release {
            command.arg("--release");
        }
        for name in names {
            command.args(["--example", name]);
        }
        let messages = output(command.stderr(Stdio::inherit())).context("build the measuring programs")?;
        let paths = executables(&messages);
        if let Some(missing) = names.iter().find(|name| !paths.contains_key(**name)) {
            bail!("cargo built no example {missing}");
        }
        Ok(Self { paths, home })
    }

    /// The folder of the model.
    pub(crate) fn model(&self) -> PathBuf {
        self.home.join("model")
    }

    /// A command for a program, told where model and PDFium are.
    ///
    /// # Errors
    /// When that program was not built.
    pub(crate) fn command(&self, name: &str) -> anyhow::Result<Command> {
        let path = self.paths.get(name).with_context(|| format!("the example {name} was not built"))?;
        let mut command = Command::new(path);
        command.env("RM_MODEL_DIR", self.model()).env("RM_PDFIUM", self.home.join("lib/libpdfium.so"));
        Ok(command)
    }

    /// Runs a program on the data and reads its figures. What it writes to standard error is shown as it comes.
    ///
    /// # Errors
    /// When it fails or prints no figures.
    pub(crate) fn figures(&self, name: &str, data: &Path) -> anyhow::Result<Report> {
        eprintln!("measuring: {name}");
        let mut command = self.command(name)?;
        command.arg(data).args(["--output", "json"]).stderr(Stdio::inherit());
        Report::parse(&output(&mut command)?).with_context(|| format!("read the figures of {name}"))
    }
}

/// Paths of the examples that cargo reports as built.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    let mut paths = BTreeMap::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
        let example = message.pointer("/target/kind/0").is_some_and(|kind| kind == "example");
        let name = message.pointer("/target/name").and_then(|name| name.as_str());
        if let (true, Some(name), Some(path)) =
            (example, name, message.get("executable").and_then(|path| path.as_str()))
        {
            paths.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    paths
}

/// That the folder of data is there.
///
/// # Errors
/// When it is not a folder or has none of the sets that are measured.
pub(crate) fn check_data(data: &Path) -> anyhow::Result<PathBuf> {
    if !data.is_dir() {
        bail!(
            "{} is no folder: name the folder that holds the data sets (docs/quality.md lists them)",
            data.display()
        );
    }
    let known = ["pdf-truth", "text-truth", "onet", "skills", "samples"];
    if !known.iter().any(|set| data.join(set).is_dir()) {
        bail!("{} has none of the data sets {}: see docs/quality.md", data.display(), known.join(", "));
    }
    data.canonicalize().with_context(|| format!("resolve {}", data.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_examples_are_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"matching"},"executable":null}
{"reason":"compiler-artifact","target":{"kind":["example"],"name":"eval_match"},"executable":"/t/examples/eval_match"}
{"reason":"build-finished","success":true}"#;
        let paths = executables(messages);
        assert_eq!(paths.len(), 1);
        assert_eq!(paths["eval_match"], PathBuf::from("/t/examples/eval_match"));
    }

    #[test]
    fn a_folder_without_data_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let absent = check_data(&folder.path().join("absent")).unwrap_err().to_string();
        assert!(absent.contains("absent is no folder"), "{absent}");
        let empty = check_data(folder.path()).unwrap_err().to_string();
        assert!(empty.contains("none of the data sets"), "{empty}");
        std::fs::create_dir(folder.path().join("onet")).unwrap();
        check_data(folder.path()).unwrap();
    }
}
