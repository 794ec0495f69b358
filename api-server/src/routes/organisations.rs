//! `/api/v1/organisations`: the spaces that an account belongs to.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use platform::names::TenantId;
use platform::postgres;

use crate::{
    actions::accounts::SignedIn,
    auth::identity::Identity,
    error::{FieldError, Problem, ProblemDocument},
    request::{json::JsonBody, path::Id},
    routes::sessions::Tokens,
    state::AppState,
    store::{
        members::{self, Organisation},
        sessions,
    },
};

/// An organisation to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOrganisation {
    /// How to call it.
    #[schema(min_length = 1, max_length = 200, example = "Northwind recruiting")]
    name: String,
}

/// The organisations of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisations {
    /// The one joined first comes first.
    items: Vec<Organisation>,
}

/// Makes an organisation with the caller as its owner. Get a session in it with `POST /api/v1/organisations/{id}/session`.
#[utoipa::path(
    post, path = "/api/v1/organisations", tag = "Organisations", operation_id = "createOrganisation",
    request_body = CreateOrganisation,
    responses(
        (status = 201, description = "The organisation", body = Organisation),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_organisation(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateOrganisation>,
) -> Result<(StatusCode, Json<Organisation>), Problem> {
    let name = body.name.replace(char::is_control, " ").trim().to_owned();
    if !(1..=200).contains(&name.chars().count()) {
        let error = FieldError::at_pointer("/name", "Give the organisation a name of 1 to 200 characters.");
        return Err(Problem::validation(vec![error]));
    }
    let (entered, _session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let made = members::create_organisation(&state.pool, entered.account, &name).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Lists the organisations that the caller belongs to.
#[utoipa::path(
    get, path = "/api/v1/organisations", tag = "Organisations", operation_id = "listOrganisations",
    responses(
        (status = 200, description = "The organisations", body = Organisations),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_organisations(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<Json<Organisations>, Problem> {
    let (entered, _session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let items = members::organisations_of(&state.pool, entered.account).await?;
    Ok(Json(Organisations { items }))
}

/// Begins a session in another organisation that the caller belongs to. The present session goes on.
#[utoipa::path(
    post, path = "/api/v1/organisations/{id}/session", tag = "Organisations", operation_id = "enterOrganisation",
    params(("id" = Uuid, Path, description = "Id of the organisation")),
    responses(
        (status = 200, description = "Tokens for the organisation", body = Tokens),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The caller belongs to no such organisation", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn enter_organisation(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<Json<Tokens>, Problem> {
    let (entered, _session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let tenant = TenantId::from_uuid(id);
    let mut tx = postgres::tenant_transaction(&state.pool, tenant).await?;
    if members::role_of(&mut tx, entered.account).await?.is_none() {
        return Err(Problem::not_found("organisation"));
    }
    let session = sessions::create(&mut tx, tenant, entered.account).await?;
    tx.commit().await?;
    Ok(Json(Tokens::issue(&state, &SignedIn { account: entered.account, session })?))
}
