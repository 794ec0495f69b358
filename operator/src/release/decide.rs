//! The next record: a pure function of what is asked for, what is remembered, what was seen, and the time.

use std::time::Duration;

use jiff::Timestamp;

use super::orders::Orders;
use super::record::{Candidate, Flow, Record, Rejection, Slot};
use super::world::{JobState, Target, World};
use super::{fall, rise, settled};
use crate::crd::{Colour, Step, Strategy};

/// How long after a failure that may pass a Job is tried again. The Job itself has retried with growing pauses before it
/// counts as failed.
pub(super) const JOB_RETRY: Duration = Duration::from_secs(60);
/// How soon to look again at a step that waits for something that no watch tells of.
const POLL: Duration = Duration::from_secs(2);

/// The next record, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The record.
    pub record: Record,
    /// What the step waits for, for people; none: nothing is to be done.
    pub waiting_for: Option<String>,
    /// When to look again even if nothing changes.
    pub look_again: Option<Duration>,
    /// A Job that failed and is to be made anew: it is to be deleted first.
    pub renew_job: bool,
    /// The colour that the Service stays with, against the record: the one that it is to go to has no ready pod any more.
    pub hold: Option<Colour>,
}

impl Decision {
    /// Goes on with this record, at once.
    pub(super) fn go(record: Record) -> Self {
        Self { record, waiting_for: None, look_again: Some(Duration::ZERO), renew_job: false, hold: None }
    }

    /// Stays, and waits for this.
    pub(super) fn wait(record: &Record, what: impl Into<String>) -> Self {
        Self {
            record: record.clone(),
            waiting_for: Some(what.into()),
            look_again: Some(POLL),
            renew_job: false,
            hold: None,
        }
    }

    /// Stays until so much time has passed.
    pub(super) fn wait_until(record: &Record, what: impl Into<String>, rest: Duration) -> Self {
        Self { look_again: Some(rest.max(Duration::from_millis(100))), ..Self::wait(record, what) }
    }

    /// Stays, with nothing to do.
    pub(super) fn rest(record: &Record) -> Self {
        Self { record: record.clone(), waiting_for: None, look_again: None, renew_job: false, hold: None }
    }
}

/// All that a decision is made of.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) target: &'a Target,
    pub(super) record: &'a Record,
    pub(super) world: &'a World,
    pub(super) orders: Orders,
    pub(super) now: Timestamp,
}

impl Case<'_> {
    /// Time since the step began; a clock that is behind counts as none.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::try_from(self.now.duration_since(self.record.since)).unwrap_or_default()
    }

    /// What is left of a time that began with the step; none: it is over.
    pub(super) fn rest_of(&self, time: Duration) -> Option<Duration> {
        time.checked_sub(self.elapsed()).filter(|rest| !rest.is_zero())
    }

    /// Whether what is asked for is neither what serves nor what was given up.
    pub(super) fn is_news(&self, serving: &Slot) -> bool {
        self.target.id != serving.id && (self.record.rejects(&self.target.id).is_none() || self.is_retry())
    }

    fn is_retry(&self) -> bool {
        self.record
            .rejects(&self.target.id)
            .is_some_and(|rejection| self.orders.retry == Some(rejection.number))
    }

    /// Begins the release that is asked for, beside or in place of the version that serves.
    pub(super) fn begin(&self, serving: &Slot) -> Decision {
        let strategy = self.target.settings.strategy;
        let tiers = self.world.tiers(serving.colour);
        let colour = match strategy {
            Strategy::BlueGreen => serving.colour.other(),
            Strategy::RollingUpdate => serving.colour,
        };
        let mut record = self.record.clone();
        record.counter = record.counter.saturating_add(1);
        let candidate = Candidate {
            slot: self.target.slot(colour, record.counter),
            // As many as serve now, not as few as there may be.
            api_pods: tiers.api.wanted.max(self.target.api_pods),
            worker_pods: tiers.worker.wanted.max(self.target.worker_pods),
            rollback: false,
        };
        let flow = match strategy {
            Strategy::BlueGreen => Flow::Rise { candidate },
            Strategy::RollingUpdate => Flow::Roll { candidate },
        };
        record.rejected = None;
        Decision::go(record.into_flow(flow, Step::Plan, self.now))
    }

    /// Gives the candidate up: what serves goes on alone.
    pub(super) fn reject(&self, slot: &Slot, reason: &str, message: &str) -> Decision {
        let mut record = self.record.clone().told(slot, reason, self.now);
        record.rejected = Some(self.rejection(slot, reason, message));
        Decision::go(record.into_flow(Flow::Settled, Step::Done, self.now))
    }

    pub(super) fn rejection(&self, slot: &Slot, reason: &str, message: &str) -> Rejection {
        Rejection {
            id: slot.id.clone(),
            number: slot.number,
            version: slot.version.clone(),
            step: self.record.step,
            reason: reason.to_owned(),
            message: message.to_owned(),
            at: self.now,
        }
    }

    /// What became of a Job that must succeed: `Err` is what it waits for, or why it cannot succeed.
    pub(super) fn job(&self, job: Option<&JobState>, name: &str) -> JobProgress {
        match job {
            Some(JobState::Succeeded) => JobProgress::Done,
            Some(JobState::Failed { permanent: true, message, .. }) => JobProgress::Stuck(message.clone()),
            Some(JobState::Failed { at, permanent: false, message }) => {
                let age = Duration::try_from(self.now.duration_since(*at)).unwrap_or_default();
                let rest = JOB_RETRY.checked_sub(age).filter(|rest| !rest.is_zero());
                JobProgress::Again { message: message.clone(), rest }
            }
            Some(JobState::Running { problem }) => JobProgress::Waits(problem.as_ref().map_or_else(
                || format!("the {name} Job runs"),
                |problem| format!("the {name} Job runs: {problem}"),
            )),
            Some(JobState::Deleting) => JobProgress::Waits(format!("an earlier {name} Job is being deleted")),
            None => JobProgress::Waits(
                self.world.data_problem.clone().unwrap_or_else(|| format!("the {name} Job is being made")),
            ),
        }
    }
}

/// How far a Job is.
pub(super) enum JobProgress {
    Done,
    Waits(String),
    /// It failed and is to be made anew, after the rest of a pause.
    Again {
        message: String,
        rest: Option<Duration>,
    },
    Stuck(String),
}

/// Decides the next record. One transition at a time: what it needs is written down before the next is thought of.
#[must_use]
pub fn decide(target: &Target, record: &Record, world: &World, orders: Orders, now: Timestamp) -> Decision {
    let case = Case { target, record, world, orders, now };
    let mut decision = next(&case);
    decision.hold = fall::hold(&decision.record, world);
    if decision.hold.is_some() {
        decision.look_again = Some(POLL);
    }
    decision
}

fn next(case: &Case<'_>) -> Decision {
    let Case { target, record, now, .. } = *case;
    match (&record.flow, &record.active) {
        (Flow::Install { candidate }, _) => rise::install(case, candidate),
        // Cannot be written down by this engine; a status that was edited by hand is mended by a new start.
        (_, None) => {
            let candidate = Candidate {
                slot: target.slot(Colour::Blue, record.counter.saturating_add(1)),
                api_pods: target.api_pods,
                worker_pods: target.worker_pods,
                rollback: false,
            };
            Decision::go(Record::first(candidate, record.migrated.clone(), now))
        }
        (Flow::Settled, Some(active)) => settled::settled(case, active),
        (Flow::Rise { candidate }, Some(active)) => rise::rise(case, active, candidate),
        (Flow::Roll { candidate }, Some(active)) => rise::roll(case, active, candidate),
        (Flow::Fall { previous, returned }, Some(active)) => fall::fall(case, active, previous, *returned),
    }
}
