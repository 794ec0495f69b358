//! Debian packages that the cluster and the images need, installed when they are missing.

use std::process::Command;

use crate::Log;

/// Why packages cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// This is no Debian: there is no dpkg.
    #[error("this machine has no dpkg; install by hand what these Debian packages hold: {}", .0.join(" "))]
    NotDebian(Vec<String>),
    /// Installing needs root.
    #[error("packages are missing and this user may not install them; as root: apt-get install {}", .0.join(" "))]
    NotRoot(Vec<String>),
    /// A command of the package manager cannot be started.
    #[error("start {command}")]
    Start {
        /// The command.
        command: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A command of the package manager failed.
    #[error("{command} failed ({status}); its last lines:\n{output}")]
    Failed {
        /// The command.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
        /// The end of what it printed.
        output: String,
    },
}

/// Installs those of the packages that are missing; with all there, it takes a few milliseconds and needs no root.
///
/// # Errors
/// When a package is missing and cannot be installed: no Debian, no root, or apt-get failed.
pub fn ensure_packages(names: &[&str], log: Log<'_>) -> Result<(), PackageError> {
    let missing = missing(names)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err(PackageError::NotRoot(missing));
    }
    log(&format!("installing packages: {}", missing.join(" ")));
    let mut install = vec!["install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
    install.extend(missing.iter().map(String::as_str));
    // The lists may be older than the archive, or absent on a fresh machine; a second try comes with new ones.
    if run("apt-get", &install).is_err() {
        run("apt-get", &["update", "-o", "DPkg::Lock::Timeout=300"])?;
        run("apt-get", &install)?;
    }
    Ok(())
}

/// Those of the packages that are not installed.
fn missing(names: &[&str]) -> Result<Vec<String>, PackageError> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(names)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(PackageError::NotDebian(names.iter().map(ToString::to_string).collect()));
        }
        Err(source) => return Err(PackageError::Start { command: "dpkg-query".into(), source }),
    };
    Ok(not_installed(names, &String::from_utf8_lossy(&output.stdout)))
}

/// Reads dpkg-query's lines `name status`; a package without a line was never installed.
fn not_installed(names: &[&str], listing: &str) -> Vec<String> {
    let is_installed =
        |name: &str| listing.lines().any(|line| line.split_once(' ') == Some((name, "installed")));
    names.iter().filter(|name| !is_installed(name)).map(ToString::to_string).collect()
}

fn run(program: &str, args: &[&str]) -> Result<(), PackageError> {
    let command = format!("{program} {}", args.join(" "));
    let output = Command::new(program)
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .map_err(|source| PackageError::Start { command: command.clone(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(PackageError::Failed { command, status: output.status, output: crate::wait::last_lines(&text, 15) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_and_unknown_packages_are_missing() {
        let listing = "runc installed\nsocat config-files\n";
        assert_eq!(not_installed(&["runc", "socat", "nftables"], listing), ["socat", "nftables"]);
    }
}
