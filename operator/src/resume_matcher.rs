//! The controller of `ResumeMatcher` objects: one pass over one object, and what follows from its failure.
//!
//! `fetch -> validate -> observe -> decide -> build -> apply -> status`: a file each; those that use the client say
//! so in their first lines, the others are pure.

mod advance;
pub mod apply;
pub mod backups;
pub mod build;
pub mod certificate;
pub mod credentials;
pub mod defaults;
pub mod fetch;
pub mod finalize;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod follow;
pub mod maintenance;
pub mod model;
pub mod observe;
pub mod overrides;
mod plan;
pub mod status;
pub mod validate;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Client, Resource, ResourceExt};
use thiserror::Error;

use self::advance::advance;
use self::apply::{Applier, ApplyError};
use self::credentials::NoRandomness;
use self::finalize::{FinalizeError, ensure_finalizer, finalize};
use self::status::{after_failure, after_refusal, announce, write_status};
use self::validate::{Invalid, outside_of, referenced_secrets, validate};
use crate::children::References;
use crate::crd::{ResumeMatcher, ResumeMatcherStatus};
use crate::scaling::Scaler;
use crate::telemetry::Metrics;
use crate::trial::{Probe, Trials};

/// How soon to look again at an installation that is on its way: pods do not tell everything by watches of ours.
const ON_ITS_WAY: Duration = Duration::from_secs(5);
/// How soon to look again at an object that was changed under the pass.
const AT_ONCE: Duration = Duration::from_millis(50);
/// First and longest pause before a failed pass is tried again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What every pass needs.
#[derive(Clone)]
pub struct Context {
    /// The API server.
    pub client: Client,
    /// Writes objects.
    pub applier: Arc<Applier>,
    /// Who reads which Secret.
    pub references: Arc<References>,
    /// Publishes events.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Metrics,
    /// How often a quiet object is looked at.
    pub resync: Duration,
    /// Addresses of the cluster's own.
    pub cluster_addresses: Vec<IpAddr>,
    /// Failures in a row, for growing pauses.
    pub failures: Arc<Failures>,
    /// Trials of candidates.
    pub trials: Arc<Trials>,
    /// Asks candidates.
    pub probe: Probe,
    /// Lets workers follow their queues.
    pub scaler: Arc<Scaler>,
}

/// Failures in a row of each object.
#[derive(Debug, Default)]
pub struct Failures(std::sync::Mutex<std::collections::HashMap<(String, String), u32>>);

impl Failures {
    /// One more failure. Gives the pause before the next try: it doubles each time.
    pub(crate) fn next_pause(&self, namespace: &str, name: &str) -> Duration {
        let mut counts = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = counts.entry((namespace.to_owned(), name.to_owned())).or_default();
        let pause = RETRY.0.saturating_mul(2_u32.saturating_pow(*count)).min(RETRY.1);
        *count = count.saturating_add(1);
        pause
    }

    pub(crate) fn reset(&self, namespace: &str, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        counts.remove(&(namespace.to_owned(), name.to_owned()));
    }
}

/// Why a pass failed. All of these are tried again.
#[derive(Debug, Error)]
pub enum Error {
    /// The object or a Secret could not be read.
    #[error("cannot read the object or its Secrets")]
    Fetch(#[source] Box<kube::Error>),
    /// The workloads could not be read.
    #[error("cannot read the workloads")]
    Observe(#[source] Box<kube::Error>),
    /// No credentials could be made.
    #[error(transparent)]
    Credentials(#[from] NoRandomness),
    /// An object could not be written.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The end could not be prepared or carried out.
    #[error(transparent)]
    Finalize(#[from] FinalizeError),
    /// The status could not be written.
    #[error("cannot write the status")]
    Status(#[source] Box<kube::Error>),
}

impl Error {
    /// The reason for conditions and events, and the category of metrics.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "FetchFailed",
            Self::Observe(_) => "ObserveFailed",
            Self::Credentials(_) => "CredentialsFailed",
            Self::Apply(_) => "ApplyFailed",
            Self::Finalize(_) => "FinalizeFailed",
            Self::Status(_) => "StatusFailed",
        }
    }

    /// Whether nothing is wrong but that the object was changed since it was read.
    fn is_stale(&self) -> bool {
        let is_conflict =
            |error: &kube::Error| matches!(error, kube::Error::Api(status) if status.code == 409);
        match self {
            Self::Status(error) | Self::Apply(ApplyError::Stale(error)) => is_conflict(error),
            _ => false,
        }
    }

    /// The error with what led to it.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            // kube's API errors tell their debug form too, which is not for people.
            let told = match error.downcast_ref::<Box<kube::Error>>().map(AsRef::as_ref) {
                Some(kube::Error::Api(status)) => status.message.clone(),
                _ => error.to_string(),
            };
            text = format!("{text}: {told}");
            source = error
                .source()
                .filter(|_| !told.is_empty() && error.downcast_ref::<Box<kube::Error>>().is_none());
        }
        text
    }
}

/// Looks at one object and takes its next step.
///
/// # Errors
/// What kept it from that; it is tried again after a growing pause.
pub async fn reconcile(
    object: Arc<DeserializeGuard<ResumeMatcher>>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let started = Instant::now();
    context.metrics.reconcile_began();
    let result = match &object.0 {
        Ok(object) => pass_or_report(object, &context).await,
        Err(invalid) => {
            refuse_malformed(&object, &invalid.error, &context).await;
            Ok(Action::await_change())
        }
    };
    context.metrics.reconcile_ended(started.elapsed(), result.as_ref().err().map(Error::reason));
    result
}

/// What follows from a failed pass.
#[must_use]
pub fn error_policy(
    object: Arc<DeserializeGuard<ResumeMatcher>>,
    error: &Error,
    context: Arc<Context>,
) -> Action {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let pause = context.failures.next_pause(&namespace, &name);
    tracing::warn!(namespace, name, error = error.chain(), ?pause, "pass failed; it is tried again");
    Action::requeue(pause)
}

/// An object that an older or newer schema let pass, and that this operator cannot read.
async fn refuse_malformed(object: &DeserializeGuard<ResumeMatcher>, problem: &str, context: &Context) {
    let event = Event {
        type_: EventType::Warning,
        reason: "Malformed".to_owned(),
        note: Some(format!("this operator cannot read the object: {problem}")),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    tracing::warn!(
        namespace = object.namespace(),
        name = object.name_any(),
        problem,
        "object cannot be read"
    );
    if let Err(error) = context.recorder.publish(&event, &object.object_ref(&())).await {
        tracing::warn!(%error, "event not published");
    }
}

/// A pass; when it fails, the status says so.
async fn pass_or_report(seen: &ResumeMatcher, context: &Context) -> Result<Action, Error> {
    let (namespace, name) = (seen.namespace().unwrap_or_default(), seen.name_any());
    let fetched = fetch::fetch_object(&context.client, &namespace, &name).await;
    let Some(object) = fetched.map_err(|error| Error::Fetch(Box::new(error)))? else {
        context.references.set(&namespace, &name, &[]);
        context.metrics.backups_forgotten(&namespace, &name);
        context.metrics.certificate_forgotten(&namespace, &name);
        context.failures.reset(&namespace, &name);
        context.scaler.follow(&follow::key(&namespace, &name), None);
        return Ok(Action::await_change());
    };
    // A read that is behind the watch would take the spec of before for what is asked for, and then rest.
    if object.metadata.generation < seen.metadata.generation {
        return Ok(Action::requeue(AT_ONCE));
    }
    match pass(&object, context).await {
        Ok(action) => {
            context.failures.reset(&namespace, &name);
            Ok(action)
        }
        // Someone changed the object meanwhile; what is to be done is thought of anew.
        Err(error) if error.is_stale() => Ok(Action::requeue(AT_ONCE)),
        Err(error) => {
            let fetched = fetch::fetch_object(&context.client, &namespace, &name).await;
            let object = fetched.ok().flatten().unwrap_or(object);
            let status = after_failure(&object, error.reason(), &error.chain(), Timestamp::now());
            // The pass has failed already; that this failed too is logged and not told instead.
            if let Err(also) = report(&object, &object, &status, context).await {
                tracing::warn!(namespace, name, error = also.chain(), "status not written");
            }
            Err(error)
        }
    }
}

async fn pass(object: &ResumeMatcher, context: &Context) -> Result<Action, Error> {
    if object.metadata.deletion_timestamp.is_some() {
        let namespace = object.namespace().unwrap_or_default();
        context.scaler.follow(&follow::key(&namespace, &object.name_any()), None);
        finalize(&context.client, &context.metrics, &context.applier, object).await?;
        return Ok(Action::await_change());
    }
    if ensure_finalizer(&context.client, &context.metrics, object).await? {
        // The change starts the next pass, with the object as it is then.
        return Ok(Action::await_change());
    }
    let namespace = object.namespace().unwrap_or_default();
    context.references.set(&namespace, &object.name_any(), &referenced_secrets(&object.spec));
    let fetched = fetch::fetch_secrets(&context.client, &namespace, &object.spec).await;
    let secrets = fetched.map_err(|error| Error::Fetch(Box::new(error)))?;
    let valid = validate(object, &secrets);
    let valid = valid.and_then(|valid| outside_of(&valid, &context.cluster_addresses).map(|()| valid));
    match valid {
        Ok(installation) => advance(object, &installation, context).await,
        Err(invalid) => refuse(object, &invalid, context).await,
    }
}

async fn refuse(object: &ResumeMatcher, invalid: &Invalid, context: &Context) -> Result<Action, Error> {
    let status = after_refusal(object, invalid.reason(), &invalid.to_string(), Timestamp::now());
    report(object, object, &status, context).await?;
    Ok(Action::requeue(context.resync))
}

fn next_look(status: &ResumeMatcherStatus, look_again: Option<Duration>, context: &Context) -> Action {
    let says = |name: &str| {
        let found = status.conditions.iter().find(|condition| condition.type_ == name);
        found.is_some_and(|condition| condition.status == "True")
    };
    let asleep = status.conditions.iter().any(|condition| condition.reason == "Hibernated");
    let usual = if (says("Ready") || asleep) && !says("Reconciling") { context.resync } else { ON_ITS_WAY };
    Action::requeue(look_again.map_or(usual, |soon| soon.min(usual)))
}

/// Writes the status into the object as it is `now`, and tells what is new in it since it was `before`.
async fn report(
    before: &ResumeMatcher,
    now: &ResumeMatcher,
    status: &ResumeMatcherStatus,
    context: &Context,
) -> Result<(), Error> {
    let written = write_status(&context.client, &context.metrics, now, status).await;
    let is_new = written.map_err(|error| Error::Status(Box::new(error)))?;
    if is_new || before.resource_version() != now.resource_version() {
        // An event is a courtesy: the status has been written and says the same.
        if let Err(error) = announce(&context.recorder, before, status).await {
            tracing::warn!(%error, "event not published");
        }
    }
    Ok(())
}
