//! Restoring a dump in one transaction: all of it with every row as the manifest says, or nothing at all.
//!
//! `pg_restore` turns the dump into SQL, which goes on to `psql` line by line. Nothing is committed before the dump's
//! hash and each table's checksum were compared, so neither a kill nor damage leaves a mix of old and new.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures::TryStreamExt as _;
use platform::maintenance::{self, RESTORES_TABLE};
use platform::migrations;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::error::BackupError;
use super::manifest::{self, Manifest};
use super::store::BackupStore;
use super::tools::{self, Tools};
use crate::verify::report::TableSum;

const RESTORE: &str = "pg_restore";
const PSQL: &str = "psql";
const BUFFER: usize = 256 << 10;

/// Makes room: removes what an application left in the schema, except for the notes on restores. Extensions stay.
const CLEAR: &str = "DO $clear$
DECLARE one record;
BEGIN
    FOR one IN
        SELECT format('DROP %s IF EXISTS %s CASCADE',
                   CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                   c.oid::regclass) AS statement
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
          AND c.relname NOT LIKE '\\_restores%'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype) FROM pg_type t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd', 'r')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
    LOOP
        EXECUTE one.statement;
    END LOOP;
END $clear$;
";

/// Restores the dump of `manifest` into the database of `url`, in place of what is in its schema.
pub(super) async fn run(
    tools: &Tools,
    url: &SecretString,
    store: &BackupStore,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    let (mut restore, mut psql) = (start_restore(tools)?, start_psql(tools, url)?);
    let streams = (restore.stdin.take(), restore.stdout.take(), psql.stdin.take(), psql.stdout.take());
    let (Some(into_restore), Some(script), Some(into_psql), Some(answers)) = streams else {
        return Err(BackupError::Program { program: PSQL, reason: "it has no pipes".to_owned() });
    };
    let errors = (restore.stderr.take(), psql.stderr.take());
    let mut answers = BufReader::new(answers).lines();
    let work = async {
        let (fed, forwarded) = tokio::join!(feed(store, manifest, into_restore), forward(script, into_psql));
        // A program that has failed breaks its pipe; what it says is the better reason, so its end comes first.
        let status = restore.wait().await.map_err(|source| BackupError::Run { program: RESTORE, source })?;
        let mut into_psql = forwarded?;
        fed?;
        if !status.success() {
            return Err(BackupError::Program { program: RESTORE, reason: status.to_string() });
        }
        send(&mut into_psql, &questions(manifest)).await?;
        let found = sums(&mut answers, manifest.tables.len()).await?;
        compare(manifest, &found)?;
        send(&mut into_psql, &conclusion(manifest)).await?;
        drop(into_psql);
        Ok(())
    };
    let (done, told_restore, told_psql) = tokio::join!(work, tools::told(errors.0), tools::told(errors.1));
    finish(done, psql, told_restore, told_psql).await
}

/// What the programs said explains more than a pipe that broke.
async fn finish(
    done: Result<(), BackupError>,
    mut psql: Child,
    told_restore: String,
    told_psql: String,
) -> Result<(), BackupError> {
    let status = psql.wait().await.map_err(|source| BackupError::Run { program: PSQL, source })?;
    match done {
        Ok(()) if status.success() => Ok(()),
        Ok(()) => Err(BackupError::Program { program: PSQL, reason: told_psql }),
        Err(error @ (BackupError::Run { .. } | BackupError::Program { .. })) => {
            let told = [(RESTORE, told_restore), (PSQL, told_psql)];
            let said = told.into_iter().find(|(_, text)| !text.is_empty());
            Err(said.map_or(error, |(program, reason)| BackupError::Program { program, reason }))
        }
        Err(error) => Err(error),
    }
}

fn start_restore(tools: &Tools) -> Result<Child, BackupError> {
    let mut command = tools.command(RESTORE);
    // By schema, so that the schema itself, which is there already, is left out.
    command.args(["--schema=public", "--no-owner", "--no-privileges", "--exit-on-error", "--file=-"]);
    command.stdin(std::process::Stdio::piped());
    command.spawn().map_err(|source| BackupError::Run { program: RESTORE, source })
}

fn start_psql(tools: &Tools, url: &SecretString) -> Result<Child, BackupError> {
    let mut command = tools.command(PSQL);
    tools::point(&mut command, url)?;
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    command.stdin(std::process::Stdio::piped());
    command.spawn().map_err(|source| BackupError::Run { program: PSQL, source })
}

/// The dump from the bucket to `pg_restore`; fails when it is not the one of the manifest.
async fn feed(store: &BackupStore, manifest: &Manifest, mut into: ChildStdin) -> Result<(), BackupError> {
    let path = manifest::dump_path(&manifest.id);
    let mut stream = store.stream(&path).await?;
    let (mut hasher, mut size) = (Sha256::new(), 0_u64);
    while let Some(piece) = stream.try_next().await? {
        hasher.update(&piece);
        size += piece.len() as u64;
        into.write_all(&piece).await.map_err(|source| BackupError::Run { program: RESTORE, source })?;
    }
    into.shutdown().await.map_err(|source| BackupError::Run { program: RESTORE, source })?;
    let found = <[u8; 32]>::from(hasher.finalize());
    if found != *manifest.database.sha256.as_bytes() || size != manifest.database.size {
        let reason =
            format!("it has {size} bytes of another hash; the manifest says {}", manifest.database.size);
        return Err(BackupError::Damaged { what: path, reason });
    }
    Ok(())
}

/// The script from `pg_restore` to `psql`, inside a transaction that stays open.
async fn forward(script: ChildStdout, into: ChildStdin) -> Result<BufWriter<ChildStdin>, BackupError> {
    let failed = |source| BackupError::Run { program: PSQL, source };
    let mut into = BufWriter::with_capacity(BUFFER, into);
    send(
        &mut into,
        // The bucket may be slow, and an open transaction that waits for it is no mistake.
        &format!("SET idle_in_transaction_session_timeout = 0;\nSET statement_timeout = 0;\nBEGIN;\nSET LOCAL lock_timeout = '60s';\nSET client_min_messages = warning;\n{CLEAR}"),
    )
    .await?;
    let mut script = BufReader::with_capacity(BUFFER, script);
    let (mut line, mut in_rows) = (Vec::new(), false);
    while script.read_until(b'\n', &mut line).await.map_err(failed)? > 0 {
        if !is_foreign(&line, &mut in_rows) {
            into.write_all(&line).await.map_err(failed)?;
        }
        line.clear();
    }
    into.flush().await.map_err(failed)?;
    Ok(into)
}

/// Whether a line of the script makes the policy of the role that owned the original, which may not exist here. This
/// database's own owner gets the policy afterwards. Rows between `COPY` and `\.` are not looked at.
fn is_foreign(line: &[u8], in_rows: &mut bool) -> bool {
    if *in_rows {
        *in_rows = line != b"\\.\n";
        return false;
    }
    *in_rows = line.starts_with(b"COPY ") && line.ends_with(b" FROM stdin;\n");
    line.starts_with(b"CREATE POLICY maintenance ON ")
}

async fn send(into: &mut BufWriter<ChildStdin>, text: &str) -> Result<(), BackupError> {
    let failed = |source| BackupError::Run { program: PSQL, source };
    into.write_all(text.as_bytes()).await.map_err(failed)?;
    into.flush().await.map_err(failed)
}

/// Asks for the checksum of each table of the manifest, seen by the new owner.
fn questions(manifest: &Manifest) -> String {
    let mut text = format!(
        "{};\nSET row_security = on;\n{};\n",
        maintenance::SESSION,
        migrations::maintenance_policies()
    );
    for table in manifest.tables.keys() {
        let name = table.replace('\'', "''");
        // A String takes everything.
        let _written = writeln!(
            text,
            "SELECT 'sum', '{name}', counted.* FROM ({}) AS counted;",
            maintenance::checksum_query(table)
        );
    }
    text
}

async fn sums(
    answers: &mut tokio::io::Lines<BufReader<ChildStdout>>,
    expected: usize,
) -> Result<BTreeMap<String, TableSum>, BackupError> {
    let mut found = BTreeMap::new();
    while found.len() < expected {
        let line = answers.next_line().await.map_err(|source| BackupError::Run { program: PSQL, source })?;
        let Some(line) = line else {
            return Err(BackupError::Program { program: PSQL, reason: "it ended early".to_owned() });
        };
        if let Some((table, sum)) = parse_sum(&line) {
            found.insert(table, sum);
        }
    }
    Ok(found)
}

/// `sum|table|rows|checksum`.
fn parse_sum(line: &str) -> Option<(String, TableSum)> {
    let (rest, checksum) = line.strip_prefix("sum|")?.rsplit_once('|')?;
    let (table, rows) = rest.rsplit_once('|')?;
    Some((table.to_owned(), TableSum { rows: rows.parse().ok()?, checksum: checksum.to_owned() }))
}

fn compare(manifest: &Manifest, found: &BTreeMap<String, TableSum>) -> Result<(), BackupError> {
    for (table, expected) in &manifest.tables {
        let sum = found.get(table);
        if sum != Some(expected) {
            let rows = sum.map_or(0, |sum| sum.rows);
            let reason = format!(
                "the table {table} came back with {rows} rows or other values; the manifest says {} rows",
                expected.rows
            );
            return Err(BackupError::Damaged { what: manifest::dump_path(&manifest.id), reason });
        }
    }
    Ok(())
}

/// Notes what this database was restored from, and makes all of it visible at once.
fn conclusion(manifest: &Manifest) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS public.{RESTORES_TABLE} (backup text NOT NULL, taken_at timestamptz NOT NULL, \
         restored_at timestamptz NOT NULL DEFAULT now());\n\
         INSERT INTO public.{RESTORES_TABLE} (backup, taken_at) VALUES ('{}', '{}');\nCOMMIT;\n",
        manifest.id.replace('\'', "''"),
        manifest.created_at
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_statement_is_left_out_and_no_row() {
        let mut in_rows = false;
        let mut foreign = |line: &str| is_foreign(line.as_bytes(), &mut in_rows);
        assert!(foreign("CREATE POLICY maintenance ON public.jobs TO owner USING (true);\n"));
        assert!(!foreign("COPY public.jobs (text) FROM stdin;\n"));
        assert!(!foreign("CREATE POLICY maintenance ON public.jobs\n"));
        assert!(!foreign("\\.\n"));
        assert!(foreign("CREATE POLICY maintenance ON public.jobs TO owner USING (true);\n"));
    }

    #[test]
    fn a_sum_is_read_back() {
        let (table, sum) = parse_sum("sum|odd|name|12|ab").unwrap();
        assert_eq!((table.as_str(), sum.rows, sum.checksum.as_str()), ("odd|name", 12, "ab"));
        assert!(parse_sum("").is_none());
    }
}
