//! Postgres as the owner of the schema, who sees every tenant's rows: for backups, restores and integrity checks.

use std::str::FromStr as _;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection, PgPool};

/// Sets the session so that all rows are seen, long transactions live, and values have one text form everywhere (row
/// checksums are computed from it).
pub const SESSION: &str = "SET app.maintenance = 'on'; SET statement_timeout = 0; SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';
    SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET search_path = public";

/// The table in which a restore notes itself; it belongs to this database and not to what is backed up.
pub const RESTORES_TABLE: &str = "_restores";

/// Why the database cannot be read as a whole.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The URL cannot be used.
    #[error("{variable} is not a Postgres URL; set it to postgres://user:password@host:5432/database")]
    ParseUrl {
        /// Name of the variable.
        variable: &'static str,
    },
    /// The server cannot be reached or refuses the role.
    #[error("cannot connect to Postgres as the owner of the schema")]
    Connect(#[source] sqlx::Error),
    /// A query of this module failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// Row-level security would hide rows.
    #[error(
        "the role \"{role}\" of DATABASE_OWNER_URL sees no rows of the table {table}; \
         run `worker migrate up` as the owner of the tables, or use that owner's URL"
    )]
    Blind {
        /// Name of the role.
        role: String,
        /// The first of the tables.
        table: String,
    },
}

/// A connection to `url` (the value of `variable`) with the session of this module.
///
/// # Errors
/// When the URL is wrong or the server is away.
pub async fn connect(url: &SecretString, variable: &'static str) -> Result<PgConnection, MaintenanceError> {
    let mut connection = options(url, variable)?.connect().await.map_err(MaintenanceError::Connect)?;
    connection.execute(SESSION).await?;
    Ok(connection)
}

/// A pool of at most `size` such connections.
///
/// # Errors
/// When the URL is wrong or the server is away.
pub async fn pool(url: &SecretString, variable: &'static str, size: u32) -> Result<PgPool, MaintenanceError> {
    PgPoolOptions::new()
        .max_connections(size)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SESSION).await.map(|_| ()) }))
        .connect_with(options(url, variable)?)
        .await
        .map_err(MaintenanceError::Connect)
}

fn options(url: &SecretString, variable: &'static str) -> Result<PgConnectOptions, MaintenanceError> {
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| MaintenanceError::ParseUrl { variable })?;
    Ok(options.application_name("resume-matcher-maintenance").disable_statement_logging())
}

/// Fails unless the role of `connection` sees the rows of every table, so that a backup cannot be empty by mistake.
///
/// # Errors
/// [`MaintenanceError::Blind`], or a failed query.
pub async fn refuse_blindness(connection: &mut PgConnection) -> Result<(), MaintenanceError> {
    let hidden: Option<(String, String)> = sqlx::query_as(
        "SELECT r.rolname::text, c.relname::text
         FROM pg_roles r, pg_class c
         WHERE r.rolname = current_user AND NOT r.rolsuper AND NOT r.rolbypassrls
           AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
           AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
           AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'maintenance'
                           AND r.oid = ANY (p.polroles))
         ORDER BY c.relname LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    match hidden {
        Some((role, table)) => Err(MaintenanceError::Blind { role, table }),
        None => Ok(()),
    }
}

/// The application's tables, by name: those of the schema `public` that no extension brought.
///
/// # Errors
/// When a query fails.
pub async fn tables(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname <> $1
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                           AND d.deptype = 'e')
         ORDER BY c.relname",
    )
    .bind(RESTORES_TABLE)
    .fetch_all(connection)
    .await
}

/// Those of the application's tables whose rows name objects of the storage by `object_key`, `sha256`, `size_bytes`.
///
/// # Errors
/// When a query fails.
pub async fn object_tables(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND 3 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                    AND a.attname IN ('object_key', 'sha256', 'size_bytes'))
         ORDER BY c.relname",
    )
    .fetch_all(connection)
    .await
}

/// `name` as SQL reads it back, whatever it contains.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// SQL that gives the number of rows of `table` and their checksum, as text.
///
/// The checksum does not depend on the rows' order, so nothing is sorted: SHA-256 of each row's text, added up in four
/// columns of 64 bits (a multiset hash by addition, Bellare and Micciancio 1997), and hashed once more with the count.
/// It tells damage and loss; the signature of the manifest that holds it is what guards against forgery.
pub fn checksum_query(table: &str) -> String {
    let sum = |from: u32| format!("sum(('x' || substr(h, {from}, 16))::bit(64)::bigint)");
    let sums = [1, 17, 33, 49].map(sum).join(", ");
    format!(
        "SELECT count(*)::text, encode(sha256(convert_to(concat_ws(':', count(*), {sums}), 'UTF8')), 'hex') \
         FROM (SELECT encode(sha256(convert_to(the_row::text, 'UTF8')), 'hex') AS h FROM public.{} AS the_row) AS hashed",
        quote_identifier(table)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_s_name_cannot_leave_its_quotes() {
        assert!(checksum_query("a\"b").contains("public.\"a\"\"b\" AS the_row"));
    }
}
