//! Posts envelopes, one after the other, and keeps to what Sentry asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use reqwest::{Client, StatusCode, header};
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::TelemetryError;
use super::super::export::Failures;
use super::super::spans::Span;
use super::envelope::{self, CLIENT, Report, Timing};
use super::{Fate, Origin};
use crate::config::Dsn;

/// Envelopes that wait; more are dropped.
const QUEUE: usize = 128;
/// Errors that are reported in a minute; more are dropped, and counted.
const ERRORS_A_MINUTE: u64 = 60;
/// Longest time for one envelope.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long to leave Sentry alone that asks for a pause without saying how long (its documentation, "Rate Limiting").
const PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Takes envelopes. Clones share one queue.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Option<Vec<u8>>>,
    origin: Arc<Origin>,
    pub(super) fates: Family<Fate, Counter>,
    /// The present minute since 1970 in the upper bits, the errors of it in the lower 16.
    minute: Arc<AtomicU64>,
}

/// Starts the task that sends, which ends when the outbox is closed.
pub(super) fn start(dsn: &Dsn, origin: Origin) -> Result<(Outbox, JoinHandle<()>), TelemetryError> {
    let client = Client::builder()
        .timeout(DEADLINE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(CLIENT)
        .build()?;
    let (queue, waiting) = mpsc::channel(QUEUE);
    let fates = Family::<Fate, Counter>::default();
    let outbox = Outbox { queue, origin: Arc::new(origin), fates: fates.clone(), minute: Arc::default() };
    let post = Post { client, dsn: dsn.clone(), fates, failures: Failures::default() };
    Ok((outbox, tokio::spawn(post.run(waiting))))
}

impl Outbox {
    /// Reports an error of this moment, unless there were very many in this minute. Never waits.
    pub(super) fn put(&self, report: &Report) {
        if self.is_flooded() {
            return self.count("dropped");
        }
        let trace = Span::current().place();
        self.hand_over(envelope::of_report(report, &self.origin, trace));
    }

    /// Reports how long something took. Never waits.
    pub(super) fn put_times(&self, root: &Timing, parts: &[Timing]) {
        self.hand_over(envelope::of_transaction(root, parts, &self.origin));
    }

    /// Nothing is sent after what is in the queue.
    pub(super) fn close(&self) {
        // A queue that is full is not closed; then the deadline ends the sending.
        drop(self.queue.try_send(None));
    }

    fn hand_over(&self, envelope: Vec<u8>) {
        if self.queue.try_send(Some(envelope)).is_err() {
            self.count("dropped");
        }
    }

    fn is_flooded(&self) -> bool {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let minute = now.map_or(0, |since| since.as_secs() / 60);
        let counted = self.minute.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seen| {
            let errors = if seen >> 16 == minute { seen & 0xffff } else { 0 };
            (errors < ERRORS_A_MINUTE).then_some((minute << 16) | (errors + 1))
        });
        counted.is_err()
    }

    fn count(&self, outcome: &'static str) {
        self.fates.get_or_create(&Fate { outcome }).inc();
    }
}

/// The task that sends.
struct Post {
    client: Client,
    dsn: Dsn,
    fates: Family<Fate, Counter>,
    failures: Failures,
}

impl Post {
    async fn run(self, mut waiting: mpsc::Receiver<Option<Vec<u8>>>) {
        let mut silent_until = Instant::now();
        while let Some(Some(envelope)) = waiting.recv().await {
            let outcome = if Instant::now() < silent_until {
                "rate_limited"
            } else {
                match self.post(envelope).await {
                    Ok(None) => "sent",
                    Ok(Some(pause)) => {
                        silent_until = Instant::now() + pause;
                        "rate_limited"
                    }
                    Err(error) => {
                        self.tell(&error);
                        "failed"
                    }
                }
            };
            self.fates.get_or_create(&Fate { outcome }).inc();
        }
    }

    /// Posts one; the pause that Sentry asks for, if it does.
    async fn post(&self, envelope: Vec<u8>) -> Result<Option<Duration>, String> {
        let key = self.dsn.key.expose_secret();
        let auth = format!("Sentry sentry_version=7, sentry_client={CLIENT}, sentry_key={key}");
        let answer = self
            .client
            .post(self.dsn.endpoint.clone())
            .header("x-sentry-auth", auth)
            .header(header::CONTENT_TYPE, "application/x-sentry-envelope")
            .body(envelope)
            .send()
            .await
            .map_err(|error| super::super::export::with_sources(&error.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(None),
            StatusCode::TOO_MANY_REQUESTS => {
                let asked = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let seconds = asked.and_then(|text| text.trim().parse().ok());
                Ok(Some(seconds.map_or(PAUSE, Duration::from_secs).min(LONGEST_PAUSE)))
            }
            status => Err(format!("Sentry answers {status}")),
        }
    }

    /// As a warning: an error would be reported to whom it is about.
    fn tell(&self, error: &str) {
        if self.failures.may_log() {
            tracing::warn!(error, "an error cannot be reported");
        }
    }
}
