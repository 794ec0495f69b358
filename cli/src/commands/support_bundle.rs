//! `support-bundle`: what helps to find out what is wrong with an installation, in one ZIP file, without secrets.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::args::Installation;
use crate::kubectl::{KIND, json as kubectl_json, kubectl, object};
use crate::printer;
use crate::scrub::Scrubber;

/// Kinds of objects that an installation has. ControllerRevisions say nothing that the others do not.
const KINDS: &[&str] = &[
    "deployments",
    "replicasets",
    "statefulsets",
    "jobs",
    "cronjobs",
    "pods",
    "services",
    "endpointslices",
    "configmaps",
    "persistentvolumeclaims",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "ingresses",
    "networkpolicies",
    "serviceaccounts",
];
/// Lines of each log.
const LINES: &str = "--tail=2000";

/// Writes the bundle.
pub(crate) fn run(of: &Installation, file: &Path) -> Result<()> {
    let object = object(of)?;
    let secrets = kubectl_json(of, &["get", "secrets"])
        .context("the Secrets cannot be read, so nobody could tell whether the bundle has one of them")?;
    let out = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let mut bundle =
        Bundle { zip: ZipWriter::new(out), scrubber: Scrubber::of(&secrets), missing: Vec::new() };
    bundle.value("resumematcher.json", &object)?;
    bundle.value("secrets.json", &names_of_keys(&secrets))?;
    let selector = format!("--selector=app.kubernetes.io/instance={}", of.name);
    for kind in KINDS {
        let objects = kubectl(of, &["get", kind, &selector, "--output", "json"]);
        bundle.part(&format!("objects/{kind}.json"), objects)?;
    }
    bundle.part("events.txt", kubectl(of, &["get", "events", "--sort-by=.lastTimestamp"]))?;
    bundle.part("describe.txt", kubectl(of, &["describe", KIND, &of.name]))?;
    bundle.part("nodes.txt", kubectl(of, &["get", "nodes", "--output", "wide"]))?;
    bundle.part("version.json", kubectl(of, &["version", "--output", "json"]))?;
    let pods = kubectl_json(of, &["get", "pods", &selector])?;
    for (pod, restarted) in pods_of(&pods) {
        let log = ["logs", &pod, "--all-containers", "--timestamps", LINES];
        bundle.part(&format!("logs/{pod}.log"), kubectl(of, &log))?;
        if restarted {
            let before = kubectl(of, &[log.as_slice(), &["--previous"]].concat());
            bundle.part(&format!("logs/{pod}.previous.log"), before)?;
        }
    }
    bundle.finish()?;
    printer::line(&format!("{} written; read it before you hand it on", file.display()))
}

/// The file that is being written.
struct Bundle {
    zip: ZipWriter<File>,
    scrubber: Scrubber,
    missing: Vec<String>,
}

impl Bundle {
    /// What could not be had is named in the bundle: the rest may be all the more needed.
    fn part(&mut self, name: &str, text: Result<String>) -> Result<()> {
        match text {
            Ok(text) => self.text(name, &text),
            Err(error) => {
                self.missing.push(format!("{name}: {error:#}"));
                Ok(())
            }
        }
    }

    fn value(&mut self, name: &str, value: &Value) -> Result<()> {
        self.text(name, &format!("{value:#}"))
    }

    fn text(&mut self, name: &str, text: &str) -> Result<()> {
        self.zip.start_file(name, SimpleFileOptions::default())?;
        Ok(self.zip.write_all(self.scrubber.scrub(text).as_bytes())?)
    }

    fn finish(mut self) -> Result<()> {
        for missing in &self.missing {
            printer::note(&self.scrubber.scrub(missing));
        }
        let missing = self.missing.join("\n");
        self.text("missing.txt", &missing)?;
        self.zip.finish()?;
        Ok(())
    }
}

/// Names of Secrets and of their keys, nothing of their values.
fn names_of_keys(secrets: &Value) -> Value {
    let items = secrets.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let keys = |secret: &Value| {
        let data = secret.pointer("/data").and_then(Value::as_object);
        data.map(|data| data.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    items
        .iter()
        .map(|secret| json!({"name": secret.pointer("/metadata/name"), "type": secret.get("type"), "keys": keys(secret)}))
        .collect()
}

/// Each pod, and whether one of its containers was started anew.
fn pods_of(pods: &Value) -> Vec<(String, bool)> {
    let items = pods.pointer("/items").and_then(Value::as_array);
    let pod = |pod: &Value| {
        let name = pod.pointer("/metadata/name")?.as_str()?.to_owned();
        let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
        let restarts =
            |status: &Value| status.get("restartCount").and_then(Value::as_u64).unwrap_or_default();
        Some((name, statuses.into_iter().flatten().any(|status| restarts(status) > 0)))
    };
    items.into_iter().flatten().filter_map(pod).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_secrets_only_names_are_told() {
        let secrets = json!({"items": [{
            "metadata": {"name": "acme-app", "annotations": {"x": "c2VjcmV0"}}, "type": "Opaque", "data": {"tokenKey": "c2VjcmV0"},
        }]});
        let told = names_of_keys(&secrets);
        assert_eq!(told, json!([{"name": "acme-app", "type": "Opaque", "keys": ["tokenKey"]}]));
    }

    #[test]
    fn pods_that_were_started_anew_are_known() {
        let pods = json!({"items": [
            {"metadata": {"name": "a"}, "status": {"containerStatuses": [{"restartCount": 0}, {"restartCount": 2}]}},
            {"metadata": {"name": "b"}},
        ]});
        assert_eq!(pods_of(&pods), [("a".to_owned(), true), ("b".to_owned(), false)]);
    }
}
