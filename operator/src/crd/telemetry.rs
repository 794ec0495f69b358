//! Where the application sends what it tells of itself: spans of traces, and reports of errors.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::SecretReference;

/// Traces and reports of errors. Neither has anything of what people write, nor who they are.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("has(self.otlp) || has(self.sentry)")
    .message("spec.telemetry: set otlp, sentry or both, or leave it out")
    .field_path(".otlp"))]
pub struct TelemetrySpec {
    /// Sends spans of requests and tasks to a collector, by OTLP over HTTP. Default: no traces are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp: Option<OtlpSpec>,

    /// Reports errors and times to Sentry, or to what speaks its protocol. Default: errors are only logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentry: Option<SentrySpec>,
}

/// A collector of traces.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OtlpSpec {
    /// Its URL without `/v1/traces`, such as `http://collector.monitoring:4318`.
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^/\s]+(/[^\s?#]*)?$"))]
    pub endpoint: String,

    /// The Secret with the key `headers`: `name=value` pairs joined by commas, values percent-encoded, such as
    /// `authorization=Basic%20…`. When its content changes, the pods are rolled. Default: no headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_secret_ref: Option<SecretReference>,

    /// The share of traces that is sent, 0 to 1. It is decided here, whatever the ingress has decided. Default: 1, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sampling_ratio: Option<f64>,
}

/// A project of Sentry.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SentrySpec {
    /// The Secret with the key `dsn`. When its content changes, the pods are rolled.
    pub dsn_secret_ref: SecretReference,

    /// The share of requests and tasks whose times are sent, 0 to 1. Default: 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub traces_sample_rate: Option<f64>,
}
