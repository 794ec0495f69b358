//! Starting a cluster, part by part; and checking one that is up.

use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{Cluster, ClusterError, ClusterOptions, clear, file};
use crate::addons::{self, Addon};
use crate::artifacts::Tools;
use crate::components::{self, ApiServer, Keys};
use crate::node::{self, DNS_ADDRESS, NODE_ADDRESS, NODE_NAME};
use crate::pki::{Certificate, Kubeconfig, Pki};
use crate::supervisor::{Launch, Supervisor, SupervisorError};
use crate::{Log, cgroups, packages, paths, wait};

/// How long a component may take to get ready; on a machine that compiles beside it, the API server has needed 20 s.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long a component of a running cluster may take to come back.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// Written last: a state folder without it is of a start that did not finish.
const FINISHED: &str = "started";
/// The longest path of a Unix socket, less the name of ours.
const LONGEST_STATE_PATH: usize = 107 - "/control.sock".len();

/// Whether the start came to its end.
pub(super) fn is_finished(state: &Path) -> bool {
    state.join(FINISHED).exists()
}

/// Starts a cluster where nothing is; when a part fails, everything that was started goes again.
pub(super) fn start(tools: &Tools, options: &ClusterOptions, log: Log<'_>) -> Result<Cluster, ClusterError> {
    check_identity(&options.identity)?;
    if !rustix::process::geteuid().is_root() {
        return Err(ClusterError::NotRoot);
    }
    packages::ensure_packages(node::PACKAGES, log)?;
    let begin = Instant::now();
    let outcome = start_parts(tools, options, log);
    match outcome {
        Ok(cluster) => {
            log(&format!("the cluster is up after {:.1} s", begin.elapsed().as_secs_f64()));
            Ok(cluster)
        }
        Err(error) => {
            // The first error is the one to tell; what clearing says would only hide it, and the next start clears too.
            if let Err(second) = clear(&options.identity) {
                log(&format!("clearing the failed start: {second}"));
            }
            Err(error)
        }
    }
}

fn start_parts(tools: &Tools, options: &ClusterOptions, log: Log<'_>) -> Result<Cluster, ClusterError> {
    let state = paths::make(paths::state_path(&options.identity)?)?;
    if state.as_os_str().len() > LONGEST_STATE_PATH {
        return Err(ClusterError::LongPath(state));
    }
    cgroups::make(&options.identity)?;
    log("supervisor");
    let supervisor = Supervisor::launch(
        &tools.node,
        &state,
        &Launch { isolate: true, attached: false, forwards: &forwards(&options.identity) },
    )?;
    let cluster = Cluster::of(tools, &state, supervisor);
    let keys = Keys { dir: state.join("pki") };
    write_files(&cluster, &keys, tools, &options.identity)?;
    let steps = Steps { cluster: &cluster, tools, keys: &keys, log };
    steps.control_plane()?;
    steps.node()?;
    steps.addons()?;
    steps.wait_for_node()?;
    let marker = state.join(FINISHED);
    file("write", &marker, std::fs::write(&marker, ""))?;
    Ok(cluster)
}

/// Checks a cluster that is up: every component runs, by and by, and the API server is ready.
pub(super) fn check(cluster: &Cluster) -> Result<(), ClusterError> {
    let mut down = None;
    let healthy = wait::until(RECOVERY_LIMIT, Duration::from_millis(100), || {
        let units = match cluster.supervisor.units() {
            Ok(units) => units,
            Err(error) => return Some(Err(error)),
        };
        down = units.into_iter().find(|unit| unit.state != "running");
        down.is_none().then_some(Ok(()))
    });
    match (healthy, down) {
        (Some(outcome), _) => outcome?,
        (None, Some(unit)) => {
            let log = cluster.supervisor.log_tail(&unit.name);
            let (name, state, last_exit, exits) = (unit.name, unit.state, unit.last_exit, unit.exits);
            return Err(ClusterError::Unhealthy { name, state, last_exit, exits, log });
        }
        (None, None) => {}
    }
    let ready = format!("https://{NODE_ADDRESS}:6443/readyz");
    let answers = || cluster.supervisor.probe(&ready).is_ok_and(|status| status == 200).then_some(());
    if wait::until(RECOVERY_LIMIT, Duration::from_millis(100), answers).is_some() {
        return Ok(());
    }
    Err(SupervisorError::NotReady {
        name: "kube-apiserver".into(),
        seconds: RECOVERY_LIMIT.as_secs(),
        asked: ready,
        answer: "no 200".into(),
        log: cluster.supervisor.log_tail("kube-apiserver"),
    }
    .into())
}

fn check_identity(identity: &str) -> Result<(), ClusterError> {
    let fits = !identity.is_empty()
        && identity.len() <= 40
        && identity.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(()) } else { Err(ClusterError::Identity(identity.to_owned())) }
}

/// The loopback ports and where they lead: the API server, the ingress controller's HTTP and HTTPS. A cluster gets the same
/// ports each time, if nobody else has them.
fn forwards(identity: &str) -> [(u16, String); 3] {
    let digest = Sha256::digest(identity.as_bytes());
    let part = |index: usize| u16::from(digest.get(index).copied().unwrap_or_default());
    let first = 20_000 + (part(0) << 4 | part(1) >> 4) * 3;
    let port = |port: u16| match std::net::TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => port,
        Err(_) => 0,
    };
    [
        (port(first), format!("{NODE_ADDRESS}:6443")),
        (port(first + 1), format!("proxy+{NODE_ADDRESS}:80")),
        (port(first + 2), format!("proxy+{NODE_ADDRESS}:443")),
    ]
}

/// Writes the keys and every component's settings.
fn write_files(cluster: &Cluster, keys: &Keys, tools: &Tools, identity: &str) -> Result<(), ClusterError> {
    let state = &cluster.state;
    make_pki(cluster, keys, tools)?;
    for folder in ["cni", "volumes", "volume-plugins"] {
        let path = state.join(folder);
        file("make", &path, std::fs::create_dir_all(&path))?;
    }
    let files = [
        ("cni/10-pods.conflist", node::network_config(state)),
        ("containerd.toml", node::containerd_config(state)),
        ("kubelet.json", node::kubelet_config(state, keys, &cgroups::name(identity))),
        ("Corefile", addons::corefile(state)),
        ("resolv.conf", format!("nameserver {DNS_ADDRESS}\n")),
    ];
    for (name, content) in files {
        let path = state.join(name);
        file("write", &path, std::fs::write(&path, content))?;
    }
    Ok(())
}

fn make_pki(cluster: &Cluster, keys: &Keys, tools: &Tools) -> Result<(), ClusterError> {
    let hosts = [
        NODE_ADDRESS,
        "127.0.0.1",
        "localhost",
        components::API_SERVICE_ADDRESS,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ];
    let inside = format!("https://{NODE_ADDRESS}:6443");
    let outside = format!("https://127.0.0.1:{}", cluster.port(0));
    let node_user = format!("system:node:{NODE_NAME}");
    let kubelet_hosts = [NODE_NAME, NODE_ADDRESS];
    let mut certificates = components::control_plane_certificates(&hosts);
    certificates.push(Certificate {
        name: "kubelet",
        user: &node_user,
        groups: &["system:nodes"],
        hosts: &kubelet_hosts,
    });
    let kubeconfig = |name: &str, server, user, groups| Kubeconfig {
        path: cluster.state.join(format!("{name}.kubeconfig")),
        server,
        user,
        groups,
        context: "resume-matcher",
    };
    let kubeconfigs = vec![
        kubeconfig("admin", outside.as_str(), "admin", &["system:masters"][..]),
        kubeconfig("addons", &inside, "addons", &["system:masters"]),
        kubeconfig("controller-manager", &inside, "system:kube-controller-manager", &[]),
        kubeconfig("scheduler", &inside, "system:kube-scheduler", &[]),
        kubeconfig("proxy", &inside, "system:kube-proxy", &[]),
        kubeconfig("kubelet", &inside, &node_user, &["system:nodes"]),
    ];
    Ok(Pki { dir: keys.dir.clone(), certificates, kubeconfigs }.make(&tools.node)?)
}

/// What the steps of a start share.
struct Steps<'a> {
    cluster: &'a Cluster,
    tools: &'a Tools,
    keys: &'a Keys,
    log: Log<'a>,
}

impl Steps<'_> {
    fn supervisor(&self) -> &Supervisor {
        &self.cluster.supervisor
    }

    fn ready(&self, name: &str, url: &str) -> Result<(), ClusterError> {
        (self.log)(name);
        Ok(self.supervisor().wait_ready(name, url, READY_LIMIT)?)
    }

    /// etcd and the API server, and beside them containerd, which needs neither.
    fn control_plane(&self) -> Result<(), ClusterError> {
        let (program, state) = (&self.tools.node, &self.cluster.state);
        self.supervisor().start("etcd", &components::etcd(program, state, NODE_ADDRESS))?;
        self.supervisor().start("containerd", &node::containerd(state))?;
        self.ready("etcd", &format!("http://{NODE_ADDRESS}:2379/health"))?;
        let api = ApiServer {
            address: NODE_ADDRESS.to_owned(),
            advertise: Some(NODE_ADDRESS),
            keys: self.keys,
            state,
        };
        self.supervisor().start("kube-apiserver", &api.argv(program))?;
        (self.log)("containerd");
        self.wait_for_containerd()?;
        self.cluster.load_image(&self.tools.pause_image)?;
        self.ready("kube-apiserver", &format!("https://{NODE_ADDRESS}:6443/readyz"))
    }

    fn wait_for_containerd(&self) -> Result<(), ClusterError> {
        let argv: Vec<String> =
            ["/usr/bin/ctr", "--address", node::CONTAINERD_SOCKET, "version"].map(String::from).into();
        let mut last = String::new();
        let answers =
            wait::until(READY_LIMIT, Duration::from_millis(50), || match self.supervisor().run(&argv) {
                Ok(answer) if answer.status == 0 => Some(Ok(())),
                Ok(answer) => {
                    last = answer.output;
                    let units = self.supervisor().units().unwrap_or_default();
                    let dead = units.into_iter().find(|unit| unit.name == "containerd" && unit.exits > 0)?;
                    let log = self.supervisor().log_tail("containerd");
                    Some(Err(SupervisorError::Exited { name: dead.name, exit: dead.last_exit, log }))
                }
                Err(error) => Some(Err(error)),
            });
        Ok(answers.unwrap_or_else(|| {
            Err(SupervisorError::NotReady {
                name: "containerd".into(),
                seconds: READY_LIMIT.as_secs(),
                asked: node::CONTAINERD_SOCKET.into(),
                answer: last,
                log: self.supervisor().log_tail("containerd"),
            })
        })?)
    }

    /// What acts on the API server: started once that has written its own roles, else they exit.
    fn node(&self) -> Result<(), ClusterError> {
        let (program, state) = (&self.tools.node, &self.cluster.state);
        let manager = state.join("controller-manager.kubeconfig");
        let parts = [
            (
                "kube-controller-manager",
                components::controller_manager(program, &manager, self.keys, NODE_ADDRESS),
                format!("https://{NODE_ADDRESS}:10257/healthz"),
            ),
            (
                "kube-scheduler",
                node::scheduler(program, state),
                format!("https://{NODE_ADDRESS}:10259/healthz"),
            ),
            ("kubelet", node::kubelet(program, state), "http://127.0.0.1:10248/healthz".into()),
            ("kube-proxy", node::kube_proxy(program, state), "http://127.0.0.1:10256/livez".into()),
        ];
        for (name, argv, _) in &parts {
            self.supervisor().start(name, argv)?;
        }
        parts.iter().try_for_each(|(name, _, ready)| self.ready(name, ready))
    }

    fn addons(&self) -> Result<(), ClusterError> {
        self.cluster.access.apply(&addons::manifests().to_string())?;
        let addons = addons::addons(&self.tools.node, &self.tools.traefik, &self.cluster.state);
        for Addon { name, argv, env, .. } in &addons {
            self.supervisor().start_with(name, argv, env)?;
        }
        let waited = addons.iter().filter_map(|addon| Some((addon.name, addon.ready.as_ref()?)));
        for (name, ready) in waited {
            self.ready(name, ready)?;
        }
        Ok(())
    }

    fn wait_for_node(&self) -> Result<(), ClusterError> {
        (self.log)("node");
        let condition = "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status}";
        let is_ready = || {
            let status = self.cluster.access.kubectl(&["get", "node", NODE_NAME, condition]);
            status.is_ok_and(|status| status == "True").then_some(())
        };
        if wait::until(READY_LIMIT, Duration::from_millis(100), is_ready).is_some() {
            return Ok(());
        }
        let conditions = self.cluster.access.kubectl(&["describe", "node", NODE_NAME]);
        Err(ClusterError::NodeNotReady {
            seconds: READY_LIMIT.as_secs(),
            conditions: conditions.unwrap_or_else(|error| error.to_string()),
            log: self.supervisor().log_tail("kubelet"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_that_would_leave_their_folder_are_refused() {
        assert!(check_identity("cluster-0a1b2c3d").is_ok());
        for wrong in ["", "..", "a/b", "a b", &"x".repeat(41)] {
            assert!(check_identity(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn clusters_have_ports_of_their_own() {
        let ports = |identity| forwards(identity).map(|(port, _)| port);
        let (one, two) = (ports("cluster-one"), ports("cluster-two"));
        assert!(one.iter().all(|port| !two.contains(port) || *port == 0), "{one:?} {two:?}");
        assert_eq!(ports("cluster-one"), one);
    }

    #[test]
    fn a_port_in_use_is_left_to_chance() {
        let port = forwards("cluster-three")[0].0;
        let _held = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert_eq!(forwards("cluster-three")[0].0, 0);
    }
}
