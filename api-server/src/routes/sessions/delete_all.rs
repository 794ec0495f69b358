//! `DELETE /api/v1/sessions`: sign-out everywhere.

use axum::{extract::State, http::StatusCode};
use platform::postgres;

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    state::AppState,
    store::sessions,
};

/// Ends every session of the account, in all organisations and on all devices, this one too. API keys go on.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "Accounts", operation_id = "deleteAllSessions",
    responses(
        (status = 204, description = "Signed out everywhere"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_all_sessions(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<StatusCode, Problem> {
    let (entered, _session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let mut tx = postgres::account_transaction(&state.pool, entered.account).await?;
    sessions::revoke_all(&mut tx, entered.account, None).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
