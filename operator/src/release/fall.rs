//! From the moment in which all requests go to green to the last trace of blue.

use std::time::Duration;

use super::decide::{Case, Decision};
use super::record::{Candidate, Flow, Record, Slot};
use super::world::{Health, World};
use crate::crd::{Colour, Step};

/// Green serves, blue is on its way out.
pub(super) fn fall(case: &Case<'_>, active: &Slot, previous: &Slot, returned: bool) -> Decision {
    let record = case.record;
    if let Some(back) = way_back(case, active, previous, returned) {
        return back;
    }
    // While the new version has not proved itself, nothing else begins.
    if matches!(record.step, Step::Drain | Step::Window) && case.is_news(active) && !case.orders.pause {
        let record = case.record.clone().told(active, "Released", case.now);
        let next = Case { record: &record, ..*case };
        return next.begin(active);
    }
    if case.orders.pause {
        return Decision::wait(record, "the release is paused");
    }
    match record.step {
        Step::Switch => switch(case, active, previous, returned),
        Step::Bake => bake(case),
        Step::Drain => drain(case, active, previous, returned),
        _ => window(case, active, previous),
    }
}

/// Back to blue: by itself while green is watched, or because a person asks for it while it is possible.
fn way_back(case: &Case<'_>, active: &Slot, previous: &Slot, returned: bool) -> Option<Decision> {
    if returned {
        return None;
    }
    let ordered = case.orders.rollback == Some(active.number);
    let asked = case.target.id == previous.id;
    let is_watched = matches!(case.record.step, Step::Switch | Step::Bake);
    let bad = match &case.world.health {
        Health::Bad { message } if is_watched => Some(message.clone()),
        _ => None,
    };
    if !(ordered || asked || bad.is_some()) {
        return None;
    }
    let tiers = case.world.tiers(previous.colour);
    let is_beside = previous.colour != active.colour;
    // The Service may not have been switched yet: then nothing has to move, ready or not.
    let is_there = case.world.service == Some(previous.colour);
    let serves = is_beside && (is_there || tiers.api.serves(&previous.id, 1));
    if is_watched && serves {
        return Some(return_to(case, active, previous, bad, ordered));
    }
    if is_watched && bad.is_some() && !ordered && !asked {
        // The version before is no better off now; moving would only move the failure.
        let what = format!("{}; the version before is not ready either", bad.unwrap_or_default());
        return Some(Decision::wait(case.record, what));
    }
    Some(bring_back(case, active, previous))
}

/// Blue still runs at its full size: one change of the Service.
fn return_to(
    case: &Case<'_>,
    active: &Slot,
    previous: &Slot,
    bad: Option<String>,
    ordered: bool,
) -> Decision {
    let (reason, message) = match bad {
        Some(message) => ("BakeFailed", message),
        None if ordered => ("RolledBack", "a person rolled it back; change the spec, or retry it".to_owned()),
        None => ("RolledBack", "the spec asks for the version before again".to_owned()),
    };
    let mut record = case.record.clone().told(active, reason, case.now);
    record.rejected = Some(case.rejection(active, reason, &message));
    record.active = Some(previous.clone());
    let flow = Flow::Fall { previous: active.clone(), returned: true };
    Decision::go(record.into_flow(flow, Step::Switch, case.now))
}

/// Blue has been scaled down, or has to be rolled in again: it comes back as a release that needs no trial.
fn bring_back(case: &Case<'_>, active: &Slot, previous: &Slot) -> Decision {
    let tiers = case.world.tiers(active.colour);
    let candidate = Candidate {
        slot: previous.clone(),
        api_pods: tiers.api.wanted.max(case.target.api_pods),
        worker_pods: tiers.worker.wanted.max(case.target.worker_pods),
        rollback: true,
    };
    let (flow, step) = if previous.colour == active.colour {
        (Flow::Roll { candidate }, Step::Roll)
    } else {
        (Flow::Rise { candidate }, Step::Preview)
    };
    Decision::go(case.record.clone().into_flow(flow, step, case.now))
}

fn switch(case: &Case<'_>, active: &Slot, previous: &Slot, returned: bool) -> Decision {
    if case.world.service == Some(active.colour) {
        let next = if returned { Step::Drain } else { Step::Bake };
        return Decision::go(case.record.clone().at(next, case.now));
    }
    if hold(case.record, case.world).is_none() {
        return Decision::wait(case.record, "the Service is being switched");
    }
    let lost = format!("version {} has no ready pod any more", active.version);
    match case.rest_of(case.target.settings.progress_deadline) {
        None if !returned => return_to(case, active, previous, Some(lost), false),
        _ => Decision::wait(
            case.record,
            format!("{lost}; the Service stays with version {}", previous.version),
        ),
    }
}

/// The colour that the Service stays with although the record says to switch: between the two, through a death of the
/// operator for instance, the pods that it was to go to have been lost, and those that it selects still serve.
pub(super) fn hold(record: &Record, world: &World) -> Option<Colour> {
    let (Flow::Fall { previous, .. }, Step::Switch, Some(active)) =
        (&record.flow, record.step, &record.active)
    else {
        return None;
    };
    let is_to_go = previous.colour != active.colour && world.service == Some(previous.colour);
    let can_go = world.tiers(active.colour).api.serves(&active.id, 1);
    let serves = world.tiers(previous.colour).api.ready > 0;
    (is_to_go && !can_go && serves).then_some(previous.colour)
}

fn bake(case: &Case<'_>) -> Decision {
    match case.rest_of(case.target.settings.bake) {
        Some(rest) => {
            let what = "the new version is watched for errors";
            Decision::wait_until(case.record, what, rest.min(Duration::from_secs(2)))
        }
        None => Decision::go(case.record.clone().at(Step::Drain, case.now)),
    }
}

fn drain(case: &Case<'_>, active: &Slot, previous: &Slot, returned: bool) -> Decision {
    if let Some(rest) = case.rest_of(case.target.settings.scale_down_delay) {
        return Decision::wait_until(case.record, "the version that was left runs on for a while", rest);
    }
    let tiers = case.world.tiers(previous.colour);
    let left = tiers.api.replicas.saturating_add(tiers.worker.replicas);
    if previous.colour != active.colour && left > 0 {
        return Decision::wait(
            case.record,
            format!("{left} pods of the version that was left finish their work"),
        );
    }
    let record = case.record.clone();
    if returned {
        return Decision::go(record.into_flow(Flow::Settled, Step::Done, case.now));
    }
    Decision::go(record.at(Step::Window, case.now))
}

fn window(case: &Case<'_>, active: &Slot, previous: &Slot) -> Decision {
    if let Some(rest) = case.rest_of(case.target.settings.rollback_window) {
        let what = format!("until then version {} can be brought back", previous.version);
        return Decision { waiting_for: None, ..Decision::wait_until(case.record, what, rest) };
    }
    let record = case.record.clone().told(active, "Released", case.now);
    let mut record = record.into_flow(Flow::Settled, Step::Done, case.now);
    // The window is over: what is left to do to the schema need not wait for another.
    record.since = case.record.since;
    Decision::go(record)
}
