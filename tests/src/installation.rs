//! The installation under test and the cluster that it is on.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::wait;

/// An installation, as `cargo xtask test` tells of it.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Path of kubectl.
    kubectl: PathBuf,
    /// Path of the kubeconfig.
    kubeconfig: PathBuf,
    /// Namespace of the `ResumeMatcher`.
    pub namespace: String,
    /// Name of the `ResumeMatcher`.
    pub name: String,
    /// URL by which this machine reaches its ingress.
    pub url: String,
}

impl Installation {
    /// Reads the variables that `cargo xtask test` sets.
    ///
    /// # Errors
    /// When one is absent: these tests have been started by themselves.
    pub fn from_env() -> anyhow::Result<Self> {
        let variable = |name: &str| {
            std::env::var(name).with_context(|| {
                format!("{name} is not set: run `cargo xtask test --only e2e`, which sets it")
            })
        };
        Ok(Self {
            kubectl: variable("RM_E2E_KUBECTL")?.into(),
            kubeconfig: variable("RM_E2E_KUBECONFIG")?.into(),
            namespace: variable("RM_E2E_NAMESPACE")?,
            name: variable("RM_E2E_NAME")?,
            url: variable("RM_E2E_URL")?,
        })
    }

    /// An installation of another name in a namespace of its own, made here under the restricted Pod Security
    /// Standard; it is served at `NAME.localhost`. The namespace's name begins with `namespace`.
    ///
    /// # Errors
    /// When the namespace cannot be made, or the URL of the first installation has no host name.
    pub fn in_namespace(&self, namespace: &str, name: &str) -> anyhow::Result<Self> {
        let object = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "generateName": format!("{namespace}-"),
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        });
        let made = self.kubectl_with(&["create", "--output=json", "--filename", "-"], &object.to_string())?;
        let made: Value = serde_json::from_str(&made)?;
        let namespace =
            made.pointer("/metadata/name").and_then(Value::as_str).context("a nameless namespace")?;
        let mut url: reqwest::Url = self.url.parse().with_context(|| format!("{} is not a URL", self.url))?;
        url.set_host(Some(&format!("{name}.localhost")))?;
        let url = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), url, ..self.clone() })
    }

    /// Runs kubectl in the installation's namespace, with `input` on its standard input, and returns what it printed.
    ///
    /// # Errors
    /// When it fails: the error is what it said.
    pub fn kubectl_with(&self, args: &[&str], input: &str) -> anyhow::Result<String> {
        let mut child = self
            .kubectl_command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start kubectl")?;
        child.stdin.take().context("write to kubectl")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A command that runs kubectl in the installation's namespace.
    #[must_use]
    pub fn kubectl_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(["--namespace", &self.namespace]).args(args);
        command
    }

    /// Runs kubectl in the installation's namespace and returns what it printed.
    ///
    /// # Errors
    /// When it fails: the error is what it said.
    pub fn kubectl(&self, args: &[&str]) -> anyhow::Result<String> {
        self.kubectl_with(args, "")
    }

    /// Path of the kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &std::path::Path {
        &self.kubeconfig
    }

    /// A `ResumeMatcher` as the API server has it.
    ///
    /// # Errors
    /// When there is none.
    pub fn object(&self, name: &str) -> anyhow::Result<Value> {
        let text = self.kubectl(&["get", "resumematchers.resumematcher.io", name, "--output", "json"])?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Waits until a condition of a `ResumeMatcher` has this status for its present spec; returns the condition.
    ///
    /// # Errors
    /// When it has not within `patience`.
    pub async fn condition(
        &self,
        name: &str,
        kind: &str,
        status: &str,
        patience: Duration,
    ) -> anyhow::Result<Value> {
        wait::until(&format!("{name}: {kind}={status}"), patience, async || {
            let object = self.object(name)?;
            let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
            let found = conditions
                .and_then(|list| list.iter().find(|condition| condition.get("type") == Some(&kind.into())))
                .with_context(|| format!("{name} has no condition {kind}"))?;
            let present =
                object.pointer("/status/observedGeneration") == object.pointer("/metadata/generation");
            if !present || found.get("status") != Some(&status.into()) {
                bail!("{found}");
            }
            Ok(Some(found.clone()))
        })
        .await
    }
}
