//! What is next for a backup that was asked for. Pure: no client, no clock.

use crate::crd::{BackupPhase, ResumeMatcherBackupSpec, ResumeMatcherBackupStatus};
use crate::resume_matcher::build::backup::Task;
use crate::worker_job::{BackupReport, JobSeen, Report, seconds};

/// What is known.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    pub(super) spec: &'a ResumeMatcherBackupSpec,
    pub(super) before: &'a ResumeMatcherBackupStatus,
    /// Why no Job can be made.
    pub(super) problem: Option<String>,
    pub(super) backup: &'a JobSeen,
    pub(super) proof: &'a JobSeen,
}

/// What is next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Next {
    /// To be written down first.
    pub(super) status: ResumeMatcherBackupStatus,
    /// The Job to be made then.
    pub(super) make: Option<Task>,
}

/// Decides.
pub(super) fn decide(seen: &Seen<'_>) -> Next {
    // The Job of a backup that is complete may be gone by now.
    if seen.before.id.is_some() {
        return proof(seen, seen.before.clone());
    }
    match seen.backup {
        JobSeen::Absent => match &seen.problem {
            Some(problem) => at(seen, BackupPhase::Pending, Some(problem.clone())),
            None => Next { make: Some(Task::Manual), ..at(seen, BackupPhase::Running, None) },
        },
        JobSeen::Running { problem } => at(seen, BackupPhase::Running, problem.clone()),
        JobSeen::Failed { message, .. } => at(seen, BackupPhase::Failed, Some(message.clone())),
        JobSeen::Succeeded { report: Some(Report::Backup(report)), .. } => {
            proof(seen, made(seen.before.clone(), report))
        }
        JobSeen::Succeeded { .. } if seen.spec.verify => {
            let message = "the backup was made, but its pod is gone and with it the id: it cannot be proven";
            at(seen, BackupPhase::Failed, Some(message.to_owned()))
        }
        JobSeen::Succeeded { .. } => {
            let message = "the backup was made, but its pod is gone and with it the id; it is in the bucket";
            at(seen, BackupPhase::Completed, Some(message.to_owned()))
        }
    }
}

fn at(seen: &Seen<'_>, phase: BackupPhase, message: Option<String>) -> Next {
    Next { status: ResumeMatcherBackupStatus { phase, message, ..seen.before.clone() }, make: None }
}

fn made(before: ResumeMatcherBackupStatus, report: &BackupReport) -> ResumeMatcherBackupStatus {
    ResumeMatcherBackupStatus {
        id: Some(report.id.clone()),
        taken_at: Some(report.taken_at.clone()),
        sha256: Some(report.database_sha256.clone()),
        database_bytes: Some(report.database_bytes),
        rows: Some(report.rows),
        objects: Some(report.objects),
        object_bytes: Some(report.object_bytes),
        copied_bytes: Some(report.copied_bytes),
        missing_objects: Some(report.missing),
        duration_milliseconds: Some(report.duration_ms),
        ..before
    }
}

/// The backup is made; is it to be proven?
fn proof(seen: &Seen<'_>, made: ResumeMatcherBackupStatus) -> Next {
    let with = |phase, message: Option<String>| Next {
        status: ResumeMatcherBackupStatus { phase, message, ..made.clone() },
        make: None,
    };
    if !seen.spec.verify {
        return with(BackupPhase::Completed, None);
    }
    match seen.proof {
        JobSeen::Absent => match &seen.problem {
            Some(problem) => with(BackupPhase::Verifying, Some(problem.clone())),
            None => Next { make: Some(Task::Verify(made.id.clone())), ..with(BackupPhase::Verifying, None) },
        },
        JobSeen::Running { problem } => with(BackupPhase::Verifying, problem.clone()),
        JobSeen::Failed { message, .. } => {
            with(BackupPhase::Failed, Some(format!("the backup was made and could not be proven: {message}")))
        }
        JobSeen::Succeeded { at, report } => {
            let mut next = with(BackupPhase::Completed, None);
            next.status.verified_at = Some(at.to_string());
            if let Some(Report::Verification(report)) = report {
                next.status.recovery_seconds = report.recovery_ms.map(seconds);
            }
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::worker_job::VerificationReport;

    fn report() -> BackupReport {
        BackupReport {
            id: "id".to_owned(),
            taken_at: "2026-11-23T12:00:00Z".to_owned(),
            database_sha256: "ab".to_owned(),
            database_bytes: 1,
            rows: 2,
            objects: 3,
            object_bytes: 4,
            copied_bytes: 5,
            missing: 0,
            duration_ms: 6,
        }
    }

    fn succeeded(report: Option<Report>) -> JobSeen {
        JobSeen::Succeeded { at: Timestamp::UNIX_EPOCH, report }
    }

    fn failed() -> JobSeen {
        JobSeen::Failed { at: Timestamp::UNIX_EPOCH, message: "why".to_owned(), may_have_replaced: false }
    }

    fn next(verify: bool, before: &ResumeMatcherBackupStatus, backup: &JobSeen, proof: &JobSeen) -> Next {
        let spec = ResumeMatcherBackupSpec { verify, ..ResumeMatcherBackupSpec::default() };
        decide(&Seen { spec: &spec, before, problem: None, backup, proof })
    }

    #[test]
    fn it_goes_from_pending_through_its_jobs_to_completed() {
        let none = ResumeMatcherBackupStatus::default();
        let first = next(true, &none, &JobSeen::Absent, &JobSeen::Absent);
        assert_eq!((first.status.phase, first.make), (BackupPhase::Running, Some(Task::Manual)));
        let made = next(true, &first.status, &succeeded(Some(Report::Backup(report()))), &JobSeen::Absent);
        assert_eq!(made.status.phase, BackupPhase::Verifying);
        assert_eq!(made.make, Some(Task::Verify(Some("id".to_owned()))));
        let proof = VerificationReport {
            id: "id".to_owned(),
            taken_at: String::new(),
            verified_at: String::new(),
            recovery_ms: Some(1500),
        };
        // The first Job is gone by now.
        let proven =
            next(true, &made.status, &JobSeen::Absent, &succeeded(Some(Report::Verification(proof))));
        assert_eq!((proven.status.phase, proven.make), (BackupPhase::Completed, None));
        assert_eq!((proven.status.recovery_seconds, proven.status.rows), (Some(2), Some(2)));
    }

    #[test]
    fn without_a_proof_it_is_complete_at_once() {
        let none = ResumeMatcherBackupStatus::default();
        let made = next(false, &none, &succeeded(Some(Report::Backup(report()))), &JobSeen::Absent);
        assert_eq!((made.status.phase, made.make), (BackupPhase::Completed, None));
    }

    #[test]
    fn a_failure_of_either_job_is_told() {
        let none = ResumeMatcherBackupStatus::default();
        let of_backup = next(true, &none, &failed(), &JobSeen::Absent);
        assert_eq!(
            (of_backup.status.phase, of_backup.status.message.as_deref()),
            (BackupPhase::Failed, Some("why"))
        );
        let of_proof = next(true, &none, &succeeded(Some(Report::Backup(report()))), &failed());
        assert_eq!(of_proof.status.phase, BackupPhase::Failed);
        assert_eq!(of_proof.status.id.as_deref(), Some("id"), "the backup is there");
    }

    #[test]
    fn it_waits_while_the_installation_is_not_fit() {
        let (spec, before) = (ResumeMatcherBackupSpec::default(), ResumeMatcherBackupStatus::default());
        let problem = Some("spec.backup is not set".to_owned());
        let absent = &JobSeen::Absent;
        let next = decide(&Seen { spec: &spec, before: &before, problem, backup: absent, proof: absent });
        assert_eq!((next.status.phase, next.make), (BackupPhase::Pending, None));
        assert!(next.status.message.unwrap().contains("spec.backup"));
    }
}
