//! What pods expect of a cluster beyond Kubernetes itself: DNS, metrics, volumes and an ingress controller. They run as
//! processes of the node, behind Services without selectors, so that no image is needed for them.

use std::path::Path;

use serde_json::{Value, json};

use crate::node::{DNS_ADDRESS, NODE_ADDRESS, NODE_NAME};

/// The StorageClass that claims get when they name none.
const STORAGE_CLASS: &str = "standard";
/// Where the DNS server listens; port 53 may need a capability that root lacks.
const DNS_PORT: u16 = 1053;
/// Where metrics-server listens.
const METRICS_PORT: u16 = 4443;
/// Where Traefik says that it is up.
const TRAEFIK_PING_PORT: u16 = 8090;

/// One add-on.
pub(crate) struct Addon {
    pub(crate) name: &'static str,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<String>,
    /// What answers 200 once it is ready; none when it serves nothing.
    pub(crate) ready: Option<String>,
}

/// The add-ons, in the order of their start.
pub(crate) fn addons(node: &Path, traefik: &Path, state: &Path) -> Vec<Addon> {
    let kubeconfig = state.join("addons.kubeconfig").display().to_string();
    let program = node.display().to_string();
    vec![
        Addon {
            name: "coredns",
            argv: vec![
                program.clone(),
                "coredns".into(),
                "-conf".into(),
                state.join("Corefile").display().to_string(),
            ],
            env: vec![],
            ready: Some(format!("http://{NODE_ADDRESS}:8181/ready")),
        },
        Addon {
            name: "metrics-server",
            argv: vec![
                program.clone(),
                "metrics-server".into(),
                format!("--kubeconfig={kubeconfig}"),
                format!("--bind-address={NODE_ADDRESS}"),
                format!("--secure-port={METRICS_PORT}"),
                format!("--cert-dir={}", state.join("metrics-server").display()),
            ],
            env: vec![],
            // Ready means that it has metrics, which takes two readings; livez is what can be waited for.
            ready: Some(format!("https://{NODE_ADDRESS}:{METRICS_PORT}/livez")),
        },
        Addon {
            name: "provisioner",
            argv: vec![
                program,
                "provisioner".into(),
                format!("--kubeconfig={kubeconfig}"),
                format!("--root={}", state.join("volumes").display()),
                format!("--node={NODE_NAME}"),
            ],
            env: vec![],
            ready: None,
        },
        traefik_addon(traefik, state, &kubeconfig),
    ]
}

fn traefik_addon(traefik: &Path, state: &Path, kubeconfig: &str) -> Addon {
    let access_log = state.join("logs/ingress-access.log").display().to_string();
    let flags = [
        ("global.checknewversion", "false"),
        ("global.sendanonymoususage", "false"),
        ("log.level", "INFO"),
        ("accesslog", "true"),
        ("accesslog.filepath", &access_log),
        ("entrypoints.web.address", &format!("{NODE_ADDRESS}:80")),
        ("entrypoints.websecure.address", &format!("{NODE_ADDRESS}:443")),
        ("entrypoints.websecure.http.tls", "true"),
        // The supervisor passes connections on from the machine's loopback and says whose they are.
        ("entrypoints.web.proxyprotocol.trustedips", NODE_ADDRESS),
        ("entrypoints.websecure.proxyprotocol.trustedips", NODE_ADDRESS),
        ("entrypoints.traefik.address", &format!("{NODE_ADDRESS}:{TRAEFIK_PING_PORT}")),
        ("ping", "true"),
        ("providers.kubernetesingress", "true"),
        ("providers.kubernetesingress.ingressendpoint.ip", NODE_ADDRESS),
    ];
    let mut argv = vec![traefik.display().to_string()];
    argv.extend(flags.iter().map(|(name, value)| format!("--{name}={value}")));
    Addon {
        name: "traefik",
        argv,
        env: vec![format!("KUBECONFIG={kubeconfig}")],
        ready: Some(format!("http://{NODE_ADDRESS}:{TRAEFIK_PING_PORT}/ping")),
    }
}

/// CoreDNS's settings: the names of Services and pods. Other names are refused, for there is no way out.
pub(crate) fn corefile(state: &Path) -> String {
    let kubeconfig = state.join("addons.kubeconfig");
    format!(
        ".:{DNS_PORT} {{\n  bind {NODE_ADDRESS}\n  ready {NODE_ADDRESS}:8181\n  errors\n  cache 5\n  kubernetes cluster.local in-addr.arpa {{\n    kubeconfig {}\n  }}\n}}\n",
        kubeconfig.display()
    )
}

/// The objects that make the add-ons known, as one List.
pub(crate) fn manifests() -> Value {
    let mut items = service(
        "kube-dns",
        &json!({"clusterIP": DNS_ADDRESS}),
        &[("dns", 53, DNS_PORT, "UDP"), ("dns-tcp", 53, DNS_PORT, "TCP")],
    );
    items.extend(service("metrics-server", &json!({}), &[("https", 443, METRICS_PORT, "TCP")]));
    items.push(json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true,
            "service": {"name": "metrics-server", "namespace": "kube-system"},
        },
    }));
    items.push(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "resumematcher.io/local",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }));
    items.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {
            "name": "traefik",
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        },
        "spec": {"controller": "traefik.io/ingress-controller"},
    }));
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// A Service without a selector and the EndpointSlice that leads it to a process of the node.
fn service(name: &str, more: &Value, ports: &[(&str, u16, u16, &str)]) -> Vec<Value> {
    let mut spec = json!({
        "ports": ports.iter().map(|(port, number, target, protocol)| json!({
            "name": port, "port": number, "targetPort": target, "protocol": protocol,
        })).collect::<Vec<_>>(),
    });
    if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
        spec.extend(more.clone());
    }
    let metadata = json!({"name": name, "namespace": "kube-system"});
    vec![
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "name": format!("{name}-node"), "namespace": "kube-system",
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "ports": ports.iter().map(|(port, _, target, protocol)| json!({
                "name": port, "port": target, "protocol": protocol,
            })).collect::<Vec<_>>(),
            "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": true}}],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dns_service_has_the_address_that_kubelet_gives_to_pods() {
        let manifests = manifests();
        let items = manifests["items"].as_array().unwrap();
        let dns =
            items.iter().find(|item| item["kind"] == "Service" && item["metadata"]["name"] == "kube-dns");
        assert_eq!(dns.unwrap()["spec"]["clusterIP"], DNS_ADDRESS);
    }

    #[test]
    fn each_service_has_an_endpoint_on_the_node() {
        for slice in service("x", &json!({}), &[("http", 80, 8080, "TCP")])
            .iter()
            .filter(|i| i["kind"] == "EndpointSlice")
        {
            assert_eq!(slice["endpoints"][0]["addresses"][0], NODE_ADDRESS);
            assert_eq!(slice["ports"][0]["port"], 8080);
        }
    }
}
