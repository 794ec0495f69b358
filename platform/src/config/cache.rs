//! Where Redis is.

use secrecy::SecretString;

use super::{ConfigError, Env};
use crate::env_vars::REDIS_URL;

/// Access to Redis.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// `redis://[:password@]host:port/db`.
    pub url: SecretString,
}

impl CacheConfig {
    /// Reads `REDIS_URL`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const MEND: &str = "redis://[:password@]host:6379/0";
        let text = env.required(REDIS_URL, MEND)?;
        let invalid = |reason: String| ConfigError::Invalid { variable: REDIS_URL, reason, mend: MEND };
        if text.starts_with("rediss://") {
            return Err(invalid("encrypted connections to Redis are not supported".to_owned()));
        }
        // The client's own parser decides; its message names parts of the URL, never the password.
        redis::Client::open(text).map_err(|_| invalid("it is not a Redis URL".to_owned()))?;
        Ok(Self { url: SecretString::from(text) })
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
