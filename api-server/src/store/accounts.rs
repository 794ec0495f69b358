//! Accounts and the tenants they belong to.

use platform::{
    names::{AccountId, TenantId},
    postgres,
    timestamp::Timestamp,
};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::Tx;
use crate::auth::email::Email;

/// A person's account.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Account {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: AccountId,
    /// The e-mail address, in lower case.
    #[schema(format = Email)]
    pub email: String,
    /// How the person is called, if given.
    pub name: Option<String>,
    /// Whether the person has shown to read the mail of the address.
    pub email_verified: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// The owner of resumes, jobs and matches: a person's own space, or an organisation.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Tenant {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: TenantId,
    /// How it is called.
    pub name: String,
}

/// What sign-up wants to be made.
#[derive(Debug)]
pub struct NewAccount {
    /// The address, not taken yet.
    pub email: Email,
    /// How the person is called.
    pub name: Option<String>,
    /// PHC string of the password.
    pub password_hash: String,
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is an account with this address.
    #[error("there is an account with this e-mail address")]
    EmailTaken,
    /// A query failed.
    #[error("the account cannot be written")]
    Query(#[from] sqlx::Error),
}

/// Makes an account with a tenant of its own. The transaction is left open, so that the first session can join.
pub async fn create(pool: &PgPool, new: &NewAccount) -> Result<(Tx, Account, Tenant), CreateError> {
    let (tenant, account) = (TenantId::new(), AccountId::new());
    let mut tx = postgres::member_transaction(pool, tenant, account).await?;
    let local_part = || new.email.as_str().split('@').next().unwrap_or_default();
    let tenant = sqlx::query_as("INSERT INTO tenants (id, name) VALUES ($1, $2) RETURNING id, name")
        .bind(tenant)
        .bind(new.name.as_deref().unwrap_or_else(local_part))
        .fetch_one(&mut *tx)
        .await?;
    let account: Account = sqlx::query_as(
        "INSERT INTO accounts (id, email, name, password_hash) VALUES ($1, $2, $3, $4)
         RETURNING id, email, name, email_verified_at IS NOT NULL AS email_verified, created_at",
    )
    .bind(account)
    .bind(new.email.as_str())
    .bind(new.name.as_deref())
    .bind(&new.password_hash)
    .fetch_one(&mut *tx)
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => CreateError::EmailTaken,
        _ => CreateError::Query(error),
    })?;
    add_owner(&mut tx, &tenant, account.id).await?;
    Ok((tx, account, tenant))
}

async fn add_owner(tx: &mut Tx, tenant: &Tenant, account: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO memberships (tenant_id, account_id, role) VALUES ($1, $2, 'owner')")
        .bind(tenant.id)
        .bind(account)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The id and password hash of the account with this address.
pub async fn find_credentials(
    pool: &PgPool,
    email: &Email,
) -> Result<Option<(AccountId, String)>, sqlx::Error> {
    let mut tx = postgres::sign_in_transaction(pool, email.as_str()).await?;
    let found = sqlx::query_as("SELECT id, password_hash FROM accounts WHERE email = $1")
        .bind(email.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(found)
}

/// Address and password hash of the account.
pub async fn password_of(pool: &PgPool, account: AccountId) -> Result<Option<(String, String)>, sqlx::Error> {
    let mut tx = postgres::account_transaction(pool, account).await?;
    let found = sqlx::query_as("SELECT email, password_hash FROM accounts WHERE id = $1")
        .bind(account)
        .fetch_optional(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(found)
}

/// Writes another password hash, in a transaction of the account.
pub async fn set_password(tx: &mut Tx, account: AccountId, hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE accounts SET password_hash = $2, updated_at = now() WHERE id = $1")
        .bind(account)
        .bind(hash)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes the account. What is left of its memberships goes with it.
pub async fn delete(pool: &PgPool, account: AccountId) -> Result<(), sqlx::Error> {
    let mut tx = postgres::account_transaction(pool, account).await?;
    sqlx::query("DELETE FROM accounts WHERE id = $1").bind(account).execute(&mut *tx).await?;
    tx.commit().await
}

/// The tenant that `account` works in: the one that it has belonged to longest.
pub async fn find_tenant(pool: &PgPool, account: AccountId) -> Result<Option<TenantId>, sqlx::Error> {
    let mut tx = postgres::account_transaction(pool, account).await?;
    let found = sqlx::query_scalar(
        "SELECT tenant_id FROM memberships WHERE account_id = $1 ORDER BY created_at, tenant_id LIMIT 1",
    )
    .bind(account)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(found)
}

/// The account and the tenant of the transaction, if both are still there.
pub async fn get(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<(Account, Tenant)>, sqlx::Error> {
    let account = sqlx::query_as(
        "SELECT id, email, name, email_verified_at IS NOT NULL AS email_verified, created_at
         FROM accounts WHERE id = $1",
    )
    .bind(account)
    .fetch_optional(&mut **tx)
    .await?;
    let tenant = sqlx::query_as("SELECT id, name FROM tenants WHERE id = $1")
        .bind(tenant)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(account.zip(tenant))
}
