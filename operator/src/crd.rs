//! The API `resumematcher.io/v1alpha1`: what people write, and what they read back.
//!
//! The schema of the CustomResourceDefinition is generated from these types (`cargo xtask generate`), so every
//! doc comment here is read by `kubectl explain`. Only fields that take effect today are here.

mod application;
mod auth;
mod backup;
mod backup_request;
mod data;
mod exposure;
mod plan;
mod pod_template;
mod release;
mod restore_request;
mod status;
mod telemetry;
mod workload;

use k8s_openapi::api::core::v1::LocalObjectReference;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use application::{BillingSpec, EncryptionSpec, MailSpec, PlanSpec, SendGridSpec, SmtpSpec, StripeSpec};
pub use auth::{AuthSpec, IssuerSpec, JwksSpec, SigningAlgorithm};
pub use backup::{
    BackupDestinationSpec, BackupFailureStatus, BackupS3Spec, BackupSpec, LastBackupStatus, MaintenanceStage,
    MaintenanceStatus, RetentionSpec, VerifiedBackupStatus,
};
pub use backup_request::{
    BackupPhase, ResumeMatcherBackup, ResumeMatcherBackupSpec, ResumeMatcherBackupStatus,
};
pub use data::{
    CacheSpec, DatabaseSpec, EmbeddedSpec, ExternalSpec, ObjectStorageSpec, S3Spec, SecretReference,
    StorageSpec,
};
pub use exposure::{ForwardedHeader, IngressSpec, NetworkSpec, TlsSpec};
pub use plan::{PlanStatus, PlannedAction, PlannedChange};
pub use pod_template::{PodTemplateMetadata, PodTemplateSpec};
pub use release::{
    AnalysisSpec, CandidateStatus, Colour, HistoryStatus, PrometheusSpec, Promotion, RejectionStatus,
    ReleaseSpec, ReleaseStatus, SlotStatus, Step, Strategy,
};
pub use restore_request::{
    InPlaceSpec, RestorePhase, ResumeMatcherRestore, ResumeMatcherRestoreSpec, ResumeMatcherRestoreStatus,
};
pub use status::{ResumeMatcherStatus, SchemaStatus, TierStatus};
pub use telemetry::{OtlpSpec, SentrySpec, TelemetrySpec};
pub use workload::{ApiSpec, AutoscalingSpec, PodSpec, ScalingSource, WorkerAutoscalingSpec, WorkerSpec};

/// API group of all kinds of this operator.
pub const GROUP: &str = "resumematcher.io";

/// The definitions of all kinds.
#[must_use]
pub fn definitions() -> [CustomResourceDefinition; 3] {
    [ResumeMatcher::crd(), ResumeMatcherBackup::crd(), ResumeMatcherRestore::crd()]
}

/// One installation of Resume Matcher: API, worker, and the services they need.
///
/// Every field has a default: an empty `spec` is a production installation with its own database, cache and
/// object storage.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "resumematcher.io",
    version = "v1alpha1",
    kind = "ResumeMatcher",
    plural = "resumematchers",
    shortname = "rm",
    namespaced,
    status = "ResumeMatcherStatus",
    derive = "PartialEq",
    doc = "One installation of Resume Matcher: API, worker, and the services they need.",
    scale(
        spec_replicas_path = ".spec.api.replicas",
        status_replicas_path = ".status.api.replicas",
        label_selector_path = ".status.api.selector"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.release.active.version"),
    printcolumn(name = "Step", type_ = "string", json_path = ".status.release.step"),
    printcolumn(name = "API", type_ = "string", json_path = ".status.api.summary"),
    printcolumn(name = "Workers", type_ = "string", json_path = ".status.worker.summary"),
    printcolumn(name = "Verified backup", type_ = "date", json_path = ".status.lastVerifiedBackup.takenAt"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')")
        .message("metadata.name must be a lower-case DNS label of at most 40 characters that starts with a letter, because the names of Services are made from it"),
)]
#[x_kube(validation = Rule::new("has(self.database.embedded) == has(oldSelf.database.embedded)")
    .message("spec.database: the mode cannot change between external and embedded, because the data would stay behind; make a new ResumeMatcher and move the data")
    .field_path(".database"))]
#[x_kube(validation = Rule::new("has(self.objectStorage.embedded) == has(oldSelf.objectStorage.embedded)")
    .message("spec.objectStorage: the mode cannot change between s3 and embedded, because the files would stay behind; make a new ResumeMatcher and move the files")
    .field_path(".objectStorage"))]
#[x_kube(validation = Rule::new("!has(self.backup) || !has(self.objectStorage.s3) || self.backup.destination.s3.bucket != self.objectStorage.s3.bucket || self.backup.destination.s3.endpoint != self.objectStorage.s3.endpoint")
    .message("spec.backup.destination.s3.bucket: backups need a bucket of their own, because losing the files' bucket must not lose them too")
    .field_path(".backup.destination.s3.bucket"))]
#[serde(rename_all = "camelCase")]
pub struct ResumeMatcherSpec {
    /// What the installation is for. Sets the defaults of sizes and replicas that other fields leave open
    /// (docs/environments.md lists them), and is told to the application.
    #[serde(default)]
    pub environment: Environment,

    /// Version of the application: the tag of the API and worker images. Default: the operator's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub version: Option<String>,

    /// Where the images come from, when not from where the operator expects them.
    #[serde(default)]
    pub images: ImagesSpec,

    /// Secrets in the same namespace that hold credentials for the image registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub image_pull_secrets: Vec<LocalObjectReference>,

    /// The HTTP API and the web pages.
    #[serde(default)]
    pub api: ApiSpec,

    /// The worker that reads, parses and matches documents.
    #[serde(default)]
    pub worker: WorkerSpec,

    /// The PostgreSQL database. Default: embedded. The mode cannot change later.
    #[serde(default)]
    pub database: DatabaseSpec,

    /// The Redis cache and job queue. Default: embedded.
    #[serde(default)]
    pub cache: CacheSpec,

    /// The S3 storage of uploaded files. Default: embedded. The mode cannot change later.
    #[serde(default)]
    pub object_storage: ObjectStorageSpec,

    /// How people reach the API from outside the cluster. Default: not at all (only the Service).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<IngressSpec>,

    /// Network policies of the installation.
    #[serde(default)]
    pub network: NetworkSpec,

    /// How mail leaves the installation. Default: not at all; then no address can be verified and no password be forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSpec>,

    /// What tenants may have, and what they pay for. Default: one plan without limits for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<BillingSpec>,

    /// Keys that seal secrets at rest (those of authenticator apps, and mails that wait). Default: one that is made from the key
    /// that signs tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<EncryptionSpec>,

    /// Outside issuers whose tokens are taken beside those of local accounts. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthSpec>,

    /// Where traces and reports of errors go. Default: nowhere; there are logs and metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetrySpec>,

    /// How a new version, or another configuration, replaces the one that serves.
    #[serde(default)]
    pub release: ReleaseSpec,

    /// Backups. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupSpec>,

    /// What happens to the data when this object is deleted. `Retain` keeps the volumes and the credentials of the
    /// embedded services; an object made later with the same name adopts them. `Delete` deletes them.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// Stops the operator from changing anything of this installation, until it is false again. What runs goes on
    /// running; the status is still kept.
    #[serde(default)]
    pub suspend: bool,

    /// Changes nothing, and says in `status.plan` which objects and fields the spec would change, until it is false. The
    /// API server itself judges each of them.
    #[serde(default)]
    pub dry_run: bool,

    /// Stops all pods, those of embedded services last, and keeps the data; false starts them again. A release that is on
    /// its way ends first.
    #[serde(default)]
    pub hibernate: bool,
}

/// An object in the same namespace.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectName {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// What an installation is for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// One of each, small.
    Development,
    /// Shaped as production, smaller.
    Staging,
    /// Survives the loss of a pod or a node drain without a pause.
    #[default]
    Production,
}

impl Environment {
    /// The name as people write it and as the application reads it in `RM_ENVIRONMENT`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// What happens to the data of an installation that is deleted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Volumes and credentials stay.
    #[default]
    Retain,
    /// Volumes and credentials are deleted.
    Delete,
}

/// Where the images come from. Each may be given in full, by tag or by digest.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ImagesSpec {
    /// Put before the names of the API and worker images that are not given in full here, for example
    /// `ghcr.io/example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub registry: Option<String>,

    /// When the kubelet pulls: `Always`, `IfNotPresent` or `Never`.
    #[serde(default)]
    pub pull_policy: PullPolicy,

    /// The API's image, in full. Default: `resumematcher/api-server` with the version as tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub api_server: Option<String>,

    /// The worker's image, in full. Default: `resumematcher/worker` with the version as tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub worker: Option<String>,

    /// Image of the embedded database, in full. Default: `postgres:15`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub postgres: Option<String>,

    /// Image of the embedded cache, in full. Default: `redis:7.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub redis: Option<String>,

    /// Image of the embedded object storage, in full. Default: `versity/versitygw:v1.8.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub object_storage: Option<String>,
}

/// When the kubelet pulls an image.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Every time a container starts.
    Always,
    /// Only when the node does not have it.
    #[default]
    IfNotPresent,
    /// Never: the node has it.
    Never,
}

impl PullPolicy {
    /// The value as a container's `imagePullPolicy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}
