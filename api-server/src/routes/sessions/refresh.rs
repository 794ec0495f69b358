//! `POST /api/v1/sessions/refresh`: a new pair of tokens for a refresh token.

use axum::{Json, extract::State};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Tokens;
use crate::{
    actions::accounts::refresh,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// The refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshSession {
    /// The last refresh token of the session. Each is good once: a second use ends the session.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// Gets a new access token and refresh token.
#[utoipa::path(
    post, path = "/api/v1/sessions/refresh", tag = "Accounts", operation_id = "refreshSession",
    request_body = RefreshSession,
    responses(
        (status = 200, description = "The new tokens", body = Tokens),
        (status = 401, description = "The refresh token is not valid or was used before", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn refresh_session(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<RefreshSession>,
) -> Result<Json<Tokens>, Problem> {
    let signed_in = refresh(&state, body.refresh_token.expose_secret()).await?;
    Ok(Json(Tokens::issue(&state, &signed_in)?))
}
