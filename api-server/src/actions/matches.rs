//! Asking for a match, and deciding about its advice.

use platform::{
    digest::Sha256Digest,
    tasks::{self, TaskKind},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    error::{FieldError, Problem, ProblemKind},
    state::AppState,
    store::{
        Status,
        advice::{self, Decision},
        jobs,
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

/// Writes what the caller thinks of a piece of advice of the match (none takes it back); gives the match as it is then.
pub async fn decide(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    piece: Sha256Digest,
    decision: Option<Decision>,
) -> Result<MatchDetail, Problem> {
    let absent = || Problem::not_found("match");
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let found = matches::get(&mut tx, id).await?.ok_or_else(absent)?;
    let pieces = found.result.as_ref().and_then(|result| result.get("advice")?.as_array());
    if !pieces.into_iter().flatten().any(|one: &Value| advice::id_of(one) == Some(piece)) {
        return Err(Problem::new(ProblemKind::NotFound, "The match gives no such advice."));
    }
    advice::decide(&mut tx, account, &found, piece, decision).await?;
    let now = matches::get(&mut tx, id).await?.ok_or_else(absent)?;
    tx.commit().await?;
    Ok(now)
}
