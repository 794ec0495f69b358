//! Counts requests and their duration, by method, route template and status.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use platform::telemetry::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};

/// Upper ends of the duration buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AnswerLabels {
    method: &'static str,
    endpoint: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    endpoint: String,
}

/// The metrics of HTTP: `http_requests_total`, `http_request_duration_seconds`, `http_requests_in_flight`.
#[derive(Clone)]
pub struct HttpMetrics {
    answers: Family<AnswerLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl HttpMetrics {
    /// Metrics registered in `metrics`.
    pub fn register(metrics: &Metrics) -> Self {
        let this = Self {
            answers: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Gauge::default(),
        };
        metrics.register(|registry| {
            registry.register("http_requests", "Answers to HTTP requests", this.answers.clone());
            registry.register(
                "http_request_duration_seconds",
                "Time from the head of a request to the head of its answer",
                this.durations.clone(),
            );
            registry.register("http_requests_in_flight", "Requests being worked on", this.in_flight.clone());
        });
        this
    }
}

/// Measures the request.
pub async fn measure(State(metrics): State<HttpMetrics>, request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    // The template, not the path: a label with ids in it would grow without end.
    let endpoint = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let _in_flight = InFlight::enter(&metrics.in_flight);
    let started = Instant::now();
    let response = next.run(request).await;
    let labels = RouteLabels { method, endpoint: endpoint.clone() };
    metrics.durations.get_or_create(&labels).observe(started.elapsed().as_secs_f64());
    let status = response.status().as_u16();
    metrics.answers.get_or_create(&AnswerLabels { method, endpoint, status }).inc();
    response
}

/// Counts a request as in flight for as long as it lives, also when the client hangs up.
struct InFlight(Gauge);

impl InFlight {
    fn enter(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

// Clients may make up methods; those share one label.
pub(super) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        _ => "OTHER",
    }
}
