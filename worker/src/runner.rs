//! The loop: take notices, claim their tasks, work, settle; stop when told to and hand back what is not done.

mod attempt;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform::config::WorkerConfig;
use platform::names::TaskId;
use platform::postgres::tenant_transaction;
use platform::queue::{Consumer, Delivery, Queue, QueueError};
use platform::tasks::{self, Claim, Lease, Notice, Preference};
use rand::RngExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::jobs::{Context, mark_queued};
use crate::metrics::WorkerMetrics;

/// How long one read of the queue waits for a message.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(1);
/// How long after its last sign of life a worker's name is removed from the queue.
const FORGET_AFTER: Duration = Duration::from_secs(3600);
/// Of so many choices, one prefers batches: they go on, slowly, however much people ask for.
const BATCH_FIRST_ONCE_IN: u32 = 8;
/// How long to leave Redis or Postgres alone after an error.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// Takes work from the queue and does it. Clones share everything.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) context: Context,
    pub(crate) queue: Queue,
    pub(crate) consumer: Consumer,
    pub(crate) metrics: WorkerMetrics,
    pub(crate) config: WorkerConfig,
    /// This process's name among the workers.
    pub(crate) name: String,
    /// What this process has claimed and not settled.
    pub(crate) held: Arc<Mutex<HashMap<TaskId, Lease>>>,
}

impl Runner {
    /// Works until `stop`, then finishes or hands back what is in hand.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let places = Arc::new(Semaphore::new(self.config.concurrency.get()));
        // Names of workers that were killed would pile up. Not urgent: without Redis, the next worker does it.
        if let Err(error) = self.queue.forget_consumers(FORGET_AFTER).await {
            tracing::debug!(%error, "old consumers cannot be looked for");
        }
        let mut attempts = JoinSet::new();
        while !stop.is_cancelled() {
            while attempts.try_join_next().is_some() {}
            let Some(place) = self.free_place(&places, stop).await else { break };
            // A read is never broken off: messages that were on their way would be nobody's. It does not last long.
            let deliveries = self.next(&places).await;
            if stop.is_cancelled() {
                break;
            }
            self.begin(deliveries, place, &places, &mut attempts);
        }
        self.wind_up(attempts).await;
    }

    async fn free_place(
        &self,
        places: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            place = Arc::clone(places).acquire_owned() => place.ok(),
            () = stop.cancelled() => None,
        }
    }

    /// The next messages: first those of dead workers, then new ones; at most as many as there are free places.
    async fn next(&self, places: &Semaphore) -> Vec<Delivery> {
        let most = places.available_permits() + 1;
        match self.take(most).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                if matches!(error, QueueError::GroupLost) {
                    tracing::warn!("Redis has lost the queue; making it again");
                    if let Err(error) = self.queue.ensure_group().await {
                        tracing::warn!(%error, "the queue cannot be made again yet");
                    }
                } else {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), "the queue cannot be read");
                }
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                Vec::new()
            }
        }
    }

    async fn take(&self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        // Living workers touch their messages three times in a lease.
        let orphans = self.consumer.take_over(self.config.lease, most).await?;
        if orphans.is_empty() { self.consumer.read(most).await } else { Ok(orphans) }
    }

    /// Starts an attempt for each message. Each has a place of its own, so there are never more than allowed.
    fn begin(
        &self,
        deliveries: Vec<Delivery>,
        first: OwnedSemaphorePermit,
        places: &Arc<Semaphore>,
        attempts: &mut JoinSet<()>,
    ) {
        let mut spare = Some(first);
        for delivery in deliveries {
            let place = spare.take().or_else(|| Arc::clone(places).try_acquire_owned().ok());
            let runner = self.clone();
            attempts.spawn(async move {
                let _place = place;
                runner.handle(delivery).await;
            });
        }
    }

    /// Claims the message's task and works on it.
    async fn handle(&self, delivery: Delivery) {
        let Some(notice) = delivery.notice else {
            tracing::error!(
                message = delivery.id,
                "a message of the queue cannot be understood; dropping it"
            );
            self.acknowledge(&delivery.id).await;
            return;
        };
        match self.claim_next(notice).await {
            Ok(Claim::Leased(lease)) => {
                self.hold(&lease);
                attempt::run(self, &lease, &delivery.id).await;
                self.let_go(&lease);
                self.acknowledge(&delivery.id).await;
            }
            Ok(Claim::Exhausted(lease)) => {
                attempt::bury_exhausted(self, &lease).await;
                self.acknowledge(&delivery.id).await;
            }
            Ok(Claim::NotAvailable | Claim::OtherVersion) => self.acknowledge(&delivery.id).await,
            // The message stays with this consumer and is taken over once it is idle.
            Err(error) => {
                tracing::warn!(%error, task = %notice.task, "the task cannot be claimed");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }

    /// Claims the task that is next in fairness. A message only says that there is work; the task that it names comes
    /// last, for the case that it waits unseen by the choice.
    async fn claim_next(&self, named: Notice) -> Result<Claim, sqlx::Error> {
        let preference = if rand::rng().random_range(0..BATCH_FIRST_ONCE_IN) == 0 {
            Preference::Batch
        } else {
            Preference::Interactive
        };
        let mut candidates = tasks::pick(&self.context.pool, preference).await?;
        candidates.push(named);
        for notice in candidates {
            match tasks::claim(&self.context.pool, notice, &self.name, self.config.lease).await? {
                Claim::NotAvailable | Claim::OtherVersion => {}
                claimed => return Ok(claimed),
            }
        }
        Ok(Claim::NotAvailable)
    }

    async fn acknowledge(&self, message: &str) {
        // A message that stays finds its task settled when it comes again.
        if let Err(error) = self.consumer.acknowledge(message).await {
            tracing::warn!(%error, "a message cannot be acknowledged");
        }
    }

    fn hold(&self, lease: &Lease) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(lease.task, lease.clone());
    }

    fn let_go(&self, lease: &Lease) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&lease.task);
    }

    /// Gives what is in hand the time of grace, then hands it back.
    async fn wind_up(&self, mut attempts: JoinSet<()>) {
        tracing::info!(in_hand = attempts.len(), grace = ?self.config.grace, "no new work is taken");
        let all_done = async { while attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(self.config.grace, all_done).await.is_ok() {
            tracing::info!("all work in hand is done");
        }
        attempts.shutdown().await;
        let left: Vec<Lease> =
            self.held.lock().unwrap_or_else(PoisonError::into_inner).drain().map(|(_, l)| l).collect();
        for lease in left {
            match self.hand_back(&lease).await {
                Ok(()) => tracing::info!(task = %lease.task, "handed back"),
                // Its lease runs out and another worker takes it.
                Err(error) => tracing::warn!(%error, task = %lease.task, "cannot be handed back"),
            }
        }
        match self.consumer.leave().await {
            Ok(given_back) => tracing::info!(given_back, "left the queue"),
            Err(error) => tracing::warn!(%error, "the queue's group keeps this worker's name"),
        }
    }

    async fn hand_back(&self, lease: &Lease) -> Result<(), tasks::SettleError> {
        let mut transaction = tenant_transaction(&self.context.pool, lease.tenant).await?;
        mark_queued(&mut transaction, lease).await?;
        tasks::hand_back(&mut transaction, lease).await?;
        transaction.commit().await?;
        Ok(())
    }
}
