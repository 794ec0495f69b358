//! One attempt at a task: the job, its heartbeat, and what becomes of it.

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use platform::postgres::tenant_transaction;
use platform::tasks::{self, Disposition, Lease, SettleError};
use platform::telemetry::spans::{self, Attribute, Span};
use rand::RngExt as _;
use tracing::Instrument as _;

use super::Runner;
use crate::jobs::{self, Ending, JobError, mark_failed, mark_queued};

/// What the person who uploaded it reads when this installation failed, not the file.
const SORRY: &str = "it could not be processed because of a fault on our side; please try again later";
/// The first delay; each failure doubles it.
const SHORTEST_DELAY: Duration = Duration::from_secs(1);
/// No delay is longer than this.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// Works on the task and settles it. Whatever happens, it is settled or its lease runs out.
pub(super) async fn run(runner: &Runner, lease: &Lease, message: &str) {
    let about = [
        Attribute::id("resume_matcher.tenant", lease.tenant.as_uuid()),
        Attribute::id("resume_matcher.task", lease.task.as_uuid()),
        Attribute::number("resume_matcher.task.attempt", lease.attempt),
    ];
    let span = spans::task(lease.kind.as_str(), lease.parent.as_ref(), lease.waited, about);
    let lines = tracing::info_span!("attempt", tenant = %lease.tenant, trace_id = span.trace_id());
    span.carry(work(runner, lease, message, &span).instrument(lines)).await;
    span.end();
}

async fn work(runner: &Runner, lease: &Lease, message: &str, span: &Span) {
    let started = Instant::now();
    runner.metrics.running.inc();
    let worked = std::panic::AssertUnwindSafe(jobs::run(&runner.context, lease)).catch_unwind();
    let outcome = tokio::select! {
        ended = worked => match ended {
            Ok(Ok(ending)) => settle(runner, lease, ending).await,
            Ok(Err(error)) => fail(runner, lease, &error).await,
            Err(_) => fail(runner, lease, &JobError::Installation("the job panicked".to_owned())).await,
        },
        () = keep_lease(runner, lease, message) => {
            tracing::warn!(task = %lease.task, "the lease has passed to another worker");
            Ok("lost")
        }
    };
    runner.metrics.running.dec();
    match outcome {
        Ok(outcome) => {
            span.note(Attribute::word("resume_matcher.task.outcome", outcome));
            if matches!(outcome, "retry" | "dead") {
                span.fail(outcome);
            }
            runner.metrics.count(lease.kind, outcome, started.elapsed());
            tracing::info!(task = %lease.task, kind = %lease.kind, attempt = lease.attempt, outcome,
                took_ms = started.elapsed().as_millis(), "attempt ended");
        }
        Err(error) => {
            span.fail("unsettled");
            runner.metrics.count(lease.kind, "unsettled", started.elapsed());
            tracing::error!(task = %lease.task, %error, "the attempt cannot be settled; its lease will run out");
        }
    }
}

/// Buries a task that has lost its workers too often.
pub(super) async fn bury_exhausted(runner: &Runner, lease: &Lease) {
    let buried = async {
        let mut transaction = tenant_transaction(&runner.context.pool, lease.tenant).await?;
        mark_failed(&mut transaction, lease, SORRY).await?;
        tasks::bury(&mut transaction, lease, "its workers were lost each time").await?;
        transaction.commit().await?;
        Ok::<(), SettleError>(())
    };
    match buried.await {
        Ok(()) => {
            runner.metrics.count(lease.kind, "dead", Duration::ZERO);
            tracing::error!(task = %lease.task, kind = %lease.kind, "the task is dead: its workers were lost each time");
        }
        Err(error) => tracing::error!(task = %lease.task, %error, "a dead task cannot be buried"),
    }
}

/// Renews the lease until it is lost. An error is no loss yet: the lease still runs.
async fn keep_lease(runner: &Runner, lease: &Lease, message: &str) {
    loop {
        tokio::time::sleep(runner.config.lease / 3).await;
        match tasks::extend_lease(&runner.context.pool, lease, runner.config.lease).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, task = %lease.task, "the lease cannot be renewed"),
        }
        if let Err(error) = runner.consumer.touch(message).await {
            tracing::debug!(%error, "the message cannot be touched");
        }
    }
}

async fn settle(runner: &Runner, lease: &Lease, ending: Ending) -> Result<&'static str, SettleError> {
    match ending {
        Ending::Done => Ok("done"),
        Ending::Refused => Ok("refused"),
        Ending::NotYet(delay) => {
            let mut transaction = tenant_transaction(&runner.context.pool, lease.tenant).await?;
            tasks::postpone(&mut transaction, lease, delay).await?;
            transaction.commit().await?;
            Ok("postponed")
        }
    }
}

/// Has the task tried again later, or marks its subject failed when that was the last time.
async fn fail(runner: &Runner, lease: &Lease, error: &JobError) -> Result<&'static str, SettleError> {
    if matches!(error, JobError::LeaseLost) {
        return Ok("lost");
    }
    let told = full_message(error);
    tracing::warn!(task = %lease.task, kind = %lease.kind, error = told, "the attempt failed");
    let mut transaction = tenant_transaction(&runner.context.pool, lease.tenant).await?;
    let disposition =
        tasks::retry_or_bury(&mut transaction, lease, &told, delay_after(lease.failures)).await?;
    match disposition {
        Disposition::Retry => mark_queued(&mut transaction, lease).await?,
        Disposition::Dead => mark_failed(&mut transaction, lease, SORRY).await?,
    }
    transaction.commit().await?;
    if disposition == Disposition::Dead {
        tracing::error!(task = %lease.task, kind = %lease.kind, error = told, "the task is dead");
    }
    Ok(match disposition {
        Disposition::Retry => "retry",
        Disposition::Dead => "dead",
    })
}

/// Doubles with each failure up to a limit; a random part keeps tasks that failed together apart.
fn delay_after(failures: i32) -> Duration {
    let doubled = SHORTEST_DELAY.saturating_mul(1 << failures.clamp(0, 20));
    doubled.min(LONGEST_DELAY).mul_f64(rand::rng().random_range(0.5..1.0))
}

fn full_message(error: &JobError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_a_limit() {
        for failures in 0..40 {
            let delay = delay_after(failures);
            assert!(delay <= LONGEST_DELAY, "{failures}: {delay:?}");
            assert!(delay >= SHORTEST_DELAY / 2, "{failures}: {delay:?}");
        }
        assert!(delay_after(8) > delay_after(0));
    }
}
