//! `worker backup`, `worker backups` and `worker restore`.

use std::future::Future;
use std::io::Write as _;

use platform::config::{BackupConfig, DatabaseConfig, Env, InstallationConfig, ObjectStorageConfig};
use platform::shutdown;
use platform::storage::Storage;
use serde::Serialize;

use super::verify::DAMAGE;
use crate::args::{Backup, BackupAction, Backups, Output, Restore};
use crate::backup::catalogue::{self, Entry};
use crate::backup::create::{self, Source};
use crate::backup::error::BackupError;
use crate::backup::manifest::Kind;
use crate::backup::report::Report;
use crate::backup::store::BackupStore;
use crate::backup::{check, manifest, prune, restore};
use crate::exit::{self, Failure};

/// What the environment says; read as a whole before anything is done.
struct Settings {
    installation: String,
    backup: BackupConfig,
}

impl Settings {
    fn read(env: &Env) -> Result<Self, Failure> {
        let installation = InstallationConfig::from_env(env)?.name.to_string();
        let backup = BackupConfig::from_env(env, &installation)?;
        Ok(Self { installation, backup })
    }
}

/// Makes or proves a backup.
pub(crate) async fn backup(env: &Env, what: Backup) -> Result<(), Failure> {
    let Settings { installation, backup } = Settings::read(env)?;
    let database = DatabaseConfig::from_env(env)?;
    let storage = Storage::open(ObjectStorageConfig::from_env(env)?)?;
    let source =
        Source { installation: &installation, database: &database, storage: &storage, config: &backup };
    match what.action {
        None if what.before_migration && !create::is_worth_it(&database).await? => {
            tracing::info!(
                "no migration is missing, or nothing is there yet: there is nothing to back up for"
            );
            Ok(())
        }
        None => made(&source, what.kind, what.prune).await,
        Some(BackupAction::Verify { id, restore }) => {
            let store = BackupStore::open(&backup)?;
            let id = catalogue::resolve(&store, &backup.signing_key, &id).await?;
            let verification = until_stopped(check::run(&source, &store, &id, restore)).await?;
            answer(&verification, &Report::verification(&verification))?;
            if verification.ok {
                return Ok(());
            }
            Err(Failure::found(
                DAMAGE,
                format!("the backup {id} is damaged: {}", verification.faults.join("; ")),
            ))
        }
    }
}

/// Makes a backup and prunes after it. A backup that cannot be followed by pruning is a backup all the same.
async fn made(source: &Source<'_>, kind: Kind, prune: bool) -> Result<(), Failure> {
    let manifest = until_stopped(create::run(source, kind)).await?;
    let pruned = match prune {
        true => match until_stopped(prune::run(source.database, source.config, false)).await {
            Ok(pruned) => Some(pruned),
            Err(error @ BackupError::Stopped) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "nothing was pruned");
                None
            }
        },
        false => None,
    };
    answer(&manifest, &Report::backup(&manifest, pruned.as_ref()))
}

/// Lists, shows or prunes backups.
pub(crate) async fn backups(env: &Env, what: Backups) -> Result<(), Failure> {
    let Settings { backup, .. } = Settings::read(env)?;
    let store = BackupStore::open(&backup)?;
    match what {
        Backups::List { output } => {
            let entries = catalogue::list(&store, &backup.signing_key).await?;
            match output {
                Output::Json => print(&json(&entries)?),
                Output::Text => print(&table(&entries)),
            }
        }
        Backups::Show { id } => print(&json(&manifest::read(&store, &backup.signing_key, &id).await?)?),
        Backups::Prune { dry_run } => {
            let database = DatabaseConfig::from_env(env)?;
            let pruned = until_stopped(prune::run(&database, &backup, dry_run)).await?;
            print(&json(&pruned)?)
        }
    }
}

/// Brings the installation back.
pub(crate) async fn restore(env: &Env, what: Restore) -> Result<(), Failure> {
    let Settings { installation, backup } = Settings::read(env)?;
    let database = DatabaseConfig::from_env(env)?;
    let storage = Storage::open(ObjectStorageConfig::from_env(env)?)?;
    let source =
        Source { installation: &installation, database: &database, storage: &storage, config: &backup };
    let store = BackupStore::open(&backup)?;
    let id = catalogue::resolve(&store, &backup.signing_key, &what.id).await?;
    let restored = until_stopped(restore::run(&source, &id, what.in_place)).await?;
    answer(&restored, &Report::restore(&restored))?;
    match restored.verification.damage {
        0 => Ok(()),
        damage => Err(Failure::found(DAMAGE, format!("{damage} findings of damage after the restore"))),
    }
}

/// Ends the work at SIGTERM: as the first process of a container it would otherwise not be heard. What the work began is
/// rolled back by the database, and what it sent is no backup without a manifest.
async fn until_stopped<T>(work: impl Future<Output = Result<T, BackupError>>) -> Result<T, BackupError> {
    let stop = shutdown::token_on_signal()
        .map_err(|source| BackupError::Run { program: "the signal handler", source })?;
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => Err(BackupError::Stopped),
    }
}

/// Prints a result, and leaves its short form where Kubernetes shows how a container ended.
fn answer(result: &impl Serialize, short: &Report<'_>) -> Result<(), Failure> {
    exit::note(&serde_json::to_string(short).map_err(|error| Failure::retryable(&error))?);
    print(&json(result)?)
}

fn json(result: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(result).map_err(|error| Failure::retryable(&error))
}

fn print(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

fn table(entries: &[Entry]) -> String {
    let mut lines = vec![format!(
        "{:<26} {:<11} {:<10} {:>14} {:>9} {:>14}  verified",
        "ID", "STATE", "KIND", "DATABASE", "FILES", "FILE BYTES"
    )];
    for entry in entries {
        let state = format!("{:?}", entry.state).to_lowercase();
        let kind = entry.kind.map_or_else(String::new, |kind| format!("{kind:?}").to_lowercase());
        let verified = match &entry.verification {
            Some(one) if !one.ok => format!("DAMAGED {}", one.verified_at),
            Some(one) if one.restore.is_some() => format!("restored {}", one.verified_at),
            Some(one) => format!("read {}", one.verified_at),
            None => "never".to_owned(),
        };
        lines.push(format!(
            "{:<26} {state:<11} {kind:<10} {:>14} {:>9} {:>14}  {verified}",
            entry.id, entry.database_bytes, entry.objects, entry.object_bytes
        ));
    }
    lines.join("\n")
}
