//! Whether the last workers go, or the first comes: a pure function of what was read.

use std::time::Duration;

/// What the queue told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// So many tasks wait or are in flight.
    Backlog(u64),
    /// Nothing: it was not reached, or Postgres does not answer.
    Unreadable,
}

/// All that the decision is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Pods that the Deployment asks for.
    pub pods: i32,
    /// Fewest pods that the spec allows.
    pub min: i32,
    /// Whether there may be none just now; a release that is on its way needs one to prove itself.
    pub may_sleep: bool,
    /// What the queue told.
    pub reading: Reading,
    /// For how long every reading has told an empty queue; none: the last one did not.
    pub empty_for: Option<Duration>,
    /// For how long it must have been empty before the last pods go.
    pub cooldown: Duration,
}

/// What is to be done about the number of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing; whoever scales from one pod on goes on.
    Keep,
    /// From none to so many.
    Wake(i32),
    /// To none.
    Sleep,
}

/// Decides.
#[must_use]
pub fn decide(situation: &Situation) -> Action {
    let Situation { pods, min, may_sleep, reading, empty_for, cooldown } = *situation;
    let sleeps = min <= 0 && may_sleep;
    if pods <= 0 {
        let is_needed = !sleeps || matches!(reading, Reading::Backlog(tasks) if tasks > 0);
        return if is_needed { Action::Wake(min.max(1)) } else { Action::Keep };
    }
    let is_over = reading == Reading::Backlog(0) && empty_for.is_some_and(|time| time >= cooldown);
    if sleeps && is_over { Action::Sleep } else { Action::Keep }
}

/// The pods that so many tasks ask for, as a HorizontalPodAutoscaler on their average counts them.
#[must_use]
pub fn pods_for(tasks: u64, jobs_per_worker: i32, (min, max): (i32, i32)) -> i32 {
    let per_pod = u64::try_from(jobs_per_worker.max(1)).unwrap_or(1);
    i32::try_from(tasks.div_ceil(per_pod)).unwrap_or(i32::MAX).min(max).max(min)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SITUATION: Situation = Situation {
        pods: 0,
        min: 0,
        may_sleep: true,
        reading: Reading::Backlog(0),
        empty_for: Some(Duration::from_secs(60)),
        cooldown: Duration::from_secs(60),
    };

    #[test]
    fn one_task_wakes_one_worker() {
        let waiting = Situation { reading: Reading::Backlog(1), empty_for: None, ..SITUATION };
        assert_eq!(decide(&waiting), Action::Wake(1));
        assert_eq!(decide(&Situation { pods: 1, ..waiting }), Action::Keep, "from one on others decide");
        assert_eq!(decide(&SITUATION), Action::Keep);
    }

    #[test]
    fn the_last_go_after_the_cooldown_and_not_before() {
        let idle =
            |seconds| Situation { pods: 3, empty_for: Some(Duration::from_secs(seconds)), ..SITUATION };
        assert_eq!(decide(&idle(59)), Action::Keep);
        assert_eq!(decide(&idle(60)), Action::Sleep);
    }

    #[test]
    fn a_release_that_is_on_its_way_has_a_worker() {
        assert_eq!(decide(&Situation { may_sleep: false, ..SITUATION }), Action::Wake(1));
        assert_eq!(decide(&Situation { may_sleep: false, pods: 1, ..SITUATION }), Action::Keep);
    }

    #[test]
    fn pods_are_counted_as_the_autoscaler_counts_them() {
        let of = |tasks| pods_for(tasks, 10, (1, 4));
        assert_eq!([0, 1, 10, 11, 40, 41, u64::MAX].map(of), [1, 1, 1, 2, 4, 4, 4]);
    }

    fn situations() -> impl Strategy<Value = Situation> {
        let reading = prop_oneof![
            3 => (0_u64..3).prop_map(Reading::Backlog),
            1 => Just(Reading::Unreadable),
        ];
        let seconds = || (0_u64..5).prop_map(Duration::from_secs);
        (0..4_i32, 0..3_i32, any::<bool>(), reading, proptest::option::of(seconds()), seconds()).prop_map(
            |(pods, min, may_sleep, reading, empty_for, cooldown)| Situation {
                pods,
                min,
                may_sleep,
                reading,
                empty_for,
                cooldown,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn nothing_sleeps_with_work_or_in_the_dark_and_no_work_waits_for_a_worker(situation in situations()) {
            let action = decide(&situation);
            let is_empty = situation.reading == Reading::Backlog(0);
            if action == Action::Sleep {
                prop_assert!(is_empty && situation.pods > 0 && situation.min == 0 && situation.may_sleep);
                prop_assert!(situation.empty_for >= Some(situation.cooldown));
            }
            if let Action::Wake(pods) = action {
                prop_assert!(situation.pods == 0 && pods == situation.min.max(1));
            }
            if situation.reading == Reading::Unreadable && situation.may_sleep && situation.min == 0 {
                prop_assert_eq!(action, Action::Keep, "the last good size is held");
            }
            if situation.pods == 0 && matches!(situation.reading, Reading::Backlog(tasks) if tasks > 0) {
                prop_assert!(matches!(action, Action::Wake(_)));
            }
        }

        #[test]
        fn what_was_decided_is_not_decided_again_until_something_changes(situation in situations()) {
            let after = match decide(&situation) {
                Action::Keep => return Ok(()),
                Action::Wake(pods) => Situation { pods, ..situation },
                Action::Sleep => Situation { pods: 0, ..situation },
            };
            // A worker that was woken for a task does not sleep before the queue has been empty for the cooldown.
            if after.pods > 0 && after.empty_for.is_none_or(|time| time < after.cooldown) {
                prop_assert_eq!(decide(&after), Action::Keep);
            }
            if after.pods == 0 {
                prop_assert_eq!(decide(&after), Action::Keep);
            }
        }
    }
}
