//! `GET /api/v1/resumes/{id}/original`: the uploaded file, byte for byte.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use uuid::Uuid;

use crate::{
    auth::identity::Identity,
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
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
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
    let mut response = content.into_response();
    let headers = response.headers_mut();
    // A download always: an HTML resume must not run as a page of this site.
    if let Ok(value) = HeaderValue::from_str(&attachment(&original.file_name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    if let Ok(value) = HeaderValue::from_str(&original.media_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    Ok(response)
}

// RFC 6266: a plain name for old clients, and the exact one in UTF-8.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(
            attachment("Zoë \"x\".pdf"),
            "attachment; filename=\"Zo_ _x_.pdf\"; filename*=UTF-8''Zo%C3%AB%20%22x%22.pdf"
        );
    }
}
