//! The controller of `ResumeMatcherBackup` objects: one Job that backs up, and one that proves it where that is asked for.
//!
//! `fetch -> decide -> write down -> make`: deciding is pure (`decide.rs`), the rest is here and uses the client.

mod decide;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use kube::{Api, Resource, ResourceExt};

use self::decide::{Seen, decide};
use crate::crd::{BackupPhase, ResumeMatcherBackup};
use crate::requests::{self, RequestError, announce, conditions, job_name, make, write_status};
use crate::resume_matcher::Context;
use crate::resume_matcher::build::backup::{self, Task};
use crate::worker_job::{JobSeen, look};

/// How soon to look again at what no watch tells of.
const POLL: Duration = Duration::from_secs(5);

/// Looks at one request and takes its next step.
///
/// # Errors
/// What kept it from that; it is tried again after a growing pause.
pub async fn reconcile(
    object: Arc<DeserializeGuard<ResumeMatcherBackup>>,
    context: Arc<Context>,
) -> Result<Action, RequestError> {
    let Ok(seen) = &object.0 else {
        tracing::warn!(name = object.name_any(), "a ResumeMatcherBackup cannot be read");
        return Ok(Action::await_change());
    };
    let (namespace, name) = (seen.namespace().unwrap_or_default(), seen.name_any());
    let api: Api<ResumeMatcherBackup> = Api::namespaced(context.client.clone(), &namespace);
    let Some(request) = api.get_opt(&name).await.map_err(RequestError::read)? else {
        return Ok(Action::await_change());
    };
    let action = pass(&request, &namespace, &context).await?;
    context.failures.reset(&namespace, &name);
    Ok(action)
}

async fn pass(
    request: &ResumeMatcherBackup,
    namespace: &str,
    context: &Context,
) -> Result<Action, RequestError> {
    let before = request.status.clone().unwrap_or_default();
    let has_ended = matches!(before.phase, BackupPhase::Completed | BackupPhase::Failed);
    if has_ended || request.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let installation = &request.spec.resume_matcher.name;
    let uid = request.uid().unwrap_or_default();
    let jobs = ["backup", "verify"].map(|task| job_name(installation, task, &uid));
    let [backup_job, proof_job] = &jobs;
    let target = requests::target(&context.client, namespace, installation).await?;
    let fit = target.fit(installation);
    let read = RequestError::read;
    let backup = look(&context.client, namespace, backup_job).await.map_err(read)?;
    let proof = match request.spec.verify {
        true => look(&context.client, namespace, proof_job).await.map_err(read)?,
        false => JobSeen::Absent,
    };
    let problem = fit.as_ref().err().cloned();
    let seen = Seen { spec: &request.spec, before: &before, problem, backup: &backup, proof: &proof };
    let mut next = decide(&seen);
    let ended = match next.status.phase {
        BackupPhase::Completed => Some(true),
        BackupPhase::Failed => Some(false),
        _ => None,
    };
    let message = next.status.message.clone();
    next.status.conditions = conditions(
        &before.conditions,
        request.metadata.generation,
        ended,
        message.as_deref(),
        Timestamp::now(),
    );
    if next.status != before {
        write_status(&context.client, &context.metrics, request, &next.status).await?;
        if next.status.phase != before.phase {
            let phase = format!("{:?}", next.status.phase);
            announce(&context.recorder, request, &phase, ended == Some(false), message.as_deref()).await;
        }
    }
    if let (Some(task), Ok((_, installation)), Some(owner)) =
        (&next.make, &fit, request.controller_owner_ref(&()))
    {
        let name = if matches!(task, Task::Verify(_)) { proof_job } else { backup_job };
        let image = target.worker_image().unwrap_or_else(|| installation.release.worker_image.clone());
        if let Some(job) = backup::job(installation, owner, name, task, &image) {
            make(&context.client, &context.metrics, &job).await?;
        }
    }
    Ok(if ended.is_some() { Action::await_change() } else { Action::requeue(POLL) })
}
