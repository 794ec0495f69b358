//! `GET /api/v1/resumes/{id}/export`: what a resume says, as a file.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    actions::resume_versions::export,
    auth::identity::Identity,
    documents::ExportFormat,
    download,
    error::{Problem, ProblemDocument},
    request::path::{Id, QueryParameters},
    state::AppState,
};

/// Which file to make.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Its format.
    #[param(inline)]
    format: ExportFormat,
    /// The version to write; the newest one if absent.
    #[param(minimum = 1)]
    version: Option<i32>,
}

/// Gives what a resume says as a PDF, Word, Markdown or JSON Resume file: one column, plain headings, as applicant tracking
/// systems read them. The same version gives the same bytes.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}/export", tag = "Resumes", operation_id = "exportResume",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume"), ExportQuery),
    responses(
        (status = 200, description = "The file", content(
            (Vec<u8> = "application/pdf"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            (String = "text/markdown"),
            (Object = "application/json"),
        )),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume or version", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The resume is not read, cannot be, or is too long for a file", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many files are being made", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn export_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    QueryParameters(query): QueryParameters<ExportQuery>,
) -> Result<Response, Problem> {
    send(&state, identity, id, &query).await
}

/// The answer with the file of the resume `id`.
pub async fn send(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    query: &ExportQuery,
) -> Result<Response, Problem> {
    let (file, name) = export(state, identity, id, query.version, query.format).await?;
    Ok(download::answer(file, query.format.media_type(), &name))
}
