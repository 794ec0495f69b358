//! `/api/v1/password-resets`: a new password for who has forgotten the old one.

use axum::{extract::State, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    actions::recovery::{ask_for_reset, reset_password},
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestReset {
    /// The account's e-mail address.
    #[schema(format = Email, max_length = 254, example = "ann@example.org")]
    email: String,
}

/// The token of the mail and the new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmReset {
    /// The token in the mail's link.
    #[schema(value_type = String, example = "rmm_…")]
    token: SecretString,
    /// At least 10 characters, at most 256.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256)]
    new_password: SecretString,
}

/// Sends a link for a new password, at most once a minute. The answer, and the time that it takes, are the same for an
/// address that has no account.
#[utoipa::path(
    post, path = "/api/v1/password-resets", tag = "Accounts", operation_id = "requestPasswordReset",
    request_body = RequestReset,
    responses(
        (status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 409, description = "This installation sends no mail", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn request_reset(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<RequestReset>,
) -> Result<StatusCode, Problem> {
    ask_for_reset(&state, &body.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Takes the token of that mail, which is good once, for 1 hour, and sets the password. All sessions of the account end.
#[utoipa::path(
    post, path = "/api/v1/password-resets/confirm", tag = "Accounts", operation_id = "confirmPasswordReset",
    request_body = ConfirmReset,
    responses(
        (status = 204, description = "The password is set; sign in with it"),
        (status = 422, description = "The token or the password is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn confirm_reset(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<ConfirmReset>,
) -> Result<StatusCode, Problem> {
    reset_password(&state, body.token.expose_secret(), body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
