//! Second factors: the sealed secret of an authenticator app, and hashes of recovery codes.

use platform::{digest::Sha256Digest, names::AccountId};

use super::Tx;

/// Wrong codes in a row after which none is looked at for a time.
const MOST_FAILURES: i32 = 5;
/// For how long.
pub const LOCK_MINUTES: i32 = 15;

/// What is known of an account's authenticator app.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SecondFactor {
    /// The shared secret, sealed.
    pub secret: Vec<u8>,
    /// Whether the person has shown a code of it.
    pub confirmed: bool,
    /// The last time step whose code was taken.
    pub last_step: i64,
    /// Whether codes are not looked at, because too many were wrong.
    pub locked: bool,
}

/// Writes a new, unconfirmed secret. `false`, and nothing is written, when there is a confirmed one.
pub async fn begin(tx: &mut Tx, account: AccountId, secret: &[u8]) -> Result<bool, sqlx::Error> {
    let written = sqlx::query(
        "INSERT INTO second_factors (account_id, secret) VALUES ($1, $2)
         ON CONFLICT (account_id) DO UPDATE SET secret = EXCLUDED.secret, created_at = now(), last_step = 0
         WHERE second_factors.confirmed_at IS NULL",
    )
    .bind(account)
    .bind(secret)
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// The account's second factor, locked until the transaction ends: codes are judged one after the other.
pub async fn get(tx: &mut Tx, account: AccountId) -> Result<Option<SecondFactor>, sqlx::Error> {
    sqlx::query_as(
        "SELECT secret, confirmed_at IS NOT NULL AS confirmed, last_step,
            coalesce(locked_until > now(), false) AS locked
         FROM second_factors WHERE account_id = $1 FOR UPDATE",
    )
    .bind(account)
    .fetch_optional(&mut **tx)
    .await
}

/// Whether sign-in asks the account for a code, and how many recovery codes are left.
pub async fn state_of(tx: &mut Tx, account: AccountId) -> Result<(bool, i64), sqlx::Error> {
    sqlx::query_as(
        "SELECT EXISTS (SELECT FROM second_factors WHERE account_id = $1 AND confirmed_at IS NOT NULL),
            (SELECT count(*) FROM recovery_codes WHERE account_id = $1)",
    )
    .bind(account)
    .fetch_one(&mut **tx)
    .await
}

/// Writes down that the code of `step` was taken.
pub async fn take_step(tx: &mut Tx, account: AccountId, step: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE second_factors SET last_step = $2, failures = 0, locked_until = NULL,
            confirmed_at = coalesce(confirmed_at, now()) WHERE account_id = $1",
    )
    .bind(account)
    .bind(step)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Counts a wrong code. After so many in a row, each further one locks the door again.
pub async fn count_failure(tx: &mut Tx, account: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE second_factors SET failures = failures + 1,
            locked_until = CASE WHEN failures + 1 >= $2 THEN now() + $3 * interval '1 minute' END
         WHERE account_id = $1",
    )
    .bind(account)
    .bind(MOST_FAILURES)
    .bind(LOCK_MINUTES)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts these recovery codes in the place of all earlier ones.
pub async fn replace_recovery_codes(
    tx: &mut Tx,
    account: AccountId,
    hashes: &[Sha256Digest],
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM recovery_codes WHERE account_id = $1").bind(account).execute(&mut **tx).await?;
    for hash in hashes {
        sqlx::query("INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, $2)")
            .bind(account)
            .bind(hash)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Uses a recovery code up; whether there was one. It also ends a lock: it cannot be guessed.
pub async fn use_recovery_code(
    tx: &mut Tx,
    account: AccountId,
    hash: Sha256Digest,
) -> Result<bool, sqlx::Error> {
    let used = sqlx::query("DELETE FROM recovery_codes WHERE account_id = $1 AND code_hash = $2")
        .bind(account)
        .bind(hash)
        .execute(&mut **tx)
        .await?;
    if used.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE second_factors SET failures = 0, locked_until = NULL WHERE account_id = $1")
        .bind(account)
        .execute(&mut **tx)
        .await?;
    Ok(true)
}

/// Takes the second factor and its recovery codes away.
pub async fn remove(tx: &mut Tx, account: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM second_factors WHERE account_id = $1").bind(account).execute(&mut **tx).await?;
    Ok(())
}
