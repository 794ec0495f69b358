//! `PUT /api/v1/account/password`: another password.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    actions::accounts::change_password,
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// The present password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    /// The new one: at least 10 characters, at most 256.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    new_password: SecretString,
}

/// Changes the password. All other sessions of the account end: whoever knew the old one is out.
#[utoipa::path(
    put, path = "/api/v1/account/password", tag = "Accounts", operation_id = "changePassword",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "No valid access token, or the present password is wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The new password is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_password(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<ChangePassword>,
) -> Result<StatusCode, Problem> {
    change_password(&state, identity, body.current_password, body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
