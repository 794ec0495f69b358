//! The record as it stands in the object's status.

use jiff::Timestamp;

use super::record::{Candidate, Flow, Outcome, Record, Rejection, Slot};
use crate::crd::{CandidateStatus, HistoryStatus, RejectionStatus, ReleaseStatus, SchemaStatus, SlotStatus};

/// Reads the record. None: the status has none that could be one, as before the first pass, or after someone edited it.
#[must_use]
pub fn from_status(release: Option<&ReleaseStatus>, schema: Option<&SchemaStatus>) -> Option<Record> {
    let release = release?;
    let active = release.active.as_ref().map(slot_of);
    let candidate = release.candidate.as_ref().map(candidate_of);
    let previous = release.previous.as_ref().map(slot_of);
    let flow = match (active.is_some(), candidate, previous, release.step) {
        (false, Some(candidate), None, _) => Flow::Install { candidate },
        (true, Some(candidate), None, _) => match &active {
            Some(active) if active.colour == candidate.slot.colour => Flow::Roll { candidate },
            _ => Flow::Rise { candidate },
        },
        (true, None, Some(previous), _) => Flow::Fall { previous, returned: release.returned },
        (true, None, None, _) => Flow::Settled,
        _ => return None,
    };
    let since = release.since.as_deref()?.parse().ok()?;
    flow.allows(release.step).then(|| Record {
        active,
        flow,
        step: release.step,
        since,
        rejected: release.rejected.as_ref().and_then(rejection_of),
        history: release.history.iter().filter_map(outcome_of).collect(),
        counter: release.counter,
        migrated: schema.map(|schema| schema.migrated.clone()),
        contracted: schema.map(|schema| schema.contracted.clone()).unwrap_or_default(),
    })
}

/// Writes the record.
#[must_use]
pub fn to_status(record: &Record, waiting_for: Option<String>) -> (ReleaseStatus, Option<SchemaStatus>) {
    let schema = record
        .migrated
        .clone()
        .map(|migrated| SchemaStatus { migrated, contracted: record.contracted.clone() });
    let release = ReleaseStatus {
        active: record.active.as_ref().map(slot_status),
        candidate: record.flow.candidate().map(candidate_status),
        previous: record.flow.previous().map(slot_status),
        step: record.step,
        since: Some(record.since.to_string()),
        waiting_for,
        returned: matches!(record.flow, Flow::Fall { returned: true, .. }),
        rejected: record.rejected.as_ref().map(rejection_status),
        counter: record.counter,
        history: record.history.iter().map(outcome_status).collect(),
    };
    (release, schema)
}

fn slot_of(status: &SlotStatus) -> Slot {
    Slot {
        id: status.id.clone(),
        number: status.number,
        colour: status.colour,
        version: status.version.clone(),
        api_image: status.api_image.clone(),
        worker_image: status.worker_image.clone(),
        contracts: status.contracts.clone(),
        pending: status.pending,
    }
}

fn slot_status(slot: &Slot) -> SlotStatus {
    SlotStatus {
        id: slot.id.clone(),
        number: slot.number,
        colour: slot.colour,
        version: slot.version.clone(),
        api_image: slot.api_image.clone(),
        worker_image: slot.worker_image.clone(),
        contracts: slot.contracts.clone(),
        pending: slot.pending,
    }
}

fn candidate_of(status: &CandidateStatus) -> Candidate {
    Candidate {
        slot: slot_of(&status.slot),
        api_pods: status.api_pods,
        worker_pods: status.worker_pods,
        rollback: status.rollback,
    }
}

fn candidate_status(candidate: &Candidate) -> CandidateStatus {
    CandidateStatus {
        slot: slot_status(&candidate.slot),
        api_pods: candidate.api_pods,
        worker_pods: candidate.worker_pods,
        rollback: candidate.rollback,
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn rejection_of(status: &RejectionStatus) -> Option<Rejection> {
    Some(Rejection {
        id: status.id.clone(),
        number: status.number,
        version: status.version.clone(),
        step: status.step,
        reason: status.reason.clone(),
        message: status.message.clone(),
        at: time(&status.at)?,
    })
}

fn rejection_status(rejection: &Rejection) -> RejectionStatus {
    RejectionStatus {
        id: rejection.id.clone(),
        number: rejection.number,
        version: rejection.version.clone(),
        step: rejection.step,
        reason: rejection.reason.clone(),
        message: rejection.message.chars().take(1000).collect(),
        at: rejection.at.to_string(),
    }
}

fn outcome_of(status: &HistoryStatus) -> Option<Outcome> {
    Some(Outcome {
        id: status.id.clone(),
        number: status.number,
        version: status.version.clone(),
        outcome: status.outcome.clone(),
        at: time(&status.at)?,
    })
}

fn outcome_status(outcome: &Outcome) -> HistoryStatus {
    HistoryStatus {
        id: outcome.id.clone(),
        number: outcome.number,
        version: outcome.version.clone(),
        outcome: outcome.outcome.clone(),
        at: outcome.at.to_string(),
    }
}
