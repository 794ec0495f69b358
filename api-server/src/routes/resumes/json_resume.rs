//! `GET /api/v1/resumes/{id}/json-resume`: the parsed resume as a JSON Resume document.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use serde_json::Value;

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument, ProblemKind},
    request::path::Id,
    state::AppState,
    store::resumes,
};

/// Gives what was read from the resume as a JSON Resume document (jsonresume.org, schema 1.0.0), without our evidence.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}/json-resume", tag = "Resumes", operation_id = "getJsonResume",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 200, description = "The document", body = Object),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The resume is not read, or cannot be", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_json_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<([(HeaderName, &'static str); 1], Json<Value>), Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let found = resumes::get(&mut tx, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found("resume"))?;
    let document = found.document.and_then(|mut document| document.get_mut("resume").map(Value::take));
    let document = document.ok_or_else(|| {
        Problem::new(ProblemKind::Conflict, "The resume has not been read; see its `status` and `error`.")
    })?;
    Ok(([(header::CONTENT_DISPOSITION, "attachment; filename=\"resume.json\"")], Json(document)))
}
