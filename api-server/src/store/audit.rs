//! The audit log: who did what. Triggers write it; the application may only read it.

use platform::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Tx;

/// Something that was done.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct AuditEvent {
    /// Its number; later events have higher ones.
    pub id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `account:ID` or `api-key:ID`; null when the service did it by itself.
    #[schema(example = "account:0192f0c1-2345-7abc-8def-0123456789ab")]
    pub actor: Option<String>,
    /// `added`, `changed` or `removed`.
    #[schema(example = "removed")]
    pub act: String,
    /// Of what kind it is: `resumes`, `resume_versions`, `jobs`, `matches`, `applications`, `batches`,
    /// `memberships`, `api_keys`, `invitations`, `subscriptions`.
    #[schema(example = "resumes")]
    pub kind: String,
    /// Its id; of a membership the account, of a version the resume.
    pub subject_id: Uuid,
    /// The `X-Request-Id` of the request.
    pub request_id: Option<String>,
}

/// Up to `limit` events of the tenant, newest first, of those before the number `before`.
pub async fn list(tx: &mut Tx, before: Option<i64>, limit: i64) -> Result<Vec<AuditEvent>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, at, actor, act, kind, subject_id, request_id FROM audit_events
         WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await
}
