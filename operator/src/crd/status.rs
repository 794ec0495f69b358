//! What the operator reports.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup::{BackupFailureStatus, LastBackupStatus, MaintenanceStatus, VerifiedBackupStatus};
use super::plan::PlanStatus;
use super::release::ReleaseStatus;
use super::workload::ScalingSource;

/// What the operator last saw of the installation.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResumeMatcherStatus {
    /// `metadata.generation` of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready`, `Reconciling`, `Stalled`, and one for each part: `DatabaseReady`, `CacheReady`, `StorageReady`,
    /// `SchemaUpToDate`, `APIReady`, `WorkerReady`; with `spec.backup` also `BackupHealthy`, and `WorkerScaling` where the
    /// workers follow the queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// Where people reach the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// Which version serves, and where its successor stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseStatus>,

    /// The database's schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaStatus>,

    /// The API's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<TierStatus>,

    /// The worker's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<TierStatus>,

    /// The last backup that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<LastBackupStatus>,

    /// The last backup that was proven by a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified_backup: Option<VerifiedBackupStatus>,

    /// The last backup or proof that failed, until one of its kind succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup_failure: Option<BackupFailureStatus>,

    /// A restore that keeps the installation closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<MaintenanceStatus>,

    /// What the spec would change, while `spec.dryRun` is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
}

/// The database's schema.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SchemaStatus {
    /// Key of the last migration that succeeded: a hash of the image and of the services it was run with. It is the
    /// last part of the name of the migration Job.
    pub migrated: String,
    /// Numbers of the migrations that have removed what older versions need.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracted: Vec<i64>,
}

/// The pods of one tier.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TierStatus {
    /// Pods that exist.
    pub replicas: i32,
    /// Pods that are ready.
    pub ready_replicas: i32,
    /// Ready and wanted pods, for people: `2/3`.
    pub summary: String,
    /// Selector of the pods, in the form of a query string.
    pub selector: String,
    /// Who makes the number of workers follow the queue; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_by: Option<ScalingSource>,
}
