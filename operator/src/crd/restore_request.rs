//! `ResumeMatcherRestore`: brings an installation back from a backup.
#![allow(
    clippy::duplicated_attributes,
    reason = "each column has a type, and clippy takes them for one list"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ObjectName;

/// One restore of an installation. While it runs, the installation is closed: requests are answered with 503 and Retry-After.
/// It happens in one transaction: killed at any moment, either the old data is there or the backup's.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[kube(
    group = "resumematcher.io",
    version = "v1alpha1",
    kind = "ResumeMatcherRestore",
    plural = "resumematcherrestores",
    shortname = "rmr",
    namespaced,
    status = "ResumeMatcherRestoreStatus",
    derive = "PartialEq",
    doc = "Brings an installation back from a backup.",
    printcolumn(name = "Installation", type_ = "string", json_path = ".spec.resumeMatcher.name"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Backup", type_ = "string", json_path = ".status.backup"),
    printcolumn(name = "Seconds", type_ = "integer", json_path = ".status.recoverySeconds"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self == oldSelf")
    .message("spec cannot be changed, because the restore may have begun; make another ResumeMatcherRestore"))]
#[serde(rename_all = "camelCase")]
pub struct ResumeMatcherRestoreSpec {
    /// The installation, in the same namespace. It needs `spec.backup`, whose destination is where the backup is.
    pub resume_matcher: ObjectName,

    /// Id of the backup; `latest`: the newest one.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^(latest|[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8})$"))]
    pub backup: String,

    /// Set: the data of the installation is replaced, after a backup of it was made. Else the installation must be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place: Option<InPlaceSpec>,
}

/// The installation whose data may be replaced.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InPlaceSpec {
    /// `metadata.uid` of the ResumeMatcher: one of the same name made since is not the one that was meant.
    #[schemars(length(min = 1, max = 64))]
    pub target_uid: String,
}

/// How far a restore is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResumeMatcherRestoreStatus {
    /// How far it is.
    #[serde(default)]
    pub phase: RestorePhase,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Complete` or `Failed`, once it has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Id of the backup that was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The recovery point, in RFC 3339: what was written later is not back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Id of the backup of the data that was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_backup: Option<String>,
    /// Rows of all tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// Files that the rows name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<i64>,
    /// How long restoring and proving took, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_seconds: Option<i64>,
    /// Why it failed, once it did, while the installation opens again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// How far a restore is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestorePhase {
    /// It has not begun.
    #[default]
    Pending,
    /// The installation is being closed.
    Closing,
    /// Files and database are being brought back.
    Restoring,
    /// The installation is being opened.
    Opening,
    /// The installation serves the backup's data.
    Completed,
    /// It failed. When the data may have been replaced and is not proven whole, the installation stays closed until this
    /// object is deleted or another restore succeeds.
    Failed,
}
