//! How the installation is reached: ingress and network policies.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicyEgressRule, NetworkPolicyPeer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How people reach the API from outside the cluster.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
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
    #[schemars(length(max = 64), inner(regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")))]
    pub trusted_proxies: Vec<String>,
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
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
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
}

const fn default_true() -> bool {
    true
}

impl Default for NetworkSpec {
    fn default() -> Self {
        Self { policies: true, allow_api_from: vec![], allow_metrics_from: vec![], allow_egress: vec![] }
    }
}
