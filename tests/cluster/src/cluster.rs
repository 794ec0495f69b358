//! The whole cluster of a checkout: up, found again, used, down.

mod error;
mod start;
mod status;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

pub use error::ClusterError;
use error::file;
pub use status::Status;

use crate::access::Access;
use crate::artifacts::Tools;
use crate::node::CONTAINERD_SOCKET;
use crate::paths;
use crate::supervisor::{Answer, Supervisor, Unit};
use crate::{Log, cgroups};

/// Which cluster.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Its name; [`crate::identity_of`] a checkout, or anything of letters, digits and `-`.
    pub identity: String,
}

/// A running cluster. It outlives this value: [`Cluster::down`] ends it.
#[derive(Debug)]
pub struct Cluster {
    state: PathBuf,
    supervisor: Supervisor,
    access: Access,
}

impl Cluster {
    /// Brings it up, or finds that it is and checks its health. What a run that was killed has left is cleared first.
    ///
    /// # Errors
    /// When a part fails: the message names it and shows its last lines. Nothing of it is left running then.
    pub fn up(tools: &Tools, options: &ClusterOptions, log: Log<'_>) -> Result<Self, ClusterError> {
        let _lock = lock(&options.identity, log)?;
        let state = paths::state_path(&options.identity)?;
        if let Some(supervisor) = Supervisor::find(&state)? {
            if start::is_finished(&state) {
                let cluster = Self::of(tools, &state, supervisor);
                match start::check(&cluster) {
                    // It is on its way out, killed a moment ago; clearing waits until it has gone.
                    Err(ClusterError::Supervisor(error)) if error.is_absence() => {}
                    outcome => return outcome.map(|()| cluster),
                }
                log("the supervisor of the cluster is gone; what it left is cleared");
            } else {
                log("a start that did not finish is cleared");
            }
        }
        clear(&options.identity)?;
        start::start(tools, options, log)
    }

    /// The cluster of this name, if it is up.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub fn find(tools: &Tools, identity: &str) -> Result<Option<Self>, ClusterError> {
        let state = paths::state_path(identity)?;
        let found = Supervisor::find(&state)?.filter(|_| start::is_finished(&state));
        Ok(found.map(|supervisor| Self::of(tools, &state, supervisor)))
    }

    /// Ends it and removes all that it made: processes, mounts, network, control groups, files. Says whether there was
    /// anything.
    ///
    /// # Errors
    /// When something cannot be ended or removed; the message names it.
    pub fn down(identity: &str, log: Log<'_>) -> Result<bool, ClusterError> {
        let _lock = lock(identity, log)?;
        let there = paths::state_path(identity)?.exists() || !cgroups::existing(identity).is_empty();
        clear(identity)?;
        Ok(there)
    }

    fn of(tools: &Tools, state: &Path, supervisor: Supervisor) -> Self {
        let access = Access::new(&tools.kubectl, &state.join("admin.kubeconfig"));
        Self { state: state.to_path_buf(), supervisor, access }
    }

    /// An administrator's kubeconfig, and kubectl.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The folder of its files: logs, keys, volumes.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The process that holds it.
    #[must_use]
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Where this machine reaches the ingress controller; any host name below `localhost` leads there too.
    #[must_use]
    pub fn ingress_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port(1))
    }

    /// The same by TLS, with the certificates of the Ingresses.
    #[must_use]
    pub fn ingress_tls_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port(2))
    }

    fn port(&self, index: usize) -> u16 {
        self.supervisor.ports().get(index).copied().unwrap_or_default()
    }

    /// Loads the images of an OCI archive into the node; gives what containerd says of them.
    ///
    /// # Errors
    /// When containerd refuses the archive.
    pub fn load_image(&self, archive: &Path) -> Result<String, ClusterError> {
        let archive = file("find", archive, std::fs::canonicalize(archive))?;
        let argv =
            ["/usr/bin/ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", "images", "import"];
        let mut argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
        argv.push(archive.display().to_string());
        Ok(self.run(&argv)?.output)
    }

    /// Gives an image of the node another name beside its own; both in full, as `docker.io/library/redis:7.0`.
    ///
    /// # Errors
    /// When containerd does not have the image.
    pub fn tag_image(&self, name: &str, other: &str) -> Result<(), ClusterError> {
        let argv = ["/usr/bin/ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", "images", "tag"];
        let argv: Vec<String> =
            argv.into_iter().chain(["--force", name, other]).map(ToString::to_string).collect();
        self.run(&argv).map(drop)
    }

    /// Runs a command inside the cluster's namespaces, where its addresses and mounts are seen, to its end.
    ///
    /// # Errors
    /// When it cannot be started or ends with another status than 0.
    pub fn run(&self, argv: &[String]) -> Result<Answer, ClusterError> {
        let answer = self.supervisor.run(argv)?;
        if answer.status == 0 {
            return Ok(answer);
        }
        Err(ClusterError::Command { command: argv.join(" "), status: answer.status, output: answer.output })
    }

    /// The components.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn units(&self) -> Result<Vec<Unit>, ClusterError> {
        Ok(self.supervisor.units()?)
    }

    /// How it is.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn status(&self) -> Result<Status, ClusterError> {
        status::read(self)
    }
}

/// One command at a time works on a cluster; the kernel gives the lock back when its holder dies, however it does.
fn lock(identity: &str, log: Log<'_>) -> Result<File, ClusterError> {
    let root = paths::make(paths::cache_dir()?.join("locks"))?;
    let path = root.join(format!("{identity}.lock"));
    let lock = file("open", &path, File::create(&path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            log("waiting for another command that works on this cluster");
            file("lock", &path, lock.lock())?;
        }
        Err(TryLockError::Error(source)) => return Err(ClusterError::File { act: "lock", path, source }),
    }
    Ok(lock)
}

/// Ends and removes whatever the state folder records, from a cluster that runs to the rest of a start that was killed.
fn clear(identity: &str) -> Result<(), ClusterError> {
    let state = paths::state_path(identity)?;
    if let Some(supervisor) = Supervisor::find(&state)? {
        supervisor.kill()?;
    }
    cgroups::remove(identity)?;
    match std::fs::remove_dir_all(&state) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => file("remove", &state, Err(error)),
        _ => Ok(()),
    }
}
