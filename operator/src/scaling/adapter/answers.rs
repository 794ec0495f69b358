//! What the adapter says: discovery, values, and refusals, in the forms of the Kubernetes API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{GROUP, VERSION};
use crate::names::INSTANCE_LABEL;
use crate::scaling::BACKLOG_METRIC;

/// The API group, at `/apis/GROUP`.
pub(super) fn group() -> Value {
    let version = json!({"groupVersion": format!("{GROUP}/{VERSION}"), "version": VERSION});
    json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": GROUP,
        "versions": [version], "preferredVersion": version,
    })
}

/// The metrics, at `/apis/GROUP/VERSION`.
pub(super) fn resources() -> Value {
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{GROUP}/{VERSION}"),
        "resources": [{
            "name": BACKLOG_METRIC, "singularName": "", "namespaced": true,
            "kind": "ExternalMetricValueList", "verbs": ["get"],
        }],
    })
}

/// The backlogs of installations, as they are `now`.
pub(super) fn values(backlogs: &[(String, u64)], now: Timestamp) -> Value {
    // Whole seconds, as the API has it.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
    let items: Vec<Value> = backlogs
        .iter()
        .map(|(name, tasks)| {
            json!({
                "metricName": BACKLOG_METRIC,
                "metricLabels": {INSTANCE_LABEL: name},
                "timestamp": now,
                "value": tasks.to_string(),
            })
        })
        .collect();
    json!({
        "kind": "ExternalMetricValueList", "apiVersion": format!("{GROUP}/{VERSION}"), "metadata": {},
        "items": items,
    })
}

/// A refusal. The reasons are those of `metav1.StatusReason`.
pub(super) fn refusal(code: StatusCode, message: &str) -> Response {
    let reason = match code {
        StatusCode::BAD_REQUEST => "BadRequest",
        StatusCode::UNAUTHORIZED => "Unauthorized",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ => "InternalError",
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    (code, Json(status)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_form_that_autoscalers_read() {
        let now: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let expected = json!({
            "kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": {},
            "items": [{
                "metricName": "resumematcher_worker_backlog",
                "metricLabels": {"app.kubernetes.io/instance": "acme"},
                "timestamp": "2026-01-02T03:04:05Z", "value": "12",
            }],
        });
        assert_eq!(values(&[("acme".to_owned(), 12)], now), expected);
    }
}
