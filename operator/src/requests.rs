//! What the controllers of `ResumeMatcherBackup` and `ResumeMatcherRestore` have in common: the installation that is meant,
//! writing status and Jobs, and what follows from a failed pass. Uses the client.

use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::children::Kind;
use crate::crd::ResumeMatcher;
use crate::names::FIELD_MANAGER;
use crate::resume_matcher::Context;
use crate::resume_matcher::fetch::{fetch_object, fetch_secrets};
use crate::resume_matcher::model::Installation;
use crate::resume_matcher::validate::validate;
use crate::telemetry::{Metrics, Verb};

/// Longest note that the API server takes is 1024 bytes.
const LONGEST_NOTE: usize = 500;

/// Why a pass over a request failed. All of these are tried again.
#[derive(Debug, Error)]
pub enum RequestError {
    /// Something could not be read.
    #[error("cannot read what the request is about")]
    Read(#[source] Box<kube::Error>),
    /// Something could not be written.
    #[error("cannot write {0}")]
    Write(&'static str, #[source] Box<kube::Error>),
}

impl RequestError {
    /// A read that failed.
    #[must_use]
    pub fn read(error: kube::Error) -> Self {
        Self::Read(Box::new(error))
    }

    /// The category of metrics.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Read(_) => "RequestReadFailed",
            Self::Write(..) => "RequestWriteFailed",
        }
    }

    /// The error with what led to it.
    #[must_use]
    pub fn chain(&self) -> String {
        let (Self::Read(source) | Self::Write(_, source)) = self;
        format!("{self}: {source}")
    }
}

/// What follows from a failed pass over a request.
#[must_use]
pub fn error_policy<K>(
    object: Arc<DeserializeGuard<K>>,
    error: &RequestError,
    context: Arc<Context>,
) -> Action
where
    K: Resource<DynamicType = ()>,
{
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let pause = context.failures.next_pause(&namespace, &name);
    tracing::warn!(
        kind = %K::kind(&()),
        namespace,
        name,
        error = error.chain(),
        ?pause,
        "a pass failed; it is tried again"
    );
    Action::requeue(pause)
}

/// The installation that a request is about.
#[derive(Debug, Default)]
pub struct Target {
    /// It; none: there is none of this name.
    pub object: Option<ResumeMatcher>,
    /// It, validated and with backups; else the mend.
    pub installation: Option<Result<Installation, String>>,
}

impl Target {
    /// The installation, or what is missing, in a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn fit(&self, name: &str) -> Result<(&ResumeMatcher, &Installation), String> {
        match (&self.object, &self.installation) {
            (Some(object), Some(Ok(installation))) => Ok((object, installation)),
            (Some(_), Some(Err(problem))) => Err(problem.clone()),
            _ => Err(format!("there is no ResumeMatcher {name} in this namespace")),
        }
    }

    /// The worker's image of the version that serves.
    #[must_use]
    pub fn worker_image(&self) -> Option<String> {
        let status = self.object.as_ref()?.status.as_ref()?;
        Some(status.release.as_ref()?.active.as_ref()?.worker_image.clone())
    }
}

/// Reads the installation.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn target(client: &Client, namespace: &str, name: &str) -> Result<Target, RequestError> {
    let read = RequestError::read;
    let Some(object) = fetch_object(client, namespace, name).await.map_err(read)? else {
        return Ok(Target::default());
    };
    let secrets = fetch_secrets(client, namespace, &object.spec).await.map_err(read)?;
    let installation = match validate(&object, &secrets) {
        Err(invalid) => Err(format!("ResumeMatcher {name}: {invalid}")),
        Ok(installation) if installation.backup.is_none() => Err(format!(
            "ResumeMatcher {name}: spec.backup is not set; say there which bucket the backups are in"
        )),
        Ok(installation) => Ok(installation),
    };
    Ok(Target { object: Some(object), installation: Some(installation) })
}

/// The name of a request's Job: `INSTALLATION-TASK-HASH`, another for each request.
#[must_use]
pub fn job_name(installation: &str, task: &str, uid: &str) -> String {
    let hash = Sha256::digest(uid.as_bytes());
    let short: String = hash.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    format!("{installation}-{task}-{short}")
}

/// Makes a Job, unless it is there.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn make(client: &Client, metrics: &Metrics, job: &Job) -> Result<(), RequestError> {
    let api: Api<Job> = Api::namespaced(client.clone(), &job.namespace().unwrap_or_default());
    match api
        .create(&PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }, job)
        .await
    {
        Ok(_) => metrics.wrote(Kind::Job, Verb::Apply),
        Err(kube::Error::Api(answer)) if answer.code == 409 => {}
        Err(error) => return Err(RequestError::Write("the Job", Box::new(error))),
    }
    Ok(())
}

/// Writes a request's status, with the resource version that was read: a compare and swap.
///
/// # Errors
/// When the API server refuses, also because the object was changed meanwhile, or is not reached.
pub async fn write_status<K, S>(
    client: &Client,
    metrics: &Metrics,
    object: &K,
    status: &S,
) -> Result<(), RequestError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    S: Serialize + Sync,
{
    let api: Api<K> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": object.name_any(), "resourceVersion": object.resource_version()},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match api.patch_status(&object.name_any(), &params, &Patch::Apply(&body)).await {
        Ok(_) => metrics.wrote_request(label::<K>()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => {}
        Err(error) => return Err(RequestError::Write("the status", Box::new(error))),
    }
    Ok(())
}

/// The kind as a label of metrics, of those that there are.
fn label<K: Resource<DynamicType = ()>>() -> &'static str {
    match K::kind(&()).as_ref() {
        "ResumeMatcherBackup" => "ResumeMatcherBackup",
        "ResumeMatcherRestore" => "ResumeMatcherRestore",
        _ => "other",
    }
}

/// `Complete` or `Failed`, once a request has ended; the time of one that was set before stays.
#[must_use]
pub fn conditions(
    before: &[Condition],
    generation: Option<i64>,
    ended: Option<bool>,
    message: Option<&str>,
    now: Timestamp,
) -> Vec<Condition> {
    let Some(well) = ended else { return vec![] };
    let name = if well { "Complete" } else { "Failed" };
    let since = before.iter().find(|condition| condition.type_ == name);
    let whole = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
    vec![Condition {
        type_: name.to_owned(),
        status: "True".to_owned(),
        reason: if well { "Succeeded" } else { "Failed" }.to_owned(),
        message: message.unwrap_or_default().chars().take(1000).collect(),
        observed_generation: generation,
        last_transition_time: since.map_or(whole, |condition| condition.last_transition_time.clone()),
    }]
}

/// Tells people of a new phase.
pub async fn announce<K>(recorder: &Recorder, object: &K, phase: &str, failed: bool, message: Option<&str>)
where
    K: Resource<DynamicType = ()>,
{
    let event = Event {
        type_: if failed { EventType::Warning } else { EventType::Normal },
        reason: phase.to_owned(),
        note: message.map(|message| message.chars().take(LONGEST_NOTE).collect()),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    // An event is a courtesy: the status has been written and says the same.
    if let Err(error) = recorder.publish(&event, &object.object_ref(&())).await {
        tracing::warn!(%error, "event not published");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_name_is_the_requests_own_and_fits() {
        let name = job_name(&"x".repeat(crate::names::MAX_NAME), "restore", "uid");
        assert!(name.len() <= 63, "{name}");
        assert_ne!(name, job_name(&"x".repeat(crate::names::MAX_NAME), "restore", "other"));
    }

    #[test]
    fn the_time_of_an_end_does_not_change_by_itself() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = conditions(&[], Some(1), Some(true), None, at(100));
        assert_eq!(conditions(&first, Some(1), Some(true), None, at(200)), first);
        assert!(conditions(&first, Some(1), None, None, at(200)).is_empty());
    }
}
