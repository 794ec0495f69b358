//! The control groups below which kubelet puts a cluster's pods: one folder of the cluster's name in each hierarchy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wait;

/// Why control groups cannot be made or removed.
#[derive(Debug, thiserror::Error)]
#[error("{act} the control group {path}")]
pub struct CgroupError {
    act: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

/// The name of a cluster's group, as kubelet is told it.
pub(crate) fn name(identity: &str) -> String {
    format!("/resume-matcher-{identity}")
}

/// Makes the group in every hierarchy, version 1 or 2.
pub(crate) fn make(identity: &str) -> Result<(), CgroupError> {
    for path in paths(identity) {
        act("make", &path, std::fs::create_dir_all(&path))?;
        // A new cpuset group of version 1 has neither processors nor memory and takes no process until it has.
        for setting in ["cpuset.cpus", "cpuset.mems"] {
            inherit(&path, setting)?;
        }
    }
    Ok(())
}

/// Removes the group and those below it, whose processes have been killed.
pub(crate) fn remove(identity: &str) -> Result<(), CgroupError> {
    for path in paths(identity) {
        // A group stays busy until the kernel is through with its last process.
        let mut outcome = Ok(());
        wait::until(Duration::from_secs(10), Duration::from_millis(20), || {
            outcome = remove_tree(&path);
            outcome.is_ok().then_some(())
        });
        act("remove", &path, outcome)?;
    }
    Ok(())
}

/// The groups of this name that exist.
pub(crate) fn existing(identity: &str) -> Vec<PathBuf> {
    paths(identity).into_iter().filter(|path| path.exists()).collect()
}

fn paths(identity: &str) -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let name = name(identity);
    hierarchies(&mounts).into_iter().map(|root| root.join(name.trim_start_matches('/'))).collect()
}

/// The mount points of control group hierarchies in /proc/mounts.
fn hierarchies(mounts: &str) -> Vec<PathBuf> {
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup" || kind == "cgroup2").then(|| PathBuf::from(point))
    };
    mounts.lines().filter_map(mount).collect()
}

fn inherit(group: &Path, setting: &str) -> Result<(), CgroupError> {
    let own = group.join(setting);
    let Ok(value) = std::fs::read_to_string(&own) else { return Ok(()) };
    let Some(parent) = group.parent() else { return Ok(()) };
    if value.trim().is_empty()
        && let Ok(from) = std::fs::read_to_string(parent.join(setting))
        && !from.trim().is_empty()
    {
        act("set processors and memory of", group, std::fs::write(&own, from.trim()))?;
    }
    Ok(())
}

fn remove_tree(path: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        // The files of a group are the kernel's and go with it.
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    std::fs::remove_dir(path)
}

fn act(act: &'static str, path: &Path, result: std::io::Result<()>) -> Result<(), CgroupError> {
    result.map_err(|source| CgroupError { act, path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_both_versions_are_found() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
            cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n\
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(
            hierarchies(mounts),
            [PathBuf::from("/sys/fs/cgroup/memory"), PathBuf::from("/sys/fs/cgroup/unified")]
        );
    }
}
