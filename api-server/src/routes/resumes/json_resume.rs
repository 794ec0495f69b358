//! `/api/v1/resumes/{id}/json-resume`: what a resume says as a JSON Resume document, and editing it.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use serde_json::Value;

use crate::{
    actions::resume_versions::{edit, not_read},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{json::JsonBody, path::Id, version::Version},
    state::AppState,
    store::{resume_versions::ResumeVersionDetail, resumes},
};

/// Gives what the newest version of the resume says as a JSON Resume document (jsonresume.org, schema 1.0.0), without our
/// evidence.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}/json-resume", tag = "Resumes", operation_id = "getJsonResume",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 200, description = "The document", body = Object, headers(("ETag" = String, description = "Version; send it as If-Match to edit it"))),
        (status = 304, description = "It is still the version of If-None-Match"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The resume is not read, or cannot be", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_json_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let found = resumes::get(&mut tx, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found("resume"))?;
    let document = found.document.and_then(|mut document| document.get_mut("resume").map(Value::take));
    let document = document.ok_or_else(not_read)?;
    let mut response = Version::of(found.resume.updated_at).answer(&headers, document);
    let name = HeaderValue::from_static("attachment; filename=\"resume.json\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Replaces what the resume says by an edited JSON Resume document, which becomes its newest version: matches that are
/// worked out from now on judge and quote it. Members that the schema does not know are kept. The same document again
/// changes nothing.
#[utoipa::path(
    put, path = "/api/v1/resumes/{id}/json-resume", tag = "Resumes", operation_id = "editJsonResume",
    params(
        ("id" = uuid::Uuid, Path, description = "Id of the resume"),
        ("If-Match" = String, Header, description = "The ETag of the version that is edited"),
    ),
    request_body(content = Object, description = "The whole document: jsonresume.org, schema 1.0.0"),
    responses(
        (status = 200, description = "The version that was made", body = ResumeVersionDetail, headers(("ETag" = String, description = "Version; send it as If-Match to edit again"))),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The resume is not read, or cannot be", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "It has changed meanwhile", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The document is larger than 1 MiB", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable; `errors` names each by JSON pointer", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 428, description = "There is no If-Match", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many documents are being read", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn edit_json_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
    JsonBody(document): JsonBody<Value>,
) -> Result<Response, Problem> {
    let (tag, version) = edit(&state, identity, id, &headers, document).await?;
    Ok(tag.answer(&HeaderMap::new(), version))
}
