//! Looks for scheduled work again and again; Postgres sees to it that each is done once.

use std::time::Duration;

use platform::schedule::run_due;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::metrics::WorkerMetrics;

/// How often to look. Chores are due in hours, so this is soon enough and costs next to nothing.
const PERIOD: Duration = Duration::from_secs(30);

/// Does what is due until `stop`.
pub(crate) async fn run(pool: PgPool, metrics: WorkerMetrics, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match run_due(&pool).await {
            Ok(done) => {
                for one in done {
                    metrics.count_chore(one.chore);
                    tracing::info!(chore = one.chore.as_str(), removed = one.removed, "scheduled work done");
                }
            }
            Err(error) => tracing::warn!(%error, "scheduled work waits"),
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}
