//! The list of conditions: a time changes only when the status of its condition does.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::crd::ResumeMatcher;

/// Longest message that the API server takes is 32768; people read far less.
const LONGEST: usize = 1000;

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) status: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Fact {
    pub(super) fn yes(reason: &str, message: &str) -> Self {
        Self { status: true, reason: reason.to_owned(), message: message.chars().take(LONGEST).collect() }
    }

    pub(super) fn no(reason: &str, message: &str) -> Self {
        Self { status: false, ..Self::yes(reason, message) }
    }
}

/// The conditions of an object, to be changed.
pub(super) struct Conditions<'a> {
    object: &'a ResumeMatcher,
    list: Vec<Condition>,
    now: Timestamp,
}

impl<'a> Conditions<'a> {
    /// Those that the object has.
    pub(super) fn of(object: &'a ResumeMatcher, now: Timestamp) -> Self {
        let list = object.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
        Self { object, list, now }
    }

    /// Sets one.
    pub(super) fn set(&mut self, name: &str, fact: Fact) {
        let status = if fact.status { "True" } else { "False" };
        let before = self.list.iter().position(|condition| condition.type_ == name);
        let since = before
            .and_then(|index| self.list.get(index))
            .filter(|condition| condition.status == status)
            .map_or(Time(self.whole_second()), |condition| condition.last_transition_time.clone());
        let condition = Condition {
            type_: name.to_owned(),
            status: status.to_owned(),
            reason: fact.reason,
            message: fact.message,
            observed_generation: self.object.metadata.generation,
            last_transition_time: since,
        };
        match before.and_then(|index| self.list.get_mut(index)) {
            Some(slot) => *slot = condition,
            None => self.list.push(condition),
        }
    }

    /// Removes one that no longer applies.
    pub(super) fn remove(&mut self, name: &str) {
        self.list.retain(|condition| condition.type_ != name);
    }

    /// What one says.
    pub(super) fn fact(&self, name: &str) -> Option<Fact> {
        let condition = self.list.iter().find(|condition| condition.type_ == name)?;
        Some(Fact {
            status: condition.status == "True",
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        })
    }

    /// Whether one is true.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.fact(name).is_some_and(|fact| fact.status)
    }

    /// The list, sorted by name so that it does not change by itself.
    pub(super) fn finish(mut self) -> Vec<Condition> {
        self.list.sort_by(|one, other| one.type_.cmp(&other.type_));
        self.list
    }

    /// The API server keeps whole seconds; a fraction would look like a change.
    fn whole_second(&self) -> Timestamp {
        Timestamp::from_second(self.now.as_second()).unwrap_or(self.now)
    }
}
