//! How a cluster is: its components, its memory, its addresses.

use std::fmt;
use std::path::PathBuf;

use super::{Cluster, ClusterError};
use crate::supervisor::Unit;

/// How a cluster is, at one moment. Its `Display` is a table for people.
#[derive(Debug)]
pub struct Status {
    /// The components, in the order of their start.
    pub units: Vec<Unit>,
    /// Memory of all its processes, pods' too, in bytes: what each has for itself and its part of what it shares.
    pub memory: u64,
    /// How many processes it has.
    pub processes: usize,
    /// The kubeconfig.
    pub kubeconfig: PathBuf,
    /// The ingress controller's URL.
    pub ingress_url: String,
    /// What kubectl says of the nodes, or why it cannot.
    pub nodes: String,
}

/// Asks the supervisor, the kernel and the API server.
pub(super) fn read(cluster: &Cluster) -> Result<Status, ClusterError> {
    let processes = processes_in_namespace_of(cluster.supervisor.pid());
    let nodes = cluster.access.kubectl(&["get", "nodes", "--output=wide"]);
    Ok(Status {
        units: cluster.units()?,
        memory: processes.iter().map(|pid| proportional_memory(*pid)).sum(),
        processes: processes.len(),
        kubeconfig: cluster.access.kubeconfig().to_path_buf(),
        ingress_url: cluster.ingress_url(),
        nodes: nodes.unwrap_or_else(|error| error.to_string()),
    })
}

/// The processes that share the network namespace's owner: those in the process namespace of `pid` and the ones nested in it
/// (each pod's), told by their numbers in more namespaces than this process has.
fn processes_in_namespace_of(pid: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids: Vec<i32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let parent = |pid: i32| -> Option<i32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let belongs = |candidate: i32| {
        let mut current = candidate;
        // Orphans go to the namespace's first process, so all of them descend from it.
        while current > 1 {
            if current == pid {
                return true;
            }
            match parent(current) {
                Some(next) => current = next,
                None => return false,
            }
        }
        false
    };
    pids.into_iter().filter(|pid| belongs(*pid)).collect()
}

/// A process's proportional set size in bytes.
fn proportional_memory(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<26}{:<10}{:>6}  LAST END", "COMPONENT", "STATE", "ENDS")?;
        for Unit { name, state, exits, last_exit, .. } in &self.units {
            writeln!(f, "{name:<26}{state:<10}{exits:>6}  {last_exit}")?;
        }
        writeln!(f, "\n{}", self.nodes.trim_end())?;
        writeln!(f, "\nmemory      {} MB in {} processes", self.memory / 1_000_000, self.processes)?;
        writeln!(f, "kubeconfig  {}", self.kubeconfig.display())?;
        write!(f, "ingress     {}", self.ingress_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_descends_from_itself() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(proportional_memory(own) > 100_000);
        assert!(processes_in_namespace_of(own).contains(&own));
        assert!(!processes_in_namespace_of(own).contains(&1));
    }
}
