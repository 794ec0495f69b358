//! `sync_subscription`: asks Stripe how a tenant's subscription stands, and tells the owners when a payment failed.

use platform::billing::{Status, sync};
use platform::mail::Letter;
use platform::mail::outbox::{self, Recipient};
use platform::names::AccountId;
use platform::postgres::tenant_transaction;
use platform::tasks::{self, Lease, Outcome};
use sqlx::{Postgres, Transaction};

use super::{Context, Ending, JobError};

pub(super) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    let Some(stripe) = &context.stripe else {
        return Err(JobError::Installation("RM_STRIPE_SECRET_KEY is not set".to_owned()));
    };
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let synced = sync::sync(&mut transaction, lease.tenant, stripe).await?;
    if let Some(synced) = synced
        && synced.now == Status::PastDue
        && synced.before != Status::PastDue
        && context.sends_mail
    {
        tell_owners(context, lease, &mut transaction).await?;
    }
    tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    transaction.commit().await?;
    Ok(Ending::Done)
}

async fn tell_owners(
    context: &Context,
    lease: &Lease,
    transaction: &mut Transaction<'static, Postgres>,
) -> Result<(), JobError> {
    let owners: Vec<(AccountId, String)> = sqlx::query_as(
        "SELECT accounts.id, accounts.email FROM memberships JOIN accounts ON accounts.id = memberships.account_id
         WHERE memberships.tenant_id = $1 AND memberships.role = 'owner'",
    )
    .bind(lease.tenant)
    .fetch_all(&mut **transaction)
    .await?;
    for (account, address) in owners {
        let to = Recipient { tenant: lease.tenant, account: Some(account), address: &address };
        outbox::queue(transaction, &context.keyring, to, &Letter::PaymentFailed).await?;
    }
    Ok(())
}
