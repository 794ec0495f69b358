//! From the first pod of a version to the moment before all requests go to it.

use super::decide::{Case, Decision, JobProgress};
use super::record::{Candidate, Flow, Slot};
use super::world::{Analysis, Plan};
use crate::crd::{Promotion, Step};

/// The first version. There is nothing to fall back to, so nothing is given up: every failure is tried again.
pub(super) fn install(case: &Case<'_>, candidate: &Candidate) -> Decision {
    let Case { target, record, world, now, .. } = case;
    if candidate.slot.id != target.id {
        let mut record = (*record).clone();
        record.counter = record.counter.saturating_add(1);
        let slot = target.slot(candidate.slot.colour, record.counter);
        let (api_pods, worker_pods) = (target.api_pods, target.worker_pods);
        let candidate = Candidate { slot, api_pods, worker_pods, rollback: false };
        // A schema that was migrated for the version before may not be the new one's.
        return Decision::go(record.into_flow(Flow::Install { candidate }, Step::Install, *now));
    }
    if record.step == Step::Install {
        if is_migrated(case) {
            return Decision::go((*record).clone().at(Step::Start, *now));
        }
        return match migrate(case) {
            Migration::Done(decision) | Migration::Waits(decision) => decision,
            // Waits for a change, or for the Job to be deleted.
            Migration::Failed(message) => Decision { look_again: None, ..Decision::wait(record, message) },
        };
    }
    let tiers = world.tiers(candidate.slot.colour);
    if tiers.api.serves(&candidate.slot.id, target.api_pods.min(1))
        && tiers.worker.serves(&candidate.slot.id, target.worker_pods.min(1))
    {
        let mut record = (*record).clone().told(&candidate.slot, "Released", *now);
        record.active = Some(candidate.slot.clone());
        return Decision::go(record.into_flow(Flow::Settled, Step::Done, *now));
    }
    Decision::wait(record, pods_missing(case, candidate, true))
}

/// Green on its way.
pub(super) fn rise(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Decision {
    let Case { target, record, orders, .. } = case;
    if orders.abort == Some(candidate.slot.number) {
        return give_up(case, candidate, "Aborted", "a person gave it up");
    }
    // A version that is brought back is brought back first, whatever is asked for meanwhile.
    if !candidate.rollback && candidate.slot.id != target.id {
        return supersede(case, candidate);
    }
    if orders.pause {
        return Decision::wait(record, "the release is paused");
    }
    if let Some(grown) = follow_growth(case, active, candidate) {
        return grown;
    }
    match record.step {
        Step::Plan => plan(case, candidate),
        Step::Preview => preview(case, active, candidate),
        Step::Migrate => migrate_candidate(case, candidate, Step::Warm),
        Step::Warm => warm(case, candidate),
        Step::Analyse => analyse(case, active, candidate),
        _ => promote(case, active, candidate),
    }
}

/// The pods of the version that serves are replaced in place.
pub(super) fn roll(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Decision {
    let Case { target, record, world, orders, now } = case;
    if orders.abort == Some(candidate.slot.number) {
        return give_up(case, candidate, "Aborted", "a person gave it up");
    }
    if !candidate.rollback && candidate.slot.id != target.id {
        return supersede(case, candidate);
    }
    if orders.pause {
        return Decision::wait(record, "the release is paused");
    }
    match record.step {
        Step::Plan => plan(case, candidate),
        Step::Migrate => migrate_candidate(case, candidate, Step::Roll),
        _ => {
            let tiers = world.tiers(candidate.slot.colour);
            let (api, worker) = (target.api_pods.min(1), target.worker_pods.min(1));
            let all = |tier: &super::world::Tier, least: i32| {
                tier.serves(&candidate.slot.id, least) && tier.ready >= tier.wanted
            };
            if all(&tiers.api, api) && all(&tiers.worker, worker) {
                return Decision::go(take_over(case, active, candidate, Step::Window, *now));
            }
            within_deadline(case, candidate, pods_missing(case, candidate, true))
        }
    }
}

/// The record in which the candidate serves and what served before falls.
fn take_over(
    case: &Case<'_>,
    active: &Slot,
    candidate: &Candidate,
    step: Step,
    now: jiff::Timestamp,
) -> super::record::Record {
    let mut record = case.record.clone();
    record.active = Some(candidate.slot.clone());
    // Left by an order, it must not be released again because the spec still asks for it.
    if candidate.rollback && case.target.id == active.id {
        let reason = "a person rolled it back; change the spec, or retry it";
        record.rejected = Some(case.rejection(active, "RolledBack", reason));
    }
    let record = if candidate.rollback { record.told(active, "RolledBack", now) } else { record };
    let step = if candidate.rollback && step == Step::Window { Step::Drain } else { step };
    record.into_flow(Flow::Fall { previous: active.clone(), returned: candidate.rollback }, step, now)
}

fn give_up(case: &Case<'_>, candidate: &Candidate, reason: &str, message: &str) -> Decision {
    case.reject(&candidate.slot, reason, message)
}

fn supersede(case: &Case<'_>, candidate: &Candidate) -> Decision {
    let record = case.record.clone().told(&candidate.slot, "Superseded", case.now);
    // What serves is what is asked for again, or the next release begins from there: in both cases nothing but what
    // serves is left first, so that two candidates never mix in one place.
    Decision::go(record.into_flow(Flow::Settled, Step::Done, case.now))
}

/// Blue may grow while green is on its way; green must not be the smaller one at the switch.
fn follow_growth(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Option<Decision> {
    let live = case.world.tiers(active.colour).api.wanted;
    if live <= candidate.api_pods {
        return None;
    }
    let mut record = case.record.clone();
    record.flow = Flow::Rise { candidate: Candidate { api_pods: live, ..candidate.clone() } };
    Some(Decision::go(record))
}

fn plan(case: &Case<'_>, candidate: &Candidate) -> Decision {
    match &case.world.plan {
        Plan::Unknown { problem } => {
            let what = problem.clone().or_else(|| case.world.data_problem.clone());
            within_deadline(case, candidate, what.unwrap_or_else(|| "the plan Job runs".to_owned()))
        }
        Plan::Failed { message } => give_up(case, candidate, "PlanFailed", message),
        Plan::Known { contracts, pending } => {
            let lacks: Vec<_> =
                case.record.contracted.iter().filter(|number| !contracts.contains(number)).collect();
            if !lacks.is_empty() {
                let message = format!(
                    "the database has the contract migrations {lacks:?}, which version {} does not know: it would not \
                     work on this schema; release a newer version",
                    candidate.slot.version
                );
                return give_up(case, candidate, "SchemaTooNew", &message);
            }
            let slot = Slot { contracts: contracts.clone(), pending: *pending, ..candidate.slot.clone() };
            let candidate = Candidate { slot, ..candidate.clone() };
            let (flow, step) = match &case.record.flow {
                Flow::Roll { .. } => (Flow::Roll { candidate }, Step::Migrate),
                _ => (Flow::Rise { candidate }, Step::Preview),
            };
            Decision::go(case.record.clone().into_flow(flow, step, case.now))
        }
    }
}

fn preview(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Decision {
    let tiers = case.world.tiers(candidate.slot.colour);
    let id = &candidate.slot.id;
    if candidate.rollback {
        if tiers.api.serves(id, candidate.api_pods) && tiers.worker.serves(id, candidate.worker_pods) {
            return Decision::go(take_over(case, active, candidate, Step::Switch, case.now));
        }
        // It is waited for as long as it takes: what serves meanwhile is no worse for it.
        return Decision::wait(case.record, pods_missing(case, candidate, true));
    }
    if tiers.api.serves(id, candidate.api_pods) {
        return Decision::go(case.record.clone().at(Step::Migrate, case.now));
    }
    within_deadline(case, candidate, pods_missing(case, candidate, false))
}

fn migrate_candidate(case: &Case<'_>, candidate: &Candidate, next: Step) -> Decision {
    if is_migrated(case) {
        return Decision::go(case.record.clone().at(next, case.now));
    }
    match migrate(case) {
        Migration::Done(decision) => decision,
        Migration::Failed(message) => give_up(case, candidate, "MigrationFailed", &message),
        Migration::Waits(decision) => {
            if case.rest_of(case.target.settings.progress_deadline).is_some() {
                return decision;
            }
            let message = decision.waiting_for.unwrap_or_default();
            give_up(
                case,
                candidate,
                "MigrationFailed",
                &format!("not within the progress deadline: {message}"),
            )
        }
    }
}

fn is_migrated(case: &Case<'_>) -> bool {
    case.record.migrated.as_ref() == Some(&case.target.migration)
}

enum Migration {
    Done(Decision),
    Waits(Decision),
    Failed(String),
}

fn migrate(case: &Case<'_>) -> Migration {
    match case.job(case.world.migration.as_ref(), "migration") {
        JobProgress::Done => {
            let mut record = case.record.clone();
            record.migrated = Some(case.target.migration.clone());
            Migration::Done(Decision::go(record))
        }
        JobProgress::Waits(what) => Migration::Waits(Decision::wait(case.record, what)),
        JobProgress::Again { message, rest: Some(rest) } => {
            let what = format!("{message}; it is tried again");
            Migration::Waits(Decision::wait_until(case.record, what, rest))
        }
        JobProgress::Again { message, rest: None } => {
            Migration::Waits(Decision { renew_job: true, ..Decision::wait(case.record, message) })
        }
        JobProgress::Stuck(message) => Migration::Failed(message),
    }
}

fn warm(case: &Case<'_>, candidate: &Candidate) -> Decision {
    if is_warm(case, candidate) {
        return Decision::go(case.record.clone().at(Step::Analyse, case.now));
    }
    within_deadline(case, candidate, pods_missing(case, candidate, true))
}

fn is_warm(case: &Case<'_>, candidate: &Candidate) -> bool {
    let tiers = case.world.tiers(candidate.slot.colour);
    let id = &candidate.slot.id;
    tiers.api.serves(id, candidate.api_pods) && tiers.worker.serves(id, candidate.worker_pods)
}

fn analyse(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Decision {
    match &case.world.analysis {
        Analysis::Running { doing } => within_deadline(case, candidate, doing.clone()),
        Analysis::Failed { message } => give_up(case, candidate, "AnalysisFailed", message),
        Analysis::Passed if case.target.settings.promotion == Promotion::Manual => {
            if case.orders.promote == Some(candidate.slot.number) {
                return switch(case, active, candidate);
            }
            Decision::go(case.record.clone().at(Step::Promote, case.now))
        }
        Analysis::Passed => switch(case, active, candidate),
    }
}

fn promote(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Decision {
    if case.orders.promote == Some(candidate.slot.number)
        || case.target.settings.promotion == Promotion::Automatic
    {
        return switch(case, active, candidate);
    }
    let number = candidate.slot.number;
    let what = format!("release {number} passed its analysis and waits for `kubectl resumematcher promote`");
    Decision { look_again: None, ..Decision::wait(case.record, what) }
}

/// All requests go to the candidate, if all its pods are there at this moment.
fn switch(case: &Case<'_>, active: &Slot, candidate: &Candidate) -> Decision {
    if is_warm(case, candidate) {
        return Decision::go(take_over(case, active, candidate, Step::Switch, case.now));
    }
    Decision::wait(case.record, pods_missing(case, candidate, true))
}

fn within_deadline(case: &Case<'_>, candidate: &Candidate, what: String) -> Decision {
    if case.rest_of(case.target.settings.progress_deadline).is_some() {
        return Decision::wait(case.record, what);
    }
    give_up(case, candidate, "DeadlineExceeded", &format!("not within the progress deadline: {what}"))
}

/// What is missing of the candidate's pods.
fn pods_missing(case: &Case<'_>, candidate: &Candidate, workers_too: bool) -> String {
    let tiers = case.world.tiers(candidate.slot.colour);
    let mut parts = vec![("API", &tiers.api, candidate.api_pods)];
    if workers_too {
        parts.push(("worker", &tiers.worker, candidate.worker_pods));
    }
    let told = parts.into_iter().filter(|(_, tier, pods)| tier.ready < *pods || !tier.rolled_out);
    let told: Vec<String> = told
        .map(|(name, tier, pods)| {
            let why = tier.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            let colour = candidate.slot.colour.as_str();
            format!("{} of {pods} {name} pods of {colour} are ready{why}", tier.ready)
        })
        .collect();
    if told.is_empty() { "the Deployments are being changed".to_owned() } else { told.join("; ") }
}
