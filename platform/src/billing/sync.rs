//! Asks Stripe how a tenant's subscription stands, and writes that down.

use sqlx::{Postgres, Transaction};

use super::stripe::{RemoteSubscription, Stripe, StripeError};
use super::{Status, subscription};
use crate::names::TenantId;

/// Why the subscription is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A query failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// Stripe did not answer.
    #[error(transparent)]
    Stripe(#[from] StripeError),
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synced {
    /// How the subscription stood before.
    pub before: Status,
    /// How it stands.
    pub now: Status,
}

/// Brings the row of the transaction's tenant up to date; `None` when the tenant is no customer. The row is locked from
/// before the question until after the answer is written: of two at once, the later one has asked later.
///
/// # Errors
/// When a query fails or Stripe does not answer; nothing is written then.
pub async fn sync(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    stripe: &Stripe,
) -> Result<Option<Synced>, SyncError> {
    sqlx::query("SELECT FROM subscriptions WHERE tenant_id = $1 FOR UPDATE")
        .bind(tenant)
        .execute(&mut **transaction)
        .await?;
    let Some(known) = subscription(transaction).await? else { return Ok(None) };
    let remote = stripe.subscription_of(&known.customer).await?;
    let now = remote.as_ref().map_or(Status::None, |remote| remote.status);
    write(transaction, tenant, remote.as_ref(), now).await?;
    Ok(Some(Synced { before: known.status, now }))
}

async fn write(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    remote: Option<&RemoteSubscription>,
    status: Status,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE subscriptions SET subscription = $2, price = $3, status = $4, period_end = $5, ends_with_period = $6,
            synced_at = now() WHERE tenant_id = $1",
    )
    .bind(tenant)
    .bind(remote.map(|remote| remote.id.as_str()))
    .bind(remote.and_then(|remote| remote.price.as_deref()))
    .bind(status)
    .bind(remote.and_then(|remote| remote.period_end))
    .bind(remote.is_some_and(|remote| remote.ends_with_period))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
