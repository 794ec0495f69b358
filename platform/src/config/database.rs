//! Where Postgres is and as whom to sign in.

use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, Env};
use crate::env_vars::{DATABASE_OWNER_URL, DATABASE_URL, RM_DATABASE_MAX_CONNECTIONS};

const URL_SHAPE: &str = "postgres://user:password@host:5432/database";

/// Access to Postgres.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// URL of the application role.
    pub url: SecretString,
    /// URL of the role that owns the schema. The same as `url` where the installation has one role only.
    pub owner_url: SecretString,
    /// Most connections that this process opens.
    pub max_connections: u32,
}

impl DatabaseConfig {
    /// Reads `DATABASE_URL`, `DATABASE_OWNER_URL` and `RM_DATABASE_MAX_CONNECTIONS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let url = postgres_url(DATABASE_URL, env.required(DATABASE_URL, URL_SHAPE)?)?;
        let owner_url = match env.optional(DATABASE_OWNER_URL) {
            Some(text) => postgres_url(DATABASE_OWNER_URL, text)?,
            None => url.clone(),
        };
        let max_connections: u32 =
            env.parsed_or(RM_DATABASE_MAX_CONNECTIONS, 10, "a number from 2 to 1000")?;
        if !(2..=1000).contains(&max_connections) {
            return Err(ConfigError::Invalid {
                variable: RM_DATABASE_MAX_CONNECTIONS,
                reason: format!("{max_connections} is out of range"),
                mend: "a number from 2 to 1000",
            });
        }
        Ok(Self { url, owner_url, max_connections })
    }

    /// Whether one role both owns the schema and runs the application.
    pub fn has_one_role(&self) -> bool {
        self.url.expose_secret() == self.owner_url.expose_secret()
    }
}

fn postgres_url(variable: &'static str, text: &str) -> Result<SecretString, ConfigError> {
    if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
        return Err(ConfigError::Invalid {
            variable,
            reason: "it does not begin with postgres://".to_owned(),
            mend: URL_SHAPE,
        });
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_defaults_to_the_application_role() {
        let config =
            DatabaseConfig::from_env(&Env::from_pairs([(DATABASE_URL, "postgres://a@b/c")])).unwrap();
        assert!(config.has_one_role());
    }

    #[test]
    fn a_wrong_url_is_refused_without_being_repeated() {
        let error = DatabaseConfig::from_env(&Env::from_pairs([(DATABASE_URL, "mysql://root:hunter2@db")]))
            .unwrap_err();
        assert!(error.to_string().starts_with("DATABASE_URL cannot be used"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
