//! `GET /api/v1/audit`: who did what.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::identity::Identity,
    error::{FieldError, Problem, ProblemDocument},
    request::path::QueryParameters,
    state::AppState,
    store::audit::{self, AuditEvent},
};

/// Most rows of a page.
const MOST: i64 = 200;

/// Which part of the log to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only events before this number.
    before: Option<i64>,
    /// Most events to give: 1 to 200, 50 when absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLog {
    /// Newest first. Give the last `id` as `before` to get what came earlier.
    items: Vec<AuditEvent>,
}

/// Gives the organisation's audit log, newest first. It can be read by owners and changed by nobody.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "Organisations", operation_id = "listAuditEvents",
    params(AuditQuery),
    responses(
        (status = 200, description = "A part of the log", body = AuditLog),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_audit_events(
    State(state): State<AppState>,
    identity: Identity,
    QueryParameters(query): QueryParameters<AuditQuery>,
) -> Result<Json<AuditLog>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=MOST).contains(&limit) {
        let error = FieldError::in_field("limit", format!("limit must be from 1 to {MOST}, not {limit}."));
        return Err(Problem::validation(vec![error]));
    }
    let mut entered = identity.owner_transaction(&state.pool).await?;
    let items = audit::list(&mut entered.tx, query.before, limit).await?;
    entered.tx.commit().await?;
    Ok(Json(AuditLog { items }))
}
