//! Checks `spec.api.podTemplate` and `spec.worker.podTemplate`: everything that is there exists, belongs to those who write
//! the spec, and makes the pods no weaker. Pure.
//!
//! Whoever may write the object may not perhaps make pods: what the restricted Pod Security Standard forbids is refused here
//! for that reason, and not left to an admission rule that may not be there (docs/decisions/0090).

mod containers;
mod node;
mod security;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::Value;

use self::node::Node;
use super::Invalid;
use crate::crd::PodTemplateSpec;
use crate::resume_matcher::build::{API_GRACE_SECONDS, WORKER_GRACE_SECONDS, own_variables};
use crate::resume_matcher::model::Installation;
use crate::resume_matcher::overrides::Overrides;

/// A tier whose pods are changed.
pub(super) struct Tier {
    /// The spec's field.
    pub(super) field: &'static str,
    /// The application's container.
    pub(super) own: &'static str,
    /// The spec's field for its image.
    pub(super) image: &'static str,
    /// Seconds that its pods need to end.
    pub(super) grace: i64,
}

/// The API.
pub(super) const API: Tier = Tier {
    field: "spec.api.podTemplate",
    own: "api",
    image: "spec.images.apiServer",
    grace: API_GRACE_SECONDS,
};
/// The worker.
pub(super) const WORKER: Tier = Tier {
    field: "spec.worker.podTemplate",
    own: "worker",
    image: "spec.images.worker",
    grace: WORKER_GRACE_SECONDS,
};

/// Beginnings of the keys of labels and annotations that are the operator's.
const OUR_LABELS: [&str; 2] = ["app.kubernetes.io/", "resumematcher.io/"];
const OUR_ANNOTATIONS: [&str; 1] = ["resumematcher.io/"];

/// Fields of a pod that may be set.
const FIELDS: [&str; 19] = [
    "affinity",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "hostAliases",
    "hostUsers",
    "imagePullSecrets",
    "initContainers",
    "nodeSelector",
    "preemptionPolicy",
    "priorityClassName",
    "readinessGates",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];

const HOST: &str = "the restricted Pod Security Standard forbids it; remove it";

/// What to do in place of setting other fields.
const INSTEAD: [(&str, &str); 9] = [
    (
        "automountServiceAccountToken",
        "the application needs no token; give a sidecar one by a projected volume",
    ),
    ("hostIPC", HOST),
    ("hostNetwork", HOST),
    ("hostPID", HOST),
    ("nodeName", "it would go round the scheduler; use nodeSelector or affinity"),
    ("priority", "it follows from the class; set priorityClassName"),
    ("serviceAccount", "the operator makes one for each tier; bind roles to that one"),
    ("serviceAccountName", "the operator makes one for each tier; bind roles to that one"),
    ("shareProcessNamespace", "a sidecar could read the application's secrets; remove it"),
];

/// Checks one and gives it as it is merged.
pub(super) fn overrides(
    tier: &Tier,
    given: &PodTemplateSpec,
    installation: &str,
) -> Result<Overrides, Invalid> {
    let metadata = &given.metadata;
    foreign(tier, "labels", &metadata.labels, &OUR_LABELS)?;
    foreign(tier, "annotations", &metadata.annotations, &OUR_ANNOTATIONS)?;
    let spec = Value::Object(given.spec.clone());
    let node = Node::new(format!("{}.spec", tier.field), &spec);
    let pod: PodSpec = node.read()?;
    node.only(&FIELDS, &INSTEAD, "podTemplate does not change it; remove it")?;
    if let Some(users) = node.get("hostUsers").filter(|users| users.value == true) {
        return Err(users.refused("only false, a user namespace for the pod, may be set"));
    }
    if let Some(grace) = pod.termination_grace_period_seconds.filter(|grace| *grace < tier.grace) {
        let problem = format!("{grace} is less than the {} s that work in hand needs; raise it", tier.grace);
        return Err(node.below("terminationGracePeriodSeconds", &spec).refused(&problem));
    }
    if let Some(context) = node.get("securityContext") {
        security::pod(&context)?;
    }
    volumes::check(&node, installation)?;
    containers::check(&node, tier)?;
    Ok(Overrides {
        own: tier.own,
        labels: metadata.labels.clone(),
        annotations: metadata.annotations.clone(),
        pod,
    })
}

fn foreign(tier: &Tier, what: &str, given: &BTreeMap<String, String>, ours: &[&str]) -> Result<(), Invalid> {
    let ours = given.keys().find(|key| ours.iter().any(|prefix| key.starts_with(prefix)));
    ours.map_or(Ok(()), |key| {
        Err(Invalid::PodTemplate {
            field: format!("{}.metadata.{what}.{key}", tier.field),
            problem: "the operator knows its pods by it; choose another key".to_owned(),
        })
    })
}

/// Refuses variables of the application's containers that the operator sets itself, there or in a Job of the same image.
pub(super) fn unclaimed_by(installation: &Installation) -> Result<(), Invalid> {
    let given = [(&API, &installation.api.overrides), (&WORKER, &installation.worker.overrides)];
    if given.iter().all(|(_, overrides)| overrides.pod.containers.is_empty()) {
        return Ok(());
    }
    let claimed = own_variables(installation);
    given.iter().try_for_each(|(tier, overrides)| unclaimed(tier, overrides, &claimed))
}

fn unclaimed(tier: &Tier, overrides: &Overrides, claimed: &BTreeSet<String>) -> Result<(), Invalid> {
    let own = overrides.pod.containers.iter().filter(|container| container.name == tier.own);
    let mut names = own.flat_map(|container| container.env.iter().flatten()).map(|variable| &variable.name);
    names.find(|name| claimed.contains(*name)).map_or(Ok(()), |name| {
        Err(Invalid::PodTemplate {
            field: format!("{}.spec.containers[{}].env[{name}]", tier.field, tier.own),
            problem: "the operator sets this variable; remove it, and use the spec's own field for it"
                .to_owned(),
        })
    })
}

#[cfg(test)]
mod tests;
