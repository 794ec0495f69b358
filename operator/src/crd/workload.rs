//! The two tiers of the application: API and worker.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerBehavior;
use k8s_openapi::api::core::v1::{Affinity, ResourceRequirements, Toleration, TopologySpreadConstraint};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pod_template::PodTemplateSpec;

/// The HTTP API and the web pages.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("!(has(self.replicas) && has(self.autoscaling))")
    .message("spec.api: set replicas or autoscaling, not both; remove autoscaling to scale by hand")
    .field_path(".replicas"))]
#[serde(rename_all = "camelCase")]
pub struct ApiSpec {
    /// A fixed number of pods. Once it is set, `kubectl scale resumematcher` changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: Option<i32>,

    /// A number of pods that follows the load.
    /// Default, when `replicas` is absent too: what the environment says (production: 2 to 10 at 70 % CPU).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<AutoscalingSpec>,

    /// Requests that one client may make on `/api` in a minute; 0: no limit. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub rate_limit_per_minute: Option<i32>,

    /// Origins whose pages may call the API from a browser, for example `https://app.example.org`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(regex(pattern = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$"), length(max = 253))
    )]
    pub cors_origins: Vec<String>,

    /// The pods' resources and where they run.
    #[serde(flatten)]
    pub pod: PodSpec,
}

/// A number of pods that follows the load (a HorizontalPodAutoscaler): the CPU use, and the requests if asked for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("self.min <= self.max")
    .message("autoscaling.min must not be above autoscaling.max")
    .field_path(".min"))]
#[serde(rename_all = "camelCase")]
pub struct AutoscalingSpec {
    /// Fewest pods.
    #[serde(default = "default_min")]
    #[schemars(range(min = 1, max = 1000))]
    pub min: i32,

    /// Most pods.
    #[serde(default = "default_max")]
    #[schemars(range(min = 1, max = 1000))]
    pub max: i32,

    /// Mean CPU use to hold, in percent of the CPU request.
    #[serde(default = "default_cpu")]
    #[schemars(range(min = 1, max = 1000))]
    pub cpu: i32,

    /// Requests a second that one pod is to have at most, on average: there are as many pods as this asks for, or as the CPU
    /// use asks for, whichever are more. The operator's metrics adapter counts them. Default: not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests_per_second: Option<i32>,
}

const fn default_min() -> i32 {
    2
}

const fn default_max() -> i32 {
    10
}

const fn default_cpu() -> i32 {
    70
}

impl Default for AutoscalingSpec {
    fn default() -> Self {
        Self { min: default_min(), max: default_max(), cpu: default_cpu(), requests_per_second: None }
    }
}

/// The worker that reads, parses and matches documents.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.fetchAllowedNetworks) || self.fetchAllowedNetworks.all(network, isCIDR(network))")
    .message("worker.fetchAllowedNetworks must be networks, such as 192.168.7.0/24")
    .field_path(".fetchAllowedNetworks"))]
#[x_kube(validation = Rule::new("!(has(self.replicas) && has(self.autoscaling))")
    .message("spec.worker: set replicas or autoscaling, not both; remove replicas to let the workers follow the queue")
    .field_path(".replicas"))]
#[serde(rename_all = "camelCase")]
pub struct WorkerSpec {
    /// A fixed number of pods. 0 stops the processing; uploads are then kept and wait.
    /// Default, when `autoscaling` is absent too: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: Option<i32>,

    /// A number of pods that follows the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<WorkerAutoscalingSpec>,

    /// Jobs that one pod does at a time. Default: the number of cores that the pod sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: Option<i32>,

    /// Private networks from which pages of jobs may be fetched, such as an intranet's. Pages of the internet always may
    /// be. A network with addresses of this cluster, of a machine itself or of its links is refused, because anyone with
    /// an account could then read what answers there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"), length(max = 49)))]
    pub fetch_allowed_networks: Vec<String>,

    /// The pods' resources and where they run.
    #[serde(flatten)]
    pub pod: PodSpec,
}

/// A number of pods that follows the tasks in the queue: those that wait and those that are in flight.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("self.min <= self.max")
    .message("worker.autoscaling.min must not be above worker.autoscaling.max; lower min or raise max")
    .field_path(".min"))]
#[serde(rename_all = "camelCase")]
pub struct WorkerAutoscalingSpec {
    /// Fewest pods. 0: none while nothing is to do; a task wakes one within two seconds, and it starts within a few more.
    #[serde(default = "default_least_workers")]
    #[schemars(range(min = 0, max = 1000))]
    pub min: i32,

    /// Most pods.
    #[serde(default = "default_max")]
    #[schemars(range(min = 1, max = 1000))]
    pub max: i32,

    /// Tasks, waiting or in flight, for which there is one pod.
    #[serde(default = "default_jobs_per_worker")]
    #[schemars(range(min = 1, max = 100_000))]
    pub jobs_per_worker: i32,

    /// Seconds for which the queue must have been empty before the last pods go, where `min` is 0.
    #[serde(default = "default_cooldown_seconds")]
    #[schemars(range(min = 0, max = 86_400))]
    pub cooldown_seconds: i32,

    /// Who scales: `builtin`, a HorizontalPodAutoscaler that reads the queue from the operator, or `keda`, a
    /// ScaledObject, where KEDA is installed.
    #[serde(default)]
    pub source: ScalingSource,

    /// How fast the number may grow and shrink, as in a HorizontalPodAutoscaler of `autoscaling/v2`.
    /// Default: what the cluster has as default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
}

const fn default_least_workers() -> i32 {
    1
}

const fn default_jobs_per_worker() -> i32 {
    10
}

const fn default_cooldown_seconds() -> i32 {
    300
}

/// Who scales the workers.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ScalingSource {
    /// A HorizontalPodAutoscaler that reads the queue from the operator.
    #[default]
    Builtin,
    /// A ScaledObject of KEDA that reads the queue from the API.
    Keda,
}

/// Resources of a pod, and where it runs.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    /// Requests and limits of the container. Default: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,

    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,

    /// Taints of nodes that the pods tolerate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,

    /// Affinity to nodes and other pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,

    /// How the pods spread over the cluster. Default: evenly over the nodes where that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,

    /// Priority class of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub priority_class_name: Option<String>,

    /// Whatever else the pods are to have: variables, volumes, sidecars, labels, annotations, DNS and more. It is merged into
    /// the pods that the operator makes, over the fields above. A change of it is a release. What may be set:
    /// docs/pod-templates.md.
    #[serde(default, skip_serializing_if = "PodTemplateSpec::is_empty")]
    pub pod_template: PodTemplateSpec,
}
