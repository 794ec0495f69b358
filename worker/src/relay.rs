//! Keeps the relay going: at each notification of Postgres, and at least once a second.

use std::time::Duration;

use platform::queue::Queue;
use platform::relay::{RelayError, announce_again, announce_due, waiting};
use platform::tasks::{OUTBOX_CHANNEL, dead};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::WorkerMetrics;

/// The longest time between two looks at the outbox; retries become due without a notification.
const PERIOD: Duration = Duration::from_secs(1);
/// How long to leave a dependency alone that is away.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Announces due tasks until `stop`.
pub(crate) async fn run(pool: PgPool, queue: Queue, metrics: WorkerMetrics, stop: CancellationToken) {
    let mut listener = None;
    while !stop.is_cancelled() {
        match turn(&pool, &queue, &metrics, &mut listener).await {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, source = ?std::error::Error::source(&error), "the relay waits");
                listener = None;
                tokio::select! {
                    () = tokio::time::sleep(PAUSE_AFTER_ERROR) => continue,
                    () = stop.cancelled() => return,
                }
            }
        }
        tokio::select! {
            () = notified(&mut listener) => {}
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn turn(
    pool: &PgPool,
    queue: &Queue,
    metrics: &WorkerMetrics,
    listener: &mut Option<PgListener>,
) -> Result<(), RelayError> {
    if listener.is_none() {
        // Listening begins before looking: what is enqueued in between is noticed.
        let mut fresh = PgListener::connect_with(pool).await?;
        fresh.listen(OUTBOX_CHANNEL).await?;
        *listener = Some(fresh);
    }
    restore_lost_notices(pool, queue).await?;
    let announced = announce_due(pool, queue).await?;
    metrics.announced.inc_by(announced as u64);
    metrics.backlog.set(i64::try_from(queue.backlog().await?).unwrap_or(i64::MAX));
    let waiting = waiting(pool).await?;
    metrics.unfinished.set(waiting.tasks);
    metrics.oldest_seconds.set(waiting.oldest_seconds);
    metrics.dead_letters.set(dead::count(pool).await?);
    Ok(())
}

/// Redis has lost the notices when the group is gone, or when nothing is in the stream while tasks wait in the outbox.
async fn restore_lost_notices(pool: &PgPool, queue: &Queue) -> Result<(), RelayError> {
    let group_was_gone = queue.ensure_group().await?;
    if group_was_gone || queue.backlog().await? == 0 {
        let again = announce_again(pool).await?;
        if again > 0 {
            tracing::warn!(again, group_was_gone, "the queue has lost notices; announcing again");
        }
    }
    Ok(())
}

async fn notified(listener: &mut Option<PgListener>) {
    let heard = match listener {
        Some(listener) => listener.try_recv().await,
        None => Ok(None),
    };
    // A lost connection answers at once and forever: begin a new one, after the usual period.
    if !matches!(heard, Ok(Some(_))) {
        *listener = None;
        tokio::time::sleep(PERIOD).await;
    }
}
