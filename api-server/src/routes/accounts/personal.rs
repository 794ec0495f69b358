//! `GET /api/v1/account/export` and `POST /api/v1/account/erasure`: a person's own data.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use platform::timestamp::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    actions::personal::{erase, export},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// A wish to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseAccount {
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureReceipt {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    erased_at: Timestamp,
    /// Resumes with what was read from them.
    resumes: u64,
    /// Jobs.
    jobs: u64,
    /// Files in the object storage.
    files: u64,
    /// Organisations that had no other member.
    organisations: u64,
    /// When the last backup that was made before has been deleted.
    #[schema(value_type = String, format = DateTime)]
    backups_forget_at: Timestamp,
}

/// Gives everything that the service has of the caller, in all organisations. Original files have addresses of their own.
#[utoipa::path(
    get, path = "/api/v1/account/export", tag = "Accounts", operation_id = "exportAccount",
    responses(
        (status = 200, description = "Everything, as one document", body = Object),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn export_account(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<([(HeaderName, &'static str); 1], Json<Value>), Problem> {
    let document = export(&state, identity).await?;
    Ok(([(header::CONTENT_DISPOSITION, "attachment; filename=\"export.json\"")], Json(document)))
}

/// Erases the caller from database, storage and queue, at once and for good: account, memberships, what was added, and
/// organisations without another member.
#[utoipa::path(
    post, path = "/api/v1/account/erasure", tag = "Accounts", operation_id = "eraseAccount",
    request_body = EraseAccount,
    responses(
        (status = 200, description = "Erased", body = ErasureReceipt),
        (status = 401, description = "No valid access token, or the password is wrong", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The caller is the only owner of an organisation with other members, or there is a subscription that is paid for", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn erase_account(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<EraseAccount>,
) -> Result<Json<ErasureReceipt>, Problem> {
    let receipt = erase(&state, identity, body.password).await?;
    Ok(Json(ErasureReceipt {
        erased_at: receipt.at,
        resumes: receipt.erased.resumes,
        jobs: receipt.erased.jobs,
        files: receipt.erased.files,
        organisations: receipt.organisations,
        backups_forget_at: receipt.at.plus_days(state.backup_retention_days),
    }))
}
