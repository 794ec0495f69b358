//! The catalogue: migrations, row-level security, and whether constraints and indexes are in force.

use platform::migrations;
use sqlx::PgConnection;

use super::VerifyError;
use super::report::{Finding, Report};

pub(super) async fn check(connection: &mut PgConnection, report: &mut Report) -> Result<(), VerifyError> {
    migrations_applied(connection, report).await?;
    row_level_security(connection, report).await?;
    in_force(connection, report).await
}

async fn migrations_applied(connection: &mut PgConnection, report: &mut Report) -> Result<(), VerifyError> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('public._sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        report.add(Finding::damage("schema", "_sqlx_migrations", "the table of migrations is missing"));
        return Ok(());
    }
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM public._sqlx_migrations WHERE success")
        .fetch_all(connection)
        .await?;
    for migration in migrations::unapplied(&applied) {
        let subject = format!("migration {migration}");
        report.add(Finding::notice("schema", subject, "it is not applied; run `worker migrate up`"));
    }
    Ok(())
}

/// Every table that holds something of tenants must hide it: on, forced, and with a policy. Bookkeeping, whose name
/// begins with an underscore, holds nothing of them.
async fn row_level_security(connection: &mut PgConnection, report: &mut Report) -> Result<(), VerifyError> {
    let tables: Vec<(String, bool, bool, i64)> = sqlx::query_as(
        "SELECT c.relname::text, c.relrowsecurity, c.relforcerowsecurity,
                (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'maintenance')
         FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND (EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
                OR c.relrowsecurity OR c.relname IN ('tenants', 'accounts'))
         ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    for (table, enabled, forced, policies) in tables {
        let mut lacks = |what: &str| report.add(Finding::damage("row_level_security", &table, what));
        if !enabled {
            lacks(
                "it is off, so every tenant's rows are seen by all; ALTER TABLE … ENABLE ROW LEVEL SECURITY",
            );
        }
        if !forced {
            lacks("it is not forced, so it does not bind the owner; ALTER TABLE … FORCE ROW LEVEL SECURITY");
        }
        if policies == 0 {
            lacks("it has no policy");
        }
    }
    Ok(())
}

async fn in_force(connection: &mut PgConnection, report: &mut Report) -> Result<(), VerifyError> {
    let constraints: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, conname::text, convalidated FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 ORDER BY 1, 2",
    )
    .fetch_all(&mut *connection)
    .await?;
    let indexes: Vec<(String, bool)> = sqlx::query_as(
        "SELECT c.relname::text, i.indisvalid AND i.indisready AND i.indislive
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1",
    )
    .fetch_all(&mut *connection)
    .await?;
    // Triggers that enforce foreign keys can be switched off, for one table or by a superuser for all.
    let silenced: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'public'::regnamespace AND tgenabled = 'D' ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    report.constraints += u64::try_from(constraints.len() + indexes.len()).unwrap_or_default();
    for (table, name, _) in constraints.into_iter().filter(|(_, _, valid)| !valid) {
        let subject = format!("{table}.{name}");
        report.add(Finding::damage("constraint", subject, "it is not validated; VALIDATE CONSTRAINT it"));
    }
    for (name, _) in indexes.into_iter().filter(|(_, valid)| !valid) {
        report.add(Finding::damage("index", name, "it is not valid; REINDEX it"));
    }
    for table in silenced {
        let detail = "it has disabled triggers; ALTER TABLE … ENABLE TRIGGER ALL";
        report.add(Finding::damage("constraint", table, detail));
    }
    Ok(())
}
