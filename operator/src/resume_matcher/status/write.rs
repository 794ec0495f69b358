//! Writes the status and tells what changed in it. Uses the client.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use crate::crd::{ReleaseStatus, ResumeMatcher, ResumeMatcherStatus};
use crate::names::FIELD_MANAGER;
use crate::telemetry::Metrics;

/// Longest note that the API server takes is 1024 bytes.
const LONGEST_NOTE: usize = 500;

/// The conditions whose changes people are told of by events.
const TOLD: [&str; 4] = ["Ready", "SchemaUpToDate", "BackupHealthy", "WorkerScaling"];

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
    match apply(client, object, status).await {
        Ok(_) => {
            metrics.wrote_object();
            Ok(true)
        }
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the record of a release before anything is done about it, on condition that nobody changed the object since it
/// was read. Gives the object as it is then.
///
/// # Errors
/// When the API server refuses, also because the object was changed meanwhile, or is not reached.
pub async fn write_ahead(
    client: &Client,
    metrics: &Metrics,
    object: &ResumeMatcher,
    status: &ResumeMatcherStatus,
) -> Result<ResumeMatcher, kube::Error> {
    let written = apply(client, object, status).await?;
    metrics.wrote_object();
    Ok(written)
}

/// With the resource version that was read: a compare and swap.
async fn apply(
    client: &Client,
    object: &ResumeMatcher,
    status: &ResumeMatcherStatus,
) -> Result<ResumeMatcher, kube::Error> {
    let api: Api<ResumeMatcher> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let body = json!({
        "apiVersion": ResumeMatcher::api_version(&()),
        "kind": ResumeMatcher::kind(&()),
        "metadata": {"name": object.name_any(), "resourceVersion": object.resource_version()},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch_status(&object.name_any(), &params, &Patch::Apply(&body)).await
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
    for event in release_news(object.status.as_ref().and_then(|status| status.release.as_ref()), status) {
        recorder.publish(&event, &object.object_ref(&())).await?;
    }
    Ok(())
}

/// What people are told of a release: each step that it enters, and why it was given up.
fn release_news(before: Option<&ReleaseStatus>, status: &ResumeMatcherStatus) -> Vec<Event> {
    let Some(now) = &status.release else { return vec![] };
    let event = |type_, reason: String, note: String| Event {
        type_,
        reason,
        note: Some(note),
        action: "Release".to_owned(),
        secondary: None,
    };
    let mut news = Vec::new();
    let rejected = now.rejected.as_ref();
    if let Some(rejected) =
        rejected.filter(|now| before.and_then(|before| before.rejected.as_ref()) != Some(now))
    {
        let note = format!(
            "release {} (version {}) was given up in step {}: {}",
            rejected.number,
            rejected.version,
            rejected.step.as_str(),
            rejected.message
        );
        news.push(event(
            EventType::Warning,
            rejected.reason.clone(),
            note.chars().take(LONGEST_NOTE).collect(),
        ));
    }
    let subject = now.candidate.as_ref().map(|candidate| &candidate.slot).or(now.active.as_ref());
    let is_new = before.is_none_or(|before| before.step != now.step || before.counter != now.counter);
    if let Some(slot) = subject.filter(|_| is_new) {
        let step = now.step.as_str();
        let waits = now.waiting_for.as_ref().map(|what| format!(": {what}")).unwrap_or_default();
        let note = format!("release {} (version {}), step {step}{waits}", slot.number, slot.version);
        let note = note.chars().take(LONGEST_NOTE).collect();
        news.push(event(EventType::Normal, format!("Release{step}"), note));
    }
    news
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
    const WAITING: [&str; 11] = [
        "Maintenance",
        "NoBackupYet",
        "Suspended",
        "Releasing",
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
