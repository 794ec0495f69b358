//! `ResumeMatcherBackup`: a backup that someone asks for.
#![allow(
    clippy::duplicated_attributes,
    reason = "each column has a type, and clippy takes them for one list"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ObjectName;

/// One backup of an installation, made now. What is in the bucket stays when this object is deleted; deleting it while it
/// runs ends it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[kube(
    group = "resumematcher.io",
    version = "v1alpha1",
    kind = "ResumeMatcherBackup",
    plural = "resumematcherbackups",
    shortname = "rmb",
    namespaced,
    status = "ResumeMatcherBackupStatus",
    derive = "PartialEq",
    doc = "One backup of an installation, made now.",
    printcolumn(name = "Installation", type_ = "string", json_path = ".spec.resumeMatcher.name"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Backup", type_ = "string", json_path = ".status.id"),
    printcolumn(name = "Verified", type_ = "string", json_path = ".status.verifiedAt"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self == oldSelf")
    .message("spec cannot be changed, because the backup may have been made; make another ResumeMatcherBackup"))]
#[serde(rename_all = "camelCase")]
pub struct ResumeMatcherBackupSpec {
    /// The installation, in the same namespace. It needs `spec.backup`.
    pub resume_matcher: ObjectName,

    /// Whether the backup is proven afterwards: restored into a scratch database, examined, timed and dropped.
    #[serde(default)]
    pub verify: bool,
}

/// How far a backup is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResumeMatcherBackupStatus {
    /// How far it is.
    #[serde(default)]
    pub phase: BackupPhase,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Complete` or `Failed`, once it has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The backup's id, as `kubectl resumematcher restore` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The moment that it is of, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// SHA-256 of the database's dump, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Bytes of the database's dump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_bytes: Option<i64>,
    /// Rows of all tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// Files that the rows name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<i64>,
    /// Their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_bytes: Option<i64>,
    /// Bytes of the files that no earlier backup had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_bytes: Option<i64>,
    /// Files that the installation had lost already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_objects: Option<i64>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_milliseconds: Option<i64>,
    /// When it was proven, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
    /// How long restoring and examining the database took, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_seconds: Option<i64>,
}

/// How far a backup is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackupPhase {
    /// It has not begun.
    #[default]
    Pending,
    /// It is being made.
    Running,
    /// It is being proven.
    Verifying,
    /// It is complete, and proven where that was asked for.
    Completed,
    /// It failed.
    Failed,
}
