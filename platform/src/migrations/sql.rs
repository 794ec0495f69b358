//! The migrations as SQL text, for databases to which only `psql` has access.

use std::fmt::Write as _;

use sqlx::migrate::Migration;

use super::{Phase, all, phase};

/// The table of the `sqlx` command, so that either can go on where the other stopped.
pub(super) const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
)";

/// SQL that brings any older schema up to this version's, for `psql -v ON_ERROR_STOP=1 --single-transaction`. Migrations
/// that the database has already are skipped. It ends with the grants for `application_role`, which must exist.
///
/// # Errors
/// When the text cannot be written, which a `String` never refuses.
pub fn sql_text(phases: &[Phase], application_role: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "SET client_min_messages = warning;\nSET lock_timeout = '2s';\n{CREATE_TABLE};\n")?;
    for migration in all().filter(|migration| phases.contains(&phase(migration))) {
        write_migration(&mut text, migration)?;
    }
    writeln!(text, "-- What lets the owner back up and verify\n{};\n", super::maintenance::POLICIES)?;
    writeln!(text, "-- The application's rights")?;
    for statement in super::role::grants(&quote_identifier(application_role)) {
        writeln!(text, "{statement};")?;
    }
    Ok(text)
}

fn write_migration(text: &mut String, migration: &Migration) -> std::fmt::Result {
    let version = migration.version;
    writeln!(text, "-- Migration {version}: {}", migration.description)?;
    writeln!(
        text,
        "SELECT NOT EXISTS (SELECT FROM _sqlx_migrations WHERE version = {version}) AS missing \\gset"
    )?;
    writeln!(text, "\\if :missing\n{}", migration.sql.as_str())?;
    let checksum: String = migration.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(
        text,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)\n    \
         VALUES ({version}, '{}', true, '\\x{checksum}', 0);\n\\endif\n",
        migration.description.replace('\'', "''")
    )
}

/// `name` as SQL reads it back, whatever it contains.
fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
