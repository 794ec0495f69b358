//! Who runs the installation.

use secrecy::SecretString;

use super::{ConfigError, Env};
use crate::env_vars::RM_ADMIN_TOKEN;

/// Fewest characters of the token: it is a key and not a password.
const MIN_CHARACTERS: usize = 32;

/// The token of the people who run the installation.
#[derive(Debug, Clone, Default)]
pub struct AdminConfig {
    /// What they send as bearer token; none closes their part of the API.
    pub token: Option<SecretString>,
}

impl AdminConfig {
    /// Reads `RM_ADMIN_TOKEN`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let Some(token) = env.optional(RM_ADMIN_TOKEN) else { return Ok(Self::default()) };
        let characters = token.chars().count();
        if characters < MIN_CHARACTERS {
            return Err(ConfigError::Invalid {
                variable: RM_ADMIN_TOKEN,
                reason: format!("it has {characters} characters"),
                mend: "at least 32 random characters, such as `openssl rand -hex 32` prints",
            });
        }
        Ok(Self { token: Some(SecretString::from(token)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_token() {
        let error = AdminConfig::from_env(&Env::from_pairs([(RM_ADMIN_TOKEN, "hunter2")])).unwrap_err();
        assert!(error.to_string().contains("it has 7 characters"), "{error}");
        assert!(AdminConfig::from_env(&Env::from_pairs([(RM_ADMIN_TOKEN, "")])).unwrap().token.is_none());
    }
}
