//! `worker prepare`: what the operator's migration Job runs before a version starts.

use platform::config::{DatabaseConfig, Env, ObjectStorageConfig};
use platform::migrations::{self, Phase};
use platform::storage::Storage;

use crate::exit::Failure;

pub(crate) async fn run(env: &Env) -> Result<(), Failure> {
    // Both are read before anything is changed, so that a mistake in one leaves the other alone.
    let database = DatabaseConfig::from_env(env)?;
    let storage = Storage::open(ObjectStorageConfig::from_env(env)?)?;
    let applied = migrations::up(&database, &[Phase::Expand]).await?;
    tracing::info!(?applied, "the schema is up to date");
    let made = storage.ensure_bucket().await?;
    tracing::info!(made, "the bucket is there");
    Ok(())
}
