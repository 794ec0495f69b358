//! How the process ends: an exit code, and the reason where a person or the operator finds it.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use platform::config::ConfigError;
use platform::maintenance::MaintenanceError;
use platform::migrations::MigrationError;
use platform::postgres::PostgresError;
use platform::queue::QueueError;
use platform::storage::StorageError;

use crate::backup::error::BackupError;
use crate::science::ScoreError;
use crate::verify::VerifyError;

/// Kubernetes shows what is in this file as the container's termination message.
const TERMINATION_LOG: &str = "/dev/termination-log";

/// Exit code of a restore that replaced the data and could not prove it: trying again may help, and until then nothing
/// is known of the installation.
const UNPROVEN: u8 = 5;

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

    /// The command did its work, and what it found is to be told by the exit code alone.
    pub(crate) fn found(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Writes the reason to standard error and the termination log, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        eprintln!("error: {}", self.message);
        note(&self.message);
        ExitCode::from(self.code)
    }
}

/// Leaves the outcome of a command where Kubernetes shows it, if there is such a place; it keeps 4096 bytes.
pub(crate) fn note(message: &str) {
    // Outside Kubernetes the file is not there, and is not to be made.
    let log = std::fs::OpenOptions::new().write(true).truncate(true).open(TERMINATION_LOG);
    if let Ok(mut file) = log
        && let Err(error) = std::io::Write::write_all(&mut file, message.as_bytes())
    {
        eprintln!("error: {TERMINATION_LOG} cannot be written: {error}");
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

impl From<MaintenanceError> for Failure {
    fn from(error: MaintenanceError) -> Self {
        match error {
            MaintenanceError::ParseUrl { .. } | MaintenanceError::Blind { .. } => Self::misconfigured(&error),
            MaintenanceError::Connect(_) | MaintenanceError::Query(_) => Self::retryable(&error),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            error @ BackupError::Unproven(_) => Self { code: UNPROVEN, message: with_sources(&error) },
            BackupError::Migrate(error) => error.into(),
            BackupError::Verify(error) => error.into(),
            BackupError::Source(error) => error.into(),
            error if error.retry_may_help() => Self::retryable(&error),
            error => Self::misconfigured(&error),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Database(error) => error.into(),
            VerifyError::Storage(error) => error.into(),
            VerifyError::Query(_) => Self::retryable(&error),
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
