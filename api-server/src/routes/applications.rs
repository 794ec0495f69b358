//! `/api/v1/applications`: the board of applications.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    actions::applications::{Wish, add, edit},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{
        json::JsonBody,
        paging::{Page, PageQuery},
        path::{Id, QueryParameters},
        version::Version,
    },
    state::AppState,
    store::applications::{self, Application, ApplicationDetail, Filter, Stage},
};

/// An application to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApplication {
    /// The job.
    job_id: Uuid,
    /// The resume that goes with it.
    #[serde(default)]
    resume_id: Option<Uuid>,
    /// How far it has come; `saved` if absent. With `applied`, `applied_on` is today unless another day is given.
    #[serde(default)]
    state: Option<Stage>,
    /// What there is to say of it.
    #[serde(default)]
    #[schema(max_length = 20_000, example = "Bo knows the team lead")]
    note: Option<String>,
    /// The day on which it was sent.
    #[serde(default)]
    #[schema(format = Date, example = "2026-11-23")]
    applied_on: Option<String>,
    /// The day on which something is to be done.
    #[serde(default)]
    #[schema(format = Date, example = "2026-11-30")]
    next_on: Option<String>,
}

/// What to change; what is absent stays as it is, null takes a value away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditApplication {
    /// The resume.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    resume_id: Option<Option<Uuid>>,
    /// How far it has come. Moved to `applied`, `applied_on` is today unless it is known.
    #[serde(default)]
    state: Option<Stage>,
    /// What there is to say of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 20_000, example = "Second talk went well")]
    note: Option<Option<String>>,
    /// The day on which it was sent.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-23")]
    applied_on: Option<Option<String>>,
    /// The day on which something is to be done.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-30")]
    next_on: Option<Option<String>>,
}

// Tells null from absent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Which applications to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApplicationFilter {
    /// Only those of this state.
    state: Option<Stage>,
    /// Only those for this job.
    job_id: Option<Uuid>,
    /// Only those with this resume.
    resume_id: Option<Uuid>,
}

/// Lists the applications, newest first.
#[utoipa::path(
    get, path = "/api/v1/applications", tag = "Applications", operation_id = "listApplications",
    params(PageQuery, ApplicationFilter),
    responses(
        (status = 200, description = "One page", body = Page<Application>),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_applications(
    State(state): State<AppState>,
    identity: Identity,
    QueryParameters(page): QueryParameters<PageQuery>,
    QueryParameters(filter): QueryParameters<ApplicationFilter>,
) -> Result<Json<Page<Application>>, Problem> {
    let page = page.check()?;
    let filter = Filter { state: filter.state, job: filter.job_id, resume: filter.resume_id };
    let mut tx = identity.transaction(&state.pool).await?;
    let applications = applications::list(&mut tx, page, filter).await?;
    tx.commit().await?;
    Ok(Json(applications))
}

/// Adds an application for a job.
#[utoipa::path(
    post, path = "/api/v1/applications", tag = "Applications", operation_id = "createApplication",
    request_body = CreateApplication,
    responses(
        (status = 201, description = "Added", body = ApplicationDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable, or an id does not exist", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_application(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateApplication>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ApplicationDetail>), Problem> {
    let wish = Wish {
        resume: Some(body.resume_id),
        state: body.state,
        note: Some(body.note),
        applied_on: Some(body.applied_on),
        next_on: Some(body.next_on),
    };
    let made = add(&state, identity, body.job_id, &wish).await?;
    let location = format!("/api/v1/applications/{}", made.application.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)))
}

/// Gives an application and where it has been.
#[utoipa::path(
    get, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "getApplication",
    params(("id" = Uuid, Path, description = "Id of the application")),
    responses(
        (status = 200, description = "The application", body = ApplicationDetail, headers(("ETag" = String, description = "Version; send it as If-Match to change it"))),
        (status = 304, description = "It is still the version of If-None-Match"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such application", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_application(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let found = applications::get(&mut tx, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found("application"))?;
    Ok(Version::of(found.application.updated_at).answer(&headers, found))
}

/// Moves an application to another state, or changes its resume, note or days.
#[utoipa::path(
    patch, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "editApplication",
    params(
        ("id" = Uuid, Path, description = "Id of the application"),
        ("If-Match" = String, Header, description = "The ETag of the version that is changed"),
    ),
    request_body = EditApplication,
    responses(
        (status = 200, description = "The application as it is now", body = ApplicationDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such application", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "It has changed meanwhile", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable, or the resume does not exist", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 428, description = "There is no If-Match", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn edit_application(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
    JsonBody(body): JsonBody<EditApplication>,
) -> Result<Response, Problem> {
    let wish = Wish {
        resume: body.resume_id,
        state: body.state,
        note: body.note,
        applied_on: body.applied_on,
        next_on: body.next_on,
    };
    let edited = edit(&state, identity, id, &headers, &wish).await?;
    Ok(Version::of(edited.application.updated_at).answer(&HeaderMap::new(), edited))
}

/// Deletes an application; job and resume stay.
#[utoipa::path(
    delete, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "deleteApplication",
    params(("id" = Uuid, Path, description = "Id of the application")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such application", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_application(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let gone = applications::delete(&mut tx, id).await?;
    tx.commit().await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("application")) }
}
