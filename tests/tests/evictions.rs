//! A drain of the nodes, as pods see it: every pod of API and worker is evicted, and those who use the installation notice
//! nothing. The cluster has one node, so it is the evictions of a drain without the drained node.

#![allow(
    clippy::unwrap_used,
    reason = "clippy sees tests in test functions alone, and helpers of tests are tests too"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::client::text;
use e2e::installation::Installation;
use e2e::releases::change;
use e2e::steady::Steady;
use e2e::wait;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(300);
/// Requests a second, on each way: through the ingress and straight to the Service.
const RATE: u32 = 50;
const PROGRAM: &str = env!("CARGO_BIN_EXE_load");

/// Names of the pods of a tier that serve and stay.
fn pods(installation: &Installation, tier: &str) -> anyhow::Result<BTreeSet<String>> {
    let object = installation.object(&installation.name)?;
    let colour = text(&object, "/status/release/active/colour")?;
    let selector = format!(
        "--selector=app.kubernetes.io/instance={},app.kubernetes.io/component={tier},resumematcher.io/colour={colour}",
        installation.name
    );
    let list: Value =
        serde_json::from_str(&installation.kubectl(&["get", "pods", &selector, "--output=json"])?)?;
    let stays = |pod: &&Value| pod.pointer("/metadata/deletionTimestamp").is_none();
    let pods = list.pointer("/items").and_then(Value::as_array).into_iter().flatten();
    Ok(pods
        .filter(stays)
        .filter_map(|pod| Some(pod.pointer("/metadata/name")?.as_str()?.to_owned()))
        .collect())
}

/// Asks for the eviction of a pod, as a drain does. Whether it was granted.
fn evict(installation: &Installation, pod: &str) -> anyhow::Result<bool> {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": pod, "namespace": installation.namespace},
    });
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", installation.namespace);
    match installation.kubectl_with(&["create", "--raw", &path, "--filename", "-"], &eviction.to_string()) {
        Ok(_) => Ok(true),
        // Too many requests: the budget has none left.
        Err(error) if format!("{error:#}").contains("disruption budget") => Ok(false),
        Err(error) if format!("{error:#}").contains("not found") => Ok(true),
        Err(error) => Err(error),
    }
}

/// Evicts every pod that a tier has now, each as soon as the budget lets it. How often it was made to wait.
async fn drain(installation: &Installation, tier: &str) -> anyhow::Result<u32> {
    let mut refused = 0;
    for pod in pods(installation, tier)? {
        wait::until(&format!("{pod} may be evicted"), PATIENCE, async || {
            let granted = evict(installation, &pod)?;
            refused += u32::from(!granted);
            Ok(granted.then_some(()))
        })
        .await?;
    }
    Ok(refused)
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn evicting_every_pod_loses_no_request() {
    let installation = Installation::from_env().unwrap();
    let before = installation.object(&installation.name).unwrap();
    let of = |tier: &str, field: &str| before.pointer(&format!("/spec/{tier}/{field}")).cloned();
    let (api, workers) = (of("api", "autoscaling"), of("worker", "replicas"));
    let two = json!({"min": 2, "max": 2, "cpu": 70});
    let spec = json!({"api": {"replicas": null, "autoscaling": two}, "worker": {"replicas": 2}});
    change(&installation, &spec).unwrap();
    installation.condition(&installation.name, "Ready", "True", PATIENCE).await.unwrap();
    let result = drained(&installation).await;
    let replicas = of("api", "replicas");
    let spec = json!({"api": {"replicas": replicas, "autoscaling": api}, "worker": {"replicas": workers}});
    change(&installation, &spec).unwrap();
    installation.condition(&installation.name, "Ready", "True", PATIENCE).await.unwrap();
    result.unwrap();
}

async fn drained(installation: &Installation) -> anyhow::Result<()> {
    let before = pods(installation, "api")?;
    anyhow::ensure!(before.len() == 2, "{before:?}");
    let load = Steady::begin(installation, PROGRAM, (RATE, RATE))?;
    let (api, workers) = (drain(installation, "api").await?, drain(installation, "worker").await?);
    installation.condition(&installation.name, "Ready", "True", PATIENCE).await?;
    wait::until("two other API pods", PATIENCE, async || {
        let now = pods(installation, "api")?;
        Ok((now.len() == 2 && now.is_disjoint(&before)).then_some(()))
    })
    .await?;
    anyhow::ensure!(load.goes_on(), "the load ended by itself");
    let reports = load.end().await?;
    eprintln!("made to wait {api} times for the API and {workers} times for the workers; {reports:#?}");
    anyhow::ensure!(api > 0, "the budget let both API pods be evicted at once");
    anyhow::ensure!(reports.ingress.failed + reports.service.failed == 0, "requests failed");
    anyhow::ensure!(reports.ingress.requests > u64::from(RATE) && reports.service.requests > u64::from(RATE));
    Ok(())
}
