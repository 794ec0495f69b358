//! The rows: foreign keys and check constraints examined one by one, whatever the catalogue says of them.

use std::collections::BTreeMap;

use platform::maintenance::{checksum_query, quote_identifier};
use sqlx::{AssertSqlSafe, PgConnection};

use super::VerifyError;
use super::report::{Finding, Report, TableSum};

pub(super) async fn check(connection: &mut PgConnection, report: &mut Report) -> Result<(), VerifyError> {
    for (table, name, query) in foreign_keys(connection).await? {
        let lost: i64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *connection).await?;
        if lost > 0 {
            let detail = format!("{lost} rows refer to rows that are not there");
            report.add(Finding::damage("foreign_key", format!("{table}.{name}"), detail));
        }
    }
    for (table, name, query) in check_constraints(connection).await? {
        let wrong: i64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *connection).await?;
        if wrong > 0 {
            report.add(Finding::damage(
                "constraint",
                format!("{table}.{name}"),
                format!("{wrong} rows break it"),
            ));
        }
    }
    Ok(())
}

/// Table, name, and a query that counts the rows without a partner. As Postgres has it (MATCH SIMPLE), a row with a null
/// in its key needs none.
async fn foreign_keys(connection: &mut PgConnection) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT c.conrelid::regclass::text, c.conname::text,
                format('SELECT count(*) FROM %s AS child WHERE %s AND NOT EXISTS (SELECT FROM %s AS parent WHERE %s)',
                    c.conrelid::regclass,
                    string_agg(format('child.%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.n),
                    c.confrelid::regclass,
                    string_agg(format('parent.%I = child.%I', b.attname, a.attname), ' AND ' ORDER BY k.n))
         FROM pg_constraint c
         CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (child, parent, n)
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
         JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.parent
         WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
         GROUP BY c.oid, c.conrelid, c.confrelid, c.conname ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await
}

/// Table, name, and a query that counts the rows for which the constraint is false (not those for which it is unknown).
async fn check_constraints(
    connection: &mut PgConnection,
) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT conrelid::regclass::text, conname::text,
                format('SELECT count(*) FROM %s WHERE NOT (%s)', conrelid::regclass, pg_get_expr(conbin, conrelid))
         FROM pg_constraint
         WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0 ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await
}

/// Number of rows and checksum of each of `tables`.
pub(crate) async fn sums(
    connection: &mut PgConnection,
    tables: &[String],
) -> Result<BTreeMap<String, TableSum>, sqlx::Error> {
    let mut sums = BTreeMap::new();
    for table in tables {
        let (rows, checksum): (String, String) =
            sqlx::query_as(AssertSqlSafe(checksum_query(table))).fetch_one(&mut *connection).await?;
        let rows = rows.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        sums.insert(table.clone(), TableSum { rows, checksum });
    }
    Ok(sums)
}

/// What the rows of `tables` name in the storage, as one query: key, hash and size, each once.
pub(crate) fn named_objects_query(tables: &[String]) -> String {
    let named = |table: &String| {
        format!(
            "SELECT object_key, sha256, size_bytes FROM public.{} WHERE object_key IS NOT NULL",
            quote_identifier(table)
        )
    };
    tables.iter().map(named).collect::<Vec<_>>().join(" UNION ")
}
