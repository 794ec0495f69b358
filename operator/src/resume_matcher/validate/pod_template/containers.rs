//! Containers: the application's own, to which little can be added, and sidecars, which are free within the restricted Pod
//! Security Standard.

use serde_json::{Value, json};

use super::node::Node;
use super::{Tier, security};
use crate::resume_matcher::build::OWN_PORTS;
use crate::resume_matcher::validate::Invalid;

/// Fields of the application's container that may be set.
const OWN: [&str; 6] = ["env", "envFrom", "name", "resources", "securityContext", "volumeMounts"];
/// Fields of other containers that may not.
const NEVER: [(&str, &str); 1] =
    [("volumeDevices", "the restricted Pod Security Standard forbids raw devices; mount a volume")];
/// Where the operator has mounted something, and the root, without slashes at the end.
const MOUNTED: [&str; 2] = ["", "/tmp"];

pub(super) fn check(pod: &Node<'_>, tier: &Tier) -> Result<(), Invalid> {
    let mut names = Vec::new();
    for list in ["containers", "initContainers"] {
        for container in pod.items(list) {
            let Some(name) = container.text("name").filter(|name| !name.is_empty()) else {
                let problem = format!("has no name; the application's container is {:?}", tier.own);
                return Err(container.refused(&problem));
            };
            if names.contains(&name) {
                return Err(container.refused(&format!("{name:?} is there twice; choose another name")));
            }
            names.push(name);
            match (list, name == tier.own) {
                ("containers", true) => own(&container, tier)?,
                (_, true) => {
                    let problem = format!("{name:?} is the application's container; choose another name");
                    return Err(container.refused(&problem));
                }
                _ => other(&container, list)?,
            }
            addresses(&container)?;
        }
    }
    Ok(())
}

/// The application's own.
fn own(container: &Node<'_>, tier: &Tier) -> Result<(), Invalid> {
    let image = format!("set spec.version or {}", tier.image);
    let instead = [("image", image.as_str()), ("imagePullPolicy", "set spec.images.pullPolicy")];
    let otherwise = "it belongs to the operator; of this container podTemplate adds to env, envFrom, resources, \
                     securityContext and volumeMounts";
    container.only(&OWN, &instead, otherwise)?;
    if let Some(context) = container.get("securityContext") {
        security::container(&context, true)?;
    }
    for mount in container.items("volumeMounts") {
        let path = mount.text("mountPath").unwrap_or_default();
        if MOUNTED.contains(&path.trim_end_matches('/')) {
            return Err(mount.refused(&format!("{path:?} is the operator's; mount it elsewhere")));
        }
    }
    Ok(())
}

/// A sidecar, or what runs before the application.
fn other(container: &Node<'_>, list: &str) -> Result<(), Invalid> {
    if container.text("image").is_none_or(str::is_empty) {
        return Err(container.refused("has no image; add it"));
    }
    for (name, problem) in NEVER {
        if let Some(field) = container.get(name) {
            return Err(field.refused(problem));
        }
    }
    if list == "containers"
        && let Some(policy) = container.get("restartPolicy")
    {
        return Err(policy.refused("only containers of initContainers have one; move it there"));
    }
    if let Some(context) = container.get("securityContext") {
        security::container(&context, false)?;
    }
    for port in container.items("ports") {
        if let Some(host) = port.get("hostPort").filter(|host| *host.value != json!(0)) {
            return Err(host.refused("the restricted Pod Security Standard forbids it; remove it"));
        }
        for (name, number) in OWN_PORTS {
            if port.text("name") == Some(name) || port.value.get("containerPort") == Some(&json!(number)) {
                let problem = format!("port {name} ({number}) is the application's; choose another");
                return Err(port.refused(&problem));
            }
        }
    }
    Ok(())
}

/// Probes and hooks that the kubelet would send elsewhere than to the pod.
fn addresses(container: &Node<'_>) -> Result<(), Invalid> {
    let places = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"];
    places.iter().filter_map(|place| container.get(place)).try_for_each(|place| no_host(&place))
}

fn no_host(node: &Node<'_>) -> Result<(), Invalid> {
    for (name, field) in node.fields() {
        let names_host = field.value.get("host").and_then(Value::as_str).is_some_and(|host| !host.is_empty());
        if names_host && matches!(name, "httpGet" | "tcpSocket") {
            let host = field.get("host").unwrap_or_else(|| field.clone());
            return Err(
                host.refused("the restricted Pod Security Standard forbids it; the pod itself is asked")
            );
        }
        no_host(&field)?;
    }
    Ok(())
}
