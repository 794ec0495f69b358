//! Services `NAME-api`, which people use, and `NAME-api-preview`, by which a candidate is tried. Those of the embedded
//! services are built with them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::api::METRICS_PORT;
use super::owned;
use crate::crd::Colour;
use crate::names::{Component, colour_selector, selector_labels};
use crate::resume_matcher::model::Installation;

/// The port that clients in the cluster and the ingress use.
pub(super) const HTTP: i32 = 80;

/// The Service. Its selector is the one place where it is said which version serves: a switch is one write.
pub(super) fn api(installation: &Installation, colour: Option<Colour>) -> Service {
    let selector = colour.map_or_else(
        || selector_labels(&installation.name, Component::Api),
        |colour| colour_selector(&installation.name, Component::Api, colour),
    );
    service(installation, installation.name.component(Component::Api), selector)
}

/// The name of the preview Service.
pub(in crate::resume_matcher) fn preview_name(installation: &Installation) -> String {
    format!("{}-preview", installation.name.component(Component::Api))
}

/// The preview Service.
pub(super) fn preview(installation: &Installation, colour: Colour) -> Service {
    let selector = colour_selector(&installation.name, Component::Api, colour);
    service(installation, preview_name(installation), selector)
}

fn service(installation: &Installation, name: String, selector: BTreeMap<String, String>) -> Service {
    Service {
        metadata: owned(installation, name, Some(Component::Api)),
        spec: Some(ServiceSpec {
            selector: Some(selector),
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
