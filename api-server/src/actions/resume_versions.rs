//! Editing what was read from a resume, going back to an earlier version, and writing a version as a file.

use axum::http::HeaderMap;
use matching::parse::OtherSection;
use platform::{
    cache::{Key, Kind},
    digest::Sha256Digest,
    names::TenantId,
};
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    documents::{EditedResume, ExportFormat},
    error::{Problem, ProblemKind},
    request::version::Version,
    state::AppState,
    store::{
        Status, Tx,
        resume_versions::{self, Current, ResumeVersionDetail},
        resumes,
    },
};

/// Files of resumes. The version rises when the exporter writes other files.
const FILES: Kind<Vec<u8>> = Kind::new("resume_files", 1);
/// The tag of all that was computed for a tenant.
pub const TENANT_TAG: &str = "all";

/// A version, and the tag of the resume that it is the newest version of.
pub type Edited = (Version, ResumeVersionDetail);

/// Makes the document `raw` the newest version of a resume, if `headers` name the version that was edited. A document that
/// is the same changes nothing.
pub async fn edit(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    headers: &HeaderMap,
    raw: Value,
) -> Result<Edited, Problem> {
    let Entered { mut tx, .. } = identity.enter(&state.pool).await?;
    let base = resume_versions::current(&mut tx, id).await?;
    let base = editable(base, headers)?;
    let edited = EditedResume::check(raw)?;
    if base.document.as_ref().and_then(|document| document.get("resume")) == Some(&edited.raw) {
        return newest(&mut tx, id).await;
    }
    tx.commit().await?;
    let others = other_sections(base.document.as_ref())?;
    // Between the transactions, since it takes a core for a while: no row is locked meanwhile.
    let content = state.documents.read_back(edited, others).await?;
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let base = resume_versions::lock(&mut tx, id).await?;
    let base = editable(base, headers)?;
    resume_versions::insert_edited(&mut tx, &base, account, &content).await?;
    let made = newest(&mut tx, id).await?;
    tx.commit().await?;
    Ok(made)
}

/// Makes version `number` the newest one again, as a version of its own, if `headers` name the version that it replaces.
pub async fn restore(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    number: i32,
    headers: &HeaderMap,
) -> Result<Edited, Problem> {
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let base = resume_versions::lock(&mut tx, id).await?;
    let base = editable(base, headers)?;
    if number != base.version && !resume_versions::insert_restored(&mut tx, &base, account, number).await? {
        return Err(no_version(number));
    }
    let made = newest(&mut tx, id).await?;
    tx.commit().await?;
    Ok(made)
}

/// A version of a resume (the newest one if none is named) as a file, and the name of the file.
pub async fn export(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    number: Option<i32>,
    format: ExportFormat,
) -> Result<(Vec<u8>, String), Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let resume = resumes::get(&mut tx, id).await?.ok_or_else(|| Problem::not_found("resume"))?;
    let document = match number {
        Some(number) if number != resume.resume.version => {
            let version = resume_versions::get(&mut tx, id, number).await?;
            Some(version.ok_or_else(|| no_version(number))?.document)
        }
        _ => resume.document,
    };
    tx.commit().await?;
    let document = document.and_then(|mut document| document.get_mut("resume").map(Value::take));
    let file = file_of(state, identity.tenant, id, document.ok_or_else(not_read)?, format).await?;
    let name = &resume.resume.file_name;
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    Ok((file, format!("{stem}.{}", format.extension())))
}

/// The document as a file: made once, as the same document gives the same file. JSON costs less than to look for it.
async fn file_of(
    state: &AppState,
    tenant: TenantId,
    id: Uuid,
    document: Value,
    format: ExportFormat,
) -> Result<Vec<u8>, Problem> {
    if format == ExportFormat::Json {
        return state.documents.export(document, format).await;
    }
    let said = serde_json::to_vec(&document).map_err(Problem::internal)?;
    let source = format!("{}:{}", format.extension(), Sha256Digest::of(&said));
    let (tag, tenant_tag) = (resume_tag(id), TENANT_TAG);
    let key = Key { tenant, id: &source, tags: &[&tag, tenant_tag] };
    let made = async { state.documents.export(document, format).await.map(Some) };
    let file = state.cache.get_or_compute(&FILES, key, made).await?;
    file.ok_or_else(|| Problem::internal(std::io::Error::other("the file that was made cannot be read")))
}

/// The tag of what was computed from a resume.
pub fn resume_tag(id: Uuid) -> String {
    format!("resume:{id}")
}

/// The problem of a resume that is not read, or cannot be.
pub fn not_read() -> Problem {
    Problem::new(ProblemKind::Conflict, "The resume has not been read; see its `status` and `error`.")
}

/// The problem of a version that is not there.
pub fn no_version(number: i32) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("The resume has no version {number}."))
}

fn editable(found: Option<Current>, headers: &HeaderMap) -> Result<Current, Problem> {
    let resume = found.ok_or_else(|| Problem::not_found("resume"))?;
    Version::of(resume.updated_at).demand(headers)?;
    if resume.status == Status::Ready { Ok(resume) } else { Err(not_read()) }
}

async fn newest(tx: &mut Tx, id: Uuid) -> Result<Edited, Problem> {
    let resume = resume_versions::current(tx, id).await?.ok_or_else(|| Problem::not_found("resume"))?;
    let version = resume_versions::get(tx, id, resume.version).await?.ok_or_else(not_read)?;
    Ok((Version::of(resume.updated_at), version))
}

/// Sections that JSON Resume has no place for: an edit does not show them and must not lose them.
fn other_sections(document: Option<&Value>) -> Result<Vec<OtherSection>, Problem> {
    match document.and_then(|document| document.get("other_sections")) {
        Some(sections) => Vec::deserialize(sections).map_err(Problem::internal),
        None => Ok(Vec::new()),
    }
}
