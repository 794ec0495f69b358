//! `/api/v1/api-keys`: keys for programs, made and ended by the person whose they are.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::{identity::Identity, session_token::ApiKey},
    error::{FieldError, Problem, ProblemDocument, ProblemKind},
    request::{json::JsonBody, path::Id},
    state::AppState,
    store::api_keys::{self, ApiKeyInfo, Scope},
};

/// Most keys of one account in one organisation.
const MOST_KEYS: i64 = 50;
/// Days that a key is good for when the request does not say.
const DEFAULT_DAYS: u16 = 90;
/// Most days that a key is good for.
const MOST_DAYS: u16 = 366;

/// What key is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What to call it.
    #[schema(min_length = 1, max_length = 100, example = "nightly import")]
    name: String,
    /// What it may do.
    scope: Scope,
    /// For how many days it is good: 1 to 366, 90 when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 366)]
    expires_in_days: Option<u16>,
}

/// A new key with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    #[serde(flatten)]
    key: ApiKeyInfo,
    /// Send it as `Authorization: Bearer <secret>`. It is shown this once.
    #[schema(example = "rmk_…")]
    secret: String,
}

/// The caller's keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeys {
    /// Newest first.
    items: Vec<ApiKeyInfo>,
}

/// Makes an API key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/api-keys", tag = "Accounts", operation_id = "createApiKey",
    request_body = CreateApiKey,
    responses(
        (status = 201, description = "The key", body = CreatedApiKey),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There are too many keys", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_api_key(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKey>), Problem> {
    let name = body.name.trim();
    let days = body.expires_in_days.unwrap_or(DEFAULT_DAYS);
    let mut errors = Vec::new();
    if !(1..=100).contains(&name.chars().count()) {
        errors.push(FieldError::at_pointer("/name", "Give the key a name of 1 to 100 characters."));
    }
    if !(1..=MOST_DAYS).contains(&days) {
        let detail = format!("A key is good for 1 to {MOST_DAYS} days.");
        errors.push(FieldError::at_pointer("/expires_in_days", detail));
    }
    if !errors.is_empty() {
        return Err(Problem::validation(errors));
    }
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    if api_keys::count(&mut entered.tx, entered.account).await? >= MOST_KEYS {
        let detail = format!("There are {MOST_KEYS} keys; delete one first.");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let key = ApiKey::generate(identity.tenant).map_err(Problem::internal)?;
    let info = api_keys::insert(&mut entered.tx, entered.account, &key, name, body.scope, days).await?;
    entered.tx.commit().await?;
    Ok((StatusCode::CREATED, Json(CreatedApiKey { key: info, secret: key.expose().to_owned() })))
}

/// Lists the caller's API keys in this organisation, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/api-keys", tag = "Accounts", operation_id = "listApiKeys",
    responses(
        (status = 200, description = "The keys", body = ApiKeys),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_api_keys(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<Json<ApiKeys>, Problem> {
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let items = api_keys::list(&mut entered.tx, entered.account).await?;
    entered.tx.commit().await?;
    Ok(Json(ApiKeys { items }))
}

/// Ends an API key at once.
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{id}", tag = "Accounts", operation_id = "deleteApiKey",
    params(("id" = Uuid, Path, description = "Id of the key")),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_api_key(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let gone = api_keys::delete(&mut entered.tx, entered.account, id).await?;
    entered.tx.commit().await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("API key")) }
}
