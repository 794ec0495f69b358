//! `GET /health`: this process answers.

use axum::Json;
use platform::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `healthy`: an unhealthy process does not answer.
    #[schema(example = "healthy")]
    status: &'static str,
    /// The time of the answer.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
}

/// Says that the service answers. It asks no other part: see `/health/detailed`.
#[utoipa::path(
    get, path = "/health", tag = "Health", operation_id = "getHealth",
    responses((status = 200, description = "The service answers", body = Health)),
    security(())
)]
pub async fn get_health() -> Json<Health> {
    Json(Health { status: "healthy", timestamp: Timestamp::now() })
}
