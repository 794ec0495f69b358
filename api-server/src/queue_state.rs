//! `GET /queue` on the second port: how much work there is, by which workers are scaled. It is read from Postgres, because
//! Redis knows only what a worker has announced, and there may be no worker.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use platform::relay;
use serde::Serialize;
use sqlx::PgPool;

/// How long Postgres may take. Whoever asks asks again in a second or two.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What `/queue` tells, over all tenants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct QueueState {
    /// Tasks that wait for a worker, those that are tried again later included.
    waiting: i64,
    /// Tasks that a worker has, or had when it died.
    in_flight: i64,
    /// Both together: what workers are scaled by.
    backlog: i64,
    /// Age of the oldest task that waits, in seconds; 0 when none does.
    oldest_seconds: f64,
}

/// The route. It belongs on the second port: how busy an installation is concerns nobody outside.
pub(crate) fn routes(pool: PgPool) -> Router {
    Router::new().route("/queue", get(show)).with_state(pool)
}

async fn show(State(pool): State<PgPool>) -> Response {
    match tokio::time::timeout(PATIENCE, relay::waiting(&pool)).await {
        Ok(Ok(counted)) => Json(QueueState {
            waiting: counted.tasks - counted.in_flight,
            in_flight: counted.in_flight,
            backlog: counted.tasks,
            oldest_seconds: counted.oldest_seconds,
        })
        .into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the queue cannot be counted");
            unavailable()
        }
        Err(_elapsed) => {
            tracing::warn!(patience = ?PATIENCE, "the queue is not counted in time");
            unavailable()
        }
    }
}

/// Never a number that nobody counted: zero would end the workers.
fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not tell the queue\n").into_response()
}
