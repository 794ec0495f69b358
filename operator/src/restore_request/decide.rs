//! What is next for a restore. Pure: no client, no clock.
//!
//! The phase is written down before anything is done about it, and each deed is one that may be done twice, so a restore goes
//! on wherever an operator that died had left it. It fails closed: where data may have been replaced and was not proven
//! whole, the installation is not opened.

use crate::crd::{
    MaintenanceStage, RestorePhase, ResumeMatcher, ResumeMatcherRestoreSpec, ResumeMatcherRestoreStatus, Step,
};
use crate::resume_matcher::build::backup::Task;
use crate::resume_matcher::maintenance::asked_by;
use crate::worker_job::{JobSeen, Report, RestoreReport, seconds};

/// The installation, as far as a restore needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) uid: String,
    /// Why the installation is not at rest.
    pub(super) busy: Option<String>,
    /// Who wants it closed.
    pub(super) asked_by: Option<String>,
    /// For whom it is closed.
    pub(super) closed_for: Option<String>,
    /// Whether it serves.
    pub(super) open: bool,
}

impl Facts {
    pub(super) fn of(object: &ResumeMatcher) -> Self {
        let status = object.status.as_ref();
        let maintenance = status.and_then(|status| status.maintenance.as_ref());
        let closed = maintenance.filter(|maintenance| maintenance.stage == MaintenanceStage::Closed);
        Self {
            uid: object.metadata.uid.clone().unwrap_or_default(),
            busy: busy(object),
            asked_by: asked_by(object).map(str::to_owned),
            closed_for: closed.map(|maintenance| maintenance.by.clone()),
            open: maintenance.is_none(),
        }
    }
}

fn busy(object: &ResumeMatcher) -> Option<String> {
    if object.metadata.deletion_timestamp.is_some() {
        return Some("the ResumeMatcher is being deleted".to_owned());
    }
    if object.spec.suspend {
        return Some("spec.suspend of the ResumeMatcher is true; set it to false".to_owned());
    }
    if object.spec.hibernate || object.spec.dry_run {
        let field = if object.spec.hibernate { "hibernate" } else { "dryRun" };
        return Some(format!("spec.{field} of the ResumeMatcher is true; set it to false"));
    }
    let release = object.status.as_ref().and_then(|status| status.release.as_ref());
    match release {
        Some(release) if release.active.is_some() && matches!(release.step, Step::Done | Step::Window) => {
            None
        }
        Some(release) => Some(format!("waits for the release, which is in step {}", release.step.as_str())),
        None => Some("waits for the installation, which has not begun".to_owned()),
    }
}

/// What is known.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    /// Name and UID of the restore.
    pub(super) me: &'a str,
    pub(super) spec: &'a ResumeMatcherRestoreSpec,
    pub(super) before: &'a ResumeMatcherRestoreStatus,
    /// None: there is no installation of that name.
    pub(super) facts: Option<Facts>,
    /// Why no Job can be made.
    pub(super) problem: Option<String>,
    /// Whether who wants the installation closed is a restore that failed, or is gone.
    pub(super) holder_failed: bool,
    /// A pod of API, worker, backup or proof that still runs.
    pub(super) pod: Option<String>,
    pub(super) job: &'a JobSeen,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Nothing,
    /// Wants the installation closed.
    Close,
    /// Makes the Job.
    Make(Task),
    /// Wants it closed no longer.
    Open,
}

/// What is next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Next {
    /// To be written down first.
    pub(super) status: ResumeMatcherRestoreStatus,
    pub(super) deed: Deed,
}

/// Decides.
pub(super) fn decide(seen: &Seen<'_>) -> Next {
    match seen.before.phase {
        RestorePhase::Completed | RestorePhase::Failed => {
            at(seen, seen.before.phase, seen.before.message.clone())
        }
        phase => match &seen.facts {
            None if phase == RestorePhase::Pending => at(seen, phase, seen.problem.clone()),
            None => {
                at(seen, RestorePhase::Failed, Some("the ResumeMatcher was deleted meanwhile".to_owned()))
            }
            Some(facts) => match phase {
                RestorePhase::Pending => pending(seen, facts),
                RestorePhase::Closing => closing(seen, facts),
                RestorePhase::Restoring => restoring(seen, facts),
                _ => opening(seen, facts),
            },
        },
    }
}

fn at(seen: &Seen<'_>, phase: RestorePhase, message: Option<String>) -> Next {
    let status = ResumeMatcherRestoreStatus { phase, message, ..seen.before.clone() };
    Next { status, deed: Deed::Nothing }
}

fn wait(seen: &Seen<'_>, message: impl Into<String>) -> Next {
    at(seen, seen.before.phase, Some(message.into()))
}

fn pending(seen: &Seen<'_>, facts: &Facts) -> Next {
    if let Some(in_place) = &seen.spec.in_place
        && in_place.target_uid != facts.uid
    {
        let message = format!(
            "spec.inPlace.targetUid is {} and the ResumeMatcher {} has {}: it is not the one that was meant; nothing was changed",
            in_place.target_uid, seen.spec.resume_matcher.name, facts.uid
        );
        return at(seen, RestorePhase::Failed, Some(message));
    }
    if let Some(problem) = &seen.problem {
        return wait(seen, problem);
    }
    let is_taken = facts.asked_by.as_deref().is_some_and(|by| by != seen.me) && !seen.holder_failed;
    if is_taken {
        let by = facts.asked_by.as_deref().unwrap_or_default().split('/').next().unwrap_or_default();
        return wait(seen, format!("waits for ResumeMatcherRestore {by}"));
    }
    match &facts.busy {
        Some(busy) => wait(seen, busy),
        None => at(seen, RestorePhase::Closing, None),
    }
}

fn closing(seen: &Seen<'_>, facts: &Facts) -> Next {
    if facts.asked_by.as_deref() != Some(seen.me) {
        return Next { deed: Deed::Close, ..wait(seen, "the installation is being closed") };
    }
    if facts.closed_for.as_deref() != Some(seen.me) {
        return wait(seen, "the page that tells of the maintenance starts");
    }
    match &seen.pod {
        Some(pod) => wait(seen, format!("waits for pod {pod}, which ends what it has in hand")),
        None => at(seen, RestorePhase::Restoring, None),
    }
}

fn restoring(seen: &Seen<'_>, facts: &Facts) -> Next {
    match seen.job {
        JobSeen::Absent => {
            // Someone opened it by hand: nothing is replaced under a running application.
            if facts.closed_for.as_deref() != Some(seen.me) {
                return at(seen, RestorePhase::Closing, None);
            }
            if let Some(problem) = &seen.problem {
                return wait(seen, problem);
            }
            let task = Task::Restore { id: seen.spec.backup.clone(), in_place: seen.spec.in_place.is_some() };
            Next { deed: Deed::Make(task), ..wait(seen, "the restore begins") }
        }
        JobSeen::Running { problem } => at(seen, RestorePhase::Restoring, problem.clone()),
        JobSeen::Succeeded { report, .. } => {
            let mut next = at(seen, RestorePhase::Opening, None);
            match report {
                Some(Report::Restore(report)) => next.status = restored(next.status, report),
                _ => next.status.backup = Some(seen.spec.backup.clone()),
            }
            next
        }
        JobSeen::Failed { message, may_have_replaced: true, .. } => {
            let message = format!(
                "{message}. The data may have been replaced and is not proven whole, so the installation stays closed. Make \
                 another ResumeMatcherRestore, or delete this one to open the installation as it is"
            );
            at(seen, RestorePhase::Failed, Some(message))
        }
        JobSeen::Failed { message, .. } => {
            let mut next = at(seen, RestorePhase::Opening, None);
            next.status.failure = Some(format!("{message}. Nothing was replaced"));
            next
        }
    }
}

fn restored(status: ResumeMatcherRestoreStatus, report: &RestoreReport) -> ResumeMatcherRestoreStatus {
    ResumeMatcherRestoreStatus {
        backup: Some(report.backup.clone()),
        taken_at: Some(report.taken_at.clone()),
        safety_backup: report.safety_backup.clone(),
        rows: Some(report.rows),
        objects: Some(report.objects),
        recovery_seconds: Some(seconds(report.recovery_ms)),
        ..status
    }
}

fn opening(seen: &Seen<'_>, facts: &Facts) -> Next {
    if facts.asked_by.as_deref() == Some(seen.me) {
        return Next { deed: Deed::Open, ..wait(seen, "the installation is being opened") };
    }
    if !facts.open {
        return wait(seen, "the API starts");
    }
    match &seen.before.failure {
        Some(failure) => at(seen, RestorePhase::Failed, Some(failure.clone())),
        None => at(seen, RestorePhase::Completed, None),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::crd::InPlaceSpec;

    const ME: &str = "restore/uid-of-mine";

    /// A world in which deeds are done at once.
    struct World {
        spec: ResumeMatcherRestoreSpec,
        status: ResumeMatcherRestoreStatus,
        facts: Facts,
        job: JobSeen,
        pod: Option<String>,
        holder_failed: bool,
    }

    impl World {
        fn new() -> Self {
            let facts =
                Facts { uid: "uid".to_owned(), busy: None, asked_by: None, closed_for: None, open: true };
            let spec = ResumeMatcherRestoreSpec { backup: "latest".to_owned(), ..Default::default() };
            let (status, job) = (ResumeMatcherRestoreStatus::default(), JobSeen::Absent);
            Self { spec, status, facts, job, pod: Some("api".to_owned()), holder_failed: false }
        }

        fn next(&self) -> Next {
            decide(&Seen {
                me: ME,
                spec: &self.spec,
                before: &self.status,
                facts: Some(self.facts.clone()),
                problem: None,
                holder_failed: self.holder_failed,
                pod: self.pod.clone(),
                job: &self.job,
            })
        }

        /// Takes steps until one changes nothing; gives the deeds.
        fn settle(&mut self) -> Vec<Deed> {
            let mut deeds = Vec::new();
            for _ in 0..20 {
                let next = self.next();
                let is_still = next.status == self.status && next.deed == Deed::Nothing;
                self.status = next.status;
                match &next.deed {
                    Deed::Close => self.facts.asked_by = Some(ME.to_owned()),
                    Deed::Open => self.facts.asked_by = None,
                    Deed::Make(_) => self.job = JobSeen::Running { problem: None },
                    Deed::Nothing if is_still => return deeds,
                    Deed::Nothing => continue,
                }
                deeds.push(next.deed);
            }
            panic!("does not settle: {:?}", self.status);
        }

        fn close(&mut self) {
            (self.facts.closed_for, self.facts.open, self.pod) = (Some(ME.to_owned()), false, None);
        }
    }

    fn failed(may_have_replaced: bool) -> JobSeen {
        JobSeen::Failed { at: Timestamp::UNIX_EPOCH, message: "why".to_owned(), may_have_replaced }
    }

    #[test]
    fn nothing_is_restored_before_the_installation_is_closed_and_its_pods_have_ended() {
        let mut world = World::new();
        assert_eq!(world.settle(), [Deed::Close]);
        assert_eq!(world.status.phase, RestorePhase::Closing);
        world.facts.closed_for = Some(ME.to_owned());
        assert_eq!(world.settle(), []);
        assert!(world.status.message.as_deref().unwrap().contains("pod api"));
        world.close();
        assert_eq!(world.settle(), [Deed::Make(Task::Restore { id: "latest".to_owned(), in_place: false })]);
        assert_eq!(world.status.phase, RestorePhase::Restoring);
    }

    #[test]
    fn once_restored_the_installation_opens_and_the_recovery_time_is_told() {
        let mut world = World::new();
        world.settle();
        world.close();
        world.settle();
        let report = RestoreReport {
            backup: "id".to_owned(),
            taken_at: "then".to_owned(),
            safety_backup: None,
            rows: 3,
            objects: 2,
            recovery_ms: 2100,
        };
        world.job = JobSeen::Succeeded { at: Timestamp::UNIX_EPOCH, report: Some(Report::Restore(report)) };
        assert_eq!(world.settle(), [Deed::Open]);
        assert_eq!(world.status.phase, RestorePhase::Opening, "until it serves");
        world.facts.open = true;
        world.settle();
        assert_eq!(world.status.phase, RestorePhase::Completed);
        assert_eq!((world.status.recovery_seconds, world.status.backup.as_deref()), (Some(3), Some("id")));
    }

    #[test]
    fn a_failure_before_anything_was_replaced_opens_the_old_data() {
        let mut world = World::new();
        world.settle();
        world.close();
        world.settle();
        world.job = failed(false);
        assert_eq!(world.settle(), [Deed::Open]);
        world.facts.open = true;
        world.settle();
        assert_eq!(world.status.phase, RestorePhase::Failed);
        assert!(world.status.message.unwrap().contains("Nothing was replaced"));
    }

    #[test]
    fn a_failure_after_data_may_have_been_replaced_keeps_it_closed() {
        let mut world = World::new();
        world.settle();
        world.close();
        world.settle();
        world.job = failed(true);
        assert_eq!(world.settle(), []);
        assert_eq!(world.status.phase, RestorePhase::Failed);
        assert_eq!(world.facts.asked_by.as_deref(), Some(ME));
    }

    #[test]
    fn an_installation_that_was_made_anew_is_not_touched() {
        let mut world = World::new();
        world.spec.in_place = Some(InPlaceSpec { target_uid: "another".to_owned() });
        assert_eq!(world.settle(), []);
        assert_eq!(world.status.phase, RestorePhase::Failed);
    }

    #[test]
    fn it_waits_for_another_restore_and_takes_over_from_one_that_failed() {
        let mut world = World::new();
        world.facts.asked_by = Some("other/uid".to_owned());
        assert_eq!(world.settle(), []);
        assert_eq!(world.status.phase, RestorePhase::Pending);
        world.holder_failed = true;
        assert_eq!(world.settle(), [Deed::Close]);
    }

    #[test]
    fn it_waits_while_a_release_is_on_its_way() {
        let mut world = World::new();
        world.facts.busy = Some("waits for the release".to_owned());
        assert_eq!(world.settle(), []);
        assert_eq!(world.status.phase, RestorePhase::Pending);
    }

    #[test]
    fn opened_by_hand_it_is_closed_again_before_anything_is_replaced() {
        let mut world = World::new();
        world.settle();
        world.close();
        world.status = world.next().status;
        assert_eq!(world.status.phase, RestorePhase::Restoring);
        (world.facts.asked_by, world.facts.closed_for) = (None, None);
        assert_eq!(world.settle(), [Deed::Close]);
        assert_eq!(world.status.phase, RestorePhase::Closing);
    }
}
