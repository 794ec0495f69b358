//! Deployments `NAME-api-COLOUR` and `NAME-worker-COLOUR`.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::owned;
use crate::crd::Colour;
use crate::names::{Component, LEAST_PODS, colour_labels, colour_selector};
use crate::resume_matcher::model::Installation;

/// A Deployment that never has fewer pods than it should while it rolls. Where `replicas` is someone else's, it starts
/// with `least`, also after it was scaled to nothing; without `least`, nothing is what it may be scaled to.
pub(super) fn build(
    installation: &Installation,
    (component, colour): (Component, Colour),
    template: PodTemplateSpec,
    replicas: Option<i32>,
    least: Option<i32>,
) -> Deployment {
    let name = installation.name.coloured(component, colour);
    let least = least.filter(|_| replicas.is_none());
    let annotations = least.map(|least| [(LEAST_PODS.to_owned(), least.to_string())].into());
    Deployment {
        metadata: ObjectMeta {
            labels: Some(colour_labels(&installation.name, component, colour)),
            annotations,
            ..owned(installation, name, Some(component))
        },
        spec: Some(DeploymentSpec {
            replicas,
            selector: LabelSelector {
                match_labels: Some(colour_selector(&installation.name, component, colour)),
                ..LabelSelector::default()
            },
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_unavailable: Some(IntOrString::Int(0)),
                    max_surge: Some(IntOrString::Int(1)),
                }),
            }),
            revision_history_limit: Some(3),
            template,
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}
