//! Compiles Traefik without the libraries of ACME's DNS providers.
//!
//! Traefik imports lego's list of them; through it, more than half of what Traefik is compiled from would be clients of 180
//! DNS services, which a test cluster without a way out cannot ask anyway. Go replaces modules, not packages, so lego is
//! copied without its providers and the module file is told to take the copy.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, file};

/// The module that is copied.
const MODULE: &str = "github.com/go-acme/lego/v4";
/// What of it is left out: the providers, and what only its own command and tests need.
const LEFT_OUT: &[&str] = &["providers", "cmd", "e2e", "docs"];
/// The package that takes the place of the providers' list.
pub(super) const STAND_IN: &str = include_str!("../../go/trimmed/lego/dns.go");

/// Writes a module file below `folder` that is `module`'s but for the trimmed copy; gives its path.
pub(super) fn module_file(module: &Path, folder: &Path) -> Result<PathBuf, BuildError> {
    let copy = folder.join("lego");
    copy_tree(&download(module)?, &copy, LEFT_OUT)?;
    let stand_in = copy.join("providers/dns");
    file("make", &stand_in, std::fs::create_dir_all(&stand_in))?;
    write(&stand_in.join("dns.go"), STAND_IN)?;
    let path = module.join("go.mod");
    let text = file("read", &path, std::fs::read_to_string(&path))?;
    let trimmed = folder.join("go.mod");
    write(&trimmed, &format!("{text}\nreplace {MODULE} => {}\n", copy.display()))?;
    let sums = module.join("go.sum");
    file("copy", &sums, std::fs::copy(&sums, folder.join("go.sum")))?;
    Ok(trimmed)
}

/// The folder of the module's sources, fetched when Go has not got them.
fn download(module: &Path) -> Result<PathBuf, BuildError> {
    let output = Command::new("go").args(["mod", "download", "-json", MODULE]).current_dir(module).output();
    let output = output.map_err(BuildError::NoGo)?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    answer.get("Dir").and_then(serde_json::Value::as_str).map(PathBuf::from).ok_or_else(|| {
        let said = answer.get("Error").and_then(serde_json::Value::as_str).map(str::to_owned);
        let output = said.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned());
        BuildError::Compile { target: "traefik", output }
    })
}

/// Copies regular files and folders; the copies are writable, as Go's own are not.
fn copy_tree(from: &Path, to: &Path, left_out: &[&str]) -> Result<(), BuildError> {
    file("make", to, std::fs::create_dir_all(to))?;
    for entry in file("read", from, std::fs::read_dir(from))? {
        let entry = file("read", from, entry)?;
        let name = entry.file_name();
        if left_out.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let kind = file("look at", &entry.path(), entry.file_type())?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &to.join(&name), &[])?;
        } else if kind.is_file() {
            let content = file("read", &entry.path(), std::fs::read(entry.path()))?;
            let path = to.join(&name);
            file("write", &path, std::fs::write(&path, content))?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    file("write", path, std::fs::write(path, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_lacks_what_is_left_out_and_only_at_the_top() {
        let from = tempfile::tempdir().unwrap();
        for folder in ["providers/dns", "challenge/providers"] {
            std::fs::create_dir_all(from.path().join(folder)).unwrap();
            std::fs::write(from.path().join(folder).join("a.go"), "package a").unwrap();
        }
        let to = tempfile::tempdir().unwrap();
        copy_tree(from.path(), to.path(), LEFT_OUT).unwrap();
        assert!(!to.path().join("providers").exists());
        assert!(to.path().join("challenge/providers/a.go").exists());
    }
}
