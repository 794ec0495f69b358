//! Removing what is no longer kept: expired backups, leftovers of interrupted ones, and files that no backup names.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use futures::TryStreamExt as _;
use platform::config::{BackupConfig, DatabaseConfig};
use platform::timestamp::Timestamp;
use serde::Serialize;

use super::catalogue::{self, Entry, State};
use super::error::BackupError;
use super::lock::Lock;
use super::manifest;
use super::restore::object_lines;
use super::retention::{self, Kept};
use super::store::BackupStore;

/// So far the clocks of this machine and of the storage may be apart.
const SKEW: Duration = Duration::from_secs(600);
/// What is younger may belong to a backup that is being made elsewhere.
const YOUNG: Duration = Duration::from_secs(24 * 3600);

/// What was removed, or would be.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Pruned {
    /// Expired backups.
    pub(crate) backups: Vec<String>,
    /// Interrupted ones.
    pub(crate) unfinished: Vec<String>,
    /// How many files no backup named any more.
    pub(crate) objects: u64,
    pub(crate) object_bytes: u64,
    /// Nothing was removed, because only a list was asked for.
    pub(crate) dry_run: bool,
}

/// Prunes by the rules of `config`.
pub(crate) async fn run(
    database: &DatabaseConfig,
    config: &BackupConfig,
    dry_run: bool,
) -> Result<Pruned, BackupError> {
    let _lock = Lock::take(database).await?;
    let store = BackupStore::open(config)?;
    let now = agreed(store.now().await?, SystemTime::now())?;
    let entries = catalogue::list(&store, &config.signing_key).await?;
    let kept: Vec<Kept> = entries.iter().filter_map(known).collect();
    let mut pruned = Pruned { dry_run, ..Pruned::default() };
    pruned.backups = retention::expired(&kept, config.retention, Timestamp::from(jiff(now)?).as_jiff());
    let stale = |entry: &&Entry| entry.state == State::Unfinished && is_old(entry.modified, now);
    pruned.unfinished = entries.iter().filter(stale).map(|entry| entry.id.clone()).collect();
    if !dry_run {
        for entry in &entries {
            if pruned.backups.contains(&entry.id) || pruned.unfinished.contains(&entry.id) {
                remove(&store, entry).await?;
            }
        }
    }
    objects(&store, config, &entries, now, &mut pruned).await?;
    Ok(pruned)
}

fn known(entry: &Entry) -> Option<Kept> {
    let created_at = entry.created_at?.as_jiff();
    Some(Kept { id: entry.id.clone(), created_at, verified: entry.is_proven() })
}

/// The time, when the storage and this machine agree on it. A wrong clock would make backups look old.
fn agreed(theirs: SystemTime, ours: SystemTime) -> Result<SystemTime, BackupError> {
    let apart = ours.duration_since(theirs).unwrap_or_else(|error| error.duration());
    if apart > SKEW {
        return Err(BackupError::Clock { seconds: apart.as_secs(), limit: SKEW.as_secs() });
    }
    Ok(theirs)
}

fn jiff(moment: SystemTime) -> Result<::jiff::Timestamp, BackupError> {
    ::jiff::Timestamp::try_from(moment)
        .map_err(|error| BackupError::Precondition(format!("the storage's clock cannot be read: {error}")))
}

fn is_old(modified: SystemTime, now: SystemTime) -> bool {
    now.duration_since(modified).is_ok_and(|age| age > YOUNG)
}

/// The manifest goes first: from then on there is no backup, and what is left of it is a leftover.
async fn remove(store: &BackupStore, entry: &Entry) -> Result<(), BackupError> {
    store.delete(&manifest::manifest_path(&entry.id)).await?;
    for path in &entry.files {
        store.delete(path).await?;
    }
    tracing::info!(id = entry.id, state = ?entry.state, "removed");
    Ok(())
}

/// Removes old files that none of the backups names which stay. A backup that cannot be read may name any of them, so
/// then all stay.
async fn objects(
    store: &BackupStore,
    config: &BackupConfig,
    entries: &[Entry],
    now: SystemTime,
    pruned: &mut Pruned,
) -> Result<(), BackupError> {
    if let Some(entry) = entries.iter().find(|entry| entry.state == State::Unreadable) {
        tracing::warn!(id = entry.id, "a backup cannot be read; files stay until it is removed by hand");
        return Ok(());
    }
    let mut named = HashSet::new();
    for entry in entries.iter().filter(|entry| entry.state == State::Complete) {
        if !pruned.backups.contains(&entry.id) {
            let manifest = manifest::read(store, &config.signing_key, &entry.id).await?;
            named.extend(object_lines(store, &manifest).await?.into_iter().map(|line| line.sha256));
        }
    }
    let named: HashSet<String> = named.into_iter().map(manifest::object_path).collect();
    let mut listed = store.list("objects");
    while let Some(file) = listed.try_next().await? {
        if named.contains(&file.path) || !is_old(file.modified, now) {
            continue;
        }
        pruned.objects += 1;
        pruned.object_bytes += file.size;
        if !pruned.dry_run {
            store.delete(&file.path).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_disagree_in_either_direction_stop_the_pruning() {
        let ours = SystemTime::now();
        let hour = Duration::from_secs(3600);
        for theirs in [ours + hour, ours - hour] {
            let error = agreed(theirs, ours).unwrap_err();
            assert!(matches!(error, BackupError::Clock { seconds: 3600, .. }), "{error}");
        }
        let near = ours - Duration::from_secs(300);
        assert_eq!(agreed(near, ours).unwrap(), near);
    }
}
