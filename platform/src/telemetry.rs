//! Logs to standard output and the registry of metrics.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::TelemetryConfig;

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("RM_LOG is not a log filter")]
    ParseFilter(#[from] tracing_subscriber::filter::ParseError),
    /// Another subscriber was installed before.
    #[error("logging was started twice")]
    Install(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process: JSON lines on standard output, or text where a person looks on.
///
/// # Errors
/// When the filter is wrong, or when logging was started before.
pub fn start_logging(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(&config.filter)?);
    if config.json {
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true);
        registry.with(layer).try_init()?;
    } else {
        registry.with(tracing_subscriber::fmt::layer()).try_init()?;
    }
    Ok(())
}

/// The same on standard error, for commands whose answer is on standard output.
///
/// # Errors
/// When the filter is wrong, or when logging was started before.
pub fn start_logging_on_stderr(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(&config.filter)?);
    if config.json {
        registry.with(layer.json().flatten_event(true).with_current_span(true)).try_init()?;
    } else {
        registry.with(layer).try_init()?;
    }
    Ok(())
}

/// The metrics of this process. Clones share one registry.
#[derive(Clone, Default)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
}

impl Metrics {
    /// A registry without metrics.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `register` add metrics: `metrics.register(|registry| registry.register("name", "help", metric.clone()))`.
    ///
    /// Counters get the suffix `_total` by themselves.
    pub fn register<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All metrics in the OpenMetrics text format; its media type is [`Metrics::MEDIA_TYPE`].
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }

    /// The media type of [`Metrics::encode`]'s text.
    pub const MEDIA_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[test]
    fn a_counter_is_written_with_its_suffix() {
        let metrics = Metrics::new();
        let counter = Counter::<u64>::default();
        metrics.register(|registry| registry.register("things", "Things seen", counter.clone()));
        counter.inc_by(3);
        assert!(metrics.encode().unwrap().contains("things_total 3"));
    }
}
