//! What the adapter says: discovery, values, and refusals, in the forms of the Kubernetes API.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use kube::core::{Selector, SelectorExt};
use serde_json::{Value, json};

use super::{GROUP, VERSION};
use crate::names::{COLOUR_LABEL, INSTANCE_LABEL};
use crate::scaling::{BACKLOG_METRIC, REQUESTS_METRIC};

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
    let resources = [BACKLOG_METRIC, REQUESTS_METRIC].map(|name| {
        json!({
            "name": name, "singularName": "", "namespaced": true,
            "kind": "ExternalMetricValueList", "verbs": ["get"],
        })
    });
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{GROUP}/{VERSION}"),
        "resources": resources,
    })
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    labels: BTreeMap<String, String>,
    /// A quantity of the Kubernetes API.
    value: String,
}

impl Item {
    /// The backlog of an installation.
    pub(super) fn backlog(name: &str, tasks: u64) -> Self {
        Self { labels: [(INSTANCE_LABEL.to_owned(), name.to_owned())].into(), value: tasks.to_string() }
    }

    /// The requests a second that pods of one colour of an installation get. An operator of earlier times knew no colours.
    pub(super) fn requests(name: &str, colour: &str, rate: f64) -> Self {
        let mut item = Self::backlog(name, 0);
        if !colour.is_empty() {
            item.labels.insert(COLOUR_LABEL.to_owned(), colour.to_owned());
        }
        // Thousandths are as fine as the API has it. Rates are far below what an integer holds.
        let thousandths = (rate * 1000.0).round() as u64;
        item.value = if thousandths.is_multiple_of(1000) {
            (thousandths / 1000).to_string()
        } else {
            format!("{thousandths}m")
        };
        item
    }

    /// Whether a selector selects it.
    pub(super) fn is_selected(&self, selector: &Selector) -> bool {
        selector.matches(&self.labels)
    }
}

/// The values of a metric, as they are `now`.
pub(super) fn values(metric: &str, items: &[Item], now: Timestamp) -> Value {
    // Whole seconds, as the API has it.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
    let items: Vec<Value> = items
        .iter()
        .map(|item| {
            json!({"metricName": metric, "metricLabels": item.labels, "timestamp": now, "value": item.value})
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
        assert_eq!(values(BACKLOG_METRIC, &[Item::backlog("acme", 12)], now), expected);
    }

    #[test]
    fn rates_are_written_as_quantities_with_the_colour_of_the_pods() {
        let value = |rate| Item::requests("acme", "blue", rate).value;
        assert_eq!([0.0, 12.0, 12.5, 0.0004, 0.0005].map(value), ["0", "12", "12500m", "0", "1m"]);
        let labels = |colour| Item::requests("acme", colour, 1.0).labels;
        assert_eq!(labels("green").get("resumematcher.io/colour").map(String::as_str), Some("green"));
        assert_eq!(labels("").len(), 1);
    }
}
