//! `POST /api/v1/sessions`: sign-in.

use axum::{Json, extract::State};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Tokens;
use crate::{
    actions::accounts::sign_in,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// Address and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The account's e-mail address.
    #[schema(format = Email, example = "ann@example.org")]
    email: String,
    /// Its password.
    #[schema(value_type = String, format = Password, example = "correct horse battery")]
    password: SecretString,
    /// Six digits of the account's authenticator app, or a recovery code; only where the account asks for one.
    #[serde(default)]
    #[schema(example = "123456")]
    code: Option<String>,
}

/// Signs in. An account with an authenticator app needs a code as well: without one, the answer is the problem
/// `second-factor-required` once address and password are right.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "Accounts", operation_id = "createSession",
    request_body = CreateSession,
    responses(
        (status = 200, description = "Signed in", body = Tokens),
        (status = 401, description = "Address, password or code is wrong, or a code is needed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many codes were wrong", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn create_session(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<CreateSession>,
) -> Result<Json<Tokens>, Problem> {
    let signed_in = sign_in(&state, &body.email, body.password, body.code.as_deref()).await?;
    Ok(Json(Tokens::issue(&state, &signed_in)?))
}
