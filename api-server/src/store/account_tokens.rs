//! Tokens that were sent by mail: each is good once, for a time, and for the address that it was sent to.

use platform::names::AccountId;

use super::Tx;
use crate::auth::session_token::AccountToken;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To show that the address is the person's own; for 3 days.
    VerifyEmail,
    /// To choose another password; for 1 hour.
    ResetPassword,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

    fn minutes(self) -> i32 {
        match self {
            Self::VerifyEmail => 3 * 24 * 60,
            Self::ResetPassword => 60,
        }
    }
}

/// Writes down a new token in place of an earlier one. `false`, and nothing is written, when the earlier one is less than a
/// minute old: nobody's mailbox is filled by asking again and again.
pub async fn issue(
    tx: &mut Tx,
    token: &AccountToken,
    purpose: Purpose,
    email: &str,
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query(
        "INSERT INTO account_tokens (id, account_id, kind, token_hash, email, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 minute')
         ON CONFLICT (account_id, kind) DO UPDATE SET id = EXCLUDED.id, token_hash = EXCLUDED.token_hash,
            email = EXCLUDED.email, created_at = now(), expires_at = EXCLUDED.expires_at
         WHERE account_tokens.created_at < now() - interval '1 minute'",
    )
    .bind(token.id)
    .bind(token.account)
    .bind(purpose.as_str())
    .bind(token.hash())
    .bind(email)
    .bind(purpose.minutes())
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// The address of a token that is good, without using it.
pub async fn peek(
    tx: &mut Tx,
    token: &AccountToken,
    purpose: Purpose,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT accounts.email FROM account_tokens
         JOIN accounts ON accounts.id = account_tokens.account_id AND accounts.email = account_tokens.email
         WHERE account_tokens.id = $1 AND token_hash = $2 AND kind = $3 AND expires_at > now()",
    )
    .bind(token.id)
    .bind(token.hash())
    .bind(purpose.as_str())
    .fetch_optional(&mut **tx)
    .await
}

/// Uses a token up; gives its account's address if it was good. Of two at once, one gets it.
pub async fn redeem(
    tx: &mut Tx,
    token: &AccountToken,
    purpose: Purpose,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM account_tokens USING accounts
         WHERE accounts.id = account_tokens.account_id AND accounts.email = account_tokens.email
           AND account_tokens.id = $1 AND token_hash = $2 AND kind = $3 AND expires_at > now()
         RETURNING accounts.email",
    )
    .bind(token.id)
    .bind(token.hash())
    .bind(purpose.as_str())
    .fetch_optional(&mut **tx)
    .await
}

/// Writes down that the account's person reads the mail of `email`, if it is still the account's address.
pub async fn mark_verified(tx: &mut Tx, account: AccountId, email: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE accounts SET email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
         WHERE id = $1 AND email = $2",
    )
    .bind(account)
    .bind(email)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
