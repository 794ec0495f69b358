//! `/api/v1/account/totp`: the second step of sign-in.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    actions::second_factor,
    auth::{identity::Identity, totp::RecoveryCode},
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// Whether sign-in asks for a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpState {
    /// Whether it does.
    enabled: bool,
    /// How many recovery codes are left.
    recovery_codes_left: i64,
}

/// The password, to be sure who asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginTotp {
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// What an authenticator app needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct BegunTotp {
    /// The secret in base32, to be typed in.
    secret: String,
    /// The same as an address, to be shown as a picture or opened on the device.
    #[schema(example = "otpauth://totp/Resume%20Matcher:ann@example.org?secret=…")]
    otpauth_uri: String,
}

/// The first code of the app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    /// Six digits.
    #[schema(example = "123456")]
    code: String,
}

/// Codes for who has lost the app.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each is good once, in place of a code of the app. They are shown this once.
    recovery_codes: Vec<String>,
}

/// Password and code, to be sure who asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableTotp {
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Six digits of the app, or a recovery code.
    code: String,
}

/// Says whether sign-in asks for a code.
#[utoipa::path(
    get, path = "/api/v1/account/totp", tag = "Accounts", operation_id = "getTotp",
    responses(
        (status = 200, description = "Whether it does", body = TotpState),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_totp(State(state): State<AppState>, identity: Identity) -> Result<Json<TotpState>, Problem> {
    let (entered, _session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let (enabled, recovery_codes_left) = second_factor::state_of(&state, entered.account).await?;
    Ok(Json(TotpState { enabled, recovery_codes_left }))
}

/// Makes a secret for an authenticator app (TOTP, RFC 6238). Sign-in asks for codes once a first one was confirmed.
#[utoipa::path(
    post, path = "/api/v1/account/totp", tag = "Accounts", operation_id = "beginTotp",
    request_body = BeginTotp,
    responses(
        (status = 201, description = "The secret, shown this once", body = BegunTotp),
        (status = 401, description = "No valid access token, or the password is wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There is an app already", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn begin_totp(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<BeginTotp>,
) -> Result<(StatusCode, Json<BegunTotp>), Problem> {
    let begun = second_factor::begin(&state, identity, body.password).await?;
    let answer = BegunTotp {
        secret: begun.secret.expose_secret().to_owned(),
        otpauth_uri: begun.address.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Turns the second step on with a first code, and gives recovery codes.
#[utoipa::path(
    post, path = "/api/v1/account/totp/confirm", tag = "Accounts", operation_id = "confirmTotp",
    request_body = ConfirmTotp,
    responses(
        (status = 200, description = "Sign-in asks for codes from now on", body = RecoveryCodes),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There is no secret that waits", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The code is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn confirm_totp(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<ConfirmTotp>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let codes = second_factor::confirm(&state, identity, &body.code).await?;
    Ok(Json(RecoveryCodes {
        recovery_codes: codes.iter().map(|code| RecoveryCode::expose(code).to_owned()).collect(),
    }))
}

/// Takes the second step away.
#[utoipa::path(
    post, path = "/api/v1/account/totp/disable", tag = "Accounts", operation_id = "disableTotp",
    request_body = DisableTotp,
    responses(
        (status = 204, description = "Sign-in asks for no code any more"),
        (status = 401, description = "No valid access token, or password or code is wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many codes were wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn disable_totp(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<DisableTotp>,
) -> Result<StatusCode, Problem> {
    second_factor::disable(&state, identity, body.password, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}
