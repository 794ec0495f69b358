//! HorizontalPodAutoscaler `NAME-api`: the API follows its CPU use, and its requests where that is asked for.

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules,
    HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget,
};

use super::api::CONTAINER;
use super::owned;
use super::worker_autoscaler::external;
use crate::crd::Colour;
use crate::names::{Component, INSTANCE_LABEL};
use crate::resume_matcher::model::{Installation, Scale};
use crate::scaling::REQUESTS_METRIC;

/// The autoscaler, if the API has one. It looks after the version that serves; while a candidate is on its way it leaves
/// at least `floor` pods, so that the two are of one size at the switch.
pub(super) fn build(
    installation: &Installation,
    colour: Colour,
    floor: i32,
) -> Option<HorizontalPodAutoscaler> {
    let Scale::Auto { min, max, cpu, requests } = installation.api.scale else { return None };
    let requests = requests.map(|requests| requests_of(installation, requests));
    let name = installation.name.component(Component::Api);
    Some(HorizontalPodAutoscaler {
        metadata: owned(installation, name, Some(Component::Api)),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: installation.name.coloured(Component::Api, colour),
            },
            min_replicas: Some(min.max(floor.min(max))),
            max_replicas: max,
            metrics: Some([cpu_use(cpu)].into_iter().chain(requests).collect()),
            behavior: Some(HorizontalPodAutoscalerBehavior {
                scale_up: None,
                scale_down: Some(one_pod_a_minute()),
            }),
        }),
        ..HorizontalPodAutoscaler::default()
    })
}

/// The CPU use of the API's own container: a sidecar without a CPU request would make that of the whole pod unknown.
fn cpu_use(percent: i32) -> MetricSpec {
    MetricSpec {
        type_: "ContainerResource".to_owned(),
        container_resource: Some(ContainerResourceMetricSource {
            container: CONTAINER.to_owned(),
            name: "cpu".to_owned(),
            target: MetricTarget {
                type_: "Utilization".to_owned(),
                average_utilization: Some(percent),
                ..MetricTarget::default()
            },
        }),
        ..MetricSpec::default()
    }
}

/// The requests of both colours, divided by the number of pods of the one that serves: at a switch they are as many as
/// before.
fn requests_of(installation: &Installation, most: i32) -> MetricSpec {
    let instance = [(INSTANCE_LABEL.to_owned(), installation.name.as_str().to_owned())];
    external(REQUESTS_METRIC, instance.into(), most)
}

/// Leaving slowly costs little; leaving too early costs a second start.
fn one_pod_a_minute() -> HPAScalingRules {
    HPAScalingRules {
        policies: Some(vec![HPAScalingPolicy { type_: "Pods".to_owned(), value: 1, period_seconds: 60 }]),
        select_policy: Some("Max".to_owned()),
        ..HPAScalingRules::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn the_limits_come_from_the_spec() {
        let autoscaler = build(
            &installation(json!({"api": {"autoscaling": {"min": 3, "max": 7, "cpu": 55}}})),
            Colour::Green,
            0,
        )
        .unwrap();
        let spec = autoscaler.spec.unwrap();
        assert_eq!((spec.min_replicas, spec.max_replicas), (Some(3), 7));
        assert_eq!(spec.scale_target_ref.name, "acme-api-green");
        let metrics = spec.metrics.unwrap();
        let cpu = metrics[0].container_resource.clone().unwrap();
        assert_eq!((cpu.container.as_str(), cpu.target.average_utilization), ("api", Some(55)));
        assert_eq!(metrics.len(), 1);
    }

    #[test]
    fn requests_are_those_of_both_colours_so_that_a_switch_is_no_dip() {
        let auto = json!({"api": {"autoscaling": {"requestsPerSecond": 2000}}});
        let metrics = |colour| {
            json!(build(&installation(auto.clone()), colour, 0).unwrap().spec.unwrap().metrics.unwrap())
        };
        let expected = json!({"type": "External", "external": {
            "metric": {
                "name": "resumematcher_api_requests_per_second",
                "selector": {"matchLabels": {"app.kubernetes.io/instance": "acme"}},
            },
            "target": {"type": "AverageValue", "averageValue": "2k"},
        }});
        assert_eq!(metrics(Colour::Blue)[1], expected);
        assert_eq!(metrics(Colour::Blue), metrics(Colour::Green));
    }

    #[test]
    fn a_fixed_number_of_pods_has_no_autoscaler() {
        assert_eq!(build(&installation(json!({"api": {"replicas": 2}})), Colour::Blue, 0), None);
    }
}
