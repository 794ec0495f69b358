//! What the process tells of itself: logs, metrics, spans of traces, and reports of errors.
//!
//! [`start`] begins all of it, once, at the start of the process; [`Telemetry::finish`] sends the rest before it ends. Where
//! neither a collector nor Sentry is configured, [`spans`] do nothing.

mod export;
mod metrics;
mod sampling;
mod sentry;
pub mod spans;

use std::io::{stderr, stdout};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{ConfigError, Env, SentryConfig, TelemetryConfig, TracesConfig};
use crate::env_vars::{OTEL_EXPORTER_OTLP_ENDPOINT, SENTRY_DSN};

use export::Exporter;
pub use metrics::Metrics;
use sampling::Shares;
use sentry::Sentry;

/// Longest time for sending the rest when the process ends.
const FINISH_DEADLINE: Duration = Duration::from_secs(5);

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("RM_LOG is not a log filter")]
    ParseFilter(#[from] tracing_subscriber::filter::ParseError),
    /// Another subscriber was installed before.
    #[error("logging was started twice")]
    Install(#[from] tracing_subscriber::util::TryInitError),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client of {OTEL_EXPORTER_OTLP_ENDPOINT} and {SENTRY_DSN} cannot be set up")]
    Client(#[from] reqwest::Error),
    /// The exporter refuses its settings.
    #[error("spans cannot be exported to {OTEL_EXPORTER_OTLP_ENDPOINT}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Where spans and errors go.
#[derive(Debug, Clone, Default)]
pub struct ReportingConfig {
    /// Spans to a collector.
    pub traces: Option<TracesConfig>,
    /// Errors to Sentry.
    pub sentry: Option<SentryConfig>,
}

impl ReportingConfig {
    /// Reads the `OTEL_` and `SENTRY_` variables.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { traces: TracesConfig::from_env(env)?, sentry: SentryConfig::from_env(env)? })
    }
}

/// What has been started and wants an end. The default is nothing but logs.
#[derive(Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    exporter: Option<Exporter>,
    sentry: Option<Sentry>,
}

/// Starts logging for the whole process (JSON lines on standard output, or text where a person looks on), and what
/// `reporting` asks for under the name of `service`. Call it within a tokio runtime: it sends.
///
/// # Errors
/// When a setting makes no client, or when logging was started before.
pub fn start(
    logging: &TelemetryConfig,
    reporting: &ReportingConfig,
    service: &'static str,
) -> Result<Telemetry, TelemetryError> {
    let sentry = reporting.sentry.as_ref().map(|config| Sentry::start(config, service)).transpose()?;
    let exporter = reporting.traces.as_ref().map(Exporter::new).transpose()?;
    let errors = sentry.as_ref().map(|sentry| sentry.layer().with_filter(LevelFilter::ERROR));
    tracing_subscriber::registry().with(lines(logging, stdout)?).with(errors).try_init()?;
    if let Some(sentry) = &sentry {
        sentry.report_panics();
    }
    let provider = provider(reporting, service, exporter.as_ref(), sentry.as_ref())?;
    if let Some(provider) = &provider {
        spans::begin(provider.tracer("resume-matcher"));
    }
    Ok(Telemetry { provider, exporter, sentry })
}

/// Starts logging alone.
///
/// # Errors
/// When the filter is wrong, or when logging was started before.
pub fn start_logging(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    Ok(tracing_subscriber::registry().with(lines(config, stdout)?).try_init()?)
}

/// The same on standard error, for commands whose answer is on standard output.
///
/// # Errors
/// When the filter is wrong, or when logging was started before.
pub fn start_logging_on_stderr(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    Ok(tracing_subscriber::registry().with(lines(config, stderr)?).try_init()?)
}

/// Log lines. The filter is theirs alone: what is not logged may still be reported.
fn lines<W>(
    config: &TelemetryConfig,
    writer: W,
) -> Result<Box<dyn Layer<Registry> + Send + Sync>, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let filter = EnvFilter::try_new(&config.filter)?;
    Ok(if config.json {
        layer.json().flatten_event(true).with_current_span(true).with_filter(filter).boxed()
    } else {
        layer.with_filter(filter).boxed()
    })
}

/// Makes spans and hands them on to whoever wants a share of them.
fn provider(
    reporting: &ReportingConfig,
    service: &'static str,
    exporter: Option<&Exporter>,
    sentry: Option<&Sentry>,
) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    let wanted = |ratio: Option<f64>| ratio.unwrap_or(0.0);
    let shares = Shares::new(
        wanted(reporting.traces.as_ref().map(|config| config.ratio)),
        wanted(reporting.sentry.as_ref().map(|config| config.traces_sample_rate)),
    );
    if exporter.is_none() && sentry.is_none() {
        return Ok(None);
    }
    // The SDK adds what OTEL_RESOURCE_ATTRIBUTES says.
    let named = reporting.traces.as_ref().and_then(|config| config.service_name.clone());
    let resource = Resource::builder()
        .with_service_name(named.unwrap_or_else(|| service.to_owned()))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let mut builder =
        SdkTracerProvider::builder().with_resource(resource.build()).with_sampler(shares.sampler());
    if let Some(exporter) = exporter {
        builder = builder.with_span_processor(exporter.processor(shares.traces())?);
    }
    if let Some(sentry) = sentry {
        builder = builder.with_span_processor(sentry.processor(shares.sentry()));
    }
    Ok(Some(builder.build()))
}

impl Telemetry {
    /// Shows in `metrics` how sending goes.
    pub fn register(&self, metrics: &Metrics) {
        if let Some(exporter) = &self.exporter {
            exporter.register(metrics);
        }
        if let Some(sentry) = &self.sentry {
            sentry.register(metrics);
        }
    }

    /// Sends what is left, for a few seconds at most.
    pub async fn finish(self) {
        let Self { provider, sentry, exporter: _ } = self;
        let sending = async {
            if let Some(provider) = provider {
                let ended =
                    tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FINISH_DEADLINE));
                match ended.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "not all spans were sent"),
                    Err(error) => tracing::debug!(%error, "spans were not sent to the end"),
                }
            }
            if let Some(sentry) = sentry {
                sentry.finish().await;
            }
        };
        if tokio::time::timeout(FINISH_DEADLINE, sending).await.is_err() {
            tracing::debug!("the end did not wait for all spans and reports to be sent");
        }
    }
}
