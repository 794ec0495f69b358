//! Postgres: the pool, transactions that see one tenant only, and the check that the role cannot see more.

use std::fmt::{self, Write as _};
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::config::DatabaseConfig;
use crate::names::{AccountId, TenantId};
use crate::telemetry::spans::{Work, within};

/// How long a query may wait for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// For how long a connection that lay idle is taken for alive: each was asked when it came back to the pool, and under load
/// it is taken again within milliseconds. One that lay longer is asked before it is given out.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// What can go wrong with Postgres outside a caller's own queries.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// `DATABASE_URL` has the right beginning and a wrong rest.
    #[error("DATABASE_URL is not a Postgres URL; set it to postgres://user:password@host:5432/database")]
    ParseUrl(#[source] sqlx::Error),
    /// The server cannot be reached or refuses the role.
    #[error("cannot connect to Postgres")]
    Connect(#[source] sqlx::Error),
    /// A query of this module failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// The role of `DATABASE_URL` would see every tenant's rows.
    #[error(
        "the database role \"{role}\" of DATABASE_URL can bypass row-level security; \
         use a role that is NOSUPERUSER NOBYPASSRLS"
    )]
    PrivilegedRole {
        /// Name of the role.
        role: String,
    },
}

/// Opens the pool of the application role and refuses a role that row-level security does not bind.
///
/// # Errors
/// When the server cannot be reached or the role is a superuser or has BYPASSRLS.
pub async fn connect(config: &DatabaseConfig) -> Result<PgPool, PostgresError> {
    let options = PgConnectOptions::from_str(config.url.expose_secret()).map_err(PostgresError::ParseUrl)?;
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, idle| {
            Box::pin(async move {
                if idle.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.application_name("resume-matcher"))
        .await
        .map_err(PostgresError::Connect)?;
    refuse_privileged_role(&pool).await?;
    Ok(pool)
}

/// Asks the server for an answer.
///
/// # Errors
/// When none comes. The caller limits the time.
pub async fn check(pool: &PgPool) -> Result<(), PostgresError> {
    sqlx::query("SELECT 1").execute(pool).await?;
    Ok(())
}

/// Begins a transaction that sees and writes the rows of `tenant` only.
///
/// # Errors
/// When no connection is free or the server is away.
pub async fn tenant_transaction(
    pool: &PgPool,
    tenant: TenantId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.tenant_id", Setting::Id(tenant.as_uuid()))]).await
}

/// Begins a transaction of `account` within `tenant`: it sees both the account's own rows and the tenant's. Sign-up adds
/// both by it.
///
/// # Errors
/// When no connection is free or the server is away.
pub async fn member_transaction(
    pool: &PgPool,
    tenant: TenantId,
    account: AccountId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let settings = [
        ("app.tenant_id", Setting::Id(tenant.as_uuid())),
        ("app.account_id", Setting::Id(account.as_uuid())),
    ];
    begin_with(pool, &settings).await
}

/// Begins a transaction of sign-in: of `accounts` it sees the one whose address is `email` (normalised), if there is one.
///
/// # Errors
/// When no connection is free or the server is away.
pub async fn sign_in_transaction(
    pool: &PgPool,
    email: &str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    transaction_with(pool, "app.sign_in_email", email).await
}

/// Begins a transaction of sign-in by an outside issuer: of `outside_identities` it sees the one that this hash (in
/// hexadecimal digits) names, if there is one.
///
/// # Errors
/// When no connection is free or the server is away.
pub async fn outside_transaction(
    pool: &PgPool,
    identity: &str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    transaction_with(pool, "app.outside_identity", identity).await
}

/// Begins a transaction of a person who has not chosen a tenant yet: it sees the account and its memberships.
///
/// # Errors
/// When no connection is free or the server is away.
pub async fn account_transaction(
    pool: &PgPool,
    account: AccountId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.account_id", Setting::Id(account.as_uuid()))]).await
}

/// Begins a transaction that sees the outbox of all tenants, and nothing else.
///
/// # Errors
/// When no connection is free or the server is away.
pub(crate) async fn dispatcher_transaction(
    pool: &PgPool,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.dispatcher", Setting::On)]).await
}

/// Begins a transaction that sees which addresses get no mail (by hash), and mails that were kept instead of sent.
///
/// # Errors
/// When no connection is free or the server is away.
pub(crate) async fn post_office_transaction(
    pool: &PgPool,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.post_office", Setting::On)]).await
}

/// Begins a transaction of `tenant` that also writes which addresses get no mail.
///
/// # Errors
/// When no connection is free or the server is away.
pub(crate) async fn mail_event_transaction(
    pool: &PgPool,
    tenant: TenantId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let settings = [("app.tenant_id", Setting::Id(tenant.as_uuid())), ("app.post_office", Setting::On)];
    begin_with(pool, &settings).await
}

/// Begins a transaction that replaces keys: it sees the sealed values of all accounts and tenants.
///
/// # Errors
/// When no connection is free or the server is away.
pub(crate) async fn locksmith_transaction(
    pool: &PgPool,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.locksmith", Setting::On)]).await
}

/// Begins a transaction of the people who run the installation: it sees the dead letters of all tenants.
///
/// # Errors
/// When no connection is free or the server is away.
pub(crate) async fn operator_transaction(
    pool: &PgPool,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.operator", Setting::On)]).await
}

/// Begins a transaction of scheduled work: it sees the schedules and, of all tenants, what has expired.
///
/// # Errors
/// When no connection is free or the server is away.
pub(crate) async fn janitor_transaction(
    pool: &PgPool,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, &[("app.janitor", Setting::On)]).await
}

/// What a setting may be whose value goes into the text of a statement: nothing that anybody else has written.
enum Setting {
    /// `on`.
    On,
    /// An id.
    Id(Uuid),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On => f.write_str("on"),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// Begins a transaction in which `settings` hold; they are gone when the connection returns to the pool.
///
/// All goes in one message, for each round trip to Postgres costs more than what is asked. BEGIN takes no parameters.
async fn begin_with(
    pool: &PgPool,
    settings: &[(&'static str, Setting)],
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut statement = String::from("BEGIN");
    for (name, value) in settings {
        // Writing to a string does not fail.
        let _ = write!(statement, "; SET LOCAL {name} = '{value}'");
    }
    // Its time is that of waiting for a free connection, as a rule.
    within("begin a transaction", Work::Postgres, pool.begin_with(AssertSqlSafe(statement))).await
}

/// Begins a transaction in which `setting` is a text that may have been written by anybody.
async fn transaction_with(
    pool: &PgPool,
    setting: &'static str,
    value: &str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    within("begin a transaction", Work::Postgres, async {
        let mut transaction = pool.begin().await?;
        sqlx::query("SELECT set_config($1, $2, true)")
            .bind(setting)
            .bind(value)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    })
    .await
}

/// Fails when the role of `pool` is a superuser or has BYPASSRLS.
///
/// # Errors
/// [`PostgresError::PrivilegedRole`], or a failed query.
pub async fn refuse_privileged_role(pool: &PgPool) -> Result<(), PostgresError> {
    let (role, privileged): (String, bool) = sqlx::query_as(
        "SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(pool)
    .await?;
    if privileged { Err(PostgresError::PrivilegedRole { role }) } else { Ok(()) }
}
