//! The controller of `ResumeMatcherRestore` objects: closes the installation, runs the Job that restores, opens it again.
//!
//! `fetch -> decide -> write down -> do`: deciding is pure (`decide.rs`), the rest is here and uses the client. Closing and
//! opening are the other controller's work (`resume_matcher/maintenance.rs`); this one only says that it is wanted, by an
//! annotation with a compare and swap, so that a pass over the installation that is under way cannot start pods again.

mod decide;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};

use self::decide::{Deed, Facts, Seen, decide};
use crate::crd::{RestorePhase, ResumeMatcher, ResumeMatcherRestore};
use crate::names::{COMPONENT_LABEL, INSTANCE_LABEL, MAINTENANCE, RESTORE_FINALIZER};
use crate::requests::{self, RequestError, Target, announce, conditions, job_name, make, write_status};
use crate::resume_matcher::Context;
use crate::resume_matcher::build::backup;
use crate::resume_matcher::maintenance::asked_by;
use crate::worker_job::{JobSeen, look};

/// How soon to look again at what no watch tells of; while an installation is closed, each moment counts.
const POLL: Duration = Duration::from_secs(1);

/// Looks at one restore and takes its next step.
///
/// # Errors
/// What kept it from that; it is tried again after a growing pause.
pub async fn reconcile(
    object: Arc<DeserializeGuard<ResumeMatcherRestore>>,
    context: Arc<Context>,
) -> Result<Action, RequestError> {
    let Ok(seen) = &object.0 else {
        tracing::warn!(name = object.name_any(), "a ResumeMatcherRestore cannot be read");
        return Ok(Action::await_change());
    };
    let (namespace, name) = (seen.namespace().unwrap_or_default(), seen.name_any());
    let api: Api<ResumeMatcherRestore> = Api::namespaced(context.client.clone(), &namespace);
    let Some(restore) = api.get_opt(&name).await.map_err(RequestError::read)? else {
        return Ok(Action::await_change());
    };
    let pass = Pass {
        me: format!("{name}/{}", restore.uid().unwrap_or_default()),
        job: job_name(&restore.spec.resume_matcher.name, "restore", &restore.uid().unwrap_or_default()),
        restore: &restore,
        namespace: &namespace,
        context: &context,
    };
    let action =
        if restore.metadata.deletion_timestamp.is_some() { pass.end().await? } else { pass.step().await? };
    context.failures.reset(&namespace, &name);
    Ok(action)
}

/// One pass over one restore.
struct Pass<'a> {
    /// Its name and UID.
    me: String,
    /// The name of its Job.
    job: String,
    restore: &'a ResumeMatcherRestore,
    namespace: &'a str,
    context: &'a Context,
}

impl Pass<'_> {
    async fn step(&self) -> Result<Action, RequestError> {
        let before = self.restore.status.clone().unwrap_or_default();
        if matches!(before.phase, RestorePhase::Completed | RestorePhase::Failed) {
            return Ok(Action::await_change());
        }
        if !self.restore.finalizers().iter().any(|finalizer| finalizer == RESTORE_FINALIZER) {
            // The change starts the next pass.
            self.set_finalizer(true).await?;
            return Ok(Action::requeue(POLL));
        }
        let name = &self.restore.spec.resume_matcher.name;
        let target = requests::target(&self.context.client, self.namespace, name).await?;
        let job = look(&self.context.client, self.namespace, &self.job).await.map_err(RequestError::read)?;
        let facts = target.object.as_ref().map(Facts::of);
        let seen = Seen {
            me: &self.me,
            spec: &self.restore.spec,
            before: &before,
            holder_failed: self.holder_failed(facts.as_ref()).await?,
            facts,
            problem: target.fit(name).err(),
            pod: self.pod().await?,
            job: &job,
        };
        let mut next = decide(&seen);
        let ended = match next.status.phase {
            RestorePhase::Completed => Some(true),
            RestorePhase::Failed => Some(false),
            _ => None,
        };
        let message = next.status.message.clone();
        let generation = self.restore.metadata.generation;
        next.status.conditions =
            conditions(&before.conditions, generation, ended, message.as_deref(), Timestamp::now());
        if next.status != before {
            let Context { client, metrics, recorder, .. } = self.context;
            write_status(client, metrics, self.restore, &next.status).await?;
            if next.status.phase != before.phase {
                let phase = format!("{:?}", next.status.phase);
                tracing::info!(namespace = self.namespace, restore = self.me, phase, "restore");
                announce(recorder, self.restore, &phase, ended == Some(false), message.as_deref()).await;
            }
        }
        self.carry_out(&next.deed, &target).await?;
        Ok(if ended.is_some() { Action::await_change() } else { Action::requeue(POLL) })
    }

    async fn carry_out(&self, deed: &Deed, target: &Target) -> Result<(), RequestError> {
        match (deed, &target.object) {
            (Deed::Close, Some(object)) => self.annotate(object, json!(self.me)).await,
            (Deed::Open, Some(object)) => self.annotate(object, Value::Null).await,
            (Deed::Make(task), Some(_)) => {
                let owner = self.restore.controller_owner_ref(&());
                let fit = target.fit(&self.restore.spec.resume_matcher.name);
                if let (Ok((_, installation)), Some(owner)) = (fit, owner) {
                    let image = target.worker_image();
                    let image = image.unwrap_or_else(|| installation.release.worker_image.clone());
                    if let Some(job) = backup::job(installation, owner, &self.job, task, &image) {
                        make(&self.context.client, &self.context.metrics, &job).await?;
                    }
                }
                Ok(())
            }
            (Deed::Nothing, _) | (_, None) => Ok(()),
        }
    }

    /// With the resource version and the UID that were read: a compare and swap.
    async fn annotate(&self, object: &ResumeMatcher, value: Value) -> Result<(), RequestError> {
        let api: Api<ResumeMatcher> = Api::namespaced(self.context.client.clone(), self.namespace);
        let body = json!({"metadata": {
            "annotations": {MAINTENANCE: value}, "resourceVersion": object.resource_version(), "uid": object.uid(),
        }});
        let written = api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&body)).await;
        written.map_err(|error| RequestError::Write("the annotation", Box::new(error)))?;
        self.context.metrics.wrote_object();
        Ok(())
    }

    /// Whether who wants the installation closed is a restore that failed or is gone.
    async fn holder_failed(&self, facts: Option<&Facts>) -> Result<bool, RequestError> {
        let Some(by) = facts.and_then(|facts| facts.asked_by.as_deref()).filter(|by| *by != self.me) else {
            return Ok(false);
        };
        let (name, uid) = by.split_once('/').unwrap_or((by, ""));
        let api: Api<ResumeMatcherRestore> = Api::namespaced(self.context.client.clone(), self.namespace);
        let holder = api.get_opt(name).await.map_err(RequestError::read)?;
        Ok(holder.is_none_or(|holder| {
            let failed = holder.status.as_ref().is_some_and(|status| status.phase == RestorePhase::Failed);
            failed || holder.uid().as_deref() != Some(uid)
        }))
    }

    /// A pod that still runs and that uses the data: of the API, the workers, a backup or a proof.
    async fn pod(&self) -> Result<Option<String>, RequestError> {
        let api: Api<Pod> = Api::namespaced(self.context.client.clone(), self.namespace);
        let selector = format!(
            "{INSTANCE_LABEL}={},{COMPONENT_LABEL} in (api,worker,migrate,backup)",
            self.restore.spec.resume_matcher.name
        );
        let pods = api.list(&ListParams::default().labels(&selector)).await.map_err(RequestError::read)?;
        let runs = |pod: &&Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            let is_mine = pod.labels().get("batch.kubernetes.io/job-name") == Some(&self.job);
            !is_mine && !matches!(phase, Some("Succeeded" | "Failed"))
        };
        Ok(pods.items.iter().find(runs).map(ResourceExt::name_any))
    }

    /// The end of the object: the Job ends first, then the installation opens.
    async fn end(&self) -> Result<Action, RequestError> {
        if !self.restore.finalizers().iter().any(|finalizer| finalizer == RESTORE_FINALIZER) {
            return Ok(Action::await_change());
        }
        let client = &self.context.client;
        let job = look(client, self.namespace, &self.job).await.map_err(RequestError::read)?;
        if matches!(job, JobSeen::Running { .. }) {
            let jobs: Api<Job> = Api::namespaced(client.clone(), self.namespace);
            // In the foreground: the Job is there until its pods have ended.
            match jobs.delete(&self.job, &DeleteParams::foreground()).await {
                Ok(_) => {}
                Err(kube::Error::Api(answer)) if answer.code == 404 => {}
                Err(error) => return Err(RequestError::Write("the Job", Box::new(error))),
            }
            return Ok(Action::requeue(POLL));
        }
        let name = &self.restore.spec.resume_matcher.name;
        let target = requests::target(client, self.namespace, name).await?;
        if let Some(object) = &target.object
            && asked_by(object) == Some(self.me.as_str())
        {
            self.annotate(object, Value::Null).await?;
        }
        self.set_finalizer(false).await?;
        Ok(Action::await_change())
    }

    async fn set_finalizer(&self, wanted: bool) -> Result<(), RequestError> {
        let others = self.restore.finalizers().iter().filter(|finalizer| *finalizer != RESTORE_FINALIZER);
        let mut finalizers: Vec<String> = others.cloned().collect();
        finalizers.extend(wanted.then(|| RESTORE_FINALIZER.to_owned()));
        let api: Api<ResumeMatcherRestore> = Api::namespaced(self.context.client.clone(), self.namespace);
        let version = self.restore.resource_version();
        let body = json!({"metadata": {"finalizers": finalizers, "resourceVersion": version}});
        match api.patch(&self.restore.name_any(), &PatchParams::default(), &Patch::Merge(&body)).await {
            Ok(_) => self.context.metrics.wrote_request("ResumeMatcherRestore"),
            Err(kube::Error::Api(answer)) if answer.code == 404 => {}
            Err(error) => return Err(RequestError::Write("the finalizer", Box::new(error))),
        }
        Ok(())
    }
}
