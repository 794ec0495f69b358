//! `/api/v1/members`: who belongs to the organisation, and as what.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument, ProblemKind},
    request::{json::JsonBody, path::Id},
    state::AppState,
    store::members::{self, Changed, Member, Role},
};

/// The members of the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Members {
    /// Who joined first comes first.
    items: Vec<Member>,
}

/// What a member shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMember {
    /// The new role.
    role: Role,
}

/// Lists the members of the organisation.
#[utoipa::path(
    get, path = "/api/v1/members", tag = "Organisations", operation_id = "listMembers",
    responses(
        (status = 200, description = "The members", body = Members),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_members(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<Json<Members>, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let items = members::list(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(Members { items }))
}

/// Gives a member another role. It holds at once, also for the sessions and keys that there are.
#[utoipa::path(
    patch, path = "/api/v1/members/{id}", tag = "Organisations", operation_id = "changeMember",
    params(("id" = Uuid, Path, description = "Id of the member's account")),
    request_body = ChangeMember,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such member", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The organisation would have no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn change_member(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    JsonBody(body): JsonBody<ChangeMember>,
) -> Result<StatusCode, Problem> {
    let mut entered = identity.owner_transaction(&state.pool).await?;
    settled(members::change(&mut entered.tx, id, Some(body.role)).await?)?;
    entered.tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a member out of the organisation; sessions and keys in it end at once. Members may take themselves out.
#[utoipa::path(
    delete, path = "/api/v1/members/{id}", tag = "Organisations", operation_id = "removeMember",
    params(("id" = Uuid, Path, description = "Id of the member's account")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such member", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The organisation would have no owner", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn remove_member(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    if entered.role != Role::Owner && entered.account.as_uuid() != id {
        return Err(Problem::new(ProblemKind::Forbidden, "Only an owner can take others out."));
    }
    settled(members::change(&mut entered.tx, id, None).await?)?;
    entered.tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn settled(changed: Changed) -> Result<(), Problem> {
    match changed {
        Changed::Yes => Ok(()),
        Changed::NoMember => Err(Problem::not_found("member")),
        Changed::LastOwner => Err(Problem::new(
            ProblemKind::Conflict,
            "The organisation needs an owner; make another member one first.",
        )),
    }
}
