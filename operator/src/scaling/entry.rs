//! What the scaler remembers of one queue, and when it looks again. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::decide::{Reading, Situation};
use super::plan::Plan;

/// How often a queue is read whose workers sleep, so that a task waits for no more than two seconds.
const ASLEEP: Duration = Duration::from_secs(1);
/// How often a queue is read whose workers may go to sleep.
const AWAKE: Duration = Duration::from_secs(5);
/// How often a queue is read only to see that it can be.
const WATCHED: Duration = Duration::from_secs(15);
/// How often a queue is tried that could not be read.
const AGAIN: Duration = Duration::from_secs(2);
/// For how long a queue must have been unreadable before people are told: pods come and go.
const TOLD_AFTER: Duration = Duration::from_secs(5);

/// One queue, and the workers that follow it.
pub(super) struct Entry {
    pub(super) plan: Plan,
    /// When to read it next.
    pub(super) due: Instant,
    /// Whether it is being read.
    pub(super) busy: bool,
    /// What it told last; none: nothing.
    pub(super) backlog: Option<u64>,
    /// Since when every reading has told an empty queue.
    empty_since: Option<Instant>,
    /// Since when it cannot be read, and why the last time.
    pub(super) unreadable: Option<(Instant, String)>,
    /// Whether people were told of it.
    pub(super) told: bool,
}

impl Entry {
    /// One that is read at once.
    pub(super) fn new(plan: Plan) -> Self {
        let due = Instant::now();
        Self { plan, due, busy: false, backlog: None, empty_since: None, unreadable: None, told: false }
    }

    /// Takes a reading in.
    pub(super) fn take(&mut self, reading: &Result<u64, String>, now: Instant) {
        self.backlog = reading.as_ref().ok().copied();
        match reading {
            Ok(tasks) => {
                self.unreadable = None;
                self.empty_since = if *tasks == 0 { self.empty_since.or(Some(now)) } else { None };
            }
            Err(why) => {
                // Nobody knows what went through it meanwhile.
                self.empty_since = None;
                let since = self.unreadable.as_ref().map_or(now, |(since, _)| *since);
                self.unreadable = Some((since, why.clone()));
            }
        }
    }

    /// What is decided from.
    pub(super) fn situation(&self, now: Instant) -> Situation {
        Situation {
            pods: self.plan.pods,
            min: self.plan.limits.0,
            may_sleep: self.plan.may_sleep,
            reading: self.backlog.map_or(Reading::Unreadable, Reading::Backlog),
            empty_for: self.empty_since.map(|since| now.duration_since(since)),
            cooldown: self.plan.cooldown,
        }
    }

    /// When to read again.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let plan = &self.plan;
        if self.unreadable.is_some() {
            return AGAIN;
        }
        if !plan.wakes() || plan.limits.0 > 0 {
            return if plan.pods == 0 && plan.wakes() { ASLEEP } else { WATCHED };
        }
        if plan.pods == 0 {
            return ASLEEP;
        }
        let rest =
            self.empty_since.map_or(AWAKE, |since| plan.cooldown.saturating_sub(now.duration_since(since)));
        rest.clamp(ASLEEP, AWAKE)
    }

    /// What is wrong, once it has been so for a while.
    pub(super) fn trouble(&self, now: Instant) -> Option<&str> {
        let (since, why) = self.unreadable.as_ref()?;
        (now.duration_since(*since) >= TOLD_AFTER).then_some(why.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::ScalingSource;
    use crate::scaling::Key;

    fn entry(pods: i32, min: i32) -> Entry {
        Entry::new(Plan {
            key: Key { namespace: "people".to_owned(), name: "acme".to_owned() },
            deployment: "acme-worker-blue".to_owned(),
            pods,
            limits: (min, 5),
            jobs_per_worker: 10,
            cooldown: Duration::from_secs(30),
            may_sleep: true,
            source: ScalingSource::Builtin,
            object: k8s_openapi::api::core::v1::ObjectReference::default(),
        })
    }

    #[tokio::test]
    async fn the_cooldown_begins_anew_after_every_task_and_every_silence() {
        let (mut entry, start) = (entry(2, 0), Instant::now());
        let empty_for = |entry: &Entry, seconds| {
            entry.situation(start + Duration::from_secs(seconds)).empty_for.map(|time| time.as_secs())
        };
        let at = |seconds| start + Duration::from_secs(seconds);
        entry.take(&Ok(0), at(0));
        entry.take(&Ok(0), at(10));
        assert_eq!(empty_for(&entry, 20), Some(20));
        entry.take(&Ok(1), at(20));
        assert_eq!(empty_for(&entry, 21), None);
        entry.take(&Ok(0), at(30));
        entry.take(&Err("away".to_owned()), at(40));
        assert_eq!(empty_for(&entry, 41), None);
        entry.take(&Ok(0), at(50));
        assert_eq!(empty_for(&entry, 60), Some(10));
    }

    #[tokio::test]
    async fn a_pod_that_goes_is_no_news_and_a_queue_that_stays_away_is() {
        let (mut entry, start) = (entry(1, 0), Instant::now());
        entry.take(&Err("away".to_owned()), start);
        assert_eq!(entry.trouble(start + Duration::from_secs(1)), None);
        entry.take(&Err("still away".to_owned()), start + Duration::from_secs(4));
        assert_eq!(entry.trouble(start + Duration::from_secs(6)), Some("still away"));
        assert_eq!(entry.situation(start).reading, Reading::Unreadable);
        entry.take(&Ok(3), start + Duration::from_secs(7));
        assert_eq!(entry.trouble(start + Duration::from_secs(20)), None);
    }

    #[tokio::test]
    async fn sleeping_workers_are_watched_closely_and_others_hardly() {
        let now = Instant::now();
        assert_eq!(entry(0, 0).pause(now), ASLEEP);
        assert_eq!(entry(2, 0).pause(now), AWAKE);
        assert_eq!(entry(2, 1).pause(now), WATCHED);
        let mut soon = entry(2, 0);
        soon.take(&Ok(0), now);
        assert_eq!(soon.pause(now + Duration::from_secs(28)), Duration::from_secs(2));
        assert_eq!(soon.pause(now + Duration::from_secs(40)), ASLEEP);
    }
}
