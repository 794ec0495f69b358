//! The node: containerd, the pods' network, kubelet and kube-proxy; their settings, each with its reason.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::artifacts::PAUSE_IMAGE_NAME;
use crate::components::Keys;

/// The node's name.
pub(crate) const NODE_NAME: &str = "node1";
/// The bridge's address: the node's, the API server's and the add-ons'. The supervisor gives it to the bridge.
pub(crate) const NODE_ADDRESS: &str = "10.244.0.1";
/// The Service address of the DNS server.
pub(crate) const DNS_ADDRESS: &str = "10.96.0.10";
/// The addresses of pods.
pub(crate) const POD_NETWORK: &str = "10.244.0.0/24";
/// containerd's socket, in the cluster's own /run.
pub(crate) const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";

/// Debian packages that the node runs.
pub(crate) const PACKAGES: &[&str] =
    &["containerd", "runc", "containernetworking-plugins", "nftables", "mount"];

/// containerd's settings.
pub(crate) fn containerd_config(state: &Path) -> String {
    let root = state.join("containerd").display().to_string();
    let network = state.join("cni").display().to_string();
    format!(
        r#"version = 2
root = {root:?}
state = "/run/containerd"
# Its own defaults would load snapshotters that this machine may lack, with a warning each.
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE_NAME}"
  # Not every kernel has it; the cluster's pods do without.
  disable_apparmor = true
  # Lowering oom_score_adj needs CAP_SYS_RESOURCE, which root in a container or small machine may lack.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = {network:?}
"#
    )
}

/// The pods' network: a bridge. Nothing is masqueraded, because nothing leads out.
pub(crate) fn network_config(state: &Path) -> String {
    json!({
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [{
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": true,
            // A pod that asks for its own Service gets its packets back through the port that they came from.
            "hairpinMode": true,
            "ipam": {
                "type": "host-local",
                "dataDir": state.join("ipam"),
                "ranges": [[{"subnet": POD_NETWORK, "rangeStart": "10.244.0.10"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }],
    })
    .to_string()
}

/// Kubelet's settings.
pub(crate) fn kubelet_config(state: &Path, keys: &Keys, cgroup: &str) -> String {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": keys.path("ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        // Everything of the pods is below this group, so that nothing else's groups are touched and all of it can go.
        "cgroupRoot": cgroup,
        "containerRuntimeEndpoint": format!("unix://{CONTAINERD_SOCKET}"),
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": state.join("resolv.conf"),
        "failSwapOn": false,
        "tlsCertFile": keys.path("kubelet.crt"),
        "tlsPrivateKeyFile": keys.path("kubelet.key"),
        "volumePluginDir": state.join("volume-plugins"),
        // The machine is not this cluster's: its full disk must not evict pods, and images that were loaded stay.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": false,
        // Resolution of metrics-server is ten seconds; of the HPA, two.
        "nodeStatusUpdateFrequency": "10s",
    })
    .to_string()
}

pub(crate) fn containerd(state: &Path) -> Vec<String> {
    vec!["/usr/bin/containerd".into(), "--config".into(), containerd_config_path(state).display().to_string()]
}

pub(crate) fn containerd_config_path(state: &Path) -> PathBuf {
    state.join("containerd.toml")
}

pub(crate) fn kubelet(node: &Path, state: &Path) -> Vec<String> {
    vec![
        node.display().to_string(),
        "kubelet".into(),
        format!("--config={}", state.join("kubelet.json").display()),
        format!("--kubeconfig={}", state.join("kubelet.kubeconfig").display()),
        format!("--hostname-override={NODE_NAME}"),
        format!("--node-ip={NODE_ADDRESS}"),
        "--root-dir=/var/lib/kubelet".into(),
    ]
}

pub(crate) fn kube_proxy(node: &Path, state: &Path) -> Vec<String> {
    vec![
        node.display().to_string(),
        "kube-proxy".into(),
        format!("--kubeconfig={}", state.join("proxy.kubeconfig").display()),
        format!("--hostname-override={NODE_NAME}"),
        format!("--cluster-cidr={POD_NETWORK}"),
        "--proxy-mode=nftables".into(),
        // A network namespace of its own may not set the machine's conntrack table.
        "--conntrack-max-per-core=0".into(),
        "--conntrack-tcp-timeout-established=0s".into(),
        "--conntrack-tcp-timeout-close-wait=0s".into(),
    ]
}

pub(crate) fn scheduler(node: &Path, state: &Path) -> Vec<String> {
    let kubeconfig = state.join("scheduler.kubeconfig").display().to_string();
    vec![
        node.display().to_string(),
        "kube-scheduler".into(),
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        format!("--bind-address={NODE_ADDRESS}"),
        "--leader-elect=false".into(),
    ]
}
