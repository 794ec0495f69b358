//! What is logged and how.

use std::io::IsTerminal;

use super::{ConfigError, Env};
use crate::env_vars::RM_LOG;

/// Log filter and format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// Filter in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// JSON lines (`true`) or text for people.
    pub json: bool,
}

impl TelemetryConfig {
    /// Reads `RM_LOG`; the format is JSON unless standard output is a terminal.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let filter = env.optional(RM_LOG).unwrap_or("info");
        tracing_subscriber::EnvFilter::try_new(filter).map_err(|error| ConfigError::Invalid {
            variable: RM_LOG,
            reason: error.to_string(),
            mend: "a filter such as info or info,worker=debug",
        })?;
        Ok(Self { filter: filter.to_owned(), json: !std::io::stdout().is_terminal() })
    }
}
