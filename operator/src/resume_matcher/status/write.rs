//! Writes the status and tells what changed in it. Uses the client.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use crate::crd::{ResumeMatcher, ResumeMatcherStatus};
use crate::names::FIELD_MANAGER;
use crate::telemetry::Metrics;

/// The conditions whose changes people are told of by events.
const TOLD: [&str; 2] = ["Ready", "SchemaUpToDate"];

/// Writes the status, if it differs from the one that the object has. Gives whether it did.
///
/// # Errors
/// When the API server refuses or is not reached. An object that is gone is no error.
pub async fn write_status(
    client: &Client,
    metrics: &Metrics,
    object: &ResumeMatcher,
    status: &ResumeMatcherStatus,
) -> Result<bool, kube::Error> {
    if object.status.as_ref() == Some(status) {
        return Ok(false);
    }
    let api: Api<ResumeMatcher> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let body = json!({
        "apiVersion": ResumeMatcher::api_version(&()),
        "kind": ResumeMatcher::kind(&()),
        "metadata": {"name": object.name_any()},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match api.patch_status(&object.name_any(), &params, &Patch::Apply(&body)).await {
        Ok(_) => {
            metrics.wrote_object();
            Ok(true)
        }
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

/// Publishes an event for each important condition whose status or reason changed.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn announce(
    recorder: &Recorder,
    object: &ResumeMatcher,
    status: &ResumeMatcherStatus,
) -> Result<(), kube::Error> {
    let before = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    for condition in status.conditions.iter().filter(|condition| TOLD.contains(&condition.type_.as_str())) {
        if is_news(condition, before) {
            let type_ = if is_good(condition) { EventType::Normal } else { EventType::Warning };
            let event = Event {
                type_,
                reason: condition.reason.clone(),
                note: Some(condition.message.clone()),
                action: "Reconcile".to_owned(),
                secondary: None,
            };
            recorder.publish(&event, &object.object_ref(&())).await?;
        }
    }
    Ok(())
}

fn is_news(condition: &Condition, before: &[Condition]) -> bool {
    let same = |old: &&Condition| old.type_ == condition.type_;
    before
        .iter()
        .find(same)
        .is_none_or(|old| old.status != condition.status || old.reason != condition.reason)
}

/// Waiting is no warning.
fn is_good(condition: &Condition) -> bool {
    const WAITING: [&str; 7] = [
        "NotReady",
        "Creating",
        "Migrating",
        "WaitingForDataServices",
        "WaitingForSchema",
        "Degraded",
        "RollingOut",
    ];
    condition.status == "True" || WAITING.contains(&condition.reason.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(status: &str, reason: &str, message: &str) -> Condition {
        serde_json::from_value(json!({
            "type": "Ready", "status": status, "reason": reason, "message": message,
            "lastTransitionTime": "2026-01-02T03:04:05Z"
        }))
        .unwrap()
    }

    #[test]
    fn another_message_alone_is_no_news() {
        let before = [condition("False", "NotReady", "0 of 2")];
        assert!(!is_news(&condition("False", "NotReady", "1 of 2"), &before));
        assert!(is_news(&condition("True", "Available", ""), &before));
        assert!(is_news(&condition("False", "SecretNotFound", ""), &before));
        assert!(is_news(&condition("False", "NotReady", ""), &[]));
    }

    #[test]
    fn waiting_is_told_without_alarm_and_a_wrong_secret_with_one() {
        assert!(is_good(&condition("False", "Migrating", "")));
        assert!(!is_good(&condition("False", "SecretNotFound", "")));
        assert!(!is_good(&condition("False", "MigrationFailed", "")));
    }
}
