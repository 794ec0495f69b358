//! `GET /api/v1/account`: who the caller is.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    state::AppState,
    store::accounts::{self, Account, Tenant},
};

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Caller {
    account: Account,
    tenant: Tenant,
}

/// Says who the caller is.
#[utoipa::path(
    get, path = "/api/v1/account", tag = "Accounts", operation_id = "getAccount",
    responses(
        (status = 200, description = "The account and tenant of the access token", body = Caller),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_account(State(state): State<AppState>, identity: Identity) -> Result<Json<Caller>, Problem> {
    let mut entered = identity.enter(&state.pool).await?;
    let found = accounts::get(&mut entered.tx, identity.tenant, entered.account).await?;
    entered.tx.commit().await?;
    let (account, tenant) = found.ok_or_else(|| Problem::not_found("account"))?;
    Ok(Json(Caller { account, tenant }))
}
