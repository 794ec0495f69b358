//! Python environments with the tools that we measure and try out with, made once at pinned versions in the cache folder.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cache;
use crate::run::check;

/// The interpreter of an environment that has these requirements (a file in the format of pip), and a folder for what
/// its programs keep. A change of the requirements makes another environment.
///
/// # Errors
/// When Python is absent or a package cannot be installed.
pub(crate) fn environment(name: &str, requirements: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
    let _lock = cache::lock(&format!("python-{name}"))?;
    let folder = cache::cache_dir()?.join("baselines").join(format!("{name}-{}", cache::key([requirements])));
    let python = folder.join("bin/python");
    let kept = folder.join("kept");
    // Scripts of an environment hold its path, so it cannot be made elsewhere and moved; this mark says it is whole.
    let complete = folder.join("complete");
    if !complete.exists() {
        eprintln!("installing the tools to measure beside ({name})");
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let make = || {
            check(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).stdout(Stdio::null()))
        };
        // A fresh Debian machine has no module for it: then it is installed.
        if make().is_err() {
            test_cluster::ensure_packages(&["python3-venv"], &|line| eprintln!("{line}"))?;
            make().context("make a Python environment")?;
        }
        let list = folder.join("requirements.txt");
        fs::write(&list, requirements).with_context(|| format!("write {}", list.display()))?;
        check(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&list))?;
        fs::create_dir_all(&kept).with_context(|| format!("make {}", kept.display()))?;
        fs::write(&complete, "").with_context(|| format!("write {}", complete.display()))?;
    }
    Ok((python, kept))
}
