//! `GET /api/v1/resumes/{id}/original`: the uploaded file, byte for byte.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use crate::{
    auth::identity::Identity,
    download,
    error::{Problem, ProblemDocument},
    request::path::Id,
    state::AppState,
    store::resumes,
};

/// Gives the file as it was uploaded.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}/original", tag = "Resumes", operation_id = "getResumeOriginal",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 200, description = "The file, of the media type that its content has", content(
            (Vec<u8> = "application/pdf"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            (Vec<u8> = "application/vnd.oasis.opendocument.text"),
            (Vec<u8> = "application/rtf"),
            (Vec<u8> = "text/html"),
            (Vec<u8> = "text/plain"),
        )),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_resume_original(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<Response, Problem> {
    send(&state, identity, id).await
}

/// The answer with the file of the resume `id`.
pub async fn send(state: &AppState, identity: Identity, id: Uuid) -> Result<Response, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let original = resumes::find_original(&mut tx, id).await?;
    tx.commit().await?;
    let original = original.ok_or_else(|| Problem::not_found("resume"))?;
    let content = state.storage.get(&original.object_key, original.sha256).await?;
    Ok(download::answer(content, &original.media_type, &original.file_name))
}
