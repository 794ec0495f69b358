//! Which installation this process belongs to.

use std::str::FromStr;

use super::{ConfigError, Env};
use crate::env_vars::{RM_BACKUP_RETENTION_DAYS, RM_ENVIRONMENT, RM_INSTALLATION};
use crate::names::InstallationName;

/// Name and environment of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationConfig {
    /// Prefix of the installation's Redis keys.
    pub name: InstallationName,
    /// What the installation is for.
    pub environment: Environment,
    /// For how many days backups are kept.
    pub backup_retention_days: u16,
}

impl InstallationConfig {
    /// Reads `RM_INSTALLATION`, `RM_ENVIRONMENT` and `RM_BACKUP_RETENTION_DAYS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let name = env.optional(RM_INSTALLATION).unwrap_or("resume-matcher");
        Ok(Self {
            name: InstallationName::from_str(name).map_err(|error| ConfigError::Invalid {
                variable: RM_INSTALLATION,
                reason: error.to_string(),
                mend: "the name of the ResumeMatcher object",
            })?,
            environment: env.parsed_or(
                RM_ENVIRONMENT,
                Environment::Development,
                "development, staging or production",
            )?,
            backup_retention_days: env.parsed_or(RM_BACKUP_RETENTION_DAYS, 30, "a number of days")?,
        })
    }
}

/// What an installation is for; sets what is shown and demanded, never what is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A person's own machine or a test.
    Development,
    /// A rehearsal of production.
    Staging,
    /// The real thing.
    Production,
}

impl Environment {
    /// The name as the variable and the telemetry have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "development" => Ok(Self::Development),
            "staging" => Ok(Self::Staging),
            "production" => Ok(Self::Production),
            other => Err(format!("there is no environment \"{other}\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_environment_is_refused_by_name() {
        let error = InstallationConfig::from_env(&Env::from_pairs([(RM_ENVIRONMENT, "prod")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "RM_ENVIRONMENT cannot be used: there is no environment \"prod\"; set it to development, staging or production"
        );
    }
}
