//! Single decisions that people rely on, each told as a case.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::crd::{Colour, Promotion, Step, Strategy};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn slot(version: &str, number: i64, colour: Colour) -> Slot {
    Target { id: version.into(), version: version.into(), ..target(version) }.slot(colour, number)
}

fn target(version: &str) -> Target {
    Target {
        id: version.into(),
        version: version.into(),
        api_image: format!("api:{version}"),
        worker_image: format!("worker:{version}"),
        migration: format!("m-{version}"),
        api_pods: 2,
        worker_pods: 1,
        settings: Settings {
            strategy: Strategy::BlueGreen,
            promotion: Promotion::Automatic,
            bake: Duration::from_secs(60),
            scale_down_delay: Duration::from_secs(30),
            rollback_window: Duration::from_secs(600),
            progress_deadline: Duration::from_secs(600),
        },
    }
}

fn tiers(id: &str, api: i32, worker: i32) -> Tiers {
    let tier = |pods| Tier {
        id: Some(id.into()),
        wanted: pods,
        replicas: pods,
        ready: pods,
        rolled_out: true,
        problem: None,
    };
    Tiers { api: tier(api), worker: tier(worker) }
}

/// Blue serves version 1 with five pods; green has version 2 with as many.
fn world() -> World {
    World {
        data_problem: None,
        blue: tiers("1", 5, 1),
        green: tiers("2", 5, 1),
        service: Some(Colour::Blue),
        plan: Plan::Unknown { problem: None },
        migration: None,
        contract: None,
        analysis: Analysis::Running { doing: "asks /health".into() },
        health: Health::Good,
    }
}

fn settled() -> Record {
    Record {
        active: Some(slot("1", 1, Colour::Blue)),
        flow: Flow::Settled,
        step: Step::Done,
        since: at(0),
        rejected: None,
        history: vec![],
        counter: 1,
        migrated: Some("m-1".into()),
        contracted: vec![],
    }
}

fn rising(step: Step) -> Record {
    let candidate =
        Candidate { slot: slot("2", 2, Colour::Green), api_pods: 5, worker_pods: 1, rollback: false };
    Record { flow: Flow::Rise { candidate }, step, counter: 2, ..settled() }
}

fn falling(step: Step) -> Record {
    Record {
        active: Some(Slot { contracts: vec![7], pending: true, ..slot("2", 2, Colour::Green) }),
        flow: Flow::Fall { previous: slot("1", 1, Colour::Blue), returned: false },
        step,
        counter: 2,
        migrated: Some("m-2".into()),
        ..settled()
    }
}

fn next(target: &Target, record: &Record, world: &World) -> Decision {
    decide(target, record, world, Orders::default(), at(10))
}

#[test]
fn green_starts_at_the_size_that_blue_has_now_and_not_at_the_least() {
    let decision = next(&target("2"), &settled(), &world());
    let candidate = decision.record.flow.candidate().unwrap();
    assert_eq!((decision.record.step, candidate.api_pods, candidate.slot.number), (Step::Plan, 5, 2));
    assert_eq!(candidate.slot.colour, Colour::Green);
}

#[test]
fn green_follows_a_blue_that_grows_meanwhile() {
    let grown = World { blue: tiers("1", 8, 1), ..world() };
    let decision = next(&target("2"), &rising(Step::Preview), &grown);
    assert_eq!(decision.record.flow.candidate().unwrap().api_pods, 8);
    assert_eq!(decision.record.step, Step::Preview);
    let waits = next(&target("2"), &decision.record, &grown);
    assert!(waits.waiting_for.unwrap().contains("5 of 8 API pods of green"));
}

#[test]
fn a_version_that_does_not_know_the_schema_is_refused_before_anything_changes() {
    let record = Record { contracted: vec![7], ..rising(Step::Plan) };
    let world = World { plan: Plan::Known { contracts: vec![5], pending: false }, ..world() };
    let decision = next(&target("2"), &record, &world);
    let rejected = decision.record.rejected.clone().unwrap();
    assert_eq!((rejected.reason.as_str(), rejected.step), ("SchemaTooNew", Step::Plan));
    assert!(rejected.message.contains("[7]"), "{}", rejected.message);
    assert_eq!(decision.record.active, settled().active);
    // It is not tried again by itself.
    assert_eq!(next(&target("2"), &decision.record, &world).record, decision.record);
}

#[test]
fn a_pod_that_does_not_start_is_given_up_at_the_deadline_with_its_reason() {
    let mut world = world();
    world.green.api.ready = 0;
    world.green.api.problem = Some("pod p: container api: ImagePullBackOff".into());
    let waits = next(&target("2"), &rising(Step::Preview), &world);
    assert_eq!(waits.record.step, Step::Preview);
    assert!(waits.waiting_for.unwrap().contains("ImagePullBackOff"));
    let decision = decide(&target("2"), &rising(Step::Preview), &world, Orders::default(), at(601));
    let rejected = decision.record.rejected.unwrap();
    assert_eq!(rejected.reason, "DeadlineExceeded");
    assert!(rejected.message.contains("ImagePullBackOff"), "{}", rejected.message);
    assert_eq!(decision.record.flow, Flow::Settled);
}

#[test]
fn a_migration_whose_configuration_is_wrong_ends_the_release_at_once() {
    let failed = JobState::Failed { at: at(5), permanent: true, message: "Job x: no such role".into() };
    let world = World { migration: Some(failed), ..world() };
    let rejected = next(&target("2"), &rising(Step::Migrate), &world).record.rejected.unwrap();
    assert_eq!(
        (rejected.reason.as_str(), rejected.message.as_str()),
        ("MigrationFailed", "Job x: no such role")
    );
}

#[test]
fn a_migration_that_failed_for_a_reason_that_may_pass_is_tried_again_after_a_minute() {
    let failed = JobState::Failed { at: at(0), permanent: false, message: "Job x: away".into() };
    let world = World { migration: Some(failed), ..world() };
    let early = next(&target("2"), &rising(Step::Migrate), &world);
    assert_eq!((early.renew_job, early.look_again), (false, Some(Duration::from_secs(50))));
    let later = decide(&target("2"), &rising(Step::Migrate), &world, Orders::default(), at(60));
    assert!(later.renew_job);
}

#[test]
fn the_switch_waits_for_every_pod_of_green() {
    let passed = World { analysis: Analysis::Passed, ..world() };
    let mut short = passed.clone();
    short.green.api.ready = 4;
    assert_eq!(next(&target("2"), &rising(Step::Analyse), &short).record.step, Step::Analyse);
    let record = next(&target("2"), &rising(Step::Analyse), &passed).record;
    assert_eq!((record.step, record.active.unwrap().colour), (Step::Switch, Colour::Green));
}

#[test]
fn manual_promotion_waits_for_the_order_that_names_this_release() {
    let mut target = target("2");
    target.settings.promotion = Promotion::Manual;
    let passed = World { analysis: Analysis::Passed, ..world() };
    let waits = next(&target, &rising(Step::Analyse), &passed).record;
    assert_eq!(waits.step, Step::Promote);
    let order = |number| Orders { promote: Some(number), ..Orders::default() };
    assert_eq!(decide(&target, &waits, &passed, order(1), at(10)).record.step, Step::Promote);
    assert_eq!(decide(&target, &waits, &passed, order(2), at(10)).record.step, Step::Switch);
}

#[test]
fn a_green_that_fails_after_the_switch_brings_blue_back_and_is_not_tried_again() {
    let bad = World {
        service: Some(Colour::Green),
        health: Health::Bad { message: "7 % of the answers are errors".into() },
        ..world()
    };
    let record = next(&target("2"), &falling(Step::Bake), &bad).record;
    assert_eq!(record.active.as_ref().unwrap().id, "1");
    assert_eq!(record.rejected.as_ref().unwrap().reason, "BakeFailed");
    assert_eq!((record.step, record.history[0].outcome.as_str()), (Step::Switch, "BakeFailed"));
    let mut broken = bad;
    broken.blue.api.ready = 0;
    let stays = next(&target("2"), &falling(Step::Bake), &broken).record;
    assert_eq!(stays.active.unwrap().id, "2", "blue is no better off");
}

#[test]
fn a_pause_keeps_nothing_from_the_way_back() {
    let bad =
        World { service: Some(Colour::Green), health: Health::Bad { message: "restarts".into() }, ..world() };
    let pause = Orders { pause: true, ..Orders::default() };
    let record = decide(&target("2"), &falling(Step::Bake), &bad, pause, at(10)).record;
    assert_eq!(record.active.unwrap().id, "1");
    assert_eq!(decide(&target("2"), &falling(Step::Bake), &world(), pause, at(999)).record.step, Step::Bake);
}

#[test]
fn a_rollback_in_the_window_starts_blue_again_and_then_switches() {
    let order = Orders { rollback: Some(2), ..Orders::default() };
    let world =
        World { service: Some(Colour::Green), blue: tiers("1", 0, 0), green: tiers("2", 5, 1), ..world() };
    let record = decide(&target("2"), &falling(Step::Window), &world, order, at(10)).record;
    let candidate = record.flow.candidate().unwrap();
    assert_eq!((candidate.slot.id.as_str(), candidate.api_pods, candidate.rollback), ("1", 5, true));
    let up = World { blue: tiers("1", 5, 1), ..world };
    let record = decide(&target("2"), &record, &up, order, at(11)).record;
    assert_eq!((record.step, record.active.as_ref().unwrap().id.as_str()), (Step::Switch, "1"));
    assert_eq!(record.rejected.as_ref().unwrap().reason, "RolledBack");
}

#[test]
fn a_rollback_after_the_window_is_refused_with_the_reason() {
    let order = Orders { rollback: Some(1), ..Orders::default() };
    let decision = decide(&target("1"), &settled(), &world(), order, at(10));
    assert_eq!(decision.record, settled());
    assert!(decision.waiting_for.unwrap().contains("refused"));
}

#[test]
fn contract_migrations_wait_for_the_window_and_are_left_out_where_there_are_none() {
    let early = decide(&target("2"), &falling(Step::Window), &world(), Orders::default(), at(599));
    assert_eq!((early.record.step, early.look_again), (Step::Window, Some(Duration::from_secs(1))));
    let later = decide(&target("2"), &falling(Step::Window), &world(), Orders::default(), at(600));
    assert_eq!((later.record.step, later.record.flow.clone()), (Step::Done, Flow::Settled));
    let later = decide(&target("2"), &later.record, &world(), Orders::default(), at(600));
    assert_eq!((later.record.step, later.record.contracted), (Step::Contract, vec![7]));
    let none = Record { active: Some(slot("2", 2, Colour::Green)), ..falling(Step::Window) };
    let done = decide(&target("2"), &none, &world(), Orders::default(), at(600));
    assert_eq!(done.record.step, Step::Done);
    assert_eq!(decide(&target("2"), &done.record, &world(), Orders::default(), at(9999)).record, done.record);
}

#[test]
fn nothing_begins_while_a_contract_migration_writes() {
    let writing = World { contract: Some(JobState::Running { problem: None }), ..world() };
    let contracting = Record { flow: Flow::Settled, step: Step::Contract, ..falling(Step::Window) };
    assert_eq!(next(&target("3"), &contracting, &writing).record, contracting);
    let done = World { contract: Some(JobState::Succeeded), ..world() };
    let record = next(&target("3"), &contracting, &done).record;
    assert_eq!(record.flow.candidate().map(|candidate| candidate.slot.id.as_str()), Some("3"));
}

#[test]
fn a_newer_spec_supersedes_a_release_before_the_switch_and_an_older_order_cannot_hit_it() {
    let record = next(&target("3"), &rising(Step::Analyse), &world()).record;
    assert_eq!((record.step, record.history[0].outcome.as_str()), (Step::Done, "Superseded"));
    let record = next(&target("3"), &record, &world()).record;
    assert_eq!(record.flow.candidate().unwrap().slot.number, 3);
    let old = Orders { abort: Some(2), ..Orders::default() };
    assert_eq!(decide(&target("3"), &record, &world(), old, at(10)).record.flow, record.flow);
}

#[test]
fn a_release_that_was_given_up_is_tried_again_on_the_order_that_names_it() {
    let order = Orders { abort: Some(2), ..Orders::default() };
    let given_up = decide(&target("2"), &rising(Step::Warm), &world(), order, at(10)).record;
    assert_eq!(given_up.rejected.as_ref().unwrap().reason, "Aborted");
    let retry = |number| Orders { retry: Some(number), ..order };
    assert_eq!(decide(&target("2"), &given_up, &world(), retry(1), at(10)).record, given_up);
    let again = decide(&target("2"), &given_up, &world(), retry(2), at(10)).record;
    assert_eq!(again.flow.candidate().unwrap().slot.number, 3);
    assert_eq!(next(&target("2"), &again, &world()).record.step, Step::Plan, "the old order is spent");
}

#[test]
fn blue_goes_only_after_the_delay_and_when_its_pods_have_finished() {
    let record = falling(Step::Drain);
    let pods = |second| {
        let wanted = wanted(&record, None, Duration::from_secs(30), false, at(second));
        wanted.slots.iter().find(|slot| slot.slot.id == "1").map(|slot| slot.api)
    };
    assert_eq!((pods(10), pods(30)), (Some(Pods::Kept), Some(Pods::Exactly(0))));
    let busy = decide(&target("2"), &record, &world(), Orders::default(), at(30));
    assert_eq!(busy.record.step, Step::Drain);
    let gone = World { blue: tiers("1", 0, 0), ..world() };
    assert_eq!(decide(&target("2"), &record, &gone, Orders::default(), at(30)).record.step, Step::Window);
}

#[test]
fn a_status_that_no_engine_wrote_is_no_record() {
    let (mut status, schema) = to_status(&rising(Step::Warm), Some("x".into()));
    assert_eq!(from_status(Some(&status), schema.as_ref()), Some(rising(Step::Warm)));
    status.step = Step::Bake;
    assert_eq!(from_status(Some(&status), schema.as_ref()), None);
    assert_eq!(from_status(None, None), None);
}

#[test]
fn the_service_stays_where_it_is_while_the_new_version_has_lost_its_pods() {
    let switching = Record {
        active: Some(slot("2", 2, Colour::Green)),
        flow: Flow::Fall { previous: slot("1", 1, Colour::Blue), returned: false },
        step: Step::Switch,
        counter: 2,
        ..settled()
    };
    // The operator died after it wrote the switch down, and then the new version's pods were lost.
    let mut world = World { green: tiers("2", 0, 1), ..world() };
    let decision = decide(&target("2"), &switching, &world, Orders::default(), at(1));
    assert_eq!(decision.record, switching);
    assert_eq!(decision.hold, Some(Colour::Blue));
    let said = decision.waiting_for.unwrap();
    assert_eq!(said, "version 2 has no ready pod any more; the Service stays with version 1");
    let held = wanted(&decision.record, decision.hold, Duration::from_secs(30), false, at(1));
    assert_eq!(held.service, Some(Colour::Blue));

    // They do not come back.
    let late = decide(&target("2"), &switching, &world, Orders::default(), at(601));
    assert_eq!(late.record.active.unwrap().version, "1");
    assert_eq!(late.record.rejected.unwrap().message, "version 2 has no ready pod any more");

    // They do.
    world.green = tiers("2", 5, 1);
    assert_eq!(decide(&target("2"), &switching, &world, Orders::default(), at(2)).hold, None);
}
