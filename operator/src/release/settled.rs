//! One version serves. What is left to do is the contract migrations, and to see what is asked for next.

use super::decide::{Case, Decision, JobProgress};
use super::record::{Record, Slot};
use super::world::JobState;
use crate::crd::Step;

/// One version serves, and nothing else runs.
pub(super) fn settled(case: &Case<'_>, active: &Slot) -> Decision {
    let writes = matches!(case.world.contract, Some(JobState::Running { .. } | JobState::Deleting));
    // While a Job of contract migrations may run, nothing else begins.
    if case.is_news(active) && !(case.record.step == Step::Contract && writes) {
        if case.orders.pause {
            return Decision::wait(case.record, "the release is paused");
        }
        return case.begin(active);
    }
    if case.orders.rollback == Some(active.number) && case.record.step == Step::Done {
        let refused = "a rollback is refused: the window is over, and nothing is left of the version before";
        return Decision { waiting_for: Some(refused.to_owned()), ..continued(case, active) };
    }
    continued(case, active)
}

fn continued(case: &Case<'_>, active: &Slot) -> Decision {
    if case.record.step == Step::Contract {
        return contract(case, active);
    }
    // A change of the spec back to what serves ends the matter of a release that was given up.
    if case.record.rejected.is_some() && case.target.id == active.id {
        return Decision::go(Record { rejected: None, ..case.record.clone() });
    }
    // The Job is made of the spec, so the spec must be this version's.
    if !active.pending || case.target.id != active.id || case.orders.pause {
        return Decision::rest(case.record);
    }
    if let Some(rest) = case.rest_of(case.target.settings.rollback_window) {
        return Decision { look_again: Some(rest), ..Decision::rest(case.record) };
    }
    // Written down before the first of them runs: from here on no version that does not know them is let in.
    let record = Record { contracted: active.contracts.clone(), ..case.record.clone() };
    Decision::go(record.at(Step::Contract, case.now))
}

fn contract(case: &Case<'_>, active: &Slot) -> Decision {
    match case.job(case.world.contract.as_ref(), "contract") {
        JobProgress::Done => {
            let active = Some(Slot { pending: false, ..active.clone() });
            Decision::go(Record { active, ..case.record.clone() }.at(Step::Done, case.now))
        }
        JobProgress::Waits(what) => Decision::wait(case.record, what),
        JobProgress::Again { message, rest: Some(rest) } => {
            Decision::wait_until(case.record, format!("{message}; it is tried again"), rest)
        }
        JobProgress::Again { message, rest: None } => {
            Decision { renew_job: true, ..Decision::wait(case.record, message) }
        }
        JobProgress::Stuck(message) => Decision { look_again: None, ..Decision::wait(case.record, message) },
    }
}
