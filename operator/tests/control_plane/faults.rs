//! The operator reads late, or hears of events late: the end is always the same.

use serde_json::json;

use crate::releases::{PLAIN, Stage};
use crate::wire::Wire;

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
async fn events_that_are_told_late_change_nothing_of_the_end() {
    for kind in ["/deployments", "/jobs", "/services"] {
        let wire = Wire::default().prints(PLAIN).mute(kind);
        let (stage, operator) = Stage::installed("deaf", wire).await;
        stage.world.change(json!({"version": "2"})).await.unwrap();
        stage.serves("2").await;
        stage.nothing_is_left_but("green").await;
        operator.stop().await.unwrap();
    }
}
