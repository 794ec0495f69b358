//! Reports to Sentry, or to what speaks its protocol: errors, panics, and how long requests and tasks take.
//!
//! Nothing goes in but what this module puts in: no request, no header, no body, no name, no address. Texts of errors are
//! [scrubbed](scrub) of what they quote.

mod envelope;
mod layer;
mod scrub;
mod sender;
mod transactions;

use std::panic::PanicHookInfo;

use prometheus_client::encoding::EncodeLabelSet;
use tokio::task::JoinHandle;

use super::sampling::Share;
use super::{Metrics, TelemetryError};
use crate::config::SentryConfig;
use envelope::{Level, Report};
use layer::Errors;
use sender::Outbox;
use transactions::Transactions;

/// What is the same in every report of this process.
#[derive(Debug, Clone)]
struct Origin {
    environment: String,
    release: String,
    service: &'static str,
}

/// What became of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fate {
    outcome: &'static str,
}

/// Reports of this process.
pub(super) struct Sentry {
    outbox: Outbox,
    sending: JoinHandle<()>,
}

impl Sentry {
    /// Starts sending, on the present tokio runtime.
    pub(super) fn start(config: &SentryConfig, service: &'static str) -> Result<Self, TelemetryError> {
        let origin =
            Origin { environment: config.environment.clone(), release: config.release.clone(), service };
        let (outbox, sending) = sender::start(&config.dsn, origin)?;
        Ok(Self { outbox, sending })
    }

    pub(super) fn register(&self, metrics: &Metrics) {
        let fates = self.outbox.fates.clone();
        metrics.register(|registry| {
            registry.register("sentry_envelopes", "Reports to Sentry, by what became of them", fates);
        });
    }

    /// Reports what is logged as an error.
    pub(super) fn layer(&self) -> Errors {
        Errors(self.outbox.clone())
    }

    /// Reports the times of a share of the traces.
    pub(super) fn processor(&self, share: Share) -> Transactions {
        Transactions::new(self.outbox.clone(), share)
    }

    /// Reports panics. What wrote them to standard error until now goes on doing so, before.
    pub(super) fn report_panics(&self) {
        let outbox = self.outbox.clone();
        let present = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            present(panic);
            outbox.put(&panic_report(panic));
        }));
    }

    /// Sends what is left.
    pub(super) async fn finish(self) {
        self.outbox.close();
        if let Err(error) = self.sending.await {
            tracing::debug!(%error, "reports were not sent to the end");
        }
    }
}

fn panic_report(panic: &PanicHookInfo<'_>) -> Report {
    let message = panic.payload_as_str().unwrap_or("panic without a message");
    let place = panic.location().map(|location| format!("{}:{}", location.file(), location.line()));
    Report {
        level: Level::Fatal,
        kind: "panic".to_owned(),
        message: scrub::scrub(message),
        place: place.unwrap_or_default(),
        fields: Vec::new(),
    }
}
