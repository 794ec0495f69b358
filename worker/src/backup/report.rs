//! What a command leaves as the container's termination message, from which the operator learns how it ended. Kubernetes
//! keeps 4096 bytes, so a table or a finding too many is left out here; standard output has all of it.

use platform::timestamp::Timestamp;
use serde::Serialize;

use super::check::Verification;
use super::manifest::{Kind, Manifest};
use super::prune::Pruned;
use super::restore::Restored;

/// The short form of a result. The field `report` tells which.
#[derive(Debug, Serialize)]
#[serde(tag = "report", rename_all = "lowercase")]
pub(crate) enum Report<'a> {
    /// Of `worker backup`.
    Backup {
        id: &'a str,
        kind: Kind,
        taken_at: Timestamp,
        app_version: &'a str,
        schema_version: i64,
        database_sha256: String,
        database_bytes: u64,
        rows: u64,
        objects: u64,
        object_bytes: u64,
        copied_bytes: u64,
        missing: u64,
        duration_ms: u64,
        /// How many backups retention removed afterwards.
        #[serde(skip_serializing_if = "Option::is_none")]
        pruned: Option<usize>,
    },
    /// Of `worker backup verify`, when nothing is wrong.
    Verification {
        id: &'a str,
        taken_at: Timestamp,
        verified_at: Timestamp,
        objects: u64,
        bytes: u64,
        /// How long the trial of a restore took, examination included; absent: none was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        recovery_ms: Option<u64>,
        duration_ms: u64,
    },
    /// Of `worker restore`, when nothing is wrong.
    Restore {
        backup: &'a str,
        taken_at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        safety_backup: Option<&'a str>,
        rows: u64,
        objects: u64,
        objects_restored: u64,
        recovery_ms: u64,
    },
}

impl<'a> Report<'a> {
    /// Of a backup that was made, and of what was removed after it.
    pub(crate) fn backup(manifest: &'a Manifest, pruned: Option<&Pruned>) -> Self {
        Self::Backup {
            id: &manifest.id,
            kind: manifest.kind,
            taken_at: manifest.created_at,
            app_version: &manifest.app_version,
            schema_version: manifest.schema_version,
            database_sha256: manifest.database.sha256.to_string(),
            database_bytes: manifest.database.size,
            rows: manifest.tables.values().map(|sum| sum.rows).sum(),
            objects: manifest.objects.count,
            object_bytes: manifest.objects.bytes,
            copied_bytes: manifest.objects.copied_bytes,
            missing: manifest.objects.missing,
            duration_ms: manifest.duration_ms,
            pruned: pruned.map(|pruned| pruned.backups.len()),
        }
    }

    /// Of a proof.
    pub(crate) fn verification(verification: &'a Verification) -> Self {
        Self::Verification {
            id: &verification.id,
            taken_at: verification.taken_at,
            verified_at: verification.verified_at,
            objects: verification.objects,
            bytes: verification.bytes,
            recovery_ms: verification.restore.as_ref().map(|trial| trial.restore_ms + trial.verify_ms),
            duration_ms: verification.duration_ms,
        }
    }

    /// Of a restore.
    pub(crate) fn restore(restored: &'a Restored) -> Self {
        Self::Restore {
            backup: &restored.backup,
            taken_at: restored.taken_at,
            safety_backup: restored.safety_backup.as_deref(),
            rows: restored.rows,
            objects: restored.objects,
            objects_restored: restored.objects_restored,
            recovery_ms: restored.recovery_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_report_fits_into_a_termination_message() {
        let long = "x".repeat(200);
        let report = Report::Backup {
            id: &long,
            kind: Kind::Scheduled,
            taken_at: Timestamp::now(),
            app_version: &long,
            schema_version: i64::MIN,
            database_sha256: long.clone(),
            database_bytes: u64::MAX,
            rows: u64::MAX,
            objects: u64::MAX,
            object_bytes: u64::MAX,
            copied_bytes: u64::MAX,
            missing: u64::MAX,
            duration_ms: u64::MAX,
            pruned: Some(usize::MAX),
        };
        let text = serde_json::to_string(&report).unwrap();
        assert!(text.len() < 4096 && text.starts_with(r#"{"report":"backup","#), "{text}");
    }
}
