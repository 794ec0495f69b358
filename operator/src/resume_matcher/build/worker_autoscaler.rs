//! HorizontalPodAutoscaler `NAME-worker`: the workers follow the queue. Between none and one the operator itself decides
//! (`scaling`), because an autoscaler rests while its target has no pods.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, ExternalMetricSource, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec,
    MetricIdentifier, MetricSpec, MetricTarget,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::owned;
use crate::crd::{Colour, ScalingSource};
use crate::names::{Component, INSTANCE_LABEL};
use crate::resume_matcher::model::{Installation, WorkerAuto};
use crate::scaling::BACKLOG_METRIC;

/// The autoscaler, if the workers have one of ours. It looks after the version that serves.
pub(super) fn build(installation: &Installation, colour: Colour) -> Option<HorizontalPodAutoscaler> {
    let auto = installation.worker.scale.auto().filter(|auto| auto.source == ScalingSource::Builtin)?;
    let name = installation.name.component(Component::Worker);
    Some(HorizontalPodAutoscaler {
        metadata: owned(installation, name, Some(Component::Worker)),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: installation.name.coloured(Component::Worker, colour),
            },
            min_replicas: Some(auto.min.max(1)),
            max_replicas: auto.max,
            metrics: Some(vec![backlog(installation, auto)]),
            behavior: auto.behavior.clone(),
        }),
        ..HorizontalPodAutoscaler::default()
    })
}

/// The whole backlog, divided by the number of pods.
fn backlog(installation: &Installation, auto: &WorkerAuto) -> MetricSpec {
    let instance = [(INSTANCE_LABEL.to_owned(), installation.name.as_str().to_owned())];
    external(BACKLOG_METRIC, instance.into(), auto.jobs_per_worker)
}

/// The sum of an external metric's values with these labels, so many of which are one pod's.
pub(super) fn external(metric: &str, labels: BTreeMap<String, String>, one_pod: i32) -> MetricSpec {
    MetricSpec {
        type_: "External".to_owned(),
        external: Some(ExternalMetricSource {
            metric: MetricIdentifier {
                name: metric.to_owned(),
                selector: Some(LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }),
            },
            target: MetricTarget {
                type_: "AverageValue".to_owned(),
                average_value: Some(quantity(one_pod)),
                ..MetricTarget::default()
            },
        }),
        ..MetricSpec::default()
    }
}

/// A whole number as the API server writes it, so that what it gives back is no change.
fn quantity(number: i32) -> Quantity {
    Quantity(match number {
        0 => "0".to_owned(),
        number if number % 1_000_000 == 0 => format!("{}M", number / 1_000_000),
        number if number % 1000 == 0 => format!("{}k", number / 1000),
        number => number.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    fn of(autoscaling: serde_json::Value) -> Option<HorizontalPodAutoscaler> {
        build(&installation(json!({"worker": {"autoscaling": autoscaling}})), Colour::Green)
    }

    #[test]
    fn it_asks_for_the_backlog_of_this_installation_and_scales_the_version_that_serves() {
        let behavior = json!({"scaleDown": {"stabilizationWindowSeconds": 5}});
        let autoscaler = of(json!({"min": 0, "max": 7, "jobsPerWorker": 4, "behavior": behavior})).unwrap();
        assert_eq!(autoscaler.metadata.name.as_deref(), Some("acme-worker"));
        let spec = json!(autoscaler.spec.unwrap());
        assert_eq!(spec["scaleTargetRef"]["name"], "acme-worker-green");
        assert_eq!((&spec["minReplicas"], &spec["maxReplicas"]), (&json!(1), &json!(7)));
        let expected = json!([{"type": "External", "external": {
            "metric": {"name": BACKLOG_METRIC, "selector": {"matchLabels": {"app.kubernetes.io/instance": "acme"}}},
            "target": {"type": "AverageValue", "averageValue": "4"},
        }}]);
        assert_eq!(spec["metrics"], expected);
        assert_eq!(spec["behavior"], behavior);
    }

    #[test]
    fn thousands_are_written_as_the_api_server_writes_them() {
        for (number, text) in
            [(1, "1"), (999, "999"), (1000, "1k"), (1500, "1500"), (20_000, "20k"), (1_000_000, "1M")]
        {
            assert_eq!(quantity(number).0, text);
        }
    }

    #[test]
    fn a_fixed_number_and_keda_have_none() {
        assert_eq!(build(&installation(json!({"worker": {"replicas": 2}})), Colour::Blue), None);
        assert_eq!(of(json!({"source": "keda"})), None);
    }
}
