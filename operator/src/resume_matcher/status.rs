//! What people read back. The computation is pure; writing it uses the client, and happens only when it changed.

mod conditions;
mod facts;
mod write;

use jiff::Timestamp;

use self::conditions::{Conditions, Fact};
use self::facts::{
    Standing, api_scaling_fact, degraded_fact, ready_fact, reconciling_fact, scaling_fact, schema_fact,
    tier_fact,
};
use super::apply::Applied;
use super::build::JobKeys;
use super::follow::Following;
use super::model::Installation;
use super::observe::{Observed, PartState};
use crate::children::Kind;
use crate::crd::{PlanStatus, ResumeMatcher, ResumeMatcherStatus, TierStatus};
use crate::names::{Component, colour_selector, selector_labels, selector_string};
use crate::release::{Record, Target, Tier, Tiers, to_status};

pub use self::write::{announce, write_ahead, write_status};

/// What one pass over an installation found and did.
pub struct Passed<'a> {
    /// The validated installation.
    pub installation: &'a Installation,
    /// What was seen before anything was written.
    pub observed: &'a Observed,
    /// What is asked for.
    pub target: &'a Target,
    /// What was decided.
    pub record: &'a Record,
    /// What the step waits for.
    pub waiting_for: Option<&'a str>,
    /// Keys of the Jobs.
    pub keys: &'a JobKeys,
    /// What was written; none: the installation is suspended.
    pub applied: Option<&'a Applied>,
    /// Whether it hibernates.
    pub asleep: bool,
    /// What the spec would change; none: it is no dry run.
    pub plan: Option<PlanStatus>,
    /// How the number of workers comes about.
    pub following: &'a Following,
}

impl Passed<'_> {
    /// The Deployments that serve, or are the first that will.
    fn tiers(&self) -> Tiers {
        let slot =
            self.record.active.as_ref().or(self.record.flow.candidate().map(|candidate| &candidate.slot));
        slot.map(|slot| self.observed.tiers(slot.colour).clone()).unwrap_or_default()
    }

    /// Whether workers are missing only because the queue has just asked for more, so that nothing is wrong.
    fn grows(&self, worker: &Tier) -> bool {
        let serves = self.record.active.as_ref().is_some_and(|slot| worker.id.as_ref() == Some(&slot.id));
        let auto = self.installation.worker.scale.auto();
        let is_asked = auto.is_some_and(|auto| auto.min == 0 || worker.ready >= auto.min);
        is_asked && serves && worker.problem.is_none() && worker.ready < worker.wanted
    }
}

/// The status after a pass.
#[must_use]
pub fn after_pass(object: &ResumeMatcher, passed: &Passed<'_>, now: Timestamp) -> ResumeMatcherStatus {
    let Passed { installation, observed, record, applied, .. } = passed;
    let tiers = passed.tiers();
    let mut conditions = Conditions::of(object, now);
    for (name, state) in [
        ("DatabaseReady", &observed.database),
        ("CacheReady", &observed.cache),
        ("StorageReady", &observed.storage),
    ] {
        conditions.set(name, data_fact(state, passed.asleep));
    }
    conditions.set("SchemaUpToDate", schema_fact(passed));
    conditions.set("APIReady", tier_fact(passed, Component::Api, &tiers.api));
    conditions.set("WorkerReady", tier_fact(passed, Component::Worker, &tiers.worker));
    for (name, fact) in [("WorkerScaling", scaling_fact(passed)), ("APIScaling", api_scaling_fact(passed))] {
        match fact {
            Some(fact) => conditions.set(name, fact),
            None => conditions.remove(name),
        }
    }
    let written = |kind| applied.is_some_and(|applied| applied.changed(kind));
    let exists = tiers.api.id.is_some() && tiers.worker.id.is_some();
    let workers_done = tiers.worker.rolled_out || passed.grows(&tiers.worker);
    let rolling = written(Kind::Deployment) || (exists && !(tiers.api.rolled_out && workers_done));
    let standing = Standing::of(passed, rolling);
    let ready = ready_fact(&conditions, passed, &standing, &tiers);
    let moving = standing.is_moving() || written(Kind::StatefulSet) || written(Kind::Job);
    conditions.set("Reconciling", reconciling_fact(passed, &standing, moving, &ready));
    let stalled = if standing.is_stuck() {
        Fact::yes(&ready.reason, &ready.message)
    } else {
        Fact::no("Progresses", "")
    };
    conditions.set("Stalled", stalled);
    conditions.set("Degraded", degraded_fact(passed, &standing, &tiers));
    conditions.set("Ready", ready);
    let (release, schema) = to_status(record, passed.waiting_for.map(str::to_owned));
    ResumeMatcherStatus {
        observed_generation: object.metadata.generation,
        conditions: conditions.finish(),
        url: Some(installation.url()),
        release: Some(release),
        schema,
        api: Some(tier_status(passed, Component::Api, &tiers.api)),
        worker: Some(TierStatus {
            scaled_by: passed.following.scaled_by,
            ..tier_status(passed, Component::Worker, &tiers.worker)
        }),
        plan: passed.plan.clone(),
        ..ResumeMatcherStatus::default()
    }
}

/// Sets one condition of a status that is worked out already.
pub(in crate::resume_matcher) fn tell(
    status: &mut ResumeMatcherStatus,
    object: &ResumeMatcher,
    (name, is_true): (&str, bool),
    (reason, message): (&str, &str),
    now: Timestamp,
) {
    let mut conditions = Conditions::of(object, now);
    conditions.set(name, Fact { status: is_true, ..Fact::yes(reason, message) });
    let told = conditions.finish().into_iter().find(|condition| condition.type_ == name);
    drop_condition(status, name);
    status.conditions.extend(told);
    status.conditions.sort_by(|one, other| one.type_.cmp(&other.type_));
}

/// Removes a condition that says nothing any more.
pub(in crate::resume_matcher) fn drop_condition(status: &mut ResumeMatcherStatus, name: &str) {
    status.conditions.retain(|condition| condition.type_ != name);
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

fn data_fact(state: &PartState, asleep: bool) -> Fact {
    match state {
        PartState::Ready { .. } | PartState::NotReady { .. } if asleep => {
            Fact::no("Hibernated", "its pod is stopped, its volume is kept")
        }
        PartState::External { secret } => Fact::yes("External", &format!("configured by Secret {secret}")),
        PartState::Ready { object } => Fact::yes("Available", &format!("{object} is ready")),
        PartState::NotReady { message } => Fact::no("NotReady", message),
    }
}

fn tier_status(passed: &Passed<'_>, component: Component, tier: &Tier) -> TierStatus {
    let name = &passed.installation.name;
    let selector = passed.record.active.as_ref().map_or_else(
        || selector_labels(name, component),
        |active| colour_selector(name, component, active.colour),
    );
    TierStatus {
        replicas: tier.replicas,
        ready_replicas: tier.ready,
        summary: format!("{}/{}", tier.ready, tier.wanted),
        selector: selector_string(&selector),
        scaled_by: None,
    }
}

#[cfg(test)]
mod tests;
