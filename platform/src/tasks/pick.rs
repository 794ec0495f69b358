//! Choosing what to work on next, over all tenants: by priority, and fair between tenants.
//!
//! A message of the queue says that there is work; which work is decided here, at the last moment, in Postgres. So a task
//! that a person waits for passes ten thousand of a batch that were announced before it, and a tenant with many tasks
//! does not keep out one with few.

use sqlx::PgPool;

use super::Notice;
use crate::names::{TaskId, TenantId};
use crate::postgres::dispatcher_transaction;

/// What shall come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// What a person waits for. The rule.
    Interactive,
    /// What was asked for in a batch. Now and then, so that a batch is never kept out for good.
    Batch,
}

/// A lane is what one tenant has of one priority. Its heads are found by skipping through the index from lane to lane, so
/// the cost grows with the lanes and not with the backlog. Within a priority, the tenant with the fewest tasks in work
/// comes first, then whoever waits longest.
const PICK: &str = "
WITH RECURSIVE lanes AS (
    (SELECT priority, tenant_id FROM outbox WHERE announced_at IS NOT NULL AND NOT leased
     ORDER BY priority, tenant_id LIMIT 1)
    UNION ALL
    SELECT next.priority, next.tenant_id FROM lanes, LATERAL (
        SELECT priority, tenant_id FROM outbox WHERE announced_at IS NOT NULL AND NOT leased
          AND (priority, tenant_id) > (lanes.priority, lanes.tenant_id)
        ORDER BY priority, tenant_id LIMIT 1) AS next
), busy AS (
    SELECT tenant_id, count(*) AS tasks FROM outbox WHERE leased GROUP BY tenant_id
)
SELECT head.task_id, lanes.tenant_id FROM lanes LEFT JOIN busy USING (tenant_id), LATERAL (
    SELECT task_id, created_at, row_number() OVER (ORDER BY created_at, task_id) AS place FROM (
        SELECT task_id, created_at FROM outbox WHERE announced_at IS NOT NULL AND NOT leased
          AND priority = lanes.priority AND tenant_id = lanes.tenant_id
        ORDER BY created_at, task_id LIMIT 4) AS oldest) AS head
ORDER BY lanes.priority * $1, coalesce(busy.tasks, 0) + head.place, head.created_at, head.task_id
LIMIT 4";

/// The tasks to try next, best first. Others may choose the same at this moment: [`claim`](fn@super::claim) decides.
///
/// # Errors
/// When a query fails.
pub async fn pick(pool: &PgPool, preference: Preference) -> Result<Vec<Notice>, sqlx::Error> {
    let direction: i32 = match preference {
        Preference::Interactive => 1,
        Preference::Batch => -1,
    };
    let mut transaction = dispatcher_transaction(pool).await?;
    let rows: Vec<(TaskId, TenantId)> =
        sqlx::query_as(PICK).bind(direction).fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(rows.into_iter().map(|(task, tenant)| Notice { task, tenant }).collect())
}
