//! The application's database role: it can sign in, read and write rows, and nothing else.

use std::str::FromStr as _;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::MigrationError;
use crate::config::DatabaseConfig;
use crate::scram;

/// Why the application role cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// `DATABASE_URL` has no password, so the role cannot be made.
    #[error("DATABASE_URL has no password; set it to postgres://user:password@host:5432/database")]
    NoPassword,
    /// The role is missing and the owner may not make it.
    #[error(
        "the database role \"{role}\" of DATABASE_URL is missing and DATABASE_OWNER_URL's role may not create it; \
         create it with LOGIN NOSUPERUSER NOBYPASSRLS, or give the owner CREATEROLE"
    )]
    Create {
        /// Name of the role.
        role: String,
        /// What the server answered.
        #[source]
        source: sqlx::Error,
    },
    /// The role is there, the application's password is not its password, and the owner may not set it.
    #[error(
        "the database role \"{role}\" refuses the password of DATABASE_URL and DATABASE_OWNER_URL's role may not set it"
    )]
    SetPassword {
        /// Name of the role.
        role: String,
        /// What the server answered.
        #[source]
        source: sqlx::Error,
    },
    /// The role would see every tenant's rows.
    #[error(
        "the database role \"{role}\" of DATABASE_URL can bypass row-level security; \
         use a role that is NOSUPERUSER NOBYPASSRLS"
    )]
    Privileged {
        /// Name of the role.
        role: String,
    },
}

impl RoleError {
    /// All of these need a change of the configuration or of the server.
    pub(super) fn retry_may_help(&self) -> bool {
        false
    }
}

/// Makes or mends the role of `DATABASE_URL` and grants it what it needs.
pub(super) async fn prepare(owner: &mut PgConnection, config: &DatabaseConfig) -> Result<(), MigrationError> {
    let options = PgConnectOptions::from_str(config.url.expose_secret())
        .map_err(|_| MigrationError::ParseUrl { variable: "DATABASE_URL" })?;
    let role = options.get_username().to_owned();
    let owner_role: String = sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut *owner).await?;
    if role != owner_role {
        match privileged(owner, &role).await? {
            None => create(owner, &role, config).await?,
            Some(_) if signs_in(&options).await => {}
            Some(_) => set_password(owner, &role, config).await?,
        }
    }
    if privileged(owner, &role).await? == Some(true) {
        return Err(RoleError::Privileged { role }.into());
    }
    if role != owner_role {
        grant(owner, &role).await?;
    }
    Ok(())
}

/// `None` when there is no such role; otherwise whether row-level security does not bind it.
async fn privileged(owner: &mut PgConnection, role: &str) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1")
        .bind(role)
        .fetch_optional(owner)
        .await
}

/// Whether the application can sign in as it is configured. Any failure leads to the password being set again.
async fn signs_in(options: &PgConnectOptions) -> bool {
    match options.clone().disable_statement_logging().connect().await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

async fn create(owner: &mut PgConnection, role: &str, config: &DatabaseConfig) -> Result<(), MigrationError> {
    let verifier = verifier(config)?;
    let statement = format_statement(
        owner,
        "CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD %L",
        role,
        &verifier,
    )
    .await?;
    owner
        .execute(AssertSqlSafe(statement))
        .await
        .map_err(|source| RoleError::Create { role: role.to_owned(), source })?;
    tracing::info!(role, "application role created");
    Ok(())
}

async fn set_password(
    owner: &mut PgConnection,
    role: &str,
    config: &DatabaseConfig,
) -> Result<(), MigrationError> {
    let verifier = verifier(config)?;
    let statement = format_statement(owner, "ALTER ROLE %I LOGIN PASSWORD %L", role, &verifier).await?;
    owner
        .execute(AssertSqlSafe(statement))
        .await
        .map_err(|source| RoleError::SetPassword { role: role.to_owned(), source })?;
    tracing::info!(role, "application role's password set");
    Ok(())
}

/// Statements about roles take no parameters, so the server itself quotes what goes in.
async fn format_statement(
    owner: &mut PgConnection,
    template: &str,
    role: &str,
    verifier: &str,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT format($1, $2, $3)")
        .bind(template)
        .bind(role)
        .bind(verifier)
        .fetch_one(owner)
        .await
}

fn verifier(config: &DatabaseConfig) -> Result<String, RoleError> {
    let password = password_of(config.url.expose_secret()).ok_or(RoleError::NoPassword)?;
    Ok(scram::verifier(&password, rand::random()))
}

/// The decoded password of a Postgres URL, which sqlx does not give back.
fn password_of(url: &str) -> Option<SecretString> {
    let url = url::Url::parse(url).ok()?;
    let decoded = percent_encoding::percent_decode_str(url.password()?).decode_utf8().ok()?;
    Some(SecretString::from(decoded.into_owned()))
}

async fn grant(owner: &mut PgConnection, role: &str) -> Result<(), MigrationError> {
    let quoted: String =
        sqlx::query_scalar("SELECT quote_ident($1)").bind(role).fetch_one(&mut *owner).await?;
    for statement in grants(&quoted) {
        owner.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// What the application may do, table by table. Row-level security narrows it further to one tenant.
const RIGHTS: &[(&str, &str)] = &[
    ("_sqlx_migrations", "SELECT"),
    ("tenants", "SELECT, INSERT, UPDATE, DELETE"),
    ("accounts", "SELECT, INSERT, UPDATE, DELETE"),
    ("memberships", "SELECT, INSERT, UPDATE, DELETE"),
    ("sessions", "SELECT, INSERT, UPDATE, DELETE"),
    ("api_keys", "SELECT, INSERT, UPDATE, DELETE"),
    ("invitations", "SELECT, INSERT, UPDATE, DELETE"),
    ("resumes", "SELECT, INSERT, UPDATE, DELETE"),
    ("resume_versions", "SELECT, INSERT"),
    ("jobs", "SELECT, INSERT, UPDATE, DELETE"),
    ("matches", "SELECT, INSERT, UPDATE, DELETE"),
    ("applications", "SELECT, INSERT, UPDATE, DELETE"),
    ("application_moves", "SELECT, INSERT"),
    ("advice_decisions", "SELECT, INSERT, UPDATE, DELETE"),
    ("idempotency_keys", "SELECT, INSERT, UPDATE, DELETE"),
    ("batches", "SELECT, INSERT, UPDATE, DELETE"),
    ("audit_events", "SELECT, INSERT"),
    ("tasks", "SELECT, INSERT, UPDATE, DELETE"),
    ("task_attempts", "SELECT, INSERT, UPDATE"),
    ("dead_letters", "SELECT, INSERT, DELETE"),
    ("outbox", "SELECT, INSERT, UPDATE, DELETE"),
    ("schedules", "SELECT, INSERT, UPDATE"),
    ("mails", "SELECT, INSERT, UPDATE, DELETE"),
    ("mail_events", "SELECT, INSERT"),
    ("mail_suppressions", "SELECT, INSERT, DELETE"),
    ("usage_months", "SELECT, INSERT, UPDATE"),
    ("subscriptions", "SELECT, INSERT, UPDATE"),
    ("billing_events", "SELECT, INSERT"),
    ("account_tokens", "SELECT, INSERT, UPDATE, DELETE"),
    ("second_factors", "SELECT, INSERT, UPDATE, DELETE"),
    ("recovery_codes", "SELECT, INSERT, DELETE"),
    ("outside_identities", "SELECT, INSERT, UPDATE, DELETE"),
];

/// The statements that grant [`RIGHTS`] to the role whose quoted name is `role`.
pub(super) fn grants(role: &str) -> Vec<String> {
    let schema = format!("GRANT USAGE ON SCHEMA public TO {role}");
    let tables = RIGHTS.iter().map(|(table, rights)| format!("GRANT {rights} ON {table} TO {role}"));
    std::iter::once(schema).chain(tables).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_decoded() {
        let password = password_of("postgres://app:p%40ss%2Fword@db/resumes").unwrap();
        assert_eq!(password.expose_secret(), "p@ss/word");
        assert!(password_of("postgres://app@db/resumes").is_none());
    }
}
