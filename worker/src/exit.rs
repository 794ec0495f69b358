//! How the process ends: an exit code, and the reason where a person or the operator finds it.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use platform::config::ConfigError;
use platform::migrations::MigrationError;
use platform::postgres::PostgresError;
use platform::queue::QueueError;
use platform::storage::StorageError;

use crate::science::ScoreError;

/// Kubernetes shows what is in this file as the container's termination message.
const TERMINATION_LOG: &str = "/dev/termination-log";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Trying again may help: a dependency is away.
    pub(crate) fn retryable(error: &dyn Error) -> Self {
        Self { code: 1, message: with_sources(error) }
    }

    /// Trying again does not help: the configuration or the server must be changed.
    pub(crate) fn misconfigured(error: &dyn Error) -> Self {
        Self { code: 2, message: with_sources(error) }
    }

    /// Writes the reason to standard error and the termination log, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        eprintln!("error: {}", self.message);
        // Outside Kubernetes the file is not there, and is not to be made.
        let log = std::fs::OpenOptions::new().write(true).truncate(true).open(TERMINATION_LOG);
        if let Ok(mut file) = log
            && let Err(error) = std::io::Write::write_all(&mut file, self.message.as_bytes())
        {
            eprintln!("error: {TERMINATION_LOG} cannot be written: {error}");
        }
        ExitCode::from(self.code)
    }
}

/// The error and what caused it, on one line.
fn with_sources(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // A String takes everything.
        let _written = write!(message, ": {cause}");
        source = cause.source();
    }
    message
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::misconfigured(&error)
    }
}

impl From<PostgresError> for Failure {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::ParseUrl(_) | PostgresError::PrivilegedRole { .. } => Self::misconfigured(&error),
            PostgresError::Connect(_) | PostgresError::Query(_) => Self::retryable(&error),
        }
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        if error.retry_may_help() { Self::retryable(&error) } else { Self::misconfigured(&error) }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Configure(_) => Self::misconfigured(&error),
            _ => Self::retryable(&error),
        }
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::ParseUrl(_) => Self::misconfigured(&error),
            QueueError::Command(_) | QueueError::GroupLost => Self::retryable(&error),
        }
    }
}

impl From<ScoreError> for Failure {
    /// A model that is missing or of another kind does not come by itself.
    fn from(error: ScoreError) -> Self {
        match error {
            ScoreError::Model(_) => Self::misconfigured(&error),
            ScoreError::Unfinished(_) => Self::retryable(&error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::retryable(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_carries_its_causes() {
        let inner = std::io::Error::other("connection refused");
        let failure = Failure::from(PostgresError::Connect(sqlx::Error::Io(inner)));
        assert_eq!(failure.code, 1);
        assert!(failure.message.starts_with("cannot connect to Postgres: "), "{}", failure.message);
        assert!(failure.message.ends_with("connection refused"), "{}", failure.message);
    }

    #[test]
    fn a_wrong_configuration_is_not_to_be_retried() {
        let failure = Failure::from(ConfigError::Missing { variable: "REDIS_URL", mend: "a URL" });
        assert_eq!((failure.code, failure.message.as_str()), (2, "REDIS_URL is not set; set it to a URL"));
    }
}
