//! Objects that no row names: left by an upload that was interrupted. They are reported, and on request moved away.

use std::time::SystemTime;

use futures::TryStreamExt as _;
use platform::storage::{Storage, StorageError};
use sqlx::PgPool;

use super::objects::Named;
use super::report::{Finding, Report};
use super::{Options, VerifyError, is_named, lock_object};

/// Where the application keeps what was uploaded.
pub(super) const PREFIX: &str = "tenants";
/// Where repaired orphans go, under their own key.
const QUARANTINE: &str = "quarantine";
/// Reports the objects that neither `named` nor a row written since then names; `options` may ask to move them.
pub(super) async fn check(
    pool: &PgPool,
    storage: &Storage,
    named: &Named,
    options: Options,
    report: &mut Report,
) -> Result<(), VerifyError> {
    if named.tables.is_empty() {
        return Ok(());
    }
    let old = SystemTime::now() - options.orphan_age;
    let mut listed = storage.list(PREFIX);
    while let Some(entry) = listed.try_next().await? {
        if named.contains(&entry.key) || entry.modified > old {
            continue;
        }
        let mut transaction = pool.begin().await?;
        // An upload of the same bytes waits for this lock, and puts the object again once it has it.
        lock_object(&mut transaction, &entry.key).await?;
        if !is_named(&mut transaction, &named.tables, &entry.key).await? {
            let detail = if options.repair {
                quarantine(storage, &entry.key, report).await?
            } else {
                format!("no row names these {} bytes; --repair moves them to {QUARANTINE}/", entry.size)
            };
            report.add(Finding::notice("orphan", entry.key, detail));
        }
        transaction.commit().await?;
    }
    Ok(())
}

async fn quarantine(storage: &Storage, key: &str, report: &mut Report) -> Result<String, StorageError> {
    let to = format!("{QUARANTINE}/{key}");
    match storage.rename(key, &to).await {
        Ok(()) => report.quarantined += 1,
        // Someone else was quicker, and it is where it should be: away.
        Err(StorageError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(format!("no row named it; moved to {to}"))
}
