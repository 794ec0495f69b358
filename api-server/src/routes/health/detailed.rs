//! `GET /health/detailed`: each dependency is really asked, at the same time, within two seconds.

use std::{
    error::Error,
    future::Future,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use platform::{postgres, timestamp::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{middleware::problem::Complete, state::AppState};

/// How long a dependency may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Whether something answers as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It does.
    Healthy,
    /// It does not.
    Unhealthy,
}

/// How one dependency is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// Whether it answered.
    status: HealthStatus,
    /// How long it took to answer or to fail, in milliseconds.
    latency_ms: f64,
    /// Why it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// How each dependency is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checks {
    /// Postgres: a query.
    database: Check,
    /// Redis: PING.
    redis: Check,
    /// The object storage: a look into the bucket.
    storage: Check,
}

/// How the service and its dependencies are.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetailedHealth {
    /// Healthy if every dependency is.
    status: HealthStatus,
    /// The dependencies.
    checks: Checks,
    /// The time of the answer.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
}

/// Asks each dependency and says how it is.
#[utoipa::path(
    get, path = "/health/detailed", tag = "Health", operation_id = "getDetailedHealth",
    responses(
        (status = 200, description = "All dependencies answer", body = DetailedHealth),
        (status = 503, description = "At least one does not", body = DetailedHealth),
    ),
    security(())
)]
pub async fn get_detailed_health(State(state): State<AppState>) -> Response {
    let (database, redis, storage) = tokio::join!(
        check("database", postgres::check(&state.pool)),
        check("redis", state.queue.check()),
        check("storage", state.storage.check()),
    );
    let checks = Checks { database, redis, storage };
    let all = [&checks.database, &checks.redis, &checks.storage];
    let healthy = all.iter().all(|check| check.status == HealthStatus::Healthy);
    let (code, status) = if healthy {
        (StatusCode::OK, HealthStatus::Healthy)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Unhealthy)
    };
    let mut response =
        (code, Json(DetailedHealth { status, checks, timestamp: Timestamp::now() })).into_response();
    response.extensions_mut().insert(Complete);
    response
}

async fn check<E: Error>(name: &'static str, question: impl Future<Output = Result<(), E>>) -> Check {
    let started = Instant::now();
    let answer = tokio::time::timeout(TIMEOUT, question).await;
    // Microseconds are enough, and keep the figure short.
    let latency_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let error = match answer {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            // Causes may name hosts and accounts: they are for the log, the answer is for everybody.
            tracing::warn!(dependency = name, error = full_text(&error), "dependency is unhealthy");
            Some(error.to_string())
        }
        Err(_elapsed) => {
            tracing::warn!(dependency = name, "dependency does not answer in time");
            Some(format!("no answer within {} seconds", TIMEOUT.as_secs()))
        }
    };
    let status = if error.is_none() { HealthStatus::Healthy } else { HealthStatus::Unhealthy };
    Check { status, latency_ms, error }
}

fn full_text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
