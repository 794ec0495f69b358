//! Asking for a match.

use platform::tasks::{self, TaskKind};
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    error::{FieldError, Problem, ProblemKind},
    state::AppState,
    store::{
        Status, jobs,
        matches::{self, MatchDetail},
        resumes,
    },
};

/// Asks for a match of the resume with the job. Both must belong to the tenant and be readable; they need not be
/// read yet.
pub async fn request(
    state: &AppState,
    identity: Identity,
    resume: Uuid,
    job: Uuid,
) -> Result<MatchDetail, Problem> {
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let resume = resumes::get(&mut tx, resume).await?.map(|detail| detail.resume);
    let job = jobs::get(&mut tx, job).await?.map(|detail| detail.job);
    let (Some(resume), Some(job)) = (&resume, &job) else {
        let mut errors = Vec::new();
        if resume.is_none() {
            errors.push(FieldError::at_pointer("/resume_id", "There is no resume with this id."));
        }
        if job.is_none() {
            errors.push(FieldError::at_pointer("/job_id", "There is no job with this id."));
        }
        return Err(Problem {
            errors,
            ..Problem::new(ProblemKind::NotFound, "The resume or the job does not exist.")
        });
    };
    for (what, status) in [("resume", resume.status), ("job", job.status)] {
        if status == Status::Failed {
            let detail = format!("The {what} could not be read, so it cannot be matched; see its error.");
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
    }
    let id = matches::insert(&mut tx, identity.tenant, account, resume.id, job.id).await?;
    state.billing.reserve_matches(&mut tx, identity.tenant, &[id.as_uuid()]).await?;
    tasks::enqueue(&mut tx, identity.tenant, TaskKind::MatchResume, id.as_uuid()).await?;
    let made = matches::get(&mut tx, id.as_uuid()).await?.ok_or_else(|| Problem::not_found("match"))?;
    tx.commit().await?;
    Ok(made)
}
