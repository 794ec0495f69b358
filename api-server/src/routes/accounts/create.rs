//! `POST /api/v1/accounts`: sign-up.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    actions::accounts::{SignUp, sign_up},
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    routes::sessions::Tokens,
    state::AppState,
    store::accounts::{Account, Tenant},
};

/// Who wants an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// The e-mail address, which is the account's name at sign-in.
    #[schema(format = Email, max_length = 254, example = "ann@example.org")]
    email: String,
    /// At least 10 characters, at most 256.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 256, example = "correct horse battery")]
    password: SecretString,
    /// How to call the person.
    #[serde(default)]
    #[schema(max_length = 200, example = "Ann Example")]
    name: Option<String>,
}

/// The new account, signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedAccount {
    account: Account,
    tenant: Tenant,
    #[serde(flatten)]
    tokens: Tokens,
}

/// Makes an account with a space of its own and signs it in.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "Accounts", operation_id = "createAccount",
    request_body = CreateAccount,
    responses(
        (status = 201, description = "The account is made and signed in", body = CreatedAccount),
        (status = 409, description = "There is an account with this address", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn create_account(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<CreateAccount>,
) -> Result<(StatusCode, Json<CreatedAccount>), Problem> {
    let form = SignUp { email: body.email, password: body.password, name: body.name };
    let (signed_in, account, tenant) = sign_up(&state, form).await?;
    let tokens = Tokens::issue(&state, &signed_in)?;
    Ok((StatusCode::CREATED, Json(CreatedAccount { account, tenant, tokens })))
}
