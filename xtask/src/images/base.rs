//! The images that ours stand on: pulled where a registry is in reach, else made here from Debian's packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::engine::{Build, Engine};
use crate::cache;
use crate::progress::Step;
use crate::run::{check, root};

/// The base of every image.
pub(crate) const DEBIAN: &str = "debian:bookworm-slim";

/// The Debian release of [`DEBIAN`].
const SUITE: &str = "bookworm";

/// What debootstrap leaves and a container does not need: manuals, caches, logs. Licences stay (usr/share/doc).
const NOT_NEEDED: &[&str] = &[
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
    "var/cache/apt",
    "var/cache/debconf",
    "var/lib/apt/lists",
    "var/log",
];

/// The folder with the Dockerfile of a base or service image.
pub(crate) fn recipe(name: &str) -> PathBuf {
    root().join("tests/cluster/images").join(name)
}

/// Names how [`DEBIAN`] is made; part of the key of every image on it.
///
/// # Errors
/// When its Dockerfile cannot be read.
pub(crate) fn debian_key() -> anyhow::Result<String> {
    let dockerfile =
        fs::read(recipe("debian").join("Dockerfile")).context("read the Dockerfile of debian")?;
    let mut inputs = vec![dockerfile, SUITE.into(), std::env::consts::ARCH.into()];
    inputs.extend(NOT_NEEDED.iter().map(|path| path.as_bytes().to_vec()));
    Ok(cache::key(inputs))
}

/// Makes [`DEBIAN`] with debootstrap, unless the engine has it or pulls it by itself. Half a minute once; after that
/// its file system comes from the cache.
///
/// # Errors
/// When debootstrap or the build fails.
pub(crate) fn ensure_debian(engine: &Engine, step: &Step) -> anyhow::Result<()> {
    // The key is in a second tag, so that a changed recipe is noticed.
    let keyed = format!("localhost/debian-base:{}", debian_key()?);
    if engine.pulls() || (engine.has(DEBIAN) && engine.has(&keyed)) {
        return Ok(());
    }
    let _lock = cache::lock("debian")?;
    let folder = cache::cache_dir()?.join("bases").join(debian_key()?);
    if !folder.join("rootfs.tar").exists() {
        cache::place_folder(&folder, |new| bootstrap(step, new))?;
    }
    for reference in [DEBIAN, &keyed] {
        let dockerfile = recipe("debian").join("Dockerfile");
        engine.build(
            step,
            &Build { dockerfile: &dockerfile, context: &folder, binaries: None, args: &[], reference },
        )?;
    }
    Ok(())
}

/// Writes `rootfs.tar`, a minimal Debian, into `folder`.
fn bootstrap(step: &Step, folder: &Path) -> anyhow::Result<()> {
    let rootfs = folder.join("rootfs");
    step.run(Command::new("debootstrap").args(["--variant=minbase", SUITE]).arg(&rootfs))?;
    for path in NOT_NEEDED {
        empty(&rootfs.join(path))?;
    }
    // The names of this machine's resolvers and its host name are not the image's.
    for path in ["etc/resolv.conf", "etc/hostname", "etc/machine-id"] {
        fs::write(rootfs.join(path), "").with_context(|| format!("empty {path}"))?;
    }
    step.say("packing");
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sort=name", "--numeric-owner", "--one-file-system", "--exclude=./dev/*"]);
    check(tar.arg("--directory").arg(&rootfs).arg("--file").arg(folder.join("rootfs.tar")).arg("."))?;
    fs::remove_dir_all(&rootfs).context("delete the unpacked Debian")
}

/// Deletes what is in a folder and leaves the folder, as packages expect it to be there.
fn empty(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        let result = if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        result.with_context(|| format!("delete {}", path.display()))?;
    }
    Ok(())
}
