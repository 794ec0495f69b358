//! Replacing the keys of secrets at rest, over all accounts and tenants.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::config::EncryptionConfig;
use platform::locksmith::{LocksmithError, Resealed, reseal};
use platform::mail::Letter;
use platform::mail::outbox::{self, Recipient};
use platform::names::AccountId;
use platform::postgres::{account_transaction, tenant_transaction};
use platform::sealing::{Keyring, SealError};
use secrecy::{ExposeSecret as _, SecretSlice};
use sqlx::PgPool;
use support::{migrated_pool, sign_up};

fn ring(keys: &[u8]) -> Keyring {
    let keys = keys.iter().map(|byte| SecretSlice::from(vec![*byte; 32])).collect();
    Keyring::new(&EncryptionConfig { keys }).unwrap()
}

/// An account with a sealed secret of its own and a sealed mail of its tenant.
async fn account(pool: &PgPool, keys: &Keyring) -> AccountId {
    let (tenant, account) = sign_up(pool).await;
    let mut transaction = account_transaction(pool, account).await.unwrap();
    sqlx::query("INSERT INTO second_factors (account_id, secret) VALUES ($1, $2)")
        .bind(account)
        .bind(keys.seal("totp", account.to_string().as_bytes()).unwrap())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let mut transaction = tenant_transaction(pool, tenant).await.unwrap();
    let to = Recipient { tenant, account: Some(account), address: "ann@example.org" };
    outbox::queue(&mut transaction, keys, to, &Letter::PasswordChanged).await.unwrap();
    transaction.commit().await.unwrap();
    account
}

#[tokio::test]
async fn after_the_keys_were_replaced_the_old_one_opens_nothing_and_is_not_needed() {
    let pool = migrated_pool().await;
    let accounts = [account(&pool, &ring(&[1])).await, account(&pool, &ring(&[1])).await];
    let error = reseal(&pool, &ring(&[2])).await.unwrap_err();
    assert!(matches!(error, LocksmithError::Seal { source: SealError::UnknownKey, .. }), "{error}");
    assert_eq!(reseal(&pool, &ring(&[2, 1])).await.unwrap(), Resealed { found: 4, resealed: 4 });
    assert_eq!(reseal(&pool, &ring(&[2])).await.unwrap(), Resealed { found: 4, resealed: 0 });
    for account in accounts {
        let mut transaction = account_transaction(&pool, account).await.unwrap();
        let sealed: Vec<u8> = sqlx::query_scalar("SELECT secret FROM second_factors")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        let opened = ring(&[2]).open("totp", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), account.to_string().as_bytes());
        assert_eq!(ring(&[1]).open("totp", &sealed).unwrap_err(), SealError::UnknownKey);
    }
}
