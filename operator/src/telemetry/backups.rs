//! What is known of all installations' backups, in figures. One figure for all: names are no labels.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::crd::ResumeMatcherStatus;
use crate::resume_matcher::model::Installation;

/// What is known of one installation's backups.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    last: i64,
    /// None: they are not proven by a schedule.
    verified: Option<i64>,
    failed: bool,
}

/// The figures, and what they are made of.
#[derive(Debug, Default)]
pub(super) struct BackupGauges {
    known: Mutex<BTreeMap<(String, String), Facts>>,
    schedules: Gauge,
    verification_schedules: Gauge,
    oldest: Gauge,
    oldest_verified: Gauge,
    failed: Gauge,
}

impl BackupGauges {
    /// Figures that the registry shows.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        let mut register = |name, what, gauge: &Gauge| registry.register(name, what, gauge.clone());
        register("backup_schedules", "Installations with a backup schedule", &gauges.schedules);
        register(
            "verification_schedules",
            "Installations with a backup schedule and a verification schedule",
            &gauges.verification_schedules,
        );
        register(
            "oldest_backup_timestamp_seconds",
            "Of the installations with a backup schedule, the one whose last backup is oldest: the time of that backup",
            &gauges.oldest,
        );
        register(
            "oldest_verified_backup_timestamp_seconds",
            "Of the installations with a verification schedule, the one whose last proven backup is oldest: its time",
            &gauges.oldest_verified,
        );
        register(
            "installations_with_failed_backups",
            "Installations whose last backup or proof failed",
            &gauges.failed,
        );
        gauges
    }

    /// Takes in what is known of an installation.
    pub(super) fn know(&self, installation: &Installation, status: &ResumeMatcherStatus) {
        let seconds = |time: &str| time.parse::<Timestamp>().ok().map(Timestamp::as_second);
        let name = (installation.namespace.clone(), installation.name.to_string());
        let healthy = status.conditions.iter().find(|condition| condition.type_ == "BackupHealthy");
        // Where there is none yet, it has been lacking for as long as backups are asked for.
        let since = healthy.map(|healthy| healthy.last_transition_time.0.as_second()).unwrap_or_default();
        let scheduled = installation.backup.as_ref().filter(|backup| backup.schedule.is_some());
        let facts = scheduled.map(|backup| {
            let last = status.last_backup.as_ref().and_then(|last| seconds(&last.taken_at));
            let verified = status.last_verified_backup.as_ref().and_then(|last| seconds(&last.taken_at));
            Facts {
                last: last.unwrap_or(since),
                verified: backup.verify_schedule.as_ref().map(|_| verified.unwrap_or(since)),
                // Not where none was made yet, or where they are suspended: their age tells of those.
                failed: healthy.is_some_and(|healthy| healthy.reason.ends_with("Failed")),
            }
        });
        self.set(name, facts);
    }

    /// Forgets an installation that is gone.
    pub(super) fn forget(&self, namespace: &str, name: &str) {
        self.set((namespace.to_owned(), name.to_owned()), None);
    }

    fn set(&self, name: (String, String), facts: Option<Facts>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match facts {
            Some(facts) => known.insert(name, facts),
            None => known.remove(&name),
        };
        let verified: Vec<i64> = known.values().filter_map(|facts| facts.verified).collect();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.schedules.set(count(known.len()));
        self.verification_schedules.set(count(verified.len()));
        self.oldest.set(known.values().map(|facts| facts.last).min().unwrap_or_default());
        self.oldest_verified.set(verified.into_iter().min().unwrap_or_default());
        self.failed.set(count(known.values().filter(|facts| facts.failed).count()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation_with_backups;

    fn status(taken_at: &str, reason: &str) -> ResumeMatcherStatus {
        serde_json::from_value(json!({
            "conditions": [{"type": "BackupHealthy", "status": "True", "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-02T03:04:05Z"}],
            "lastBackup": {"id": "a", "takenAt": taken_at, "completedAt": taken_at, "databaseBytes": 1, "objects": 1,
                "objectBytes": 1, "durationMilliseconds": 1},
        }))
        .unwrap()
    }

    #[test]
    fn the_oldest_of_all_installations_is_told_until_it_is_gone() {
        let gauges = BackupGauges::register(&mut Registry::default());
        let one = installation_with_backups();
        let other = Installation { namespace: "elsewhere".to_owned(), ..one.clone() };
        gauges.know(&one, &status("1970-01-01T00:00:09Z", "Available"));
        gauges.know(&other, &status("1970-01-01T00:00:07Z", "BackupFailed"));
        assert_eq!((gauges.schedules.get(), gauges.oldest.get(), gauges.failed.get()), (2, 7, 1));
        // Never proven: it has been lacking since backups were asked for.
        assert_eq!(gauges.oldest_verified.get(), 1_767_323_045);
        gauges.forget("elsewhere", "acme");
        assert_eq!((gauges.schedules.get(), gauges.oldest.get(), gauges.failed.get()), (1, 9, 0));
    }
}
