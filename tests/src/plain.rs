//! A plain Deployment of the same API, as a baseline: what Kubernetes does by itself when a version is replaced.

use anyhow::Context;
use serde_json::{Value, json};

use crate::client::text;
use crate::installation::Installation;
use crate::releases::release;

/// Name of its Deployment, Service and Ingress.
pub const NAME: &str = "plain";
/// The name of its host.
pub const HOST: &str = "plain.localhost";

/// The baseline.
pub struct Plain<'a> {
    installation: &'a Installation,
}

impl<'a> Plain<'a> {
    /// Makes it, with the pods of the version that serves, but for what our operator adds to let them stop in peace.
    ///
    /// # Errors
    /// When the API server refuses.
    pub fn make(installation: &'a Installation) -> anyhow::Result<Self> {
        let colour = text(&release(installation)?, "/active/colour")?;
        let name = format!("{}-api-{colour}", installation.name);
        let live = installation.kubectl(&["get", "deployment", &name, "--output=json"])?;
        let live: Value = serde_json::from_str(&live)?;
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects(&live)?});
        installation.kubectl_with(&["apply", "--filename", "-"], &list.to_string())?;
        Ok(Self { installation })
    }

    /// Waits until all its pods are of the present template and ready.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn roll_out(&self) -> anyhow::Result<()> {
        let wait = ["rollout", "status", "deployment", NAME, "--timeout=180s"];
        self.installation.kubectl(&wait).map(drop)
    }

    /// Replaces all its pods, as a new version does.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn restart(&self, number: u32) -> anyhow::Result<()> {
        let patch =
            json!({"spec": {"template": {"metadata": {"annotations": {"bench": number.to_string()}}}}});
        self.installation.kubectl(&["patch", "deployment", NAME, "--patch", &patch.to_string()])?;
        self.roll_out()
    }

    /// Removes it.
    ///
    /// # Errors
    /// When the API server refuses.
    pub fn remove(&self) -> anyhow::Result<()> {
        self.installation.kubectl(&["delete", "deployment,service,ingress", NAME]).map(drop)
    }
}

fn objects(live: &Value) -> anyhow::Result<Vec<Value>> {
    let template = live.pointer("/spec/template").context("a Deployment without a template")?;
    let mut pod = template.get("spec").context("a template without a pod")?.clone();
    let container =
        pod.pointer_mut("/containers/0").and_then(Value::as_object_mut).context("no container")?;
    container.remove("lifecycle");
    pod.as_object_mut().context("a pod that is no object")?.remove("topologySpreadConstraints");
    // The network policies of the installation let its API to the data services; the colour, by which the operator
    // finds its own, is left out.
    let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or_default();
    let labels = labels.as_object_mut().context("a pod without labels")?;
    labels.remove("resumematcher.io/colour");
    labels.remove("app.kubernetes.io/managed-by");
    labels.insert("bench".to_owned(), json!(NAME));
    let selector = json!({"bench": NAME});
    let backend = json!({"service": {"name": NAME, "port": {"number": 80}}});
    Ok(vec![
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": selector},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME},
            "spec": {"selector": selector, "ports": [{"port": 80, "targetPort": 8000}]},
        }),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": NAME},
            "spec": {"rules": [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
        }),
    ])
}
