//! Uploading and deleting resumes: bytes in the object storage, the row and its task in one transaction.

use platform::tasks::{self, TaskKind};
use uuid::Uuid;

use super::resume_versions::resume_tag;
use crate::{
    auth::identity::{Entered, Identity},
    error::Problem,
    request::multipart::UploadedFile,
    state::AppState,
    store::{
        objects,
        resumes::{self, Resume},
    },
};

/// What became of an upload.
#[derive(Debug)]
pub enum Uploaded {
    /// A new resume; the worker will read it.
    New(Resume),
    /// The tenant has a resume of the same bytes already.
    Known(Resume),
}

/// Stores `file` as a resume, unless the tenant has the same bytes already.
pub async fn upload(state: &AppState, identity: Identity, file: UploadedFile) -> Result<Uploaded, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let known = resumes::find_by_hash(&mut tx, file.sha256).await?;
    tx.commit().await?;
    if let Some(resume) = known {
        return Ok(Uploaded::Known(resume));
    }
    // Before the transaction, so that a slow storage does not hold a connection of the pool.
    let stored = state.storage.put(identity.tenant, file.content.clone()).await?;
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    state.billing.admit_resume(&mut tx, identity.tenant).await?;
    objects::lock(&mut tx, &stored.key).await?;
    let Some(resume) = resumes::insert(&mut tx, identity.tenant, account, &file, &stored.key).await? else {
        let known = resumes::find_by_hash(&mut tx, file.sha256).await?;
        return known.map(Uploaded::Known).ok_or_else(|| Problem::not_found("resume"));
    };
    tasks::enqueue(&mut tx, identity.tenant, TaskKind::ExtractResume, resume.id.as_uuid()).await?;
    // Under the lock: a deletion of the same bytes either came before, and this puts them back, or sees our row.
    state.storage.put(identity.tenant, file.content).await?;
    tx.commit().await?;
    Ok(Uploaded::New(resume))
}

/// Deletes a resume, its matches and its bytes; whether there was one.
pub async fn delete(state: &AppState, identity: Identity, id: Uuid) -> Result<bool, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let Some(original) = resumes::delete(&mut tx, id).await? else { return Ok(false) };
    // Before the commit: if the storage is away, the row stays, and the person can try again.
    objects::lock(&mut tx, &original.object_key).await?;
    if !objects::is_used(&mut tx, &original.object_key).await? {
        state.storage.delete(&original.object_key).await?;
    }
    tx.commit().await?;
    state.cache.invalidate(identity.tenant, &[&resume_tag(id)]).await;
    Ok(true)
}
