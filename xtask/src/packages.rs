//! Debian packages that the tasks need, installed when they are missing.

use std::process::Command;

use anyhow::{Context, bail};

use crate::run::{check, output};

/// Installs those of `names` that are missing.
///
/// # Errors
/// When something is missing and this is not root on a Debian-like machine: the message is the command to run.
pub(crate) fn ensure(names: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let user = output(Command::new("id").arg("-u"))?;
    if user.trim() != "0" {
        bail!("packages are missing; as root run: apt-get install --no-install-recommends {list}");
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300"])
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    check(&mut apt(&["update"])).context("refresh the list of packages")?;
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(&missing);
    check(&mut apt(&install)).with_context(|| format!("install the packages {list}"))
}

/// Whether dpkg has this package, unpacked and configured.
fn installed(name: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", name])
        .output()
        .is_ok_and(|out| out.status.success() && out.stdout == b"installed")
}
