//! What all pods have in common: the restricted Pod Security Standard, a read-only root, no API token.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EnvVarSource, ExecAction,
    HTTPGetAction, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, SeccompProfile, SecretKeySelector,
    SecurityContext, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::crd::{Colour, PodSpec as Placement};
use crate::names::{CONFIG_HASH, Component, RELEASE_ID, colour_labels, colour_selector, component_labels};
use crate::resume_matcher::model::Installation;
use crate::resume_matcher::overrides::Extent;

/// User and group of our own images.
pub(super) const APP_USER: i64 = 65532;
/// User and group of the embedded services: those of the official PostgreSQL and Redis images.
pub(super) const DATA_USER: i64 = 999;
/// Seconds that a pod goes on serving after it is told to stop, until the proxies have heard of it.
pub(super) const DRAIN_SECONDS: i64 = 5;

/// A pod, as far as pods differ.
pub(super) struct Pod<'a> {
    pub(super) component: Component,
    pub(super) service_account: String,
    pub(super) user: i64,
    pub(super) container: Container,
    pub(super) volumes: Vec<Volume>,
    pub(super) placement: Option<&'a Placement>,
    pub(super) config_hash: Option<String>,
    /// Place and id of the release that the pod is of, if it is of one.
    pub(super) release: Option<(Colour, &'a str)>,
    pub(super) grace_seconds: i64,
    pub(super) restart_policy: Option<&'static str>,
}

/// The template of such pods.
pub(super) fn template(installation: &Installation, pod: Pod<'_>) -> PodTemplateSpec {
    template_after(installation, pod, None)
}

/// The template of such pods, in which another container comes to its end before theirs begins.
pub(super) fn template_after(
    installation: &Installation,
    pod: Pod<'_>,
    first: Option<Container>,
) -> PodTemplateSpec {
    let (component, colour) = (pod.component, pod.release.map(|(colour, _)| colour));
    let mut template = bare(installation, pod, first);
    let overrides = match component {
        Component::Api => Some((&installation.api.overrides, Extent::Tier)),
        Component::Worker => Some((&installation.worker.overrides, Extent::Tier)),
        Component::Migrate | Component::Backup => Some((&installation.worker.overrides, Extent::Job)),
        Component::Maintenance => Some((&installation.api.overrides, Extent::Page)),
        Component::Postgres | Component::Redis | Component::Storage => None,
    };
    if let Some((overrides, extent)) = overrides {
        overrides.merge_into(&mut template, extent);
    }
    let spread = template.spec.iter_mut().filter_map(|spec| spec.topology_spread_constraints.as_mut());
    if let Some(colour) = colour {
        spread.flatten().for_each(|constraint| select_own(constraint, installation, component, colour));
    }
    template
}

/// A constraint that selects no pods would count none, and spread none: it counts those of the same tier and version, whose
/// labels nobody knows who writes a spec.
fn select_own(
    constraint: &mut TopologySpreadConstraint,
    installation: &Installation,
    component: Component,
    colour: Colour,
) {
    constraint.label_selector.get_or_insert_with(|| LabelSelector {
        match_labels: Some(colour_selector(&installation.name, component, colour)),
        ..LabelSelector::default()
    });
}

fn bare(installation: &Installation, pod: Pod<'_>, first: Option<Container>) -> PodTemplateSpec {
    let hash = pod.config_hash.map(|hash| (CONFIG_HASH.to_owned(), hash));
    let id = pod.release.map(|(_, id)| (RELEASE_ID.to_owned(), id.to_owned()));
    let annotations: BTreeMap<String, String> = hash.into_iter().chain(id).collect();
    let labels = pod.release.map_or_else(
        || component_labels(&installation.name, pod.component),
        |(colour, _)| colour_labels(&installation.name, pod.component, colour),
    );
    let placement = pod.placement.cloned().unwrap_or_default();
    let colour = pod.release.map(|(colour, _)| colour);
    let spread = placement.topology_spread_constraints;
    let spread = spread.unwrap_or_else(|| colour.map(|_| vec![evenly()]).unwrap_or_default());
    let secrets = &installation.pulling.secrets;
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels),
            annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            service_account_name: Some(pod.service_account),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            security_context: Some(pod_security(pod.user)),
            init_containers: first.map(|first| vec![first]),
            containers: vec![pod.container],
            volumes: Some(pod.volumes).filter(|volumes| !volumes.is_empty()),
            image_pull_secrets: Some(secrets.clone()).filter(|secrets| !secrets.is_empty()),
            node_selector: Some(placement.node_selector).filter(|selector| !selector.is_empty()),
            tolerations: Some(placement.tolerations).filter(|tolerations| !tolerations.is_empty()),
            affinity: placement.affinity,
            topology_spread_constraints: Some(spread).filter(|spread| !spread.is_empty()),
            priority_class_name: placement.priority_class_name,
            termination_grace_period_seconds: Some(pod.grace_seconds),
            restart_policy: pod.restart_policy.map(str::to_owned),
            ..PodSpec::default()
        }),
    }
}

/// Evenly over the nodes.
fn evenly() -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    }
}

fn pod_security(user: i64) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: Some(user),
        // Changing the group of every file at every start takes minutes on large volumes.
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..PodSecurityContext::default()
    }
}

/// A container that meets the restricted standard, with its image, and the end of its log as termination message.
pub(super) fn container(installation: &Installation, name: &str, image: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some(installation.pulling.policy.as_str().to_owned()),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// A named TCP port.
pub(super) fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// A variable with a plain value.
pub(super) fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None }
}

/// A variable whose value is a key of a Secret.
pub(super) fn secret_variable(name: &str, secret: &str, key: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: secret.to_owned(),
                key: key.to_owned(),
                optional: None,
            }),
            ..EnvVarSource::default()
        }),
    }
}

/// A folder that lives as long as the pod.
pub(super) fn scratch(name: &str) -> Volume {
    Volume { name: name.to_owned(), empty_dir: Some(EmptyDirVolumeSource::default()), ..Volume::default() }
}

/// Mounts a volume, writable.
pub(super) fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount { name: volume.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

/// Mounts a volume, read-only.
pub(super) fn read_only(volume: &str, path: &str) -> VolumeMount {
    VolumeMount { read_only: Some(true), ..mount(volume, path) }
}

/// A probe over HTTP, every `period` seconds, that gives up after `failures` in a row.
pub(super) fn http_probe(path: &str, port: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

/// A probe by a command, every `period` seconds, that gives up after `failures` in a row.
pub(super) fn exec_probe(command: &[&str], period: i32, failures: i32) -> Probe {
    Probe {
        exec: Some(ExecAction { command: Some(command.iter().map(|word| (*word).to_owned()).collect()) }),
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}
