//! What is known of an installation's backups: looks at the Jobs that ended since, and keeps what they said. Looking uses the
//! client; the rest is pure.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

use super::model::Installation;
use super::status::{drop_condition, tell};
use crate::crd::{
    BackupFailureStatus, LastBackupStatus, ResumeMatcher, ResumeMatcherStatus, VerifiedBackupStatus,
};
use crate::names::{BACKUP_TASK, INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL};
use crate::worker_job::{self, BackupReport, JobSeen, Report, VerificationReport};

/// The condition.
pub const HEALTHY: &str = "BackupHealthy";
/// What a failure is called, by what failed.
const BACKUP: &str = "Backup";
const VERIFICATION: &str = "Verification";

/// A Job that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Whether it was a proof, and not a backup.
    pub is_proof: bool,
    /// When.
    pub at: Timestamp,
    /// What it said, or why it failed.
    pub outcome: Result<Report, String>,
}

/// What is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    last: Option<LastBackupStatus>,
    verified: Option<VerifiedBackupStatus>,
    failure: Option<BackupFailureStatus>,
}

impl Known {
    fn of(object: &ResumeMatcher) -> Self {
        let status = object.status.clone().unwrap_or_default();
        Self {
            last: status.last_backup,
            verified: status.last_verified_backup,
            failure: status.last_backup_failure,
        }
    }

    /// The newest end of a Job that is in it already.
    fn until(&self) -> Option<Timestamp> {
        let times = [
            self.last.as_ref().map(|last| last.completed_at.as_str()),
            self.verified.as_ref().map(|verified| verified.at.as_str()),
            self.failure.as_ref().map(|failure| failure.at.as_str()),
        ];
        times.into_iter().flatten().filter_map(|time| time.parse().ok()).max()
    }

    /// With what ended since, oldest first. What was taken in before changes nothing.
    fn with(mut self, mut ended: Vec<Ended>) -> Self {
        ended.sort_by_key(|one| one.at);
        for one in ended {
            let what = if one.is_proof { VERIFICATION } else { BACKUP };
            match one.outcome {
                Ok(Report::Backup(report)) => self.made(report, one.at),
                Ok(Report::Verification(report)) => self.proven(report, one.at),
                Ok(Report::Restore(_)) => {}
                Err(message) if self.is_news(what, one.at) => {
                    let at = one.at.to_string();
                    self.failure = Some(BackupFailureStatus { what: what.to_owned(), at, message });
                }
                Err(_) => {}
            }
        }
        self
    }

    /// Whether a failure is later than what succeeded and what failed before.
    fn is_news(&self, what: &str, at: Timestamp) -> bool {
        let succeeded = match what {
            BACKUP => self.last.as_ref().map(|last| &last.completed_at),
            _ => self.verified.as_ref().map(|verified| &verified.at),
        };
        let times = [succeeded, self.failure.as_ref().map(|failure| &failure.at)];
        times.into_iter().flatten().filter_map(|time| time.parse::<Timestamp>().ok()).all(|time| time < at)
    }

    fn made(&mut self, report: BackupReport, at: Timestamp) {
        if self.last.as_ref().is_some_and(|last| last.taken_at >= report.taken_at) {
            return;
        }
        self.last = Some(LastBackupStatus {
            id: report.id,
            taken_at: report.taken_at,
            completed_at: at.to_string(),
            database_bytes: report.database_bytes,
            objects: report.objects,
            object_bytes: report.object_bytes,
            duration_milliseconds: report.duration_ms,
        });
        self.forgive(BACKUP, at);
    }

    fn proven(&mut self, report: VerificationReport, at: Timestamp) {
        let Some(recovery_ms) = report.recovery_ms else { return };
        if self.verified.as_ref().is_some_and(|verified| verified.at.as_str() >= at.to_string().as_str()) {
            return;
        }
        self.verified = Some(VerifiedBackupStatus {
            id: report.id,
            taken_at: report.taken_at,
            at: at.to_string(),
            recovery_seconds: worker_job::seconds(recovery_ms),
        });
        self.forgive(VERIFICATION, at);
    }

    fn forgive(&mut self, what: &str, at: Timestamp) {
        let earlier = |failure: &BackupFailureStatus| {
            failure.what == what && failure.at.parse::<Timestamp>().is_ok_and(|time| time <= at)
        };
        if self.failure.as_ref().is_some_and(earlier) {
            self.failure = None;
        }
    }

    /// Whether all is well, the reason, and the sentence.
    fn verdict(&self, suspended: bool) -> (bool, &'static str, String) {
        if let Some(failure) = &self.failure {
            let reason = if failure.what == VERIFICATION { "VerificationFailed" } else { "BackupFailed" };
            return (false, reason, format!("at {}: {}", failure.at, failure.message));
        }
        if suspended {
            return (false, "Suspended", "spec.backup.suspend is true; set it to false to go on".to_owned());
        }
        let Some(last) = &self.last else {
            return (false, "NoBackupYet", "no backup has been made yet".to_owned());
        };
        let proof = self.verified.as_ref().map_or_else(
            || "none was proven by a restore yet".to_owned(),
            |verified| {
                format!(
                    "{} of {} was proven by a restore in {} s",
                    verified.id, verified.taken_at, verified.recovery_seconds
                )
            },
        );
        (true, "Available", format!("the last backup is {} of {}; {proof}", last.id, last.taken_at))
    }
}

/// Looks for Jobs that ended since what the status knows.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn look(
    client: &Client,
    installation: &Installation,
    object: &ResumeMatcher,
) -> Result<Vec<Ended>, kube::Error> {
    if installation.backup.is_none() {
        return Ok(vec![]);
    }
    let until = Known::of(object).until();
    let api: Api<Job> = Api::namespaced(client.clone(), &installation.namespace);
    let selector = format!(
        "{MANAGED_BY_LABEL}={MANAGED_BY},{INSTANCE_LABEL}={},{BACKUP_TASK} in (backup,verify)",
        installation.name
    );
    let jobs = api.list(&ListParams::default().labels(&selector)).await?;
    let mut ended = Vec::new();
    for job in &jobs.items {
        let Some(at) = worker_job::ended_at(job).filter(|at| until.is_none_or(|until| *at >= until)) else {
            continue;
        };
        let outcome = match worker_job::look_into(client, &installation.namespace, job).await? {
            JobSeen::Succeeded { report: Some(report), .. } => Ok(report),
            JobSeen::Failed { message, .. } => Err(message),
            // What it said is gone with its pod.
            JobSeen::Succeeded { report: None, .. } | JobSeen::Running { .. } | JobSeen::Absent => continue,
        };
        let is_proof = job.labels().get(BACKUP_TASK).map(String::as_str) == Some("verify");
        ended.push(Ended { is_proof, at, outcome });
    }
    Ok(ended)
}

/// Says in the status what is known. What is known stays when backups are no longer configured: they are still there.
pub fn report(
    status: &mut ResumeMatcherStatus,
    object: &ResumeMatcher,
    installation: &Installation,
    ended: Vec<Ended>,
    now: Timestamp,
) {
    let known = Known::of(object).with(ended);
    match &installation.backup {
        Some(backup) => {
            let (is_well, reason, message) = known.verdict(backup.suspend);
            tell(status, object, (HEALTHY, is_well), (reason, &message), now);
        }
        None => drop_condition(status, HEALTHY),
    }
    status.last_backup = known.last;
    status.last_verified_backup = known.verified;
    status.last_backup_failure = known.failure.filter(|_| installation.backup.is_some());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn made(second: i64) -> Ended {
        let report = BackupReport {
            id: format!("id-{second}"),
            taken_at: at(second).to_string(),
            database_sha256: String::new(),
            database_bytes: 1,
            rows: 1,
            objects: 1,
            object_bytes: 1,
            copied_bytes: 1,
            missing: 0,
            duration_ms: 1,
        };
        Ended { is_proof: false, at: at(second + 5), outcome: Ok(Report::Backup(report)) }
    }

    fn proven(second: i64) -> Ended {
        let report = VerificationReport {
            id: "id-0".to_owned(),
            taken_at: at(0).to_string(),
            verified_at: at(second).to_string(),
            recovery_ms: Some(2500),
        };
        Ended { is_proof: true, at: at(second), outcome: Ok(Report::Verification(report)) }
    }

    fn failed(is_proof: bool, second: i64) -> Ended {
        Ended { is_proof, at: at(second), outcome: Err("Job people/x failed".to_owned()) }
    }

    #[test]
    fn without_a_backup_nothing_is_well() {
        assert_eq!(Known::default().verdict(false).1, "NoBackupYet");
    }

    #[test]
    fn a_backup_and_its_proof_are_told_with_the_recovery_time() {
        let known = Known::default().with(vec![proven(60), made(0)]);
        let (is_well, reason, message) = known.verdict(false);
        assert!(is_well && reason == "Available", "{reason}");
        assert!(message.contains("id-0") && message.contains("in 3 s"), "{message}");
        assert!(!known.verdict(true).0, "while suspended, backups age");
    }

    #[test]
    fn a_failure_is_told_until_one_of_its_kind_succeeds() {
        let known = Known::default().with(vec![made(0), failed(false, 100)]);
        assert_eq!(known.verdict(false).1, "BackupFailed");
        let known = known.with(vec![proven(150)]);
        assert_eq!(known.verdict(false).1, "BackupFailed", "a proof of an older backup is no newer backup");
        assert_eq!(known.with(vec![made(200)]).verdict(false).1, "Available");
        let known = Known::default().with(vec![made(0), failed(true, 100)]);
        assert_eq!(known.clone().verdict(false).1, "VerificationFailed");
        assert_eq!(known.clone().with(vec![made(200)]).verdict(false).1, "VerificationFailed");
        assert_eq!(known.with(vec![proven(300)]).verdict(false).1, "Available");
    }

    #[test]
    fn the_same_jobs_seen_again_change_nothing() {
        let jobs = || vec![made(0), failed(false, 100), made(200), proven(300), failed(true, 20)];
        let once = Known::default().with(jobs());
        assert_eq!(once.clone().with(jobs()), once);
        assert_eq!(once.verdict(false).1, "Available");
        assert_eq!(once.until(), Some(at(300)));
    }
}
