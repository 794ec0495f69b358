//! Export of spans to a collector by OTLP over HTTP, with the HTTP client and the TLS that the program has anyway.
//!
//! A collector that is away costs spans and nothing else: they are queued up to a limit and sent from a thread of their
//! own; failures are counted, and logged once a minute at most.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::Context;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor};
use prometheus_client::metrics::counter::Counter;
use secrecy::ExposeSecret as _;
use tokio::runtime::Handle;

use super::sampling::Share;
use super::{Metrics, TelemetryError};
use crate::config::TracesConfig;

/// Between two log lines about a collector that is away.
const LOG_PAUSE: Duration = Duration::from_secs(60);

/// Sends spans.
pub(super) struct Exporter {
    config: TracesConfig,
    sender: Sender,
}

impl Exporter {
    pub(super) fn new(config: &TracesConfig) -> Result<Self, TelemetryError> {
        let client = reqwest::Client::builder()
            .timeout(config.timeout)
            // The headers are for this host alone.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("resume-matcher/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let sender =
            Sender { client, runtime: Handle::current(), sent: Counter::default(), failures: Arc::default() };
        Ok(Self { config: config.clone(), sender })
    }

    pub(super) fn register(&self, metrics: &Metrics) {
        let (sent, failed) = (self.sender.sent.clone(), self.sender.failures.counted.clone());
        metrics.register(|registry| {
            registry.register("trace_exports", "Batches of spans that the collector took", sent);
            registry.register(
                "trace_export_failures",
                "Batches of spans that the collector did not take",
                failed,
            );
        });
    }

    /// Queues the spans of a share of the traces and sends them in batches.
    pub(super) fn processor(&self, share: Share) -> Result<SharedBatches, TelemetryError> {
        let headers: HashMap<String, String> = self
            .config
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()))
            .collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(self.sender.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.config.endpoint.as_str())
            .with_timeout(self.config.timeout)
            .with_headers(headers)
            .build()?;
        // Its queue and pauses are set by OTEL_BSP_*, which the SDK reads.
        Ok(SharedBatches { batches: BatchSpanProcessor::builder(exporter).build(), share })
    }
}

/// The batches of a share of the traces.
#[derive(Debug)]
pub(super) struct SharedBatches {
    batches: BatchSpanProcessor,
    share: Share,
}

impl SpanProcessor for SharedBatches {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.share.has(span.span_context.trace_id()) {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Posts batches on the runtime of the program, for the SDK's own thread has none.
#[derive(Debug, Clone)]
struct Sender {
    client: reqwest::Client,
    runtime: Handle,
    sent: Counter,
    failures: Arc<Failures>,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let posted = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            Ok::<_, reqwest::Error>((status, body))
        });
        let answer = match posted.await {
            Ok(Ok((status, body))) if status.is_success() => {
                self.sent.inc();
                let mut response = http::Response::new(body);
                *response.status_mut() = status;
                return Ok(response);
            }
            Ok(Ok((status, _))) => format!("the collector answers {status}"),
            // The URL may have a secret in it.
            Ok(Err(error)) => with_sources(&error.without_url()),
            Err(error) => error.to_string(),
        };
        self.failures.note(&answer);
        Err(answer.into())
    }
}

/// An error with what caused it, on one line.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

/// Counts failures, and tells of them now and then.
#[derive(Debug)]
pub(super) struct Failures {
    pub(super) counted: Counter,
    began: Instant,
    /// Seconds after `began` when the next line may be logged.
    quiet_until: AtomicU64,
}

impl Default for Failures {
    fn default() -> Self {
        Self { counted: Counter::default(), began: Instant::now(), quiet_until: AtomicU64::new(0) }
    }
}

impl Failures {
    fn note(&self, error: &str) {
        let failures = self.counted.inc() + 1;
        if self.may_log() {
            tracing::warn!(failures, error, "spans cannot be exported");
        }
    }

    /// Whether a line may be logged now; then not again for a while.
    pub(super) fn may_log(&self) -> bool {
        let now = self.began.elapsed().as_secs();
        let until = self.quiet_until.load(Ordering::Relaxed);
        let next = now + LOG_PAUSE.as_secs();
        now >= until
            && self.quiet_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_all_counted_and_seldom_logged() {
        let failures = Failures::default();
        assert!(failures.may_log());
        assert!(!failures.may_log());
        for _ in 0..5 {
            failures.note("away");
        }
        assert_eq!(failures.counted.get(), 5);
    }
}
