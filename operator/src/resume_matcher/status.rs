//! What people read back. The computation is pure; writing it uses the client, and happens only when it changed.

mod conditions;
mod write;

use jiff::Timestamp;

use self::conditions::{Conditions, Fact};
use super::apply::Applied;
use super::decide::{Decision, Phase};
use super::model::Installation;
use super::observe::{Observed, PartState, TierState};
use crate::children::Kind;
use crate::crd::{ReleaseStatus, ResumeMatcher, ResumeMatcherStatus, SchemaStatus, TierStatus};
use crate::names::{Component, selector_labels, selector_string};

pub use self::write::{announce, write_status};

/// What one pass over an installation found and did.
pub struct Passed<'a> {
    /// The validated installation.
    pub installation: &'a Installation,
    /// What was seen before anything was written.
    pub observed: &'a Observed,
    /// What was decided.
    pub decision: &'a Decision,
    /// What was written; none: the installation is suspended.
    pub applied: Option<&'a Applied>,
    /// Name of the migration Job.
    pub job: &'a str,
}

/// The status after a pass.
#[must_use]
pub fn after_pass(object: &ResumeMatcher, passed: &Passed<'_>, now: Timestamp) -> ResumeMatcherStatus {
    let Passed { installation, observed, decision, applied, .. } = passed;
    let mut conditions = Conditions::of(object, now);
    conditions.set("DatabaseReady", data_fact(&observed.database));
    conditions.set("CacheReady", data_fact(&observed.cache));
    conditions.set("StorageReady", data_fact(&observed.storage));
    conditions.set("SchemaUpToDate", schema_fact(passed));
    let written = |kind| applied.is_some_and(|applied| applied.changed(kind));
    let api = tier_fact(installation, Component::Api, &observed.api, decision);
    let worker = tier_fact(installation, Component::Worker, &observed.worker, decision);
    conditions.set("APIReady", api);
    conditions.set("WorkerReady", worker);
    let rolling = written(Kind::Deployment)
        || (decision.workloads.is_some() && !(observed.api.rolled_out && observed.worker.rolled_out));
    let ready = ready_fact(&conditions, passed, rolling);
    let moving = rolling || written(Kind::StatefulSet) || written(Kind::Job) || !ready.status;
    let stuck = decision.phase == Phase::MigrationStuck;
    conditions.set("Reconciling", reconciling_fact(passed, moving, &ready));
    conditions.set(
        "Stalled",
        if stuck { Fact::yes(&ready.reason, &ready.message) } else { Fact::no("Progresses", "") },
    );
    conditions.set("Ready", ready);
    let before = object.status.clone().unwrap_or_default();
    let (release, schema) = match applied {
        Some(_) => (
            decision.workloads.as_ref().map(ReleaseStatus::from),
            decision.migrated.clone().map(|migrated| SchemaStatus { migrated }),
        ),
        // Nothing was carried out.
        None => (before.release, before.schema),
    };
    ResumeMatcherStatus {
        observed_generation: object.metadata.generation,
        conditions: conditions.finish(),
        url: Some(installation.url()),
        release,
        schema,
        api: Some(tier_status(installation, Component::Api, &observed.api)),
        worker: Some(tier_status(installation, Component::Worker, &observed.worker)),
    }
}

/// The status of an object that cannot be acted on until it, or a Secret that it names, changes. What is known of the
/// installation that may run already stays.
#[must_use]
pub fn after_refusal(
    object: &ResumeMatcher,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> ResumeMatcherStatus {
    let mut conditions = Conditions::of(object, now);
    conditions.set("Ready", Fact::no(reason, message));
    conditions.set("Reconciling", Fact::no(reason, "waits for a change"));
    conditions.set("Stalled", Fact::yes(reason, message));
    ResumeMatcherStatus {
        observed_generation: object.metadata.generation,
        conditions: conditions.finish(),
        ..object.status.clone().unwrap_or_default()
    }
}

/// The status after a pass that failed and is tried again.
#[must_use]
pub fn after_failure(
    object: &ResumeMatcher,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> ResumeMatcherStatus {
    let mut conditions = Conditions::of(object, now);
    if !conditions.is_true("Ready") {
        conditions.set("Ready", Fact::no(reason, message));
    }
    conditions.set("Reconciling", Fact::yes(reason, message));
    ResumeMatcherStatus { conditions: conditions.finish(), ..object.status.clone().unwrap_or_default() }
}

fn data_fact(state: &PartState) -> Fact {
    match state {
        PartState::External { secret } => Fact::yes("External", &format!("configured by Secret {secret}")),
        PartState::Ready { object } => Fact::yes("Available", &format!("{object} is ready")),
        PartState::NotReady { message } => Fact::no("NotReady", message),
    }
}

fn schema_fact(passed: &Passed<'_>) -> Fact {
    let object = format!("Job {}/{}", passed.installation.namespace, passed.job);
    let message = passed.observed.job.as_ref().and_then(|job| job.message.clone());
    let why = message.map(|message| format!(": {message}")).unwrap_or_default();
    match passed.decision.phase {
        Phase::Released => Fact::yes("UpToDate", "the schema is that of the release"),
        Phase::DataServices => Fact::no("WaitingForDataServices", "the migration starts once they answer"),
        Phase::Migrating => Fact::no("Migrating", &format!("{object} runs{why}")),
        Phase::MigrationRetrying => {
            Fact::no("MigrationFailed", &format!("{object} failed and is tried again{why}"))
        }
        Phase::MigrationStuck => Fact::no(
            "MigrationFailed",
            &format!(
                "{object} failed because of its configuration{why}; mend that, or delete the Job to try again"
            ),
        ),
    }
}

fn tier_fact(
    installation: &Installation,
    component: Component,
    tier: &TierState,
    decision: &Decision,
) -> Fact {
    let object = format!("Deployment {}/{}", installation.namespace, installation.name.component(component));
    if !tier.exists {
        return match &decision.workloads {
            Some(_) => Fact::no("Creating", &format!("{object} is being created")),
            None => Fact::no("WaitingForSchema", &format!("{object} is created once the schema is migrated")),
        };
    }
    let counts = format!("{} of {} pods are ready", tier.ready, tier.wanted);
    if tier.ready >= tier.wanted {
        let reason = if tier.wanted == 0 { "ScaledToZero" } else { "Available" };
        return Fact::yes(reason, &format!("{object}: {counts}"));
    }
    let why = tier.problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default();
    // Some pods still serve: the part works, if not at its full size.
    let reason = if tier.ready > 0 { "Degraded" } else { "NotReady" };
    let fact = Fact::no(reason, &format!("{object}: {counts}{why}"));
    if tier.ready > 0 { Fact { status: true, ..fact } } else { fact }
}

/// Ready means: what the spec asks for is there and serves. While a release rolls out the parts stay ready and
/// the whole is not yet.
fn ready_fact(conditions: &Conditions<'_>, passed: &Passed<'_>, rolling: bool) -> Fact {
    let failed = matches!(passed.decision.phase, Phase::MigrationRetrying | Phase::MigrationStuck);
    let mut needed = vec!["DatabaseReady", "CacheReady", "StorageReady"];
    if failed || passed.decision.workloads.is_none() {
        needed.push("SchemaUpToDate");
    }
    needed.extend(["APIReady", "WorkerReady"]);
    match needed.into_iter().find_map(|name| conditions.fact(name).filter(|fact| !fact.status)) {
        Some(missing) => missing,
        None if rolling => {
            let tiers = [&passed.observed.api, &passed.observed.worker];
            let problem = tiers.into_iter().find_map(|tier| tier.problem.clone());
            Fact::no("RollingOut", &problem.unwrap_or_else(|| "pods are being replaced".to_owned()))
        }
        None => Fact::yes("Available", &format!("serves at {}", passed.installation.url())),
    }
}

fn reconciling_fact(passed: &Passed<'_>, moving: bool, ready: &Fact) -> Fact {
    let Some(_) = passed.applied else {
        return Fact::no("Suspended", "spec.suspend is true; set it to false to go on");
    };
    match passed.decision.phase {
        Phase::MigrationStuck => Fact::no("MigrationFailed", "waits for a change"),
        Phase::Released if !moving => Fact::no("UpToDate", "everything is as the spec asks"),
        Phase::Released if ready.status => Fact::yes("Repairing", "objects are being put back"),
        Phase::Released => Fact::yes(&ready.reason, &ready.message),
        Phase::DataServices => Fact::yes("WaitingForDataServices", &ready.message),
        Phase::Migrating | Phase::MigrationRetrying => {
            let schema = schema_fact(passed);
            Fact::yes(&schema.reason, &schema.message)
        }
    }
}

fn tier_status(installation: &Installation, component: Component, tier: &TierState) -> TierStatus {
    TierStatus {
        replicas: tier.replicas,
        ready_replicas: tier.ready,
        summary: format!("{}/{}", tier.ready, tier.wanted),
        selector: selector_string(&selector_labels(&installation.name, component)),
    }
}

#[cfg(test)]
mod tests;
