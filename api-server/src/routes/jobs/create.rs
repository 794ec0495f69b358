//! `POST /api/v1/jobs`: a job as text (JSON) or as a file (multipart).

use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderName, StatusCode, header},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    actions::jobs::{JobAddress, JobText, add_file, add_text, add_url},
    auth::identity::Identity,
    error::{FieldError, Problem, ProblemDocument},
    request::{json::JsonBody, multipart::UploadForm},
    state::AppState,
    store::jobs::Job,
};

/// A job as text, or by its address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateJob {
    /// What the job is called.
    #[serde(default)]
    #[schema(max_length = 300, example = "Site reliability engineer")]
    title: Option<String>,
    /// The whole advertisement. Give this or `url`.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 100_000,
        example = "We are looking for an engineer with 5 years of Kubernetes."
    )]
    text: Option<String>,
    /// The address of a page with the advertisement, which is fetched in the background. Private addresses are refused.
    #[serde(default)]
    #[schema(max_length = 2000, example = "https://example.org/jobs/1")]
    url: Option<String>,
}

/// A job as a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; reading is done part by part")]
pub struct UploadJob {
    /// What the job is called.
    title: Option<String>,
    /// The file, at most 10 MiB. Its content decides its type, not its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Adds a job, as text or address (JSON) or as a file (form). Text is ready at once; a file or page is read in the
/// background.
#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "Jobs", operation_id = "createJob",
    request_body(description = "The text, or a file", content(
        (CreateJob = "application/json"),
        (UploadJob = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "Added and ready", body = Job),
        (status = 202, description = "Stored; the file or page will be read", body = Job),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The file is larger than 10 MiB", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor a form, or a file that cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_job(
    State(state): State<AppState>,
    identity: Identity,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Job>), Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form =
        content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
    let (status, job) = if is_form {
        let mut form = UploadForm::from_request(request, &state).await?;
        let file = form.require_file()?;
        let title = form.fields.get("title").map(String::as_str);
        (StatusCode::ACCEPTED, add_file(&state, identity, title, file).await?)
    } else {
        let JsonBody(body) = JsonBody::<CreateJob>::from_request(request, &state).await?;
        match (&body.text, &body.url) {
            (None, Some(url)) => {
                let address = JobAddress::check(body.title.as_deref(), url)?;
                (StatusCode::ACCEPTED, add_url(&state, identity, &address).await?)
            }
            (Some(_), Some(_)) => {
                let error = FieldError::at_pointer("/url", "Give `text` or `url`, not both.");
                return Err(Problem::validation(vec![error]));
            }
            (text, None) => {
                let text = JobText::check(body.title.as_deref(), text.as_deref().unwrap_or_default())?;
                (StatusCode::CREATED, add_text(&state, identity, &text).await?)
            }
        }
    };
    let location = format!("/api/v1/jobs/{}", job.id);
    Ok((status, [(header::LOCATION, location)], Json(job)))
}
