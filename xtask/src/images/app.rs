//! The images of the application and the operator, built by the Dockerfiles that ship from binaries compiled outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cache;
use crate::progress::Step;
use crate::run::{self, cargo, check, output, root};

/// An image of ours.
pub(crate) struct App {
    /// The folder of its Dockerfile, which is also its package and the last part of its image's name.
    pub(crate) package: &'static str,
    /// Its program.
    pub(crate) binary: &'static str,
    /// Whether it reads resumes, and so needs the model and the PDF library.
    pub(crate) reads_resumes: bool,
}

/// All of ours.
pub(crate) const APPS: &[App] = &[
    App { package: "api-server", binary: "api-server", reads_resumes: false },
    App { package: "worker", binary: "worker", reads_resumes: true },
    App { package: "operator", binary: "resume-matcher-operator", reads_resumes: false },
];

impl App {
    /// The image's name and tag.
    pub(crate) fn reference(&self) -> String {
        format!("resumematcher/{}:{}", self.package, env!("CARGO_PKG_VERSION"))
    }

    /// The image's Dockerfile.
    pub(crate) fn dockerfile(&self) -> PathBuf {
        root().join(self.package).join("Dockerfile")
    }

    /// The files of its build context `binaries`: where each goes, and where it is now. `data` has the model.
    pub(crate) fn files(&self, program: &Path, data: &Path) -> anyhow::Result<BTreeMap<String, PathBuf>> {
        let mut files = BTreeMap::from([
            (self.binary.to_owned(), program.to_owned()),
            ("LICENSE".to_owned(), root().join("LICENSE")),
        ]);
        if self.reads_resumes {
            for folder in ["model", "lib"] {
                list(&data.join(folder), folder, &mut files)?;
            }
        }
        Ok(files)
    }
}

/// Adds each file below `folder` under its path, which begins with `name`.
fn list(folder: &Path, name: &str, files: &mut BTreeMap<String, PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{name}/{file}");
        if path.is_dir() {
            list(&path, &name, files)?;
        } else {
            files.insert(name, path);
        }
    }
    Ok(())
}

/// Compiles the programs of `apps` by `cargo ARGUMENTS` and returns where each is, by the name of the binary, without
/// debug information.
///
/// # Errors
/// When compiling or stripping fails.
pub(crate) fn compile(
    step: &Step,
    apps: &[&App],
    arguments: &[&str],
    into: &Path,
) -> anyhow::Result<BTreeMap<&'static str, PathBuf>> {
    let mut command = cargo(arguments);
    command.args(["--locked", "--message-format=json-render-diagnostics"]);
    if !arguments.contains(&"--workspace") {
        command.args(apps.iter().flat_map(|app| ["--package", app.package]));
    }
    step.say("compiling");
    let messages = output(command.stdin(Stdio::null()).stderr(Stdio::inherit()))?;
    let mut programs = BTreeMap::new();
    for (name, path) in run::programs(&messages) {
        if let Some(app) = apps.iter().find(|app| app.binary == name) {
            programs.insert(app.binary, strip(&path, into)?);
        }
    }
    for app in apps {
        anyhow::ensure!(programs.contains_key(app.binary), "cargo did not build {}", app.binary);
    }
    Ok(programs)
}

/// Takes the programs of `apps` from a folder, without debug information.
///
/// # Errors
/// When one is not there or cannot be stripped.
pub(crate) fn take(
    apps: &[&App],
    from: &Path,
    into: &Path,
) -> anyhow::Result<BTreeMap<&'static str, PathBuf>> {
    apps.iter().map(|app| Ok((app.binary, strip(&from.join(app.binary), into)?))).collect()
}

/// Copies a program into a folder, without debug information; returns where it is then.
fn strip(program: &Path, into: &Path) -> anyhow::Result<PathBuf> {
    let stripped = into.join(program.file_name().unwrap_or_default());
    check(Command::new("strip").arg("-o").arg(&stripped).arg(program))
        .with_context(|| format!("strip {}", program.display()))?;
    Ok(stripped)
}

/// Lays the files out in `folder`, by hard links where that works: nothing of 90 MB is copied then.
///
/// # Errors
/// When a file cannot be linked or copied.
pub(crate) fn stage(files: &BTreeMap<String, PathBuf>, folder: &Path) -> anyhow::Result<()> {
    for (name, from) in files {
        let to = folder.join(name);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        if fs::hard_link(from, &to).is_err() {
            fs::copy(from, &to).with_context(|| format!("copy {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}

/// What identifies the content of the files: each one's place and hash.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn digests(files: &BTreeMap<String, PathBuf>) -> anyhow::Result<Vec<String>> {
    files.iter().map(|(name, path)| Ok(format!("{name}={}", cache::sha256_file(path)?))).collect()
}

/// The commit of the checkout, with `-dirty` when files differ from it; `unknown` outside of git.
pub(crate) fn revision() -> String {
    let git = |args: &[&str]| output(Command::new("git").args(args).current_dir(root())).ok();
    let Some(commit) = git(&["rev-parse", "HEAD"]) else { return "unknown".to_owned() };
    let clean = git(&["status", "--porcelain"]).is_some_and(|changes| changes.trim().is_empty());
    format!("{}{}", commit.trim(), if clean { "" } else { "-dirty" })
}

/// Whether binaries compiled on this machine run in the images: they have glibc 2.36.
///
/// # Errors
/// When they do not; the message says what to do.
pub(crate) fn check_glibc() -> anyhow::Result<()> {
    let text = output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    let minor =
        text.trim().strip_prefix("glibc 2.").and_then(|minor| minor.split('.').next()?.parse::<u32>().ok());
    let minor = minor.with_context(|| format!("this machine's C library is {text:?}, not glibc 2"))?;
    anyhow::ensure!(
        minor <= 36,
        "binaries of this machine need glibc 2.{minor}, the images have 2.36: use --compile inside (Docker or Podman)"
    );
    Ok(())
}
