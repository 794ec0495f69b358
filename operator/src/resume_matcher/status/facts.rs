//! What each condition says.

use super::Passed;
use super::conditions::{Conditions, Fact};
use crate::crd::Step;
use crate::names::Component;
use crate::release::{Flow, JobState, Rejection, Tier, Tiers};
use crate::resume_matcher::build::Task;
use crate::resume_matcher::model::Scale;

/// How the installation stands to what is asked for.
pub(super) enum Standing<'a> {
    /// What is asked for serves.
    Released,
    /// It serves, and its pods are being replaced or put back.
    Rolling,
    /// It is on its way.
    Releasing,
    /// It serves, and what it replaced is being cleared away.
    Clearing,
    /// The first version is on its way.
    Installing {
        /// Whether only a change helps.
        stuck: bool,
    },
    /// It was given up.
    Rejected(&'a Rejection),
    /// All pods are stopped, or are being stopped.
    Asleep,
}

impl<'a> Standing<'a> {
    pub(super) fn of(passed: &Passed<'a>, rolling: bool) -> Self {
        let record = passed.record;
        if passed.asleep {
            return Self::Asleep;
        }
        if matches!(record.flow, Flow::Install { .. }) {
            let failed = matches!(passed.observed.migration, Some(JobState::Failed { permanent: true, .. }));
            return Self::Installing { stuck: record.step == Step::Install && failed };
        }
        let serves = record.active.as_ref().is_some_and(|active| active.id == passed.target.id);
        if !serves {
            return match record.rejects(&passed.target.id) {
                Some(rejection) => Self::Rejected(rejection),
                None => Self::Releasing,
            };
        }
        match record.step {
            Step::Done | Step::Window if rolling => Self::Rolling,
            Step::Done | Step::Window => Self::Released,
            Step::Drain | Step::Contract => Self::Clearing,
            _ => Self::Releasing,
        }
    }

    pub(super) const fn is_moving(&self) -> bool {
        !matches!(self, Self::Released | Self::Rejected(_) | Self::Asleep)
    }

    pub(super) const fn is_stuck(&self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Installing { stuck: true })
    }
}

pub(super) fn schema_fact(passed: &Passed<'_>) -> Fact {
    let record = passed.record;
    if record.migrated.as_ref() == Some(&passed.target.migration) {
        return Fact::yes("UpToDate", "the schema is that of the release");
    }
    if let Some(rejection) = record.rejects(&passed.target.id) {
        let reason = if rejection.step == Step::Migrate { "MigrationFailed" } else { "ReleaseGivenUp" };
        return Fact::no(reason, &rejection.message);
    }
    if !matches!(record.step, Step::Install | Step::Migrate) {
        return Fact::no("WaitingForRelease", "the migration runs once the new version has started");
    }
    if passed.observed.migration.is_none() && passed.observed.data_problem().is_some() {
        return Fact::no("WaitingForDataServices", "the migration starts once they answer");
    }
    let name = passed.keys.name(passed.installation, Task::Expand);
    let object = format!("Job {}/{name}", passed.installation.namespace);
    match &passed.observed.migration {
        Some(JobState::Failed { permanent: true, message, .. }) => Fact::no(
            "MigrationFailed",
            &format!(
                "{message}; it failed because of its configuration: mend that, or delete the Job to try again"
            ),
        ),
        Some(JobState::Failed { message, .. }) => {
            Fact::no("MigrationFailed", &format!("{message}; it is tried again"))
        }
        Some(JobState::Running { problem: Some(problem) }) => {
            Fact::no("Migrating", &format!("{object} runs: {problem}"))
        }
        _ => Fact::no("Migrating", &format!("{object} runs")),
    }
}

pub(super) fn tier_fact(passed: &Passed<'_>, component: Component, tier: &Tier) -> Fact {
    let record = passed.record;
    let slot = record.active.as_ref().or(record.flow.candidate().map(|candidate| &candidate.slot));
    let name = slot.map(|slot| passed.installation.name.coloured(component, slot.colour)).unwrap_or_default();
    let object = format!("Deployment {}/{name}", passed.installation.namespace);
    if tier.id.is_none() {
        return if record.step == Step::Install {
            Fact::no("WaitingForSchema", &format!("{object} is created once the schema is migrated"))
        } else {
            Fact::no("Creating", &format!("{object} is being created"))
        };
    }
    let counts = format!("{} of {} pods are ready", tier.ready, tier.wanted);
    if tier.ready >= tier.wanted {
        let reason = if tier.wanted == 0 { "ScaledToZero" } else { "Available" };
        return Fact::yes(reason, &format!("{object}: {counts}"));
    }
    if component == Component::Worker && passed.grows(tier) {
        return Fact::yes("Growing", &format!("{object}: {counts}; the queue asks for them"));
    }
    let why = tier.problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default();
    // Some pods still serve: the part works, if not at its full size.
    let reason = if tier.ready > 0 { "Degraded" } else { "NotReady" };
    let fact = Fact::no(reason, &format!("{object}: {counts}{why}"));
    if tier.ready > 0 { Fact { status: true, ..fact } } else { fact }
}

/// Whether the workers follow the queue; none: nobody asks them to.
pub(super) fn scaling_fact(passed: &Passed<'_>) -> Option<Fact> {
    let auto = passed.installation.worker.scale.auto()?;
    Some(match &passed.following.hindrance {
        Some(hindrance) => Fact::no(hindrance.reason, &hindrance.message),
        None => Fact::yes(
            "FollowsQueue",
            &format!("one pod for {} tasks, {} to {} pods", auto.jobs_per_worker, auto.min, auto.max),
        ),
    })
}

/// Whether the API follows its requests; none: nobody asks it to.
pub(super) fn api_scaling_fact(passed: &Passed<'_>) -> Option<Fact> {
    let Scale::Auto { min, max, cpu, requests } = passed.installation.api.scale else { return None };
    let requests = requests?;
    Some(match &passed.following.api_hindrance {
        Some(hindrance) => Fact::no(hindrance.reason, &hindrance.message),
        None => Fact::yes(
            "FollowsRequests",
            &format!("one pod for {requests} requests a second or {cpu} % CPU, {min} to {max} pods"),
        ),
    })
}

/// Ready means: what the spec asks for is there and serves. While a release is on its way the parts stay ready and the
/// whole is not yet.
pub(super) fn ready_fact(
    conditions: &Conditions<'_>,
    passed: &Passed<'_>,
    standing: &Standing<'_>,
    tiers: &Tiers,
) -> Fact {
    if matches!(standing, Standing::Asleep) {
        return Fact::no("Hibernated", "spec.hibernate is true: its pods are stopped, its data are kept");
    }
    let mut needed = vec!["DatabaseReady", "CacheReady", "StorageReady"];
    if passed.record.step == Step::Install {
        needed.push("SchemaUpToDate");
    }
    needed.extend(["APIReady", "WorkerReady"]);
    if let Some(missing) =
        needed.into_iter().find_map(|name| conditions.fact(name).filter(|fact| !fact.status))
    {
        return missing;
    }
    match standing {
        Standing::Rejected(rejection) => Fact::no(&rejection.reason, &told(passed, rejection)),
        Standing::Releasing => {
            let waits = passed.waiting_for.map(|what| format!(": {what}")).unwrap_or_default();
            Fact::no("Releasing", &format!("step {}{waits}", passed.record.step.as_str()))
        }
        Standing::Rolling | Standing::Installing { .. } => {
            let problem = [&tiers.api, &tiers.worker].into_iter().find_map(|tier| tier.problem.clone());
            Fact::no("RollingOut", &problem.unwrap_or_else(|| "pods are being replaced".to_owned()))
        }
        Standing::Released | Standing::Clearing | Standing::Asleep => {
            Fact::yes("Available", &format!("serves at {}", passed.installation.url()))
        }
    }
}

/// A release that was given up, in a sentence.
fn told(passed: &Passed<'_>, rejection: &Rejection) -> String {
    let serves = passed.record.active.as_ref().map(|active| active.version.as_str()).unwrap_or_default();
    format!(
        "release {} (version {}) was given up in step {}: {}; version {serves} serves. Change the spec, or run `kubectl \
         resumematcher retry`",
        rejection.number,
        rejection.version,
        rejection.step.as_str(),
        rejection.message,
    )
}

pub(super) fn reconciling_fact(
    passed: &Passed<'_>,
    standing: &Standing<'_>,
    moving: bool,
    ready: &Fact,
) -> Fact {
    if passed.plan.is_some() {
        return Fact::no("DryRun", "spec.dryRun is true: status.plan says what would change");
    }
    if passed.applied.is_none() {
        return Fact::no("Suspended", "spec.suspend is true; set it to false to go on");
    }
    match standing {
        Standing::Asleep if moving || passed.observed.application_runs() => {
            Fact::yes("Hibernating", "the pods finish their work and stop")
        }
        Standing::Asleep => Fact::no("Hibernated", "everything is stopped"),
        Standing::Rejected(rejection) => Fact::no(&rejection.reason, "waits for a change"),
        Standing::Installing { stuck: true } => Fact::no("MigrationFailed", "waits for a change"),
        Standing::Installing { .. } if passed.record.step == Step::Install => {
            let schema = schema_fact(passed);
            match schema.reason.as_str() {
                "Migrating" | "MigrationFailed" => Fact::yes(&schema.reason, &schema.message),
                _ => Fact::yes("WaitingForDataServices", &ready.message),
            }
        }
        Standing::Clearing => {
            let step = passed.record.step.as_str();
            let waits = passed.waiting_for.map(|what| format!(": {what}")).unwrap_or_default();
            Fact::yes(step, &format!("step {step}{waits}"))
        }
        _ if !ready.status => Fact::yes(&ready.reason, &ready.message),
        _ if moving => Fact::yes("Repairing", "objects are being put back"),
        _ => Fact::no("UpToDate", "everything is as the spec asks"),
    }
}

/// Serves, but not as it should.
pub(super) fn degraded_fact(passed: &Passed<'_>, standing: &Standing<'_>, tiers: &Tiers) -> Fact {
    if let Standing::Rejected(rejection) = standing {
        return Fact::yes(&rejection.reason, &rejection.message);
    }
    if matches!(standing, Standing::Asleep) {
        return Fact::no("Hibernated", "");
    }
    let following = passed.following;
    let hindrance = following.hindrance.as_ref().or(following.api_hindrance.as_ref());
    let hindrance = hindrance.filter(|_| passed.applied.is_some());
    if let Some(hindrance) = hindrance {
        return Fact::yes(hindrance.reason, &hindrance.message);
    }
    for (name, tier) in [("API", &tiers.api), ("worker", &tiers.worker)] {
        let grows = name == "worker" && passed.grows(tier);
        if tier.id.is_some() && tier.ready < tier.wanted && !grows {
            let why = tier.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            let message = format!("{} of {} {name} pods are ready{why}", tier.ready, tier.wanted);
            return Fact::yes("PodsMissing", &message);
        }
    }
    Fact::no("AsWanted", "")
}
