//! Configuration from the environment: one struct for each topic, read once at start.
//!
//! An error names the variable and the mend. Secrets are kept in types whose `Debug` hides them.

mod admin;
mod backup;
mod billing;
mod cache;
mod database;
mod encryption;
mod env;
mod fetch;
mod http;
mod installation;
mod issuers;
mod mail;
mod object_storage;
mod probes;
mod science;
mod sentry;
mod telemetry;
mod token;
mod traces;
mod worker;

pub use admin::AdminConfig;
pub use backup::{BackupConfig, RetentionConfig};
pub use billing::{BillingConfig, Plan, StripeConfig};
pub use cache::CacheConfig;
pub use database::DatabaseConfig;
pub use encryption::EncryptionConfig;
pub use env::Env;
pub use fetch::FetchConfig;
pub use http::{ForwardedHeader, HttpConfig};
pub use installation::{Environment, InstallationConfig};
pub use issuers::{IssuerConfig, IssuerKeys, IssuersConfig, SigningAlgorithm};
pub use mail::{MailConfig, MailTransport, Sender};
pub use object_storage::{ObjectStorageConfig, StaticCredentials};
pub use probes::ProbesConfig;
pub use science::ScienceConfig;
pub use sentry::{Dsn, SentryConfig};
pub use telemetry::TelemetryConfig;
pub use token::TokenConfig;
pub use traces::TracesConfig;
pub use worker::WorkerConfig;

/// Why the configuration cannot be used. None of these is mended by trying again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A variable that must be there is absent or empty.
    #[error("{variable} is not set; set it to {mend}")]
    Missing {
        /// Name of the variable.
        variable: &'static str,
        /// What to set it to.
        mend: &'static str,
    },
    /// A variable has a value that cannot be used. The value itself is not repeated: it may be secret.
    #[error("{variable} cannot be used: {reason}; set it to {mend}")]
    Invalid {
        /// Name of the variable.
        variable: &'static str,
        /// What is wrong with the value.
        reason: String,
        /// What to set it to.
        mend: &'static str,
    },
}
