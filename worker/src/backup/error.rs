//! What can go wrong with backups and restores.

use platform::maintenance::MaintenanceError;
use platform::migrations::MigrationError;
use platform::storage::StorageError;

use crate::verify::VerifyError;

/// Why a backup, a check or a restore failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error(
        "the storage for backups is not configured rightly; see RM_BACKUP_ENDPOINT, RM_BACKUP_BUCKET and RM_BACKUP_REGION"
    )]
    Configure(#[source] object_store::Error),
    #[error("the bucket \"{0}\" for backups is not there; make it, or set RM_BACKUP_BUCKET to one that is")]
    NoBucket(String),
    #[error(
        "the storage for backups refuses the key; see RM_BACKUP_ACCESS_KEY_ID and RM_BACKUP_SECRET_ACCESS_KEY"
    )]
    Refused(#[source] object_store::Error),
    #[error("the storage for backups does not answer")]
    Storage(#[source] object_store::Error),
    #[error("{0} is not in the storage for backups")]
    NotFound(String),
    #[error("{what} is damaged: {reason}")]
    Damaged { what: String, reason: String },
    #[error(
        "the signature of {0} does not fit: it was changed, or RM_BACKUP_SIGNING_KEY is not the key that it was made with"
    )]
    Signature(String),
    #[error("{what} cannot be read by this version: {reason}")]
    Unreadable { what: String, reason: String },
    #[error("another backup, restore or pruning of this installation runs; try again when it is done")]
    Busy,
    #[error(transparent)]
    Database(#[from] MaintenanceError),
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    #[error(transparent)]
    Source(#[from] StorageError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Migrate(#[from] MigrationError),
    #[error(
        "no {program} of version {server} or newer is here, and the server is Postgres {server}; use a worker image with newer client tools, or set RM_POSTGRES_TOOLS to their folder"
    )]
    Tools { program: &'static str, server: u32 },
    #[error("{program} failed: {reason}")]
    Program { program: &'static str, reason: String },
    #[error("{program} cannot be run")]
    Run {
        program: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("a value cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error(
        "the clock of this machine and that of the storage differ by {seconds} s; nothing is pruned until they agree within {limit} s"
    )]
    Clock { seconds: u64, limit: u64 },
    #[error("the database has the backup's data, and what was to follow failed; run the restore again")]
    Unproven(#[source] Box<Self>),
    #[error("{0}")]
    Precondition(String),
    #[error("told to stop")]
    Stopped,
}

impl BackupError {
    /// Whether a later try may succeed without any change of the configuration.
    pub(crate) fn retry_may_help(&self) -> bool {
        !matches!(
            self,
            Self::Configure(_)
                | Self::NoBucket(_)
                | Self::Refused(_)
                | Self::NotFound(_)
                | Self::Signature(_)
                | Self::Unreadable { .. }
                | Self::Tools { .. }
                | Self::Precondition(_)
                | Self::Database(MaintenanceError::ParseUrl { .. } | MaintenanceError::Blind { .. })
        )
    }
}
