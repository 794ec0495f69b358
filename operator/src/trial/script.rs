//! What a candidate has to show before it serves.

use std::time::Duration;

use reqwest::StatusCode;

use super::canary::Canary;
use super::client::{Api, Probe, ProbeError};
use super::prometheus;
use crate::crd::PrometheusSpec;

/// How often a request is tried before it counts as failed, and the pause between: a Service may learn of its pods a
/// moment after they are ready.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(2);
/// Requests to warm each pod up, on average.
const WARM_UPS: i32 = 5;

/// The trial of one candidate.
#[derive(Clone, Debug)]
pub struct Script {
    /// Asks.
    pub probe: Probe,
    /// The candidate's namespace.
    pub namespace: String,
    /// The preview Service.
    pub service: String,
    /// API pods behind it.
    pub pods: i32,
    /// The account of the canary; none: there is no canary.
    pub canary: Option<Canary>,
    /// A question to Prometheus.
    pub prometheus: Option<PrometheusSpec>,
}

impl Script {
    /// Runs it, and tells each step.
    pub(super) async fn run(&self, tell: &(dyn Fn(&str) + Send + Sync)) -> Result<(), ProbeError> {
        let api = self.probe.service(&self.namespace, &self.service);
        tell("the pods are warmed up");
        patiently(|| api.get("/health", StatusCode::OK)).await?;
        for _ in 1..self.pods.saturating_mul(WARM_UPS) {
            api.get("/health", StatusCode::OK).await?;
        }
        tell("health and pages are asked for");
        patiently(|| smoke(&api)).await?;
        if let Some(canary) = &self.canary {
            tell("a canary resume and job are sent through the queue");
            patiently(|| canary.fly(&api)).await?;
        }
        if let Some(question) = &self.prometheus {
            tell("Prometheus is asked");
            patiently(|| prometheus::ask(&self.probe, question)).await?;
        }
        Ok(())
    }
}

/// Every part of the application, by its cheapest request.
async fn smoke(api: &Api) -> Result<(), ProbeError> {
    let health = api.get("/health", StatusCode::OK).await?;
    if health.get("status").and_then(serde_json::Value::as_str) != Some("healthy") {
        return Err(ProbeError::Wrong {
            request: "GET /health".to_owned(),
            answer: health.to_string(),
            expected: "status healthy".to_owned(),
        });
    }
    api.get("/health/detailed", StatusCode::OK).await?;
    api.get("/", StatusCode::OK).await?;
    api.get("/openapi.json", StatusCode::OK).await?;
    // A version that lets strangers in must not serve.
    api.get("/api/v1/resumes", StatusCode::UNAUTHORIZED).await?;
    Ok(())
}

async fn patiently<T, F: Future<Output = Result<T, ProbeError>>>(
    ask: impl Fn() -> F,
) -> Result<T, ProbeError> {
    let mut left = TRIES;
    loop {
        left = left.saturating_sub(1);
        match ask().await {
            Err(error) if left > 0 => {
                tracing::debug!(%error, "the trial asks again");
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}
