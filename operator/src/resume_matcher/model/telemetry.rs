//! Traces and reports of errors.

use super::ExternalSecret;

/// Where an installation's traces and reports go; at least one of the two.
#[derive(Clone, Debug, PartialEq)]
pub struct Telemetry {
    /// The collector of traces.
    pub otlp: Option<Otlp>,
    /// Whom errors are reported to.
    pub sentry: Option<Sentry>,
}

/// A collector of traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Otlp {
    /// Its URL.
    pub endpoint: String,
    /// The Secret with headers for it.
    pub headers: Option<ExternalSecret>,
    /// The share of traces that it gets; none: what the application finds right.
    pub ratio: Option<f64>,
    /// The port that must be reachable.
    pub port: i32,
}

/// A project of Sentry.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentry {
    /// The Secret with its DSN.
    pub secret: ExternalSecret,
    /// The share of requests and tasks whose times it gets; none: what the application finds right.
    pub rate: Option<f64>,
    /// The port that must be reachable.
    pub port: i32,
}
