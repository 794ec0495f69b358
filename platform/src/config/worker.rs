//! How a worker works.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::{ConfigError, Env};
use crate::env_vars::{RM_WORKER_CONCURRENCY, RM_WORKER_GRACE_SECONDS, RM_WORKER_LEASE_SECONDS};

/// Limits of one worker process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Tasks that run at a time.
    pub concurrency: NonZeroUsize,
    /// How long a task stays with a worker from which nothing is heard.
    pub lease: Duration,
    /// How long tasks may go on after the worker was told to stop.
    pub grace: Duration,
}

impl WorkerConfig {
    /// Reads `RM_WORKER_CONCURRENCY`, `RM_WORKER_LEASE_SECONDS` and `RM_WORKER_GRACE_SECONDS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let lease = env.parsed_or(RM_WORKER_LEASE_SECONDS, 30_u64, "a number of seconds from 1 to 3600")?;
        if !(1..=3600).contains(&lease) {
            return Err(ConfigError::Invalid {
                variable: RM_WORKER_LEASE_SECONDS,
                reason: format!("{lease} is out of range"),
                mend: "a number of seconds from 1 to 3600",
            });
        }
        let grace = env.parsed_or(RM_WORKER_GRACE_SECONDS, 20_u64, "a number of seconds")?;
        Ok(Self {
            concurrency: env.parsed_or(RM_WORKER_CONCURRENCY, cores, "a number from 1 up")?,
            lease: Duration::from_secs(lease),
            grace: Duration::from_secs(grace),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_concurrency_is_refused() {
        let error = WorkerConfig::from_env(&Env::from_pairs([(RM_WORKER_CONCURRENCY, "0")])).unwrap_err();
        assert!(error.to_string().starts_with("RM_WORKER_CONCURRENCY cannot be used"), "{error}");
    }
}
