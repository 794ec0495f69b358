//! What the status says in each situation.

use serde_json::json;

use super::*;
use crate::crd::{Colour, ScalingSource, Step};
use crate::release::{Candidate, Flow, JobState, Plan, Rejection};
use crate::resume_matcher::fixtures::{installation, object};
use crate::scaling::Hindrance;

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_000_000).unwrap()
}

fn serving() -> Tier {
    Tier { id: Some("id".into()), wanted: 2, replicas: 2, ready: 2, rolled_out: true, problem: None }
}

fn healthy() -> Observed {
    let ready = |name: &str| PartState::Ready { object: format!("StatefulSet people/{name}") };
    Observed {
        database: ready("acme-postgres"),
        cache: ready("acme-redis"),
        storage: ready("acme-storage"),
        blue: Tiers { api: serving(), worker: serving() },
        green: Tiers::default(),
        service: None,
        plan: Plan::Unknown { problem: None },
        migration: None,
        contract: None,
        revisions: std::collections::BTreeMap::new(),
        pods_left: false,
    }
}

fn target() -> Target {
    Target {
        id: "id".into(),
        version: "1".into(),
        api_image: "api:1".into(),
        worker_image: "worker:1".into(),
        migration: "m".into(),
        api_pods: 2,
        worker_pods: 2,
        settings: installation(json!({})).settings,
    }
}

fn released() -> Record {
    Record {
        active: Some(target().slot(Colour::Blue, 1)),
        flow: Flow::Settled,
        step: Step::Done,
        since: at(0),
        rejected: None,
        history: vec![],
        counter: 1,
        migrated: Some("m".into()),
        contracted: vec![],
    }
}

/// The first version, before its migration.
fn installing() -> Record {
    let slot = target().slot(Colour::Blue, 1);
    Record::first(Candidate { slot, api_pods: 2, worker_pods: 2, rollback: false }, None, at(0))
}

fn status(
    object: &ResumeMatcher,
    observed: &Observed,
    record: &Record,
    now: Timestamp,
) -> ResumeMatcherStatus {
    let installation = installation(json!({"ingress": {"host": "cv.example"}}));
    let applied = Applied::default();
    let passed = Passed {
        installation: &installation,
        observed,
        target: &target(),
        record,
        waiting_for: None,
        keys: &JobKeys { candidate: "1".into(), active: "1".into() },
        applied: Some(&applied),
        asleep: false,
        plan: None,
        following: &Following::default(),
    };
    after_pass(object, &passed, now)
}

/// Status, reason and message of a condition.
fn said(status: &ResumeMatcherStatus, name: &str) -> (String, String, String) {
    let condition = status.conditions.iter().find(|condition| condition.type_ == name).unwrap();
    (condition.status.clone(), condition.reason.clone(), condition.message.clone())
}

fn short(status: &ResumeMatcherStatus, name: &str) -> String {
    let (status, reason, _) = said(status, name);
    format!("{status} {reason}")
}

#[test]
fn a_healthy_installation_is_ready_and_rests() {
    let status = status(&object(json!({})), &healthy(), &released(), at(0));
    assert_eq!(
        said(&status, "Ready"),
        ("True".into(), "Available".into(), "serves at http://cv.example".into())
    );
    assert_eq!(short(&status, "Reconciling"), "False UpToDate");
    assert_eq!(short(&status, "Stalled"), "False Progresses");
    assert_eq!(status.observed_generation, Some(3));
    assert_eq!(status.api.unwrap().summary, "2/2");
}

#[test]
fn the_same_pass_again_changes_nothing() {
    let mut object = object(json!({}));
    let first = status(&object, &healthy(), &released(), at(0));
    object.status = Some(first.clone());
    assert_eq!(status(&object, &healthy(), &released(), at(500)), first);
    let kept: ResumeMatcherStatus = serde_json::from_value(serde_json::to_value(&first).unwrap()).unwrap();
    assert_eq!(kept, first, "what the API server gives back must be equal");
}

#[test]
fn a_time_changes_with_the_status_alone() {
    let mut object = object(json!({}));
    object.status = Some(status(&object, &healthy(), &released(), at(0)));
    let mut worse = healthy();
    worse.database =
        PartState::NotReady { message: "StatefulSet people/acme-postgres: pod x: OOMKilled".into() };
    let after = status(&object, &worse, &released(), at(100));
    let time = |name: &str| {
        let condition = after.conditions.iter().find(|condition| condition.type_ == name).unwrap();
        condition.last_transition_time.0.as_second() - 1_800_000_000
    };
    assert_eq!((time("Ready"), time("DatabaseReady"), time("CacheReady")), (100, 100, 0));
    assert_eq!(
        said(&after, "Ready"),
        ("False".into(), "NotReady".into(), "StatefulSet people/acme-postgres: pod x: OOMKilled".into())
    );
}

#[test]
fn while_a_release_rolls_out_its_parts_serve_and_the_whole_is_not_ready_yet() {
    let mut observed = healthy();
    observed.blue.api.rolled_out = false;
    observed.blue.api.problem = Some("pod p: container api: ImagePullBackOff".into());
    let status = status(&object(json!({})), &observed, &released(), at(0));
    assert_eq!(short(&status, "Ready"), "False RollingOut");
    assert_eq!(short(&status, "APIReady"), "True Available");
    assert_eq!(said(&status, "Reconciling").2, "pod p: container api: ImagePullBackOff");
}

#[test]
fn a_first_installation_tells_what_it_waits_for() {
    let mut observed = healthy();
    observed.blue = Tiers::default();
    observed.cache =
        PartState::NotReady { message: "StatefulSet people/acme-redis: its pod is starting".into() };
    let waiting = status(&object(json!({})), &observed, &installing(), at(0));
    assert_eq!(short(&waiting, "Ready"), "False NotReady");
    assert_eq!(said(&waiting, "Reconciling").2, "StatefulSet people/acme-redis: its pod is starting");
    observed.cache = healthy().cache;
    observed.migration = Some(JobState::Running { problem: None });
    let migrating = status(&object(json!({})), &observed, &installing(), at(0));
    assert_eq!(short(&migrating, "Ready"), "False Migrating");
    assert_eq!(short(&migrating, "APIReady"), "False WaitingForSchema");
}

#[test]
fn a_failed_first_migration_is_told_in_its_own_words() {
    let mut observed = healthy();
    observed.blue = Tiers::default();
    let message = "Job people/acme-migrate-1 failed: pod p: container migrate: no such role".to_owned();
    observed.migration = Some(JobState::Failed { at: at(0), permanent: true, message });
    let status = status(&object(json!({})), &observed, &installing(), at(0));
    let (ready, reason, message) = said(&status, "Ready");
    assert_eq!((ready.as_str(), reason.as_str()), ("False", "MigrationFailed"));
    assert!(message.contains("Job people/acme-migrate-1") && message.contains("no such role"), "{message}");
    assert_eq!(short(&status, "Stalled"), "True MigrationFailed");
    assert_eq!(short(&status, "Reconciling"), "False MigrationFailed");
}

#[test]
fn a_release_that_was_given_up_says_step_object_and_reason_while_the_old_one_serves() {
    let mut record = released();
    record.active = Some(Target { id: "old".into(), version: "0".into(), ..target() }.slot(Colour::Blue, 1));
    record.migrated = None;
    record.rejected = Some(Rejection {
        id: "id".into(),
        number: 2,
        version: "1".into(),
        step: Step::Migrate,
        reason: "MigrationFailed".into(),
        message: "Job people/acme-migrate-2 failed: no such column".into(),
        at: at(0),
    });
    let status = status(&object(json!({})), &healthy(), &record, at(0));
    let (_, _, message) = said(&status, "Ready");
    for word in ["release 2", "step Migrate", "acme-migrate-2", "no such column", "version 0 serves"] {
        assert!(message.contains(word), "{word} is not in {message}");
    }
    assert_eq!(short(&status, "Stalled"), "True MigrationFailed");
    assert_eq!(short(&status, "Degraded"), "True MigrationFailed");
    assert_eq!(short(&status, "SchemaUpToDate"), "False MigrationFailed");
    assert_eq!(short(&status, "APIReady"), "True Available");
}

#[test]
fn while_a_candidate_is_on_its_way_the_whole_is_not_ready_and_the_parts_are() {
    let mut record = released();
    record.active = Some(Target { id: "old".into(), ..target() }.slot(Colour::Blue, 1));
    let slot = target().slot(Colour::Green, 2);
    record.flow = Flow::Rise { candidate: Candidate { slot, api_pods: 2, worker_pods: 2, rollback: false } };
    record.step = Step::Analyse;
    let status = status(&object(json!({})), &healthy(), &record, at(0));
    assert_eq!(short(&status, "Ready"), "False Releasing");
    assert_eq!(short(&status, "APIReady"), "True Available");
    assert_eq!(short(&status, "Stalled"), "False Progresses");
}

#[test]
fn fewer_pods_than_wanted_is_degraded_and_none_is_not_ready() {
    let mut observed = healthy();
    observed.blue.api.ready = 1;
    assert_eq!(
        short(&status(&object(json!({})), &observed, &released(), at(0)), "APIReady"),
        "True Degraded"
    );
    observed.blue.api.ready = 0;
    assert_eq!(short(&status(&object(json!({})), &observed, &released(), at(0)), "Ready"), "False NotReady");
}

#[test]
fn a_refused_object_says_why_and_keeps_what_is_known() {
    let mut object = object(json!({}));
    object.status = Some(status(&object, &healthy(), &released(), at(0)));
    let refused = after_refusal(&object, "SecretNotFound", "spec.cache: Secret x", at(9));
    assert_eq!(
        said(&refused, "Ready"),
        ("False".into(), "SecretNotFound".into(), "spec.cache: Secret x".into())
    );
    assert_eq!(short(&refused, "Stalled"), "True SecretNotFound");
    assert_eq!(short(&refused, "Reconciling"), "False SecretNotFound");
    assert_eq!(refused.schema.unwrap().migrated, "m");
}

#[test]
fn a_failed_pass_leaves_ready_alone_and_reconciles() {
    let mut object = object(json!({}));
    object.status = Some(status(&object, &healthy(), &released(), at(0)));
    let failed = after_failure(&object, "ApplyFailed", "Deployment acme-api: cannot apply it", at(9));
    assert_eq!(short(&failed, "Ready"), "True Available");
    assert_eq!(short(&failed, "Reconciling"), "True ApplyFailed");
    object.status = None;
    assert_eq!(short(&after_failure(&object, "ApplyFailed", "x", at(9)), "Ready"), "False ApplyFailed");
}

#[test]
fn a_suspended_installation_says_so() {
    let installation = installation(json!({}));
    let (observed, record) = (healthy(), released());
    let passed = Passed {
        installation: &installation,
        observed: &observed,
        target: &target(),
        record: &record,
        waiting_for: None,
        keys: &JobKeys::default(),
        applied: None,
        asleep: false,
        plan: None,
        following: &Following::default(),
    };
    let status = after_pass(&object(json!({"suspend": true})), &passed, at(0));
    assert_eq!(short(&status, "Reconciling"), "False Suspended");
    assert_eq!(short(&status, "Ready"), "True Available");
}

#[test]
fn a_hibernating_installation_says_so_and_is_neither_degraded_nor_stalled() {
    let installation = installation(json!({"hibernate": true}));
    let (record, applied) = (released(), Applied::default());
    let said_of = |observed: &Observed| {
        let passed = Passed {
            installation: &installation,
            observed,
            target: &target(),
            record: &record,
            waiting_for: None,
            keys: &JobKeys::default(),
            applied: Some(&applied),
            asleep: true,
            plan: None,
            following: &Following::default(),
        };
        let status = after_pass(&object(json!({"hibernate": true})), &passed, at(0));
        ["Ready", "Reconciling", "Stalled", "Degraded", "DatabaseReady"].map(|name| short(&status, name))
    };
    let mut observed = healthy();
    assert_eq!(said_of(&observed)[1], "True Hibernating");
    observed.blue = Tiers::default();
    observed.database = PartState::NotReady { message: "stopped".into() };
    let expected =
        ["False Hibernated", "False Hibernated", "False Progresses", "False Hibernated", "False Hibernated"];
    assert_eq!(said_of(&observed), expected);
    observed.pods_left = true;
    assert_eq!(said_of(&observed)[1], "True Hibernating");
}

/// The status of an installation whose workers follow the queue, from none on.
fn following(worker: Tier, hindrance: Option<Hindrance>) -> ResumeMatcherStatus {
    let installation = installation(json!({"worker": {"autoscaling": {"min": 0, "max": 5}}}));
    let (record, applied) = (released(), Applied::default());
    let observed = Observed { blue: Tiers { api: serving(), worker }, ..healthy() };
    let passed = Passed {
        installation: &installation,
        observed: &observed,
        target: &target(),
        record: &record,
        waiting_for: None,
        keys: &JobKeys::default(),
        applied: Some(&applied),
        asleep: false,
        plan: None,
        following: &Following { scaled_by: Some(ScalingSource::Builtin), hindrance, ..Following::default() },
    };
    after_pass(&object(json!({})), &passed, at(0))
}

#[test]
fn workers_that_come_because_of_the_queue_are_no_trouble() {
    let waking = Tier { wanted: 1, replicas: 0, ready: 0, rolled_out: false, ..serving() };
    let status = following(waking.clone(), None);
    assert_eq!(short(&status, "Ready"), "True Available");
    assert_eq!(short(&status, "WorkerReady"), "True Growing");
    assert_eq!(short(&status, "Degraded"), "False AsWanted");
    assert_eq!(short(&status, "Reconciling"), "False UpToDate");
    let (_, _, message) = said(&status, "WorkerScaling");
    assert_eq!(message, "one pod for 10 tasks, 0 to 5 pods");
    assert_eq!(status.worker.unwrap().scaled_by, Some(ScalingSource::Builtin));
    let stuck = Tier { problem: Some("pod w: ImagePullBackOff".into()), ..waking };
    let status = following(stuck, None);
    assert_eq!(short(&status, "Ready"), "False NotReady");
    assert_eq!(short(&status, "Degraded"), "True PodsMissing");
    let none = Tier { wanted: 0, replicas: 0, ready: 0, ..serving() };
    assert_eq!(short(&following(none, None), "WorkerReady"), "True ScaledToZero");
}

#[test]
fn a_queue_that_cannot_be_read_degrades_and_says_which_pod_and_why() {
    let message = "pod p does not tell its queue: 503".to_owned();
    let status = following(serving(), Some(Hindrance { reason: "QueueUnreadable", message }));
    assert_eq!(short(&status, "Ready"), "True Available");
    assert_eq!(short(&status, "WorkerScaling"), "False QueueUnreadable");
    let (degraded, reason, message) = said(&status, "Degraded");
    assert_eq!((degraded.as_str(), reason.as_str()), ("True", "QueueUnreadable"));
    assert!(message.contains("pod p"), "{message}");
    let fixed = ResumeMatcher { status: Some(status), ..object(json!({})) };
    let status = self::status(&fixed, &healthy(), &released(), at(1));
    assert!(!status.conditions.iter().any(|condition| condition.type_ == "WorkerScaling"));
}
