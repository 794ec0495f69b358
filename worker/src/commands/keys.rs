//! `worker keys rotate`: seals all secrets at rest by the newest key.

use std::io::Write as _;

use platform::config::{DatabaseConfig, EncryptionConfig, Env};
use platform::locksmith::{LocksmithError, reseal};
use platform::postgres;
use platform::sealing::Keyring;

use crate::exit::Failure;

pub(crate) async fn rotate(env: &Env) -> Result<(), Failure> {
    let keyring =
        Keyring::new(&EncryptionConfig::from_env(env)?).map_err(|error| Failure::misconfigured(&error))?;
    let pool = postgres::connect(&DatabaseConfig::from_env(env)?).await?;
    let done = reseal(&pool, &keyring).await.map_err(|error| match error {
        LocksmithError::Query(_) => Failure::retryable(&error),
        LocksmithError::Seal { .. } => Failure::misconfigured(&error),
    })?;
    writeln!(std::io::stdout(), "{:#}", serde_json::json!(done))?;
    Ok(())
}
