//! `/api/v1/invitations`: others may join the organisation.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    mail::{Letter, outbox::Recipient},
    names::TenantId,
    postgres,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::{
        email::Email,
        identity::{Entered, Identity},
        session_token::RowToken,
    },
    error::{FieldError, Problem, ProblemDocument, ProblemKind},
    request::{json::JsonBody, path::Id},
    routes::pages::mailed::INVITATION_PAGE,
    state::AppState,
    store::{
        accounts,
        members::{self, Invitation, Organisation, Role},
    },
};

/// How the token of an invitation begins.
const PREFIX: &str = "rmi_";

/// Who is invited, and as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// The address of the account that may accept.
    #[schema(format = Email, max_length = 254, example = "bob@example.org")]
    email: String,
    /// What the new member may do.
    role: Role,
}

/// An invitation with its token.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    /// Whether it goes out by mail: only where the inviting person's own address is verified.
    mailed: bool,
    /// Give it to the invited person, who accepts with `POST /api/v1/invitations/accept`. It is shown this once, and of no
    /// use to an account of another address.
    #[schema(example = "rmi_…")]
    token: String,
}

/// The invitations that wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitations {
    /// Newest first.
    items: Vec<Invitation>,
}

/// An invitation to be accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The token of the invitation.
    token: String,
}

/// Invites somebody, for 7 days. A new invitation of the same address replaces the one before.
#[utoipa::path(
    post, path = "/api/v1/invitations", tag = "Organisations", operation_id = "createInvitation",
    request_body = CreateInvitation,
    responses(
        (status = 201, description = "The invitation", body = CreatedInvitation),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_invitation(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateInvitation>,
) -> Result<(StatusCode, Json<CreatedInvitation>), Problem> {
    let email = Email::parse(&body.email)
        .map_err(|error| Problem::validation(vec![FieldError::at_pointer("/email", error.to_string())]))?;
    let mut entered = identity.owner_transaction(&state.pool).await?;
    let id = Uuid::now_v7();
    let token = RowToken::generate(PREFIX, identity.tenant.as_uuid(), id).map_err(Problem::internal)?;
    let invitation =
        members::invite(&mut entered.tx, identity.tenant, id, &email, body.role, token.hash()).await?;
    let mailed = send(&state, &mut entered, identity.tenant, &email, &token).await?;
    entered.tx.commit().await?;
    let created = CreatedInvitation { invitation, mailed, token: token.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Sends the invitation by mail, if there is mail and the inviting person's own address is verified: else anybody could
/// have mail sent to anybody.
async fn send(
    state: &AppState,
    entered: &mut Entered,
    tenant: TenantId,
    email: &Email,
    token: &RowToken,
) -> Result<bool, Problem> {
    let found = accounts::get(&mut entered.tx, tenant, entered.account).await?;
    let Some((_account, tenant)) = found.filter(|(account, _)| account.email_verified) else {
        return Ok(false);
    };
    let link = state.mailing.link(INVITATION_PAGE, token.expose());
    let letter = Letter::Invitation { organisation: tenant.name, link };
    let to = Recipient { tenant: tenant.id, account: None, address: email.as_str() };
    Ok(state.mailing.queue(&mut entered.tx, to, &letter).await?)
}

/// Lists the invitations that wait to be accepted.
#[utoipa::path(
    get, path = "/api/v1/invitations", tag = "Organisations", operation_id = "listInvitations",
    responses(
        (status = 200, description = "The invitations", body = Invitations),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_invitations(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<Json<Invitations>, Problem> {
    let mut entered = identity.owner_transaction(&state.pool).await?;
    let items = members::invitations(&mut entered.tx).await?;
    entered.tx.commit().await?;
    Ok(Json(Invitations { items }))
}

/// Takes an invitation back.
#[utoipa::path(
    delete, path = "/api/v1/invitations/{id}", tag = "Organisations", operation_id = "deleteInvitation",
    params(("id" = Uuid, Path, description = "Id of the invitation")),
    responses(
        (status = 204, description = "Taken back"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such invitation", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_invitation(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let mut entered = identity.owner_transaction(&state.pool).await?;
    let gone = members::withdraw(&mut entered.tx, id).await?;
    entered.tx.commit().await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("invitation")) }
}

/// Joins the organisation of an invitation. The caller's account must have the invited address.
#[utoipa::path(
    post, path = "/api/v1/invitations/accept", tag = "Organisations", operation_id = "acceptInvitation",
    request_body = AcceptInvitation,
    responses(
        (status = 200, description = "The organisation, and what the caller may do in it", body = Organisation),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is an API key", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "The invitation does not exist, has ended or is for another address", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn accept_invitation(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<AcceptInvitation>,
) -> Result<Json<Organisation>, Problem> {
    accept(&state, identity, &body.token).await.map(Json)
}

/// Joins the organisation of the invitation with this token.
pub async fn accept(state: &AppState, identity: Identity, token: &str) -> Result<Organisation, Problem> {
    let refused = || {
        Problem::new(
            ProblemKind::NotFound,
            "The invitation does not exist, has ended, or is for another address than your account's.",
        )
    };
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let found = accounts::get(&mut entered.tx, identity.tenant, entered.account).await?;
    entered.tx.commit().await?;
    let (account, _tenant) = found.ok_or_else(refused)?;
    let token = RowToken::parse(PREFIX, token).ok_or_else(refused)?;
    join(state, &token, &account).await?.ok_or_else(refused)
}

async fn join(
    state: &AppState,
    token: &RowToken,
    account: &accounts::Account,
) -> Result<Option<Organisation>, Problem> {
    let tenant = TenantId::from_uuid(token.owner);
    let mut tx = postgres::tenant_transaction(&state.pool, tenant).await?;
    let role = members::accept(&mut tx, tenant, token.row, token.hash(), account.id, &account.email).await?;
    tx.commit().await?;
    if role.is_none() {
        return Ok(None);
    }
    let all = members::organisations_of(&state.pool, account.id).await?;
    Ok(all.into_iter().find(|one| one.id == tenant))
}
