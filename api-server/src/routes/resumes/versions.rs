//! `/api/v1/resumes/{id}/versions`: what a resume has said before, and going back to it.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    actions::resume_versions::{no_version, restore},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::path::{Id, NumberedId},
    state::AppState,
    store::{
        resume_versions::{self, ResumeVersion, ResumeVersionDetail},
        resumes,
    },
};

/// All versions of a resume.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResumeVersions {
    /// Newest first; none while the resume is not read.
    items: Vec<ResumeVersion>,
}

/// Lists the versions of a resume, newest first.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}/versions", tag = "Resumes", operation_id = "listResumeVersions",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 200, description = "The versions", body = ResumeVersions),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_resume_versions(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<Json<ResumeVersions>, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    resumes::find_original(&mut tx, id).await?.ok_or_else(|| Problem::not_found("resume"))?;
    let items = resume_versions::list(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(ResumeVersions { items }))
}

/// Gives a version of a resume with what it says.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}/versions/{number}", tag = "Resumes", operation_id = "getResumeVersion",
    params(
        ("id" = uuid::Uuid, Path, description = "Id of the resume"),
        ("number" = i32, Path, description = "Number of the version, from 1"),
    ),
    responses(
        (status = 200, description = "The version", body = ResumeVersionDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume or version", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_resume_version(
    State(state): State<AppState>,
    identity: Identity,
    NumberedId(id, number): NumberedId,
) -> Result<Json<ResumeVersionDetail>, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let version = resume_versions::get(&mut tx, id, number).await?;
    tx.commit().await?;
    version.map(Json).ok_or_else(|| no_version(number))
}

/// Goes back to a version: what it says becomes the newest version, and those in between stay.
#[utoipa::path(
    post, path = "/api/v1/resumes/{id}/versions/{number}/restore", tag = "Resumes", operation_id = "restoreResumeVersion",
    params(
        ("id" = uuid::Uuid, Path, description = "Id of the resume"),
        ("number" = i32, Path, description = "Number of the version, from 1"),
        ("If-Match" = String, Header, description = "The ETag of the version that is replaced"),
    ),
    responses(
        (status = 200, description = "The version that was made", body = ResumeVersionDetail, headers(("ETag" = String, description = "Version; send it as If-Match to edit it"))),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume or version", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The resume is not read, or cannot be", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "It has changed meanwhile", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 428, description = "There is no If-Match", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn restore_resume_version(
    State(state): State<AppState>,
    identity: Identity,
    NumberedId(id, number): NumberedId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (tag, version) = restore(&state, identity, id, number, &headers).await?;
    Ok(tag.answer(&HeaderMap::new(), version))
}
