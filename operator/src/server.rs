//! Two small HTTP servers: probes on one port, metrics on another.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::telemetry::Metrics;

/// A server could not be started.
#[derive(Debug, Error)]
#[error("cannot listen on {address} for {purpose}; is another process there?")]
pub struct ListenError {
    address: SocketAddr,
    purpose: &'static str,
    source: std::io::Error,
}

/// Opens a port.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn listen(address: SocketAddr, purpose: &'static str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address, purpose, source })
}

/// Serves `/livez` and `/readyz` until the process ends. Ready: the API server has answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve_health(listener: TcpListener, ready: watch::Receiver<bool>) -> std::io::Result<()> {
    let router =
        Router::new().route("/livez", get(|| async { "ok" })).route("/readyz", get(readyz)).with_state(ready);
    axum::serve(listener, router).await
}

async fn readyz(State(ready): State<watch::Receiver<bool>>) -> (StatusCode, &'static str) {
    if *ready.borrow() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the API server has not answered yet")
    }
}

/// Serves `/metrics` until the process ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve_metrics(listener: TcpListener, metrics: Metrics) -> std::io::Result<()> {
    let router = Router::new().route("/metrics", get(encode)).with_state(metrics);
    axum::serve(listener, router).await
}

async fn encode(State(metrics): State<Metrics>) -> Response {
    match metrics.encode() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
