//! Adding tasks, and waking those that wait.

use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{OUTBOX_CHANNEL, TaskKind};
use crate::names::{TaskId, TenantId};
use crate::telemetry::spans::{Parent, Work, within};

/// How soon a task is to be done, next to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// A person waits for it.
    Interactive,
    /// One of many that were asked for at once.
    Batch,
}

impl Priority {
    fn as_i16(self) -> i16 {
        match self {
            Self::Interactive => 0,
            Self::Batch => 1,
        }
    }
}

/// Adds a task for which a person waits; see [`enqueue_with`].
///
/// # Errors
/// When a query fails; the transaction is then of no more use.
pub async fn enqueue(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    kind: TaskKind,
    subject: Uuid,
) -> Result<TaskId, sqlx::Error> {
    enqueue_with(transaction, tenant, kind, subject, Priority::Interactive).await
}

/// Adds a task to the outbox within `transaction`, which must be one of `tenant`: the task exists exactly when the
/// caller's rows do. The relay announces it to the workers after the commit.
///
/// # Errors
/// When a query fails; the transaction is then of no more use.
pub async fn enqueue_with(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    kind: TaskKind,
    subject: Uuid,
    priority: Priority,
) -> Result<TaskId, sqlx::Error> {
    let task = TaskId::new();
    insert(transaction, tenant, kind, &[(task, subject)], priority).await?;
    Ok(task)
}

/// Adds a task for each of `subjects`, as [`enqueue_with`] does for one, in two statements.
///
/// # Errors
/// When a query fails; the transaction is then of no more use.
pub async fn enqueue_many(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    kind: TaskKind,
    subjects: &[Uuid],
    priority: Priority,
) -> Result<(), sqlx::Error> {
    let tasks: Vec<(TaskId, Uuid)> = subjects.iter().map(|subject| (TaskId::new(), *subject)).collect();
    insert(transaction, tenant, kind, &tasks, priority).await
}

/// Adds tasks with their subjects, as parts of the trace that is going on.
async fn insert(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    kind: TaskKind,
    tasks: &[(TaskId, Uuid)],
    priority: Priority,
) -> Result<(), sqlx::Error> {
    let (ids, subjects): (Vec<Uuid>, Vec<Uuid>) =
        tasks.iter().map(|(task, subject)| (task.as_uuid(), *subject)).unzip();
    let inserted = async {
        let (trace_parent, trace_state) =
            Parent::current().map(|parent| (parent.traceparent, parent.tracestate)).unzip();
        sqlx::query(
            "INSERT INTO tasks (id, tenant_id, kind, subject_id, priority, max_failures, trace_parent, trace_state)
             SELECT id, $1, $2, subject_id, $3, $6, $7, $8 FROM unnest($4::uuid[], $5::uuid[]) AS t (id, subject_id)",
        )
        .bind(tenant)
        .bind(kind.as_str())
        .bind(priority.as_i16())
        .bind(&ids)
        .bind(&subjects)
        .bind(kind.max_failures())
        .bind(trace_parent)
        .bind(trace_state.flatten())
        .execute(&mut **transaction)
        .await?;
        sqlx::query(
            "INSERT INTO outbox (task_id, tenant_id, kind, priority) SELECT id, $1, $2, $3 FROM unnest($4::uuid[]) AS t (id)",
        )
        .bind(tenant)
        .bind(kind.as_str())
        .bind(priority.as_i16())
        .bind(&ids)
        .execute(&mut **transaction)
        .await?;
        notify(transaction).await
    };
    within(kind.enqueueing(), Work::Enqueue, inserted).await
}

/// Makes the waiting tasks with one of these `subjects` due now. Returns how many there were.
///
/// # Errors
/// When a query fails.
pub async fn wake(
    transaction: &mut Transaction<'static, Postgres>,
    subjects: &[Uuid],
) -> Result<u64, sqlx::Error> {
    let woken = sqlx::query(
        "WITH woken AS (
            UPDATE tasks SET not_before = now() WHERE subject_id = ANY($1) AND state = 'queued' RETURNING id)
         UPDATE outbox SET available_at = now() FROM woken WHERE outbox.task_id = woken.id",
    )
    .bind(subjects)
    .execute(&mut **transaction)
    .await?
    .rows_affected();
    if woken > 0 {
        notify(transaction).await?;
    }
    Ok(woken)
}

/// Tells the relay, once the transaction commits, to look at once.
pub(super) async fn notify(transaction: &mut Transaction<'static, Postgres>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, '')").bind(OUTBOX_CHANNEL).execute(&mut **transaction).await?;
    Ok(())
}
