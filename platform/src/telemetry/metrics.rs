//! The registry of metrics.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

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
