//! How far the worker is with a resume, a job or a match.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Status {
    /// Waiting for a worker.
    Queued,
    /// A worker has it.
    Processing,
    /// Done.
    Ready,
    /// It cannot be done; `error` says why.
    Failed,
}

impl Status {
    /// The name as in JSON and in Postgres.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// Whether a worker has still to end it.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Queued | Self::Processing)
    }
}
