//! The operator dies at each write of a release, reads late, or misses events: the end is always the same.

use std::time::Duration;

use operator::crd::Step;
use serde_json::json;

use crate::releases::{PLAIN, Stage};
use crate::support::Running;
use crate::wire::{Death, Wire};

/// Versions are released one after another, each with another death.
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
    bury(victim).await;
    let heir = stage.operator(&format!("heir-{number}"), Wire::default().prints(PLAIN)).await;
    stage.serves(&version).await;
    let colour = if number.is_multiple_of(2) { "green" } else { "blue" };
    stage.nothing_is_left_but(colour).await;
    heir.stop().await.unwrap();
    died
}

/// A dead operator gives its Lease back, so that the test need not wait until it has run out; it writes nothing else.
async fn bury(victim: Running) {
    let _ = tokio::time::timeout(Duration::from_secs(20), victim.stop()).await;
}

async fn every_death(label: &str, death: fn(usize) -> Death) {
    let (stage, operator) = Stage::installed(label, Wire::default().prints(PLAIN)).await;
    operator.stop().await.unwrap();
    let mut number = 0;
    while release_with_death(&stage, number, death(number)).await {
        number += 1;
        assert!(number < 200, "a release has fewer writes");
    }
    assert!(number >= 20, "only {number} writes were interrupted");
    eprintln!("{label}: {number} deaths, each release ended well");
}

#[tokio::test]
async fn an_operator_that_dies_before_any_write_of_a_release_is_followed_by_one_that_finishes_it() {
    every_death("dies-before", Death::Before).await;
}

#[tokio::test]
async fn an_operator_that_dies_after_any_write_of_a_release_is_followed_by_one_that_finishes_it() {
    every_death("dies-after", Death::After).await;
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
async fn events_that_are_missed_change_nothing_of_the_end() {
    for kind in ["/deployments", "/jobs", "/services"] {
        let wire = Wire::default().prints(PLAIN).mute(kind);
        let (stage, operator) = Stage::installed("deaf", wire).await;
        stage.world.change(json!({"version": "2"})).await.unwrap();
        stage.serves("2").await;
        stage.nothing_is_left_but("green").await;
        operator.stop().await.unwrap();
    }
}
