//! `/api/v1/account/email-verification` and `/api/v1/email-verifications`: whose address it is.

use axum::{extract::State, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    actions::recovery::{ask_again_to_verify, verify_email},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// The token of a mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// The token in the mail's link.
    #[schema(value_type = String, example = "rmm_…")]
    token: SecretString,
}

/// Sends the mail again that sign-up sent, at most once a minute. Where the address is verified already, nothing is sent.
#[utoipa::path(
    post, path = "/api/v1/account/email-verification", tag = "Accounts", operation_id = "sendVerification",
    responses(
        (status = 202, description = "It is on its way"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "This installation sends no mail", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn send_verification(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<StatusCode, Problem> {
    ask_again_to_verify(&state, identity).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Takes the token of that mail: the address is the person's own. Each is good once, for 3 days.
#[utoipa::path(
    post, path = "/api/v1/email-verifications", tag = "Accounts", operation_id = "verifyEmail",
    request_body = VerifyEmail,
    responses(
        (status = 204, description = "Verified"),
        (status = 422, description = "The token is not valid, was used or is too old", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn post_verification(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<VerifyEmail>,
) -> Result<StatusCode, Problem> {
    verify_email(&state, body.token.expose_secret()).await?;
    Ok(StatusCode::NO_CONTENT)
}
