//! etcd, the API server and, if wanted, the controller manager, on a loopback address of their own.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::access::{Access, AccessError};
use crate::artifacts::ControlPlaneTools;
use crate::components::{self, ApiServer, Keys};
use crate::pki::{Kubeconfig, Pki, PkiError};
use crate::supervisor::{Launch, Supervisor, SupervisorError};

/// How long a component may take to get ready; on a busy machine the API server has been seen to need 20 s.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How many addresses are tried before giving up.
const ADDRESS_TRIES: u32 = 5;

/// Why a control plane cannot be started or used.
#[derive(Debug, thiserror::Error)]
pub enum ControlPlaneError {
    /// Its state folder.
    #[error("{act} {path}")]
    File {
        /// What was being done.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its keys.
    #[error("make the control plane's keys")]
    Pki(#[from] PkiError),
    /// Its processes.
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
}

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct ControlPlaneOptions {
    /// Also the controller manager: garbage collection, namespaces' deletion, service accounts, Deployments.
    pub controller_manager: bool,
    /// Where its files go; none: a folder of its own below the system's temporary folder, removed at the end.
    pub state: Option<PathBuf>,
    /// It outlives this value and this process.
    pub detached: bool,
}

/// A running control plane. Dropping it ends its processes and removes its folder, unless it is detached; when this
/// process is killed, they end all the same.
#[derive(Debug)]
pub struct ControlPlane {
    supervisor: Supervisor,
    state: PathBuf,
    access: Access,
    detached: bool,
}

impl ControlPlane {
    /// Starts one and waits until its API server is ready, which takes some seconds.
    ///
    /// # Errors
    /// When a component does not get ready: the message names it and shows its last lines.
    pub fn start(
        tools: &ControlPlaneTools,
        options: &ControlPlaneOptions,
    ) -> Result<Self, ControlPlaneError> {
        let state = options.state.clone().unwrap_or_else(fresh_folder);
        file("make", &state, std::fs::create_dir_all(&state))?;
        let launch = Launch { attached: !options.detached, ..Launch::default() };
        let supervisor = Supervisor::launch(&tools.node, &state, &launch)?;
        let access = access(tools, &state);
        let this = Self { supervisor, state, access, detached: options.detached };
        match this.start_components(tools, options) {
            Ok(()) => Ok(this),
            Err(error) => {
                this.supervisor.kill()?;
                Err(error)
            }
        }
    }

    fn start_components(
        &self,
        tools: &ControlPlaneTools,
        options: &ControlPlaneOptions,
    ) -> Result<(), ControlPlaneError> {
        let address = free_address(&self.state);
        let url = format!("https://{address}:6443");
        let keys = Keys { dir: self.state.join("pki") };
        let host = address.to_string();
        let manager = self.state.join("controller-manager.kubeconfig");
        Pki {
            dir: keys.dir.clone(),
            certificates: components::control_plane_certificates(&[
                &host,
                "localhost",
                components::API_SERVICE_ADDRESS,
                "kubernetes.default.svc",
            ]),
            kubeconfigs: vec![
                Kubeconfig {
                    path: self.kubeconfig().to_path_buf(),
                    server: &url,
                    user: "admin",
                    groups: &["system:masters"],
                    context: "control-plane",
                },
                Kubeconfig {
                    path: manager.clone(),
                    server: &url,
                    user: "system:kube-controller-manager",
                    groups: &[],
                    context: "control-plane",
                },
            ],
        }
        .make(&tools.node)?;
        let api = ApiServer { address: host.clone(), advertise: None, keys: &keys, state: &self.state };
        self.supervisor.start("etcd", &components::etcd(&tools.node, &self.state, &host))?;
        self.supervisor.wait_ready("etcd", &format!("http://{address}:2379/health"), READY_LIMIT)?;
        // It lives for some tests only: memory for speed.
        let collects_less = ["GOGC=400".to_owned()];
        self.supervisor.start_with("kube-apiserver", &api.argv(&tools.node), &collects_less)?;
        self.supervisor.wait_ready("kube-apiserver", &format!("{url}/readyz"), READY_LIMIT)?;
        if options.controller_manager {
            let argv = components::controller_manager(&tools.node, &manager, &keys, &host);
            self.supervisor.start("kube-controller-manager", &argv)?;
            let ready = format!("https://{address}:10257/healthz");
            self.supervisor.wait_ready("kube-controller-manager", &ready, READY_LIMIT)?;
        }
        Ok(())
    }

    /// The control plane that the state folder records, if it runs.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn find(tools: &ControlPlaneTools, state: &Path) -> Result<Option<Self>, ControlPlaneError> {
        let found = Supervisor::find(state)?.filter(|supervisor| !supervisor.is_isolated());
        Ok(found.map(|supervisor| Self {
            supervisor,
            state: state.to_path_buf(),
            access: access(tools, state),
            detached: true,
        }))
    }

    /// Ends the control plane that the state folder records, if it runs, and removes the folder. Says whether there was
    /// anything.
    ///
    /// # Errors
    /// When its processes do not end or the folder cannot be removed.
    pub fn clear(state: &Path) -> Result<bool, ControlPlaneError> {
        if let Some(supervisor) = Supervisor::find(state)? {
            supervisor.kill()?;
        }
        match std::fs::remove_dir_all(state) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            outcome => file("remove", state, outcome).map(|()| true),
        }
    }

    /// The kubeconfig of an administrator, with everything in it that a client needs.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        self.access.kubeconfig()
    }

    /// The process that holds it, for what this type does not offer.
    #[must_use]
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Runs kubectl as administrator and gives what it printed.
    ///
    /// # Errors
    /// When kubectl fails; the message is its own.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, AccessError> {
        self.access.kubectl(args)
    }

    /// Its kubeconfig and kubectl, to hand on.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Ends it and removes its folder.
    ///
    /// # Errors
    /// When its processes do not end or the folder cannot be removed.
    pub fn stop(mut self) -> Result<(), ControlPlaneError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ControlPlaneError> {
        // Dropping does it again; the second time there is nothing left to do.
        self.detached = true;
        Self::clear(&self.state).map(drop)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if !self.detached
            && let Err(error) = self.end()
        {
            // A destructor has nobody to hand an error to; what is left is named, so that a person can clear it.
            eprintln!("the control plane in {} was not cleared: {error}", self.state.display());
        }
    }
}

fn access(tools: &ControlPlaneTools, state: &Path) -> Access {
    Access::new(&tools.kubectl, &state.join("admin.kubeconfig"))
}

/// A folder name that no other control plane of this machine has.
fn fresh_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("resume-matcher-control-plane-{}-{count}", std::process::id()))
}

/// An address of 127.0.0.0/8 on which nobody listens yet. The whole block is this machine's, so that each control plane
/// gets an address instead of a set of ports, and many can start at once without meeting.
fn free_address(state: &Path) -> Ipv4Addr {
    let is_free = |address: &Ipv4Addr| {
        [6443, 2379, 10257].iter().all(|port| std::net::TcpListener::bind((*address, *port)).is_ok())
    };
    let address = |salt: u32| {
        use sha2::{Digest, Sha256};
        let digest = Sha256::new()
            .chain_update(state.as_os_str().as_encoded_bytes())
            .chain_update(salt.to_le_bytes())
            .finalize();
        let part =
            |index: usize, from: u8, count: u8| from + digest.get(index).copied().unwrap_or_default() % count;
        // 127.0.0.x and 127.0.1.x are what people use by hand.
        Ipv4Addr::new(127, part(0, 64, 128), part(1, 0, 255), part(2, 1, 250))
    };
    (0..ADDRESS_TRIES).map(address).find(is_free).unwrap_or_else(|| address(ADDRESS_TRIES))
}

fn file<T>(act: &'static str, path: &Path, result: std::io::Result<T>) -> Result<T, ControlPlaneError> {
    result.map_err(|source| ControlPlaneError::File { act, path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_planes_get_addresses_of_their_own() {
        let one = free_address(Path::new("/one"));
        assert!(one.is_loopback());
        assert_ne!(one, free_address(Path::new("/two")));
        assert_ne!(fresh_folder(), fresh_folder());
    }

    #[test]
    fn an_address_in_use_is_passed_over() {
        let first = free_address(Path::new("/three"));
        let _held = std::net::TcpListener::bind((first, 6443)).unwrap();
        assert_ne!(first, free_address(Path::new("/three")));
    }
}
