//! Builds and runs a real single-node Kubernetes cluster.
//!
//! Everything that runs is the genuine program, compiled from its Go module by [`tools()`]: etcd, the Kubernetes control
//! plane, kubelet, kube-proxy, CoreDNS, metrics-server, Traefik, kubectl, Helm and versitygw; containerd, runc and the CNI
//! plugins are Debian packages ([`ensure_packages`]).
//!
//! * [`ControlPlane`] is etcd and an API server on a loopback address of their own: seconds to start, no root needed,
//!   as many at once as memory allows. It is for tests of controllers.
//! * [`Cluster`] is the whole thing, in namespaces of its own: pods run, Services answer, volumes are provisioned. It needs
//!   root, and belongs to a checkout: two checkouts' clusters do not meet.
//!
//! ```no_run
//! let tools = test_cluster::control_plane_tools(&|line| eprintln!("{line}"))?;
//! let control_plane = test_cluster::ControlPlane::start(&tools, &Default::default())?;
//! println!("{}", control_plane.kubectl(&["get", "namespaces"])?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod addons;
mod artifacts;
mod cgroups;
mod cluster;
mod components;
mod control_plane;
mod node;
mod packages;
mod paths;
mod pki;
mod supervisor;
mod wait;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");

pub use access::{Access, AccessError};
pub use artifacts::{
    BuildError, ControlPlaneTools, PROBE_IMAGE_NAME, Tools, control_plane_tools, tools, versitygw,
};
pub use cgroups::CgroupError;
pub use cluster::{Cluster, ClusterError, ClusterOptions, Status};
pub use control_plane::{ControlPlane, ControlPlaneError, ControlPlaneOptions};
pub use packages::{PackageError, ensure_packages};
pub use paths::{PathError, cache_dir, identity_of, state_path};
pub use pki::PkiError;
pub use supervisor::{Answer, Supervisor, SupervisorError, Unit};

/// Where lines about what is going on go: one call a line, without its newline.
pub type Log<'a> = &'a dyn Fn(&str);
