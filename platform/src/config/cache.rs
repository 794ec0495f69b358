//! Where Redis is, and for how long computed values are kept in it.

use std::time::Duration;

use secrecy::SecretString;

use super::{ConfigError, Env};
use crate::env_vars::{REDIS_URL, RM_CACHE_TTL_SECONDS};

/// Access to Redis.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// `redis://[:password@]host:port/db`.
    pub url: SecretString,
    /// For how long a computed value is kept; zero for not at all.
    pub ttl: Duration,
}

/// Longest time, in seconds: a day. What must be forgotten is forgotten after that at the latest.
const MAX_TTL: u64 = 86_400;

impl CacheConfig {
    /// Reads `REDIS_URL` and `RM_CACHE_TTL_SECONDS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const MEND: &str = "redis://[:password@]host:6379/0";
        let text = env.required(REDIS_URL, MEND)?;
        let invalid = |reason: String| ConfigError::Invalid { variable: REDIS_URL, reason, mend: MEND };
        if text.starts_with("rediss://") {
            return Err(invalid("encrypted connections to Redis are not supported".to_owned()));
        }
        // The client's own parser decides; its message names parts of the URL, never the password.
        redis::Client::open(text).map_err(|_| invalid("it is not a Redis URL".to_owned()))?;
        const SECONDS: &str = "a number of seconds from 0 to 86400";
        let ttl: u64 = env.parsed_or(RM_CACHE_TTL_SECONDS, 3600, SECONDS)?;
        if ttl > MAX_TTL {
            return Err(ConfigError::Invalid {
                variable: RM_CACHE_TTL_SECONDS,
                reason: format!("{ttl} is out of range"),
                mend: SECONDS,
            });
        }
        Ok(Self { url: SecretString::from(text), ttl: Duration::from_secs(ttl) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_refused() {
        let error = CacheConfig::from_env(&Env::from_pairs([(REDIS_URL, "http://redis")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "REDIS_URL cannot be used: it is not a Redis URL; set it to redis://[:password@]host:6379/0"
        );
    }
}
