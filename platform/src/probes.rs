//! The second port: `/metrics`, `/livez` and `/readyz`, the same for the API server and the worker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

/// What must hold before this process is ready. Clones share one state.
///
/// Only what this process itself does belongs here (a model loaded, a port bound): were a dependency to count, its
/// outage would take every replica out of service at once.
#[derive(Clone, Default)]
pub struct Readiness {
    waiting_for: Arc<Mutex<BTreeMap<&'static str, bool>>>,
}

impl Readiness {
    /// Ready once each of `conditions` was [met](Readiness::met).
    pub fn new(conditions: &[&'static str]) -> Self {
        let waiting_for = conditions.iter().map(|name| (*name, false)).collect();
        Self { waiting_for: Arc::new(Mutex::new(waiting_for)) }
    }

    /// Says that `condition` holds from now on.
    pub fn met(&self, condition: &'static str) {
        self.set(condition, true);
    }

    /// Says that `condition` no longer holds, such as `"accepting work"` during shutdown.
    pub fn lost(&self, condition: &'static str) {
        self.set(condition, false);
    }

    /// The conditions that do not hold.
    pub fn missing(&self) -> Vec<&'static str> {
        let waiting_for = self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner);
        waiting_for.iter().filter(|(_, met)| !**met).map(|(name, _)| *name).collect()
    }

    fn set(&self, condition: &'static str, holds: bool) {
        self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner).insert(condition, holds);
    }
}

/// What the probes answer from.
#[derive(Clone)]
pub struct Probes {
    /// Shown at `/metrics`.
    pub metrics: Metrics,
    /// Decides `/readyz`.
    pub readiness: Readiness,
}

/// The routes of the second port. The API server also mounts them on its first.
pub fn router(probes: Probes) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(show_readiness))
        .with_state(probes)
}

/// Serves the probes until `stop` is cancelled.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, probes: Probes, stop: CancellationToken) -> std::io::Result<()> {
    serve_with(listener, probes, Router::new(), stop).await
}

/// Serves the probes and `more` routes, which are on the second port alone, until `stop` is cancelled.
///
/// # Errors
/// When the listener fails.
pub async fn serve_with(
    listener: TcpListener,
    probes: Probes,
    more: Router,
    stop: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router(probes).merge(more)).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn show_metrics(State(probes): State<Probes>) -> Response {
    match probes.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, Metrics::MEDIA_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn show_readiness(State(probes): State<Probes>) -> Response {
    let missing = probes.readiness.missing();
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", missing.join(", "))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_waits_for_every_condition() {
        let readiness = Readiness::new(&["model", "port"]);
        readiness.met("port");
        assert_eq!(readiness.missing(), ["model"]);
        readiness.met("model");
        assert!(readiness.missing().is_empty());
        readiness.lost("port");
        assert_eq!(readiness.missing(), ["port"]);
    }
}
