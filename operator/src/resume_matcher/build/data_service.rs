//! What the embedded data services have in common: one pod, one volume, one Service.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, Service,
    ServicePort, ServiceSpec, Volume, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{DATA_USER, Pod, template};
use super::service_account::DATA;
use super::{Children, kept, owned};
use crate::names::{Component, selector_labels};
use crate::resume_matcher::model::{Embedded, Installation};

/// Name of the volume with the data, in the pod.
pub(super) const DATA_VOLUME: &str = "data";

/// One embedded service, as far as they differ.
pub(super) struct DataService {
    pub(super) component: Component,
    pub(super) port: i32,
    pub(super) container: Container,
    pub(super) volumes: Vec<Volume>,
    pub(super) config_hash: String,
    pub(super) grace_seconds: i64,
}

/// Adds the volume, the Service and the StatefulSet.
pub(super) fn add(
    children: &mut Children,
    installation: &Installation,
    embedded: &Embedded,
    of: DataService,
) {
    children.volumes.push(volume(installation, embedded, of.component));
    children.services.push(service(installation, of.component, of.port));
    children.stateful_sets.push(stateful_set(installation, of));
}

/// The volume is an object of its own and not a claim template, because templates cannot be changed: so it can grow,
/// and be adopted under a name that is plain to see.
fn volume(installation: &Installation, embedded: &Embedded, component: Component) -> PersistentVolumeClaim {
    let size = ("storage".to_owned(), Quantity(embedded.storage_size.clone()));
    PersistentVolumeClaim {
        metadata: kept(installation, installation.name.component(component), Some(component)),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: embedded.storage_class.clone(),
            resources: Some(VolumeResourceRequirements {
                requests: Some([size].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn service(installation: &Installation, component: Component, port: i32) -> Service {
    Service {
        metadata: owned(installation, installation.name.component(component), Some(component)),
        spec: Some(ServiceSpec {
            selector: Some(selector_labels(&installation.name, component)),
            ports: Some(vec![ServicePort {
                name: Some(component.as_str().to_owned()),
                port,
                target_port: Some(IntOrString::String(component.as_str().to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            type_: Some("ClusterIP".to_owned()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn stateful_set(installation: &Installation, of: DataService) -> StatefulSet {
    let name = installation.name.component(of.component);
    let mut volumes = of.volumes;
    volumes.push(Volume {
        name: DATA_VOLUME.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: name.clone(),
            read_only: None,
        }),
        ..Volume::default()
    });
    let pod = Pod {
        component: of.component,
        service_account: installation.name.part(DATA),
        user: DATA_USER,
        container: of.container,
        volumes,
        placement: None,
        release: None,
        config_hash: Some(of.config_hash),
        grace_seconds: of.grace_seconds,
        restart_policy: None,
    };
    StatefulSet {
        metadata: owned(installation, name.clone(), Some(of.component)),
        spec: Some(StatefulSetSpec {
            // One: two of them would not share the data.
            replicas: Some(1),
            service_name: Some(name),
            selector: LabelSelector {
                match_labels: Some(selector_labels(&installation.name, of.component)),
                ..LabelSelector::default()
            },
            template: template(installation, pod),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}
