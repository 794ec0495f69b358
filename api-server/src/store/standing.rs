//! Where a caller stands in the tenant: asked with each request, and so in one query.

use platform::names::{AccountId, SessionId};

use super::{Tx, members::Role};

/// What the database says of a caller.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Standing {
    /// What the account may do in the tenant; none when it is no member.
    pub role: Option<Role>,
    /// Whether the session is still good: not signed out and not too old. A caller without a session has none that ended.
    pub live: bool,
}

/// Where `account` stands in the tenant of `tx`. Notes `actor` and `request` for the audit log, which triggers write.
pub async fn of_caller(
    tx: &mut Tx,
    account: AccountId,
    session: Option<SessionId>,
    actor: &str,
    request: &str,
) -> Result<Standing, sqlx::Error> {
    sqlx::query_as(
        "SELECT (SELECT role FROM memberships WHERE account_id = $1 AND tenant_id = app_tenant_id()) AS role,
                $2::uuid IS NULL OR EXISTS (SELECT FROM sessions
                    WHERE id = $2 AND account_id = $1 AND revoked_at IS NULL AND expires_at > now()) AS live,
                set_config('app.actor', $3, true), set_config('app.request_id', $4, true)",
    )
    .bind(account)
    .bind(session)
    .bind(actor)
    .bind(request)
    .fetch_one(&mut **tx)
    .await
}
