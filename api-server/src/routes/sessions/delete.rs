//! `DELETE /api/v1/sessions/current`: sign-out.

use axum::{extract::State, http::StatusCode};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    state::AppState,
    store::sessions,
};

/// Ends the session: its access tokens and its refresh token are refused from now on.
#[utoipa::path(
    delete, path = "/api/v1/sessions/current", tag = "Accounts", operation_id = "deleteSession",
    responses(
        (status = 204, description = "Signed out"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_session(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<StatusCode, Problem> {
    let (mut entered, session) = identity.own_transaction(&state.pool).await?;
    sessions::revoke(&mut entered.tx, session).await?;
    entered.tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
