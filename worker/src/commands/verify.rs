//! `worker verify`: is everything there, and whole?

use std::io::Write as _;
use std::time::Duration;

use platform::config::{BackupConfig, DatabaseConfig, Env, InstallationConfig, ObjectStorageConfig};
use platform::storage::Storage;

use crate::args::{Output, Verify};
use crate::backup::store::BackupStore;
use crate::backup::{catalogue, manifest};
use crate::exit::Failure;
use crate::verify::report::{Finding, Report};
use crate::verify::{self, Options};

/// Damage was found.
pub(crate) const DAMAGE: u8 = 3;
/// Only notices were found.
pub(crate) const NOTICES: u8 = 4;

pub(crate) async fn run(env: &Env, what: Verify) -> Result<(), Failure> {
    let database = DatabaseConfig::from_env(env)?;
    let storage = Storage::open(ObjectStorageConfig::from_env(env)?)?;
    let options = Options {
        objects: what.objects,
        repair: what.repair,
        orphan_age: Duration::from_secs(what.orphan_age),
    };
    let mut report = verify::run(&database, &storage, options).await?;
    if let Some(id) = &what.manifest {
        compare(env, id, &mut report).await?;
    }
    print(&mut report, what.output)?;
    verdict(&report)
}

/// Says where the tables are not those of the backup `id`.
async fn compare(env: &Env, id: &str, report: &mut Report) -> Result<(), Failure> {
    let installation = InstallationConfig::from_env(env)?.name.to_string();
    let backup = BackupConfig::from_env(env, &installation)?;
    let store = BackupStore::open(&backup)?;
    let id = catalogue::resolve(&store, &backup.signing_key, id).await?;
    let manifest = manifest::read(&store, &backup.signing_key, &id).await?;
    for (table, expected) in &manifest.tables {
        let detail = match report.tables.get(table) {
            Some(found) if found == expected => continue,
            Some(found) if found.rows == expected.rows => {
                format!("{} rows as in the backup {id}, but other values", found.rows)
            }
            Some(found) => format!("{} rows; the backup {id} has {}", found.rows, expected.rows),
            None => format!("the table is not there; the backup {id} has {} rows of it", expected.rows),
        };
        report.add(Finding::damage("manifest", table.clone(), detail));
    }
    Ok(())
}

/// Writes the report to standard output.
pub(crate) fn print(report: &mut Report, output: Output) -> Result<(), Failure> {
    let text = match output {
        Output::Text => report.to_string(),
        Output::Json => report.json().map_err(|error| Failure::retryable(&error))?,
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// The exit code that the findings ask for. What `--repair` put right is no finding any more.
fn verdict(report: &Report) -> Result<(), Failure> {
    match (report.damage, report.total() - report.quarantined) {
        (0, 0) => Ok(()),
        (0, notices) => Err(Failure::found(NOTICES, format!("{notices} notices; see standard output"))),
        (damage, _) => {
            Err(Failure::found(DAMAGE, format!("{damage} findings of damage; see standard output")))
        }
    }
}
