//! Backups of an installation: when, where to, for how long, and how they are proven.

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::SecretReference;

/// Backups of database and files as one set. See docs/backups.md.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.timeZone) || has(self.schedule) || has(self.verifySchedule)")
    .message("backup.timeZone: set schedule or verifySchedule too, else no time is in it")
    .field_path(".timeZone"))]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// When backups are made, as a CronJob has it: five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`. Default: only
    /// when someone asks for one by a ResumeMatcherBackup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 128),
        regex(
            pattern = r"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[0-9A-Za-z*,/?-]+( +[0-9A-Za-z*,/?-]+){4})$"
        )
    )]
    pub schedule: Option<String>,

    /// When the newest backup is restored into a scratch database, examined, timed and dropped; written as `schedule`.
    /// Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 128),
        regex(
            pattern = r"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[0-9A-Za-z*,/?-]+( +[0-9A-Za-z*,/?-]+){4})$"
        )
    )]
    pub verify_schedule: Option<String>,

    /// Time zone of both schedules, for example `Europe/Berlin`. Default: that of the cluster's controller, mostly UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$"))]
    pub time_zone: Option<String>,

    /// Stops both schedules. Backups that are asked for are still made.
    #[serde(default)]
    pub suspend: bool,

    /// How late a backup may begin when its time was missed, in seconds. Default: however late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 604_800))]
    pub starting_deadline_seconds: Option<i64>,

    /// How long a backup or its proof may take, in seconds, before it counts as failed.
    #[serde(default = "default_deadline")]
    #[schemars(range(min = 60, max = 604_800))]
    pub active_deadline_seconds: i64,

    /// How many Jobs that succeeded stay for their logs.
    #[serde(default = "default_history")]
    #[schemars(range(min = 1, max = 100))]
    pub successful_jobs_history_limit: i32,

    /// How many Jobs that failed stay for their logs.
    #[serde(default = "default_history")]
    #[schemars(range(min = 1, max = 100))]
    pub failed_jobs_history_limit: i32,

    /// Where backups go.
    pub destination: BackupDestinationSpec,

    /// How long backups are kept; what is older is removed after each scheduled one.
    #[serde(default)]
    pub retention: RetentionSpec,

    /// Whether a backup is made before a release migrates a database that has data. When it fails, the release is given up.
    #[serde(default = "default_true")]
    pub before_migration: bool,

    /// The Secret whose key `url` is the PostgreSQL URL of a role that may create databases, on the server where backups are
    /// proven. Default: the installation's own server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch_database: Option<SecretReference>,

    /// Most bytes a second to the bucket. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 65_536))]
    pub bytes_per_second: Option<i64>,

    /// Requests and limits of the backup's container. Default: 100m CPU, 128Mi memory, limit 1Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
}

/// Where backups go.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct BackupDestinationSpec {
    /// A bucket of an S3 service. It must exist, and outlive the cluster.
    pub s3: BackupS3Spec,
}

/// A bucket for backups.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BackupS3Spec {
    /// The service's URL, for example `https://s3.eu-central-1.amazonaws.com`.
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^/\s]+/?$"))]
    pub endpoint: String,

    /// The bucket. Not that of the files.
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"))]
    pub bucket: String,

    /// Where in the bucket. Each installation has its own; to recover one that is lost, give its prefix. Default:
    /// `NAMESPACE/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$"))]
    pub prefix: Option<String>,

    /// The region.
    #[serde(default = "super::data::default_region")]
    #[schemars(length(min = 1, max = 64))]
    pub region: String,

    /// Whether the bucket's name goes into the path (`https://host/bucket/…`) and not into the host name.
    #[serde(default)]
    pub force_path_style: bool,

    /// The Secret with the keys `accessKeyId`, `secretAccessKey` and `signingKey` (at least 32 random bytes in base64). Keep a
    /// copy of it outside the cluster: without the signing key no backup is trusted.
    pub secret_ref: SecretReference,
}

/// How long backups are kept. A backup stays when any of these wants it, and the last one that was proven by a restore always
/// does.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RetentionSpec {
    /// Younger ones stay. People who erase their data are told that it is gone from backups after so many days.
    #[serde(default = "default_days")]
    #[schemars(range(min = 1, max = 3650))]
    pub days: i32,

    /// The newest so many stay, whatever their age.
    #[serde(default = "default_last")]
    #[schemars(range(min = 1, max = 1000))]
    pub keep_last: i32,

    /// The newest of each of so many days stays.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3650))]
    pub keep_daily: i32,

    /// The newest of each of so many weeks stays.
    #[serde(default)]
    #[schemars(range(min = 0, max = 520))]
    pub keep_weekly: i32,

    /// The newest of each of so many months stays.
    #[serde(default)]
    #[schemars(range(min = 0, max = 120))]
    pub keep_monthly: i32,
}

impl Default for RetentionSpec {
    fn default() -> Self {
        Self {
            days: default_days(),
            keep_last: default_last(),
            keep_daily: 0,
            keep_weekly: 0,
            keep_monthly: 0,
        }
    }
}

const fn default_true() -> bool {
    true
}

const fn default_deadline() -> i64 {
    21_600
}

const fn default_history() -> i32 {
    3
}

const fn default_days() -> i32 {
    30
}

const fn default_last() -> i32 {
    3
}

/// The last backup that was made.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastBackupStatus {
    /// Its id, as `kubectl resumematcher restore` takes it.
    pub id: String,
    /// The moment that it is of, in RFC 3339: what was written later is not in it.
    pub taken_at: String,
    /// When it was complete, in RFC 3339.
    pub completed_at: String,
    /// Bytes of the database's dump.
    pub database_bytes: i64,
    /// Files, also those that an earlier backup had copied already.
    pub objects: i64,
    /// Their bytes.
    pub object_bytes: i64,
    /// How long it took.
    pub duration_milliseconds: i64,
}

/// The last backup that was proven by a restore.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedBackupStatus {
    /// Its id.
    pub id: String,
    /// The moment that it is of, in RFC 3339: the proven recovery point.
    pub taken_at: String,
    /// When it was proven, in RFC 3339.
    pub at: String,
    /// How long restoring and examining the database took: the proven recovery time, in whole seconds.
    pub recovery_seconds: i64,
}

/// The last backup or proof that failed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BackupFailureStatus {
    /// What failed: `Backup` or `Verification`.
    pub what: String,
    /// When, in RFC 3339.
    pub at: String,
    /// Which Job, and its last words.
    pub message: String,
}

/// A restore that keeps the installation closed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceStatus {
    /// Who asked for it: name and UID of a ResumeMatcherRestore.
    pub by: String,
    /// How far it is.
    pub stage: MaintenanceStage,
}

/// How far closing or opening is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaintenanceStage {
    /// The page that tells of the maintenance starts; everything still serves.
    #[default]
    Closing,
    /// Every request is answered with 503 and Retry-After; API and workers have no pods.
    Closed,
    /// API and workers start; the page answers until they are ready.
    Opening,
}
