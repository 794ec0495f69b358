//! What has changed of a tenant: the events of the stream.

use platform::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Status, Tx};

/// Most events of one look.
pub const MOST: usize = 500;

/// A resume, job or match that was added or has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Change {
    /// `resume`, `job` or `match`; also the name of the event.
    #[schema(example = "match")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// How far the worker is with it now.
    pub status: Status,
    /// When it changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// What has changed after the change of `id` at `at`, oldest first; [`MOST`] at a time.
pub async fn after(tx: &mut Tx, at: Timestamp, id: Uuid) -> Result<Vec<Change>, sqlx::Error> {
    sqlx::query_as(
        "SELECT kind, id, status, updated_at FROM (
            SELECT 'resume' AS kind, id, status, updated_at FROM resumes WHERE updated_at >= $1
            UNION ALL SELECT 'job', id, status, updated_at FROM jobs WHERE updated_at >= $1
            UNION ALL SELECT 'match', id, status, updated_at FROM matches WHERE updated_at >= $1) AS changes
         WHERE (updated_at, id) > ($1, $2) ORDER BY updated_at, id LIMIT $3",
    )
    .bind(at)
    .bind(id)
    .bind(i64::try_from(MOST).unwrap_or(i64::MAX))
    .fetch_all(&mut **tx)
    .await
}
