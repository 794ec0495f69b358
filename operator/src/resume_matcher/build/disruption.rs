//! PodDisruptionBudgets `NAME-api` and `NAME-worker`: a drain takes one pod at a time. A tier that may have a single
//! pod gets none, because that would block the drain for ever.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::owned;
use crate::crd::Colour;
use crate::names::{Component, colour_selector};
use crate::resume_matcher::model::Installation;

/// The budgets.
pub(super) fn build(installation: &Installation, colour: Colour) -> Vec<PodDisruptionBudget> {
    [(Component::Api, installation.api.scale.least()), (Component::Worker, installation.worker.scale.least())]
        .into_iter()
        .filter(|(_, pods)| *pods >= 2)
        .map(|(component, _)| budget(installation, component, colour))
        .collect()
}

fn budget(installation: &Installation, component: Component, colour: Colour) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: owned(installation, installation.name.component(component), Some(component)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(colour_selector(&installation.name, component, colour)),
                ..LabelSelector::default()
            }),
            // A pod that is not ready protects nobody, and must not hold up a drain.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn only_tiers_that_always_have_two_pods_are_protected() {
        let names = |spec| -> Vec<_> {
            build(&installation(spec), Colour::Blue)
                .into_iter()
                .map(|budget| budget.metadata.name.unwrap())
                .collect()
        };
        assert_eq!(names(json!({})), ["acme-api", "acme-worker"]);
        assert_eq!(names(json!({"environment": "staging"})), ["acme-api"]);
        assert!(names(json!({"environment": "development"})).is_empty());
    }
}
