//! The operator dies at each write of a release, reads late, or misses events: the end is always the same.

use operator::crd::Step;
use serde_json::json;

use crate::releases::{PLAIN, Stage};
use crate::wire::{Death, Wire};

/// How many installations share the deaths among them, so that their waiting overlaps.
const SHARDS: usize = 6;

/// Releases the next version, with this death on the way. Gives whether the operator died; it does not when the release
/// has fewer writes.
async fn release_with_death(stage: &Stage, number: usize, death: Death) -> bool {
    let wire = Wire::default().prints(PLAIN).dies(death);
    let victim = stage.operator(&format!("victim-{number}"), wire.clone()).await;
    let version = format!("{}", number + 2);
    stage.world.change(json!({"version": version})).await.unwrap();
    let died = stage
        .world
        .until("the victim dies, or the release ends", || async {
            if wire.is_dead() {
                return Some(true);
            }
            let release = stage.release().await;
            let serves = release.active.is_some_and(|active| active.version == version);
            (serves && release.step == Step::Done).then_some(false)
        })
        .await;
    victim.stop().await.unwrap();
    let heir = stage.operator(&format!("heir-{number}"), Wire::default().prints(PLAIN)).await;
    stage.serves(&version).await;
    let colour = if number.is_multiple_of(2) { "green" } else { "blue" };
    stage.nothing_is_left_but(colour).await;
    heir.stop().await.unwrap();
    died
}

/// The death after so many writes. Whether the operator heard of the last one or not is the same to its heir, which knows
/// nothing but what is in the cluster; the two take turns.
fn death(writes: usize) -> Death {
    match writes.checked_sub(1) {
        Some(last) if last.is_multiple_of(2) => Death::After(last),
        _ => Death::Before(writes),
    }
}

/// Every write of a release that falls to one installation: of each six, one.
async fn deaths_of(shard: usize) -> usize {
    let (stage, operator) = Stage::installed("dies", Wire::default().prints(PLAIN)).await;
    operator.stop().await.unwrap();
    let mut number = 0;
    while release_with_death(&stage, number, death(number * SHARDS + shard)).await {
        number += 1;
        assert!(number < 50, "a release has fewer writes");
    }
    number
}

#[tokio::test]
async fn an_operator_that_dies_at_any_write_of_a_release_is_followed_by_one_that_finishes_it() {
    let deaths: usize = futures::future::join_all((0..SHARDS).map(deaths_of)).await.into_iter().sum();
    assert!(deaths >= 40, "only {deaths} writes were interrupted");
    eprintln!("{deaths} deaths, and each release ended well");
}

#[tokio::test]
async fn reads_that_are_late_by_some_versions_change_nothing_of_the_end() {
    for versions in [1, 3, 8] {
        let wire = Wire::default().prints(PLAIN).stale_by(versions);
        let (stage, operator) = Stage::installed("late", wire.clone()).await;
        let _ = wire.stale_by(versions);
        stage.world.change(json!({"version": "2"})).await.unwrap();
        stage.serves("2").await;
        stage.nothing_is_left_but("green").await;
        operator.stop().await.unwrap();
    }
}

#[tokio::test]
async fn events_that_are_lost_for_good_change_nothing_of_the_end() {
    let kinds = ["/deployments", "/jobs", "/services", "/controllerrevisions", "/resumematchers"];
    futures::future::join_all(kinds.map(|kind| async move {
        let stage = Stage::new("deaf").await;
        let wire = Wire::default().prints(PLAIN).mute(kind);
        // Lists make up for what the watches do not tell.
        let operator = stage.operator_with("only", &["--resync-seconds", "10"], wire).await;
        stage.world.create(crate::releases::spec("1")).await.unwrap();
        stage.serves("1").await;
        stage.world.change(json!({"version": "2"})).await.unwrap();
        stage.serves("2").await;
        stage.nothing_is_left_but("green").await;
        operator.stop().await.unwrap();
    }))
    .await;
}
