//! What can go wrong with a cluster.

use std::path::{Path, PathBuf};

use crate::access::AccessError;
use crate::cgroups::CgroupError;
use crate::packages::PackageError;
use crate::paths::PathError;
use crate::pki::PkiError;
use crate::supervisor::SupervisorError;

/// Why a cluster cannot be started, used or ended.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// It needs root: namespaces, mounts and control groups.
    #[error(
        "a whole cluster needs root; without it, use an existing one (--kubeconfig) or --control-plane-only"
    )]
    NotRoot,
    /// The name would not do as a folder's or a control group's.
    #[error("{0:?} cannot name a cluster; use letters, digits and -, at most 40 of them")]
    Identity(String),
    /// The socket's path is longer than the system allows.
    #[error(
        "the state folder's path {0} is too long for a socket in it (108 bytes); set XDG_STATE_HOME to a shorter one"
    )]
    LongPath(PathBuf),
    /// A file or folder.
    #[error("{act} {path}")]
    File {
        /// What was being done.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its folders.
    #[error("find the state folder")]
    Path(#[from] PathError),
    /// Its packages.
    #[error("packages of the cluster")]
    Packages(#[from] PackageError),
    /// Its keys.
    #[error("keys of the cluster")]
    Pki(#[from] PkiError),
    /// Its control groups.
    #[error("control groups of the cluster")]
    Cgroups(#[from] CgroupError),
    /// Its processes.
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
    /// kubectl.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A command inside it failed.
    #[error("{command} ended with status {status}:\n{output}")]
    Command {
        /// The command.
        command: String,
        /// Its exit status.
        status: i32,
        /// What it printed.
        output: String,
    },
    /// The node did not become Ready.
    #[error(
        "the node did not become Ready within {seconds} s; its conditions:\n{conditions}\nkubelet's last lines:\n{log}"
    )]
    NodeNotReady {
        /// The limit.
        seconds: u64,
        /// What the API server knows of it.
        conditions: String,
        /// The end of kubelet's log.
        log: String,
    },
    /// A component of a running cluster is down.
    #[error(
        "{name} is {state} ({last_exit}, {exits} times); its last lines:\n{log}\n`cluster down` and `cluster up` start anew"
    )]
    Unhealthy {
        /// The component.
        name: String,
        /// As the supervisor sees it.
        state: String,
        /// How it ended last.
        last_exit: String,
        /// How often it ended.
        exits: u32,
        /// The end of its log.
        log: String,
    },
}

/// Says which file an error is about.
pub(super) fn file<T>(act: &'static str, path: &Path, result: std::io::Result<T>) -> Result<T, ClusterError> {
    result.map_err(|source| ClusterError::File { act, path: path.to_path_buf(), source })
}
