//! How the installation is reached: ingress and network policies.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicyEgressRule, NetworkPolicyPeer};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How people reach the API from outside the cluster.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.trustedProxies) || self.trustedProxies.all(network, isCIDR(network))")
    .message("trustedProxies must be networks, such as 10.0.0.0/8 or fd00::/8")
    .field_path(".trustedProxies"))]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// The host name that people use, for example `resumes.example.com`.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
    )]
    pub host: String,

    /// The ingress class. Default: the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub class_name: Option<String>,

    /// Annotations of the Ingress, for the controller that serves it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// Serves HTTPS. Default: plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSpec>,

    /// Networks of proxies whose `X-Forwarded-*` headers the API believes. Default: none; then the limits for a
    /// client apply to the proxy as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"), length(max = 49)))]
    pub trusted_proxies: Vec<String>,

    /// The header in which these proxies name the client: `x-forwarded-for` or `forwarded` (RFC 7239). The other one is
    /// not read, because such a proxy passes it on as the client wrote it. Default: `x-forwarded-for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_header: Option<ForwardedHeader>,
}

/// A header in which proxies name the client.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, which nearly all proxies send.
    XForwardedFor,
    /// `Forwarded`.
    Forwarded,
}

impl ForwardedHeader {
    /// The value of `RM_FORWARDED_HEADER`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// Serves HTTPS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TlsSpec {
    /// The Secret of type `kubernetes.io/tls` with certificate and key.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
}

/// Network policies of the installation. They forbid every connection that is not needed: they take effect where
/// the cluster's network enforces them.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.deniedNetworks) || self.deniedNetworks.all(network, isCIDR(network))")
    .message("deniedNetworks must be networks, such as 203.0.113.0/24 or 2001:db8::/32")
    .field_path(".deniedNetworks"))]
#[serde(rename_all = "camelCase")]
pub struct NetworkSpec {
    /// Whether network policies are made.
    #[serde(default = "default_true")]
    pub policies: bool,

    /// Who may connect to the API. Default: anyone who reaches the pods. Name your ingress controller's namespace
    /// here to allow it alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub allow_api_from: Vec<NetworkPolicyPeer>,

    /// Who may read the metrics (port 9090) of API and worker. Default: pods of the same namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub allow_metrics_from: Vec<NetworkPolicyPeer>,

    /// What API and worker may connect to beside the services that they are configured with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub allow_egress: Vec<NetworkPolicyEgressRule>,

    /// Networks whose requests the API refuses with 403. Behind an ingress they are recognised only where
    /// `ingress.trustedProxies` names the ingress controller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"), length(max = 49)))]
    pub denied_networks: Vec<String>,
}

const fn default_true() -> bool {
    true
}

impl Default for NetworkSpec {
    fn default() -> Self {
        Self {
            policies: true,
            allow_api_from: vec![],
            allow_metrics_from: vec![],
            allow_egress: vec![],
            denied_networks: vec![],
        }
    }
}
