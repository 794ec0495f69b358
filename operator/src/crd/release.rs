//! How a new version replaces the one that serves.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a new version, or another configuration, replaces the one that serves.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseSpec {
    /// `BlueGreen` starts the new version beside the old one, tries it, and then switches all requests at once; for a
    /// while it needs twice the pods. `RollingUpdate` replaces pod after pod: for small clusters.
    /// Default: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,

    /// Whether a version that passed its analysis is switched to by itself, or waits for `kubectl resumematcher promote`.
    #[serde(default)]
    pub promotion: Promotion,

    /// How the new version is tried before it is switched to. Only under `BlueGreen`.
    #[serde(default)]
    pub analysis: AnalysisSpec,

    /// How long the new version is watched after the switch, for example `2m`: errors, slow answers, restarts and dead
    /// letters bring the old version back. Default: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]{1,6}[smh]){1,3}$"))]
    pub bake_time: Option<String>,

    /// How long the old version goes on running after that. Default: `30s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]{1,6}[smh]){1,3}$"))]
    pub scale_down_delay: Option<String>,

    /// How long the old version can be brought back after that. Only then are the migrations run that remove what it
    /// needs. Default: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]{1,6}[smh]){1,3}$"))]
    pub rollback_window: Option<String>,

    /// How long the pods of the new version may take to become ready, and the migration to succeed, before the release
    /// is given up. Default: `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]{1,6}[smh]){1,3}$"))]
    pub progress_deadline: Option<String>,
}

/// How a new version replaces the old one.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Beside it, then all at once.
    BlueGreen,
    /// Pod after pod.
    RollingUpdate,
}

/// Who switches to a version that passed its analysis.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Promotion {
    /// The operator, at once.
    #[default]
    Automatic,
    /// A person, by `kubectl resumematcher promote`.
    Manual,
}

/// How a new version is tried.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisSpec {
    /// Sends a resume and a job through the new version, and waits for their match: API, queue, worker, database and
    /// storage together. It uses an account of its own and deletes what it sent.
    #[serde(default = "default_true")]
    pub canary: bool,

    /// Most answers of the new version after the switch that may be server errors, in percent.
    #[serde(default = "default_error_percent")]
    #[schemars(range(min = 0, max = 100))]
    pub max_error_percent: i32,

    /// Longest time in milliseconds within which 95 % of the answers must begin after the switch. Default: not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 60_000))]
    pub max_latency_milliseconds: Option<i32>,

    /// A question to Prometheus whose answer must lie within limits, before the switch and while the version is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusSpec>,
}

impl Default for AnalysisSpec {
    fn default() -> Self {
        Self {
            canary: true,
            max_error_percent: default_error_percent(),
            max_latency_milliseconds: None,
            prometheus: None,
        }
    }
}

const fn default_true() -> bool {
    true
}

const fn default_error_percent() -> i32 {
    1
}

/// A question to Prometheus.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("has(self.min) || has(self.max)")
    .message("prometheus: set min, max or both, else no answer could be wrong")
    .field_path(".min"))]
#[serde(rename_all = "camelCase")]
pub struct PrometheusSpec {
    /// Its address, for example `http://prometheus.monitoring.svc:9090`.
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^\s]+$"))]
    pub url: String,

    /// The query, whose answer is one number.
    #[schemars(length(min = 1, max = 4096))]
    pub query: String,

    /// The least value that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,

    /// The greatest value that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Where a release stands.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseStatus {
    /// The version that serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<SlotStatus>,
    /// The version that is to serve next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateStatus>,
    /// The version that served before and can be brought back, or is being drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<SlotStatus>,
    /// The step that the release is in.
    #[serde(default)]
    pub step: Step,
    /// When the step began, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What the step waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Whether `previous` was left because it failed or was rolled back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returned: bool,
    /// The release that was given up last. It is tried again only when the spec changes, or on
    /// `kubectl resumematcher retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<RejectionStatus>,
    /// The highest number of a release so far.
    #[serde(default)]
    pub counter: i64,
    /// Releases that ended, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryStatus>,
}

/// A step of a release.
#[derive(
    Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Step {
    /// The first version: waits for the data services and its migration.
    Install,
    /// The first version's pods start.
    Start,
    /// The schema is asked which migrations the new version brings.
    Plan,
    /// The new version starts beside the old one.
    Preview,
    /// The migrations run that the old version can live with.
    Migrate,
    /// The new workers start, now that the schema is theirs.
    Warm,
    /// The new version is tried.
    Analyse,
    /// The new version waits for a person to promote it.
    Promote,
    /// Pods are replaced one after another.
    Roll,
    /// All requests go to the other version.
    Switch,
    /// The new version is watched.
    Bake,
    /// The version that was left ends.
    Drain,
    /// The version that was left can still be brought back.
    Window,
    /// The migrations run that remove what the old version needed.
    Contract,
    /// Nothing is to be done.
    #[default]
    Done,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 15] = [
        Self::Install,
        Self::Start,
        Self::Plan,
        Self::Preview,
        Self::Migrate,
        Self::Warm,
        Self::Analyse,
        Self::Promote,
        Self::Roll,
        Self::Switch,
        Self::Bake,
        Self::Drain,
        Self::Window,
        Self::Contract,
        Self::Done,
    ];

    /// The name, as in the status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Install => "Install",
            Self::Start => "Start",
            Self::Plan => "Plan",
            Self::Preview => "Preview",
            Self::Migrate => "Migrate",
            Self::Warm => "Warm",
            Self::Analyse => "Analyse",
            Self::Promote => "Promote",
            Self::Roll => "Roll",
            Self::Switch => "Switch",
            Self::Bake => "Bake",
            Self::Drain => "Drain",
            Self::Window => "Window",
            Self::Contract => "Contract",
            Self::Done => "Done",
        }
    }
}

/// One of the two places that a version can run in.
#[derive(
    Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// One.
    #[default]
    Blue,
    /// The other.
    Green,
}

impl Colour {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Blue, Self::Green];

    /// The name, as in labels and the names of objects.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }
}

/// A version in its place.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SlotStatus {
    /// A hash of all that makes it: images, configuration, shape of the pods.
    pub id: String,
    /// The number of the release, counted up in each installation. Orders name it.
    pub number: i64,
    /// Where it runs.
    pub colour: Colour,
    /// The version.
    pub version: String,
    /// The API's image.
    pub api_image: String,
    /// The worker's image.
    pub worker_image: String,
    /// Numbers of the migrations it knows that remove what older versions need.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<i64>,
    /// Whether the database lacked one of them when the release began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
}

/// A version that is to serve.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CandidateStatus {
    /// The version in its place.
    #[serde(flatten)]
    pub slot: SlotStatus,
    /// API pods that it starts with: as many as serve.
    pub api_pods: i32,
    /// Worker pods that it starts with.
    pub worker_pods: i32,
    /// Whether it served before and is brought back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback: bool,
}

/// A release that was given up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RejectionStatus {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The number of the release.
    pub number: i64,
    /// The step that failed.
    pub step: Step,
    /// Why, in a word.
    pub reason: String,
    /// Why, with the object that failed.
    pub message: String,
    /// When, in RFC 3339.
    pub at: String,
}

/// A release that ended.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HistoryStatus {
    /// Its id.
    pub id: String,
    /// The number of the release.
    pub number: i64,
    /// Its version.
    pub version: String,
    /// How it ended: `Released`, `Superseded`, or the reason for which it was given up.
    pub outcome: String,
    /// When, in RFC 3339.
    pub at: String,
}
