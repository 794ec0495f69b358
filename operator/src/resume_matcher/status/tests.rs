//! What the status says in each situation.

use serde_json::json;

use super::*;
use crate::resume_matcher::decide::{JobState, JobStep};
use crate::resume_matcher::fixtures::{installation, object};
use crate::resume_matcher::model::Release;
use crate::resume_matcher::observe::JobSeen;

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_000_000).unwrap()
}

fn serving() -> TierState {
    TierState { exists: true, wanted: 2, replicas: 2, ready: 2, rolled_out: true, problem: None, image: None }
}

fn healthy() -> Observed {
    let ready = |name: &str| PartState::Ready { object: format!("StatefulSet people/{name}") };
    Observed {
        database: ready("acme-postgres"),
        cache: ready("acme-redis"),
        storage: ready("acme-storage"),
        job: None,
        api: serving(),
        worker: serving(),
    }
}

fn decision(phase: Phase, workloads: Option<Release>) -> Decision {
    Decision { phase, job: JobStep::Leave, workloads, migrated: Some("m".into()), look_again: None }
}

fn status(
    object: &ResumeMatcher,
    observed: &Observed,
    decision: &Decision,
    now: Timestamp,
) -> ResumeMatcherStatus {
    let installation = installation(json!({"ingress": {"host": "cv.example"}}));
    let applied = Applied::default();
    let passed = Passed {
        installation: &installation,
        observed,
        decision,
        applied: Some(&applied),
        job: "acme-migrate-1",
    };
    after_pass(object, &passed, now)
}

fn released() -> Decision {
    decision(Phase::Released, Some(installation(json!({})).release))
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
    observed.api.rolled_out = false;
    observed.api.problem = Some("pod p: container api: ImagePullBackOff".into());
    let status = status(&object(json!({})), &observed, &released(), at(0));
    assert_eq!(short(&status, "Ready"), "False RollingOut");
    assert_eq!(short(&status, "APIReady"), "True Available");
    assert_eq!(said(&status, "Reconciling").2, "pod p: container api: ImagePullBackOff");
}

#[test]
fn a_first_installation_tells_what_it_waits_for() {
    let mut observed = healthy();
    observed.api = TierState::default();
    observed.worker = TierState::default();
    observed.cache =
        PartState::NotReady { message: "StatefulSet people/acme-redis: its pod is starting".into() };
    let waiting = status(&object(json!({})), &observed, &decision(Phase::DataServices, None), at(0));
    assert_eq!(short(&waiting, "Ready"), "False NotReady");
    assert_eq!(said(&waiting, "Reconciling").2, "StatefulSet people/acme-redis: its pod is starting");
    observed.cache = healthy().cache;
    let migrating = status(&object(json!({})), &observed, &decision(Phase::Migrating, None), at(0));
    assert_eq!(short(&migrating, "Ready"), "False Migrating");
    assert_eq!(short(&migrating, "APIReady"), "False WaitingForSchema");
}

#[test]
fn a_failed_migration_is_told_in_its_own_words() {
    let mut observed = healthy();
    let failed = JobState::Failed { at: at(0), permanent: true };
    observed.job =
        Some(JobSeen { state: failed, message: Some("pod p: container migrate: no such role".into()) });
    let release = Release::from(&ReleaseStatus::default());
    let status =
        status(&object(json!({})), &observed, &decision(Phase::MigrationStuck, Some(release)), at(0));
    let (ready, reason, message) = said(&status, "Ready");
    assert_eq!((ready.as_str(), reason.as_str()), ("False", "MigrationFailed"));
    assert!(message.contains("Job people/acme-migrate-1") && message.contains("no such role"), "{message}");
    assert_eq!(short(&status, "Stalled"), "True MigrationFailed");
    assert_eq!(short(&status, "Reconciling"), "False MigrationFailed");
}

#[test]
fn fewer_pods_than_wanted_is_degraded_and_none_is_not_ready() {
    let mut observed = healthy();
    observed.api.ready = 1;
    assert_eq!(
        short(&status(&object(json!({})), &observed, &released(), at(0)), "APIReady"),
        "True Degraded"
    );
    observed.api.ready = 0;
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
    let decision = released();
    let observed = healthy();
    let passed = Passed {
        installation: &installation,
        observed: &observed,
        decision: &decision,
        applied: None,
        job: "j",
    };
    let status = after_pass(&object(json!({"suspend": true})), &passed, at(0));
    assert_eq!(short(&status, "Reconciling"), "False Suspended");
    assert_eq!(short(&status, "Ready"), "True Available");
}
