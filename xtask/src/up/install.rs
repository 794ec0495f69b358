//! Installs the operator by its Helm chart and applies the sample.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::kubectl::{Kubectl, list_at, text_at};
use crate::progress::Step;
use crate::run::root;

/// Where the operator lives, and the name of its Helm release.
pub(crate) const OPERATOR_NAMESPACE: &str = "resume-matcher-system";

/// The Helm release, and so the name of the operator's objects.
const RELEASE: &str = "resume-matcher-operator";

/// Installs or upgrades the operator, and waits until it runs.
///
/// # Errors
/// When Helm fails, which includes that the operator is not available after five minutes.
pub(crate) fn operator(step: &Step, helm: &Path, kubectl: &Kubectl) -> anyhow::Result<()> {
    let mut command = Command::new(helm);
    command.args(["upgrade", "--install", RELEASE]).arg(root().join("charts/resume-matcher-operator"));
    command.args(["--namespace", OPERATOR_NAMESPACE, "--create-namespace", "--wait", "--timeout", "5m"]);
    step.run(command.arg("--kubeconfig").arg(&kubectl.kubeconfig)).context("install the chart")
}

/// The object that a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

/// Applies a manifest and returns the installations in it.
///
/// # Errors
/// When the API server refuses it, or when there is no `ResumeMatcher` in it.
pub(crate) fn sample(kubectl: &Kubectl, manifest: &Path) -> anyhow::Result<Vec<Installation>> {
    let path = manifest.display().to_string();
    let applied = kubectl.json(&["apply", "--server-side", "--filename", &path])?;
    let one = std::slice::from_ref(&applied);
    let objects = if text_at(&applied, "/kind") == "List" { list_at(&applied, "/items") } else { one };
    let found: Vec<Installation> = objects
        .iter()
        .filter(|object| text_at(object, "/kind") == "ResumeMatcher")
        .map(|object| Installation {
            namespace: text_at(object, "/metadata/namespace").to_owned(),
            name: text_at(object, "/metadata/name").to_owned(),
        })
        .collect();
    anyhow::ensure!(!found.is_empty(), "{path} has no ResumeMatcher");
    Ok(found)
}

/// Deletes the pods that run one of these images, so that their owners start them with what was loaded under the same
/// name now.
///
/// # Errors
/// When pods cannot be listed or deleted.
pub(crate) fn replace_pods(kubectl: &Kubectl, references: &[String]) -> anyhow::Result<()> {
    let pods = kubectl.json(&["get", "pods", "--all-namespaces"])?;
    for pod in list_at(&pods, "/items") {
        let containers = list_at(pod, "/spec/containers");
        let uses =
            |reference: &String| containers.iter().any(|container| text_at(container, "/image") == reference);
        if references.iter().any(uses) {
            let (namespace, name) = (text_at(pod, "/metadata/namespace"), text_at(pod, "/metadata/name"));
            kubectl.text(&[
                "delete",
                "pod",
                name,
                "--namespace",
                namespace,
                "--wait=false",
                "--ignore-not-found",
            ])?;
        }
    }
    Ok(())
}
