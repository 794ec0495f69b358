//! Where backups go, who may have made them, and how long they are kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{SecretSlice, SecretString};
use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigError, Env, ObjectStorageConfig, StaticCredentials};
use crate::env_vars::{
    RM_BACKUP_ACCESS_KEY_ID, RM_BACKUP_BANDWIDTH, RM_BACKUP_BUCKET, RM_BACKUP_ENDPOINT,
    RM_BACKUP_FORCE_PATH_STYLE, RM_BACKUP_KEEP_DAILY, RM_BACKUP_KEEP_DAYS, RM_BACKUP_KEEP_LAST,
    RM_BACKUP_KEEP_MONTHLY, RM_BACKUP_KEEP_WEEKLY, RM_BACKUP_PREFIX, RM_BACKUP_REGION,
    RM_BACKUP_RETRY_SECONDS, RM_BACKUP_SCRATCH_URL, RM_BACKUP_SECRET_ACCESS_KEY, RM_BACKUP_SIGNING_KEY,
    RM_POSTGRES_TOOLS,
};

const KEY_MEND: &str = "at least 32 random bytes in base64, such as `openssl rand -base64 32` prints; keep a copy outside the cluster";

/// Everything that backups and restores need beside database and storage.
#[derive(Debug, Clone)]
pub struct BackupConfig {
    /// The bucket for backups.
    pub storage: ObjectStorageConfig,
    /// Path in the bucket, without slashes at its ends; each installation has its own.
    pub prefix: String,
    /// Signs manifests: HMAC-SHA-256.
    pub signing_key: SecretSlice<u8>,
    /// Most bytes per second to the bucket.
    pub bandwidth: Option<u64>,
    /// For how long a request that fails is repeated before the backup fails.
    pub retry: Duration,
    /// What pruning keeps.
    pub retention: RetentionConfig,
    /// A role that may create databases, on the server where restores are tried; `None`: the owner's.
    pub scratch_url: Option<SecretString>,
    /// Folder of `pg_dump`, `pg_restore` and `psql`; `None`: looked for.
    pub tools: Option<PathBuf>,
}

/// What pruning keeps. A backup stays when any rule wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Younger ones stay.
    pub days: u32,
    /// The newest so many stay, whatever their age; at least one.
    pub last: u32,
    /// The newest of each of so many days stays.
    pub daily: u32,
    /// The newest of each of so many ISO weeks stays.
    pub weekly: u32,
    /// The newest of each of so many months stays.
    pub monthly: u32,
}

impl BackupConfig {
    /// Reads the `RM_BACKUP_*` variables. `installation` is the default prefix.
    ///
    /// # Errors
    /// When a variable is missing or cannot be used.
    pub fn from_env(env: &Env, installation: &str) -> Result<Self, ConfigError> {
        let prefix = env.optional(RM_BACKUP_PREFIX).unwrap_or(installation).trim_matches('/').to_owned();
        let bandwidth: u64 =
            env.parsed_or(RM_BACKUP_BANDWIDTH, 0, "a number of bytes per second, or 0 for no limit")?;
        let scratch_url = env.optional(RM_BACKUP_SCRATCH_URL).map(SecretString::from);
        let seconds = env.parsed_or(RM_BACKUP_RETRY_SECONDS, 120, "a number of seconds")?;
        Ok(Self {
            storage: storage(env)?,
            prefix,
            signing_key: signing_key(env)?,
            bandwidth: (bandwidth > 0).then_some(bandwidth),
            retry: Duration::from_secs(seconds),
            retention: RetentionConfig::from_env(env)?,
            scratch_url,
            tools: env.optional(RM_POSTGRES_TOOLS).map(PathBuf::from),
        })
    }
}

impl RetentionConfig {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let count = |variable, default| env.parsed_or(variable, default, "a number");
        let last: u32 = count(RM_BACKUP_KEEP_LAST, 3)?;
        Ok(Self {
            days: count(RM_BACKUP_KEEP_DAYS, 30)?,
            last: last.max(1),
            daily: count(RM_BACKUP_KEEP_DAILY, 0)?,
            weekly: count(RM_BACKUP_KEEP_WEEKLY, 0)?,
            monthly: count(RM_BACKUP_KEEP_MONTHLY, 0)?,
        })
    }
}

fn storage(env: &Env) -> Result<ObjectStorageConfig, ConfigError> {
    let endpoint = match env.optional(RM_BACKUP_ENDPOINT) {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Some(url.trim_end_matches('/').to_owned())
        }
        Some(_) => {
            return Err(ConfigError::Invalid {
                variable: RM_BACKUP_ENDPOINT,
                reason: "it does not begin with http:// or https://".to_owned(),
                mend: "the URL of the S3 service",
            });
        }
        None => None,
    };
    let credentials = match (env.optional(RM_BACKUP_ACCESS_KEY_ID), env.optional(RM_BACKUP_SECRET_ACCESS_KEY))
    {
        (None, None) => None,
        (Some(id), Some(secret)) => Some(StaticCredentials {
            access_key_id: SecretString::from(id),
            secret_access_key: SecretString::from(secret),
        }),
        (Some(_), None) => {
            let mend = "the secret of RM_BACKUP_ACCESS_KEY_ID";
            return Err(ConfigError::Missing { variable: RM_BACKUP_SECRET_ACCESS_KEY, mend });
        }
        (None, Some(_)) => {
            let mend = "the id of RM_BACKUP_SECRET_ACCESS_KEY";
            return Err(ConfigError::Missing { variable: RM_BACKUP_ACCESS_KEY_ID, mend });
        }
    };
    Ok(ObjectStorageConfig {
        bucket: env.required(RM_BACKUP_BUCKET, "the name of the bucket for backups")?.to_owned(),
        region: env.optional(RM_BACKUP_REGION).unwrap_or("us-east-1").to_owned(),
        force_path_style: env.parsed_or(RM_BACKUP_FORCE_PATH_STYLE, endpoint.is_some(), "true or false")?,
        endpoint,
        credentials,
    })
}

fn signing_key(env: &Env) -> Result<SecretSlice<u8>, ConfigError> {
    let invalid = |reason: &str| ConfigError::Invalid {
        variable: RM_BACKUP_SIGNING_KEY,
        reason: reason.to_owned(),
        mend: KEY_MEND,
    };
    let text = env.required(RM_BACKUP_SIGNING_KEY, KEY_MEND)?;
    let bytes = STANDARD.decode(text).map_err(|_| invalid("it is not base64"))?;
    if bytes.len() < 32 {
        return Err(invalid("it is shorter than 32 bytes"));
    }
    Ok(SecretSlice::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_refused_and_not_repeated() {
        let env = Env::from_pairs([(RM_BACKUP_BUCKET, "b"), (RM_BACKUP_SIGNING_KEY, "aHVudGVyMg==")]);
        let told = BackupConfig::from_env(&env, "acme").unwrap_err().to_string();
        assert!(
            told.starts_with("RM_BACKUP_SIGNING_KEY cannot be used: it is shorter than 32 bytes"),
            "{told}"
        );
        assert!(!told.contains("aHVudGVyMg"), "{told}");
    }

    #[test]
    fn at_least_one_backup_is_always_kept() {
        let key = STANDARD.encode([7; 32]);
        let env = Env::from_pairs([
            (RM_BACKUP_BUCKET, "b"),
            (RM_BACKUP_SIGNING_KEY, key.as_str()),
            (RM_BACKUP_KEEP_LAST, "0"),
        ]);
        let config = BackupConfig::from_env(&env, "acme").unwrap();
        assert_eq!((config.prefix.as_str(), config.retention.last, config.retention.days), ("acme", 1, 30));
    }
}
