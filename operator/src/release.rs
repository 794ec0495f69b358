//! The release engine: how one version of API, worker and schema replaces another without a request lost.
//!
//! Pure: no client, no clock. [`Record`] is what the status remembers, [`World`] what was seen, [`decide()`] gives the next
//! record, and [`wanted()`] what is to be there for a record. The controller writes the record *before* it acts on it, so
//! that an operator that dies at any line finds on its return a record that is never behind the world.

mod decide;
mod fall;
mod orders;
mod persist;
mod record;
mod rise;
mod settled;
mod wanted;
mod world;

pub use decide::{Decision, decide};
pub use orders::{Orders, annotation};
pub use persist::{from_status, to_status};
pub use record::{Candidate, Flow, Outcome, Record, Rejection, Slot};
pub use wanted::{Jobs, Pods, SlotWanted, Wanted, may_hibernate, wanted};
pub use world::{Analysis, Health, JobState, Plan, Settings, Target, Tier, Tiers, World};

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod simulation;
