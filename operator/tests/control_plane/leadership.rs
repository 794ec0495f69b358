//! One replica works at a time, and another takes over.

use std::sync::atomic::Ordering;
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams};
use operator::leader::{Candidate, Election, Lost};
use operator::startup::RunError;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::support::World;

fn election(world: &World, identity: &str) -> Election {
    Election {
        namespace: world.namespace.clone(),
        name: "operator".to_owned(),
        identity: identity.to_owned(),
        duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry: Duration::from_millis(200),
    }
}

async fn holder(world: &World) -> Option<String> {
    world.api::<Lease>().get_opt("operator").await.unwrap()?.spec?.holder_identity
}

#[tokio::test]
async fn of_many_candidates_one_leads() {
    let world = World::new("election").await;
    let (leads, mut leaders) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (election, client, leads) =
            (election(&world, &format!("c{number}")), world.client.clone(), leads.clone());
        tasks.spawn(async move {
            let mut candidate = Candidate::new(client, election);
            candidate.acquire(&watch::Sender::new(false)).await;
            leads.send(number).unwrap();
            candidate.hold().await
        });
    }
    let first = leaders.recv().await.unwrap();
    assert_eq!(holder(&world).await.unwrap(), format!("c{first}"));
    // Longer than the Lease lasts: the leader renews it, so nobody else may lead.
    assert!(timeout(Duration::from_secs(5), leaders.recv()).await.is_err(), "a second candidate leads");
}

#[tokio::test]
async fn a_lease_that_is_given_back_is_taken_at_once_and_one_that_is_not_when_it_has_run_out() {
    let world = World::new("handover").await;
    let heard = watch::Sender::new(false);
    let mut first = Candidate::new(world.client.clone(), election(&world, "first"));
    first.acquire(&heard).await;
    assert!(*heard.borrow());
    let mut second = Candidate::new(world.client.clone(), election(&world, "second"));
    first.release().await.unwrap();
    let before = Instant::now();
    second.acquire(&heard).await;
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    // The second dies without a word.
    drop(second);
    let mut third = Candidate::new(world.client.clone(), election(&world, "third"));
    let before = Instant::now();
    third.acquire(&heard).await;
    assert!(before.elapsed() >= Duration::from_secs(3), "{:?}", before.elapsed());
    assert_eq!(holder(&world).await.as_deref(), Some("third"));
    let lease = world.api::<Lease>().get("operator").await.unwrap();
    assert_eq!(lease.spec.unwrap().lease_transitions, Some(3));
}

#[tokio::test]
async fn a_leader_whose_lease_is_taken_stops() {
    let world = World::new("taken").await;
    let mut leader = Candidate::new(world.client.clone(), election(&world, "leader"));
    leader.acquire(&watch::Sender::new(false)).await;
    let patch = Patch::Merge(json!({"spec": {"holderIdentity": "thief"}}));
    world.api::<Lease>().patch("operator", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(leader.hold().await, Lost::Taken("thief".to_owned()));
    // It must not give back what is not its own.
    leader.release().await.unwrap();
    assert_eq!(holder(&world).await.as_deref(), Some("thief"));
}

#[tokio::test]
async fn the_second_operator_works_only_after_the_first_has_stopped() {
    let world = World::new("two-operators").await;
    let first = world.operator("first").await;
    world
        .until("the first leads", || async {
            (first.metric("resume_matcher_operator_leader") == 1).then_some(())
        })
        .await;
    let second = world.operator("second").await;
    world.create(json!({})).await.unwrap();
    world.object::<StatefulSet>("acme-storage").await;
    assert_eq!(second.writes.load(Ordering::SeqCst), 0);
    first.stop().await.unwrap();
    world
        .until("the second leads", || async {
            (second.metric("resume_matcher_operator_leader") == 1).then_some(())
        })
        .await;
    world.data_services_start().await;
    world.migration().await;
    assert!(second.writes.load(Ordering::SeqCst) > 0);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn an_operator_that_loses_its_lease_ends() {
    let world = World::new("loses").await;
    let operator = world.operator("victim").await;
    world
        .until("it leads", || async {
            (operator.metric("resume_matcher_operator_leader") == 1).then_some(())
        })
        .await;
    let patch = Patch::Merge(json!({"spec": {"holderIdentity": "thief"}}));
    let api = world.api::<Lease>();
    api.patch("resume-matcher-operator", &PatchParams::default(), &patch).await.unwrap();
    assert!(matches!(operator.ended().await, Err(RunError::Lost(Lost::Taken(thief))) if thief == "thief"));
}
