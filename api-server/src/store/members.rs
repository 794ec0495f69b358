//! Organisations, their members, and invitations to join.

use platform::{
    digest::Sha256Digest,
    names::{AccountId, TenantId},
    postgres,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Tx;
use crate::auth::email::Email;

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// Everything, also who belongs to the organisation.
    Owner,
    /// Add, change and delete resumes, jobs and matches.
    Member,
    /// Look at them.
    Viewer,
}

/// An organisation that the caller belongs to.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Organisation {
    /// Its id, the tenant of all that it has.
    #[schema(value_type = Uuid)]
    pub id: TenantId,
    /// How it is called.
    pub name: String,
    /// What the caller may do in it.
    pub role: Role,
}

/// Somebody who belongs to the organisation.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Member {
    /// The account.
    #[schema(value_type = Uuid)]
    pub account_id: AccountId,
    /// Its e-mail address.
    #[schema(format = Email)]
    pub email: String,
    /// How the person is called.
    pub name: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// An invitation that waits to be accepted.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// Who is invited.
    #[schema(format = Email)]
    pub email: String,
    /// As what.
    pub role: Role,
    /// Until when it can be accepted.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// For how many days an invitation can be accepted.
const INVITATION_DAYS: i32 = 7;

/// Makes an organisation whose owner is `account`.
pub async fn create_organisation(
    pool: &PgPool,
    account: AccountId,
    name: &str,
) -> Result<Organisation, sqlx::Error> {
    let id = TenantId::new();
    let mut tx = postgres::member_transaction(pool, id, account).await?;
    sqlx::query("INSERT INTO tenants (id, name) VALUES ($1, $2)")
        .bind(id)
        .bind(name)
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO memberships (tenant_id, account_id, role) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(account)
        .bind(Role::Owner)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Organisation { id, name: name.to_owned(), role: Role::Owner })
}

/// The organisations that `account` belongs to, the first one first.
pub async fn organisations_of(pool: &PgPool, account: AccountId) -> Result<Vec<Organisation>, sqlx::Error> {
    let mut tx = postgres::account_transaction(pool, account).await?;
    let found = sqlx::query_as(
        "SELECT tenants.id, tenants.name, memberships.role FROM memberships
         JOIN tenants ON tenants.id = memberships.tenant_id
         WHERE memberships.account_id = $1 ORDER BY memberships.created_at, tenants.id",
    )
    .bind(account)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(found)
}

/// What `account` may do in the tenant of the transaction; none if it does not belong to it.
pub async fn role_of(tx: &mut Tx, account: AccountId) -> Result<Option<Role>, sqlx::Error> {
    sqlx::query_scalar("SELECT role FROM memberships WHERE account_id = $1 AND tenant_id = app_tenant_id()")
        .bind(account)
        .fetch_optional(&mut **tx)
        .await
}

/// The members of the tenant, the first one first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Member>, sqlx::Error> {
    sqlx::query_as(
        "SELECT account_id, accounts.email, accounts.name, role, memberships.created_at
         FROM memberships JOIN accounts ON accounts.id = memberships.account_id
         WHERE tenant_id = app_tenant_id() ORDER BY memberships.created_at, account_id",
    )
    .fetch_all(&mut **tx)
    .await
}

/// What became of a change of members.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was made.
    Yes,
    /// There is no such member.
    NoMember,
    /// The organisation would have no owner.
    LastOwner,
}

/// Gives a member another role, or takes the membership away with its sessions and keys (`role` is none).
pub async fn change(tx: &mut Tx, account: Uuid, role: Option<Role>) -> Result<Changed, sqlx::Error> {
    // All owners are locked, so that two cannot step down at once.
    let owners: Vec<Uuid> = sqlx::query_scalar(
        "SELECT account_id FROM memberships WHERE tenant_id = app_tenant_id() AND role = 'owner' FOR UPDATE",
    )
    .fetch_all(&mut **tx)
    .await?;
    if role != Some(Role::Owner) && owners == [account] {
        return Ok(Changed::LastOwner);
    }
    let changed = match role {
        Some(role) => sqlx::query(
            "UPDATE memberships SET role = $2 WHERE account_id = $1 AND tenant_id = app_tenant_id()",
        )
        .bind(account)
        .bind(role),
        None => sqlx::query("DELETE FROM memberships WHERE account_id = $1 AND tenant_id = app_tenant_id()")
            .bind(account),
    };
    let rows = changed.execute(&mut **tx).await?.rows_affected();
    Ok(if rows > 0 { Changed::Yes } else { Changed::NoMember })
}

/// Writes down an invitation; an earlier one of the same address is replaced.
pub async fn invite(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    email: &Email,
    role: Role,
    token: Sha256Digest,
) -> Result<Invitation, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO invitations (id, tenant_id, email, role, token_hash, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 day')
         ON CONFLICT (tenant_id, email) DO UPDATE SET id = EXCLUDED.id, role = EXCLUDED.role,
            token_hash = EXCLUDED.token_hash, expires_at = EXCLUDED.expires_at, created_at = now()
         RETURNING id, email, role, expires_at",
    )
    .bind(id)
    .bind(tenant)
    .bind(email.as_str())
    .bind(role)
    .bind(token)
    .bind(INVITATION_DAYS)
    .fetch_one(&mut **tx)
    .await
}

/// The invitations that wait.
pub async fn invitations(tx: &mut Tx) -> Result<Vec<Invitation>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, email, role, expires_at FROM invitations WHERE expires_at > now() ORDER BY id DESC",
    )
    .fetch_all(&mut **tx)
    .await
}

/// Takes an invitation back; whether there was one.
pub async fn withdraw(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM invitations WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(gone.rows_affected() > 0)
}

/// Makes `account` a member by the invitation with this token, if its address is the invited one; gives the role.
pub async fn accept(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    token: Sha256Digest,
    account: AccountId,
    email: &str,
) -> Result<Option<Role>, sqlx::Error> {
    let role: Option<Role> = sqlx::query_scalar(
        "DELETE FROM invitations WHERE id = $1 AND token_hash = $2 AND email = $3 AND expires_at > now() RETURNING role",
    )
    .bind(id)
    .bind(token)
    .bind(email)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(role) = role else { return Ok(None) };
    // Whoever belongs to it already keeps the role.
    sqlx::query(
        "INSERT INTO memberships (tenant_id, account_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(account)
    .bind(role)
    .execute(&mut **tx)
    .await?;
    Ok(Some(role))
}
