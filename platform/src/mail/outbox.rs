//! The rows of mails: queued with what causes them, taken by the worker, shown where nothing is sent.

use secrecy::ExposeSecret as _;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::{Content, Letter};
use crate::names::{AccountId, TenantId};
use crate::postgres::post_office_transaction;
use crate::sealing::{Keyring, SealError};
use crate::tasks::{self, TaskKind};
use crate::timestamp::Timestamp;

/// Most mails on the page `/outbox`.
const SHOWN: i64 = 100;

/// Why a mail was not queued or read.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// A query failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// The content cannot be sealed or opened.
    #[error("the content of a mail cannot be sealed or opened")]
    Seal(#[from] SealError),
    /// The content is not what was sealed.
    #[error("the content of a mail is not understood")]
    Content(#[from] serde_json::Error),
}

/// To whom a mail goes.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    /// The tenant whose transaction it is.
    pub tenant: TenantId,
    /// The account, when it is an account's mail; it goes with the account.
    pub account: Option<AccountId>,
    /// The address.
    pub address: &'a str,
}

/// A mail as it waits.
pub struct Queued {
    /// Name of the letter.
    pub template: String,
    /// To whom.
    pub recipient: String,
    /// What it says.
    pub content: Content,
}

/// A mail of an installation that sends nothing.
pub struct Kept {
    /// Its id.
    pub id: Uuid,
    /// To whom it would have gone.
    pub recipient: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// What it says.
    pub content: Content,
}

/// Writes a mail and the task of sending it within `transaction`, which must be one of the recipient's tenant: it is sent
/// exactly when that transaction commits.
///
/// # Errors
/// When a query fails or the content cannot be sealed; the transaction is then of no more use.
pub async fn queue(
    transaction: &mut Transaction<'static, Postgres>,
    keyring: &Keyring,
    to: Recipient<'_>,
    letter: &Letter,
) -> Result<(), OutboxError> {
    let id = Uuid::now_v7();
    let sealed = keyring.seal(&context(id), &serde_json::to_vec(&letter.write())?)?;
    sqlx::query(
        "INSERT INTO mails (id, tenant_id, account_id, template, recipient, content) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(to.tenant)
    .bind(to.account)
    .bind(letter.template())
    .bind(to.address)
    .bind(sealed)
    .execute(&mut **transaction)
    .await?;
    tasks::enqueue(transaction, to.tenant, TaskKind::SendMail, id).await?;
    Ok(())
}

/// The mail of this id as it waits to be sent; `None` when it is gone, or was sent before.
///
/// # Errors
/// When a query fails or the content cannot be opened.
pub async fn read(
    transaction: &mut Transaction<'static, Postgres>,
    keyring: &Keyring,
    id: Uuid,
) -> Result<Option<Queued>, OutboxError> {
    let found: Option<(String, String, Vec<u8>)> = sqlx::query_as(
        "SELECT template, recipient, content FROM mails WHERE id = $1 AND status IN ('queued', 'processing')",
    )
    .bind(id)
    .fetch_optional(&mut **transaction)
    .await?;
    let Some((template, recipient, sealed)) = found else { return Ok(None) };
    Ok(Some(Queued { template, recipient, content: open(keyring, id, &sealed)? }))
}

/// The newest mails that were kept instead of sent, of all tenants.
///
/// # Errors
/// When a query fails or a content cannot be opened.
pub async fn kept(pool: &PgPool, keyring: &Keyring) -> Result<Vec<Kept>, OutboxError> {
    let mut transaction = post_office_transaction(pool).await?;
    let rows: Vec<(Uuid, String, Timestamp, Vec<u8>)> = sqlx::query_as(
        "SELECT id, recipient, created_at, content FROM mails WHERE status = 'kept' ORDER BY id DESC LIMIT $1",
    )
    .bind(SHOWN)
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    rows.into_iter()
        .map(|(id, recipient, created_at, sealed)| {
            Ok(Kept { id, recipient, created_at, content: open(keyring, id, &sealed)? })
        })
        .collect()
}

fn open(keyring: &Keyring, id: Uuid, sealed: &[u8]) -> Result<Content, OutboxError> {
    Ok(serde_json::from_slice(keyring.open(&context(id), sealed)?.expose_secret())?)
}

fn context(id: Uuid) -> String {
    format!("mail:{id}")
}
