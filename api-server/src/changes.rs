//! Notice of changes: one connection listens to Postgres and tells every stream of this process which tenant has news.

use std::{sync::Arc, time::Duration};

use platform::names::TenantId;
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The channel on which the triggers of resumes, jobs and matches speak.
const CHANNEL: &str = "rm_changes";
/// Notices that a slow stream may be behind; one that is further behind looks anyway.
const BUFFER: usize = 1024;
/// How long to leave Postgres alone after the connection was lost.
const PAUSE: Duration = Duration::from_secs(1);

/// Where streams hear of changes. Clones share it.
#[derive(Clone, Debug)]
pub struct Changes(Arc<broadcast::Sender<TenantId>>);

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(broadcast::channel(BUFFER).0))
    }
}

impl Changes {
    /// A receiver of the tenants that have news.
    pub fn subscribe(&self) -> broadcast::Receiver<TenantId> {
        self.0.subscribe()
    }

    /// Listens until `stop`. A lost connection is made again; streams also look by themselves, so nothing is missed.
    pub async fn listen(self, pool: PgPool, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let heard = tokio::select! {
                heard = self.pass_on(&pool) => heard,
                () = stop.cancelled() => return,
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "changes are not heard; listening again");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn pass_on(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let notice = listener.recv().await?;
            if let Ok(tenant) = notice.payload().parse() {
                // Nobody may be watching.
                let _watching = self.0.send(tenant);
            }
        }
    }
}
