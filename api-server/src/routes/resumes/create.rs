//! `POST /api/v1/resumes` (also at `/api/resumes/upload`): upload.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use utoipa::ToSchema;

use crate::{
    actions::resumes::{Uploaded, upload},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::multipart::UploadForm,
    state::AppState,
    store::resumes::Resume,
};

/// The form of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; reading is done part by part")]
pub struct UploadBody {
    /// The file, at most 10 MiB. Its content decides its type, not its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The answer to an upload: where the resume is, and what is known of it.
pub type UploadAnswer = (StatusCode, [(HeaderName, String); 1], Json<Resume>);

/// Uploads a resume. It is read in the background: ask for it until `status` is `ready` or `failed`.
#[utoipa::path(
    post, path = "/api/v1/resumes", tag = "Resumes", operation_id = "createResume",
    request_body(content = UploadBody, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "Stored; it will be read", body = Resume),
        (status = 200, description = "The same file was uploaded before: that resume", body = Resume),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 402, description = "The plan has no more of it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The file is larger than 10 MiB", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The content is of a type that cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "There is no file, or it is empty", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_resume(
    State(state): State<AppState>,
    identity: Identity,
    mut form: UploadForm,
) -> Result<UploadAnswer, Problem> {
    let file = form.require_file()?;
    let (status, resume) = match upload(&state, identity, file).await? {
        Uploaded::New(resume) => (StatusCode::ACCEPTED, resume),
        Uploaded::Known(resume) => (StatusCode::OK, resume),
    };
    let location = format!("/api/v1/resumes/{}", resume.id);
    Ok((status, [(header::LOCATION, location)], Json(resume)))
}

/// Uploads a resume, at the address that clients of earlier versions use. The same as `POST /api/v1/resumes`.
#[utoipa::path(
    post, path = "/api/resumes/upload", tag = "Resumes", operation_id = "uploadResume",
    request_body(content = UploadBody, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "Stored; it will be read", body = Resume),
        (status = 200, description = "The same file was uploaded before: that resume", body = Resume),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 402, description = "The plan has no more of it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The file is larger than 10 MiB", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The content is of a type that cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "There is no file, or it is empty", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn upload_resume(
    state: State<AppState>,
    identity: Identity,
    form: UploadForm,
) -> Result<UploadAnswer, Problem> {
    create_resume(state, identity, form).await
}
