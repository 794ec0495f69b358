//! What is to be there for a record: pure, so that the same record always means the same objects.

use std::time::Duration;

use jiff::Timestamp;

use super::record::{Flow, Record, Slot};
use crate::crd::{Colour, Step};

/// How many pods a Deployment is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// That many.
    Exactly(i32),
    /// What the spec or the autoscaler says.
    Scaled,
    /// As many as it has.
    Kept,
}

/// A version that is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWanted {
    /// It.
    pub slot: Slot,
    /// Its API pods.
    pub api: Pods,
    /// Its worker pods.
    pub worker: Pods,
}

/// The Jobs that are to be there. A Job that is to be there is made when it is absent, and never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jobs {
    /// The one that asks which migrations the candidate brings.
    pub plan: bool,
    /// The one that runs the candidate's expand migrations.
    pub migrate: bool,
    /// The one that runs the contract migrations of the version that serves.
    pub contract: bool,
}

/// What is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The versions that run.
    pub slots: Vec<SlotWanted>,
    /// The colour that the Service selects; none: both, because only one can be there.
    pub service: Option<Colour>,
    /// The colour that the preview Service selects.
    pub preview: Option<Colour>,
    /// The colour that autoscaler and disruption budgets look after.
    pub scaled: Option<Colour>,
    /// Fewest API pods that the autoscaler may leave while a candidate is on its way.
    pub floor: i32,
    /// The Jobs.
    pub jobs: Jobs,
}

/// What is to be there for this record. A hibernating installation keeps its record and has no pods. The Service stays with
/// the colour that it is held at ([`Decision::hold`](super::Decision::hold)).
#[must_use]
pub fn wanted(
    record: &Record,
    hold: Option<Colour>,
    scale_down_delay: Duration,
    hibernate: bool,
    now: Timestamp,
) -> Wanted {
    let mut wanted = running(record, scale_down_delay, now);
    wanted.service = hold.or(wanted.service);
    if hibernate {
        for slot in &mut wanted.slots {
            slot.api = Pods::Exactly(0);
            slot.worker = Pods::Exactly(0);
        }
        wanted.jobs = Jobs::default();
    }
    wanted
}

/// Whether an installation with this record may hibernate: one version serves, and nothing is being tried or watched.
#[must_use]
pub fn may_hibernate(record: &Record) -> bool {
    match &record.flow {
        Flow::Settled => record.step == Step::Done,
        Flow::Fall { .. } => record.step == Step::Window,
        Flow::Install { .. } | Flow::Rise { .. } | Flow::Roll { .. } => false,
    }
}

fn running(record: &Record, scale_down_delay: Duration, now: Timestamp) -> Wanted {
    let scaled = |slot: &Slot| SlotWanted { slot: slot.clone(), api: Pods::Scaled, worker: Pods::Scaled };
    let active = record.active.as_ref();
    let colour = active.map(|slot| slot.colour);
    let mut wanted = Wanted {
        slots: active.map(scaled).into_iter().collect(),
        service: colour,
        preview: None,
        scaled: colour,
        floor: 0,
        jobs: Jobs::default(),
    };
    match &record.flow {
        Flow::Install { .. } if record.step == Step::Install => wanted.jobs.migrate = true,
        Flow::Install { candidate } => {
            wanted.slots = vec![scaled(&candidate.slot)];
            wanted.scaled = Some(candidate.slot.colour);
        }
        Flow::Settled => wanted.jobs.contract = record.step == Step::Contract,
        Flow::Rise { candidate } => {
            wanted.jobs.plan = record.step == Step::Plan;
            wanted.jobs.migrate = record.step == Step::Migrate;
            wanted.floor = candidate.api_pods;
            if record.step != Step::Plan {
                // Workers refuse a schema that is not theirs; they start when the migrations have run.
                let has_schema = candidate.rollback || record.step > Step::Migrate;
                let worker = if has_schema { candidate.worker_pods } else { 0 };
                wanted.preview = Some(candidate.slot.colour);
                wanted.slots.push(SlotWanted {
                    slot: candidate.slot.clone(),
                    api: Pods::Exactly(candidate.api_pods),
                    worker: Pods::Exactly(worker),
                });
            }
        }
        Flow::Roll { candidate } => {
            wanted.jobs.plan = record.step == Step::Plan;
            wanted.jobs.migrate = record.step == Step::Migrate;
            if record.step == Step::Roll {
                wanted.slots = vec![scaled(&candidate.slot)];
            }
        }
        Flow::Fall { previous, .. } => {
            let elapsed = Duration::try_from(now.duration_since(record.since)).unwrap_or_default();
            let is_beside = Some(previous.colour) != colour;
            if is_beside {
                let ends = record.step == Step::Window
                    || (record.step == Step::Drain && elapsed >= scale_down_delay);
                let pods = if ends { Pods::Exactly(0) } else { Pods::Kept };
                wanted.slots.push(SlotWanted { slot: previous.clone(), api: pods, worker: pods });
            }
        }
    }
    wanted
}
