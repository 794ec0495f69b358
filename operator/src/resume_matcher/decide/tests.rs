//! Every combination of target and world, and walks through time with interruptions.

use proptest::prelude::*;

use super::*;

fn release(version: &str) -> Release {
    Release {
        version: version.into(),
        api_image: format!("api:{version}"),
        worker_image: format!("worker:{version}"),
    }
}

fn target() -> Target {
    Target { release: release("2"), migration: "m2".into() }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn jobs() -> Vec<Option<JobState>> {
    vec![
        None,
        Some(JobState::Running),
        Some(JobState::Deleting),
        Some(JobState::Succeeded),
        Some(JobState::Failed { at: at(0), permanent: false }),
        Some(JobState::Failed { at: at(0), permanent: true }),
    ]
}

/// Every world there is: 2 * 6 * 3 * 3 = 108.
fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for data_ready in [false, true] {
        for job in jobs() {
            for migrated in [None, Some("m1".to_owned()), Some("m2".to_owned())] {
                for running in [None, Some(release("1")), Some(release("2"))] {
                    worlds.push(World { data_ready, job: job.clone(), migrated: migrated.clone(), running });
                }
            }
        }
    }
    worlds
}

#[test]
fn a_release_runs_only_after_its_migration() {
    for world in worlds() {
        let decision = decide(&target(), &world, at(10));
        let allowed = world.migrated.as_deref() == Some("m2") || world.job == Some(JobState::Succeeded);
        if decision.workloads != world.running {
            assert!(allowed, "{world:?} -> {decision:?}");
            assert_eq!(decision.workloads, Some(release("2")), "{world:?}");
        }
        assert_eq!(decision.phase == Phase::Released, allowed, "{world:?} -> {decision:?}");
    }
}

#[test]
fn what_runs_is_never_taken_away() {
    for world in worlds() {
        let decision = decide(&target(), &world, at(10));
        assert!(world.running.is_none() || decision.workloads.is_some(), "{world:?} -> {decision:?}");
    }
}

#[test]
fn a_migration_starts_only_once_the_data_services_answer() {
    for world in worlds() {
        let decision = decide(&target(), &world, at(10));
        if decision.job == JobStep::Ensure {
            assert!(world.data_ready && world.job.is_none(), "{world:?} -> {decision:?}");
        }
    }
}

#[test]
fn a_success_is_recorded_and_never_forgotten() {
    for world in worlds() {
        let decision = decide(&target(), &world, at(10));
        assert!(world.migrated.is_none() || decision.migrated.is_some(), "{world:?} -> {decision:?}");
        if world.job == Some(JobState::Succeeded) {
            assert_eq!(decision.migrated.as_deref(), Some("m2"));
        }
    }
}

#[test]
fn a_failure_that_may_pass_is_retried_after_a_minute_and_one_that_cannot_is_not() {
    let world = |permanent| World {
        data_ready: true,
        job: Some(JobState::Failed { at: at(0), permanent }),
        migrated: Some("m1".into()),
        running: Some(release("1")),
    };
    let early = decide(&target(), &world(false), at(10));
    assert_eq!((early.phase, early.job), (Phase::MigrationRetrying, JobStep::Leave));
    assert_eq!(early.look_again, Some(Duration::from_secs(50)));
    assert_eq!(decide(&target(), &world(false), at(60)).job, JobStep::Delete);
    let stuck = decide(&target(), &world(true), at(100_000));
    assert_eq!((stuck.phase, stuck.job, stuck.look_again), (Phase::MigrationStuck, JobStep::Leave, None));
    assert_eq!(stuck.workloads, Some(release("1")));
}

#[test]
fn a_failure_seen_by_a_clock_behind_the_clusters_waits_no_longer_than_a_minute() {
    let world = World {
        data_ready: true,
        job: Some(JobState::Failed { at: at(500), permanent: false }),
        migrated: None,
        running: None,
    };
    assert_eq!(decide(&target(), &world, at(0)).look_again, Some(MIGRATION_RETRY));
}

/// What the outside world may do between two passes.
#[derive(Clone, Debug)]
enum Event {
    DataUp,
    DataDown,
    JobEnds { well: bool },
    JobVanishes,
    OperatorForgets,
    SecondsPass(u8),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        Just(Event::DataUp),
        Just(Event::DataDown),
        any::<bool>().prop_map(|well| Event::JobEnds { well }),
        Just(Event::JobVanishes),
        Just(Event::OperatorForgets),
        any::<u8>().prop_map(Event::SecondsPass),
    ];
    prop::collection::vec(event, 0..40)
}

struct Simulation {
    world: World,
    clock: i64,
    migrated_in_truth: bool,
}

impl Simulation {
    fn happen(&mut self, event: &Event) {
        match event {
            Event::DataUp => self.world.data_ready = true,
            Event::DataDown => self.world.data_ready = false,
            Event::JobEnds { well } if self.world.job == Some(JobState::Running) => {
                self.migrated_in_truth |= well;
                self.world.job = Some(if *well {
                    JobState::Succeeded
                } else {
                    JobState::Failed { at: at(self.clock), permanent: false }
                });
            }
            Event::JobEnds { .. } => {}
            Event::JobVanishes => self.world.job = None,
            // The status is lost, as when the operator dies before it writes it.
            Event::OperatorForgets => self.world.migrated = None,
            Event::SecondsPass(seconds) => self.clock += i64::from(*seconds),
        }
    }

    /// One pass of the operator; `die_before_status` is an operator killed between apply and status.
    fn pass(&mut self, die_before_status: bool) {
        let decision = decide(&target(), &self.world, at(self.clock));
        match decision.job {
            JobStep::Ensure => self.world.job = Some(JobState::Running),
            JobStep::Delete => self.world.job = None,
            JobStep::Leave => {}
        }
        if decision.workloads == Some(release("2")) {
            assert!(self.migrated_in_truth, "the new release started without its migration");
        }
        if !die_before_status {
            self.world.migrated = decision.migrated;
            self.world.running = decision.workloads;
        }
    }
}

proptest! {
    #[test]
    fn from_every_history_a_working_world_ends_in_the_release(events in events(), deaths in prop::collection::vec(any::<bool>(), 40)) {
        let mut simulation = Simulation {
            world: World { data_ready: false, job: None, migrated: Some("m1".into()), running: Some(release("1")) },
            clock: 0,
            migrated_in_truth: false,
        };
        for (event, die) in events.iter().zip(deaths) {
            simulation.happen(event);
            simulation.pass(die);
            prop_assert!(simulation.world.running.is_some());
        }
        // From here on everything works; six passes are the longest way: failed, deleted, made, done, released, seen.
        for _ in 0..6 {
            simulation.happen(&Event::DataUp);
            simulation.happen(&Event::SecondsPass(61));
            simulation.happen(&Event::JobEnds { well: true });
            simulation.pass(false);
        }
        prop_assert_eq!(simulation.world.running, Some(release("2")));
    }
}
