//! Service `NAME-api`. Those of the embedded services are built with them.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::api::METRICS_PORT;
use super::owned;
use crate::names::{Component, selector_labels};
use crate::resume_matcher::model::Installation;

/// The port that clients in the cluster and the ingress use.
pub(super) const HTTP: i32 = 80;

/// The Service.
pub(super) fn api(installation: &Installation) -> Service {
    Service {
        metadata: owned(installation, installation.name.component(Component::Api), Some(Component::Api)),
        spec: Some(ServiceSpec {
            selector: Some(selector_labels(&installation.name, Component::Api)),
            ports: Some(vec![port("http", HTTP), port("metrics", METRICS_PORT)]),
            type_: Some("ClusterIP".to_owned()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn port(name: &str, number: i32) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: number,
        target_port: Some(IntOrString::String(name.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..ServicePort::default()
    }
}
