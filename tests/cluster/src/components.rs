//! The command lines of the control plane's components, each with the reason of what is not obvious.

use std::path::{Path, PathBuf};

use crate::pki::Certificate;

/// The addresses of Services.
pub(crate) const SERVICE_NETWORK: &str = "10.96.0.0/16";
/// The Service of the API server: the first address of that network.
pub(crate) const API_SERVICE_ADDRESS: &str = "10.96.0.1";

/// The folder of a cluster's keys.
pub(crate) struct Keys {
    pub(crate) dir: PathBuf,
}

impl Keys {
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

/// The certificates of every control plane; the API server's is valid for `api_hosts`.
pub(crate) fn control_plane_certificates<'a>(api_hosts: &'a [&'a str]) -> Vec<Certificate<'a>> {
    vec![
        Certificate { name: "apiserver", user: "kube-apiserver", groups: &[], hosts: api_hosts },
        Certificate {
            name: "kubelet-client",
            user: "kubelet-client",
            groups: &["system:masters"],
            hosts: &[],
        },
        Certificate { name: "front-proxy", user: "front-proxy-client", groups: &[], hosts: &[] },
    ]
}

fn argv(node: &Path, component: &str, flags: &[&[String]]) -> Vec<String> {
    let mut argv = vec![node.display().to_string(), component.to_owned()];
    argv.extend(flags.iter().flat_map(|flags| flags.iter().cloned()));
    argv
}

fn flags<const N: usize>(flags: [(&str, &str); N]) -> Vec<String> {
    flags.iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

/// etcd on one address. It does not wait for the disk: a test cluster's data need not survive a power cut.
pub(crate) fn etcd(node: &Path, state: &Path, address: &str) -> Vec<String> {
    let data = state.join("etcd").display().to_string();
    let client = format!("http://{address}:2379");
    let peer = format!("http://{address}:2380");
    let flags = flags([
        ("data-dir", &data),
        ("listen-client-urls", &client),
        ("advertise-client-urls", &client),
        ("listen-peer-urls", &peer),
        ("initial-advertise-peer-urls", &peer),
        ("initial-cluster", &format!("default={peer}")),
        ("unsafe-no-fsync", "true"),
        ("log-level", "warn"),
    ]);
    argv(node, "etcd", &[&flags])
}

/// The API server's settings that differ between clusters.
pub(crate) struct ApiServer<'a> {
    /// Where it and etcd listen.
    pub(crate) address: String,
    /// The address that pods reach it by; none: no pods.
    pub(crate) advertise: Option<&'a str>,
    pub(crate) keys: &'a Keys,
    pub(crate) state: &'a Path,
}

impl ApiServer<'_> {
    pub(crate) fn argv(&self, node: &Path) -> Vec<String> {
        let keys = self.keys;
        let etcd = format!("http://{}:2379", self.address);
        let mut all = flags([
            ("etcd-servers", &etcd),
            ("bind-address", &self.address),
            ("secure-port", "6443"),
            ("cert-dir", &self.state.join("apiserver").display().to_string()),
            ("tls-cert-file", &keys.path("apiserver.crt")),
            ("tls-private-key-file", &keys.path("apiserver.key")),
            ("client-ca-file", &keys.path("ca.crt")),
            ("service-account-issuer", "https://kubernetes.default.svc"),
            ("service-account-key-file", &keys.path("sa.pub")),
            ("service-account-signing-key-file", &keys.path("sa.key")),
            ("service-cluster-ip-range", SERVICE_NETWORK),
            ("authorization-mode", "Node,RBAC"),
            ("enable-admission-plugins", "NodeRestriction"),
            ("allow-privileged", "true"),
            ("kubelet-client-certificate", &keys.path("kubelet-client.crt")),
            ("kubelet-client-key", &keys.path("kubelet-client.key")),
            // No DNS knows the node's name.
            ("kubelet-preferred-address-types", "InternalIP"),
            ("requestheader-client-ca-file", &keys.path("ca.crt")),
            ("requestheader-allowed-names", "front-proxy-client"),
            ("requestheader-username-headers", "X-Remote-User"),
            ("requestheader-group-headers", "X-Remote-Group"),
            ("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
            ("proxy-client-cert-file", &keys.path("front-proxy.crt")),
            ("proxy-client-key-file", &keys.path("front-proxy.key")),
            // It would hold back the end of a killed or stopped server by as much.
            ("shutdown-delay-duration", "0s"),
        ]);
        match self.advertise {
            Some(address) => all.push(format!("--advertise-address={address}")),
            // A loopback address cannot be the endpoint of a Service, and without pods nobody needs one.
            None => {
                all.extend(flags([("endpoint-reconciler-type", "none"), ("advertise-address", "192.0.2.1")]));
            }
        }
        argv(node, "kube-apiserver", &[&all])
    }
}

/// The controller manager, which acts as each controller's own service account.
pub(crate) fn controller_manager(node: &Path, kubeconfig: &Path, keys: &Keys, address: &str) -> Vec<String> {
    let kubeconfig = kubeconfig.display().to_string();
    let flags = flags([
        ("kubeconfig", &kubeconfig),
        ("authentication-kubeconfig", &kubeconfig),
        ("authorization-kubeconfig", &kubeconfig),
        ("bind-address", address),
        ("root-ca-file", &keys.path("ca.crt")),
        ("service-account-private-key-file", &keys.path("sa.key")),
        ("use-service-account-credentials", "true"),
        ("leader-elect", "false"),
        // A test waits for scaling: every two seconds instead of fifteen, and down after ten instead of 300.
        ("horizontal-pod-autoscaler-sync-period", "2s"),
        ("horizontal-pod-autoscaler-downscale-stabilization", "10s"),
        ("horizontal-pod-autoscaler-initial-readiness-delay", "5s"),
        ("horizontal-pod-autoscaler-cpu-initialization-period", "10s"),
    ]);
    argv(node, "kube-controller-manager", &[&flags])
}
