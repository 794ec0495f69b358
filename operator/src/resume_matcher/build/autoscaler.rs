//! HorizontalPodAutoscaler `NAME-api`: the API follows its CPU use.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};

use super::owned;
use crate::crd::Colour;
use crate::names::Component;
use crate::resume_matcher::model::{Installation, Scale};

/// The autoscaler, if the API has one. It looks after the version that serves; while a candidate is on its way it leaves
/// at least `floor` pods, so that the two are of one size at the switch.
pub(super) fn build(
    installation: &Installation,
    colour: Colour,
    floor: i32,
) -> Option<HorizontalPodAutoscaler> {
    let Scale::Auto { min, max, cpu } = installation.api.scale else { return None };
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
            metrics: Some(vec![cpu_use(cpu)]),
            behavior: Some(HorizontalPodAutoscalerBehavior {
                scale_up: None,
                scale_down: Some(one_pod_a_minute()),
            }),
        }),
        ..HorizontalPodAutoscaler::default()
    })
}

fn cpu_use(percent: i32) -> MetricSpec {
    MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource {
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
        let target = spec.metrics.unwrap()[0].resource.clone().unwrap().target;
        assert_eq!(target.average_utilization, Some(55));
    }

    #[test]
    fn a_fixed_number_of_pods_has_no_autoscaler() {
        assert_eq!(build(&installation(json!({"api": {"replicas": 2}})), Colour::Blue, 0), None);
    }
}
