//! What outlives what: the workloads their operator, and the data their installation.

use std::time::Duration;

use e2e::client::{Client, text};
use e2e::documents::pdf;
use e2e::installation::Installation;
use e2e::wait;
use reqwest::StatusCode;
use serde_json::Value;

const READY: Duration = Duration::from_secs(300);

/// The namespace that `cargo xtask test` installs the operator into.
const OPERATOR_NAMESPACE: &str = "resume-matcher-system";

/// The UIDs of the installation's running pods.
fn running_pods(installation: &Installation) -> anyhow::Result<Vec<String>> {
    let selector = format!("app.kubernetes.io/instance={}", installation.name);
    let uids = installation.kubectl(&[
        "get",
        "pods",
        "--selector",
        &selector,
        "--field-selector=status.phase=Running",
        "--output=jsonpath={.items[*].metadata.uid}",
    ])?;
    Ok(uids.split_whitespace().map(str::to_owned).collect())
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_new_operator_restarts_nothing_and_heals() {
    let installation = Installation::from_env().unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    let before = running_pods(&installation).unwrap();
    let scaler = format!("hpa/{}-api", installation.name);
    let uid = ["get", &scaler, "--output=jsonpath={.metadata.uid}"];
    let old = installation.kubectl(&uid).unwrap();

    installation
        .kubectl(&["delete", "pods", "--all", "--namespace", OPERATOR_NAMESPACE, "--wait=false"])
        .unwrap();
    installation.kubectl(&["delete", &scaler]).unwrap();

    wait::until("the new operator to put the autoscaler back", READY, async || {
        let uid = installation.kubectl(&uid)?;
        Ok((!uid.is_empty() && uid != old).then_some(()))
    })
    .await
    .unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    let after = running_pods(&installation).unwrap();
    // The autoscaler may have added pods meanwhile; but none of the old ones may be gone.
    assert!(before.iter().all(|pod| after.contains(pod)), "{before:?} became {after:?}");
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_quiet_installation_is_not_written_to() {
    let installation = Installation::from_env().unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    let versions = || {
        installation.kubectl(&[
            "get",
            "resumematchers.resumematcher.io,configmaps,secrets,networkpolicies,ingresses,services,serviceaccounts",
            "--output=jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion} {end}",
        ])
    };
    // Pods that became ready a moment ago may still be counted into the status: first it comes to rest.
    let rest = Duration::from_secs(15);
    wait::until("15 seconds without a write", Duration::from_secs(120), async || {
        let before = versions()?;
        tokio::time::sleep(rest).await;
        let after = versions()?;
        anyhow::ensure!(before == after, "{before} became {after}");
        Ok(Some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_deleted_installation_leaves_its_data_to_the_next_of_its_name() {
    let installation = Installation::from_env().unwrap();
    let client = Client::sign_up(&installation).await.unwrap();
    let lines = ["Retained Example", "retained@example.org", "Skills", "Rust"];
    let resume = client.upload("retained.pdf", pdf(&lines)).await.unwrap();
    let object = installation.object(&installation.name).unwrap();

    installation.kubectl(&["delete", "rm", &installation.name, "--timeout=120s"]).unwrap();
    let selector = format!("--selector=app.kubernetes.io/instance={}", installation.name);
    wait::until("the workloads to be gone", READY, async || {
        let left =
            installation.kubectl(&["get", "deploy,sts,svc,hpa,ing,pods", &selector, "--output=name"])?;
        anyhow::ensure!(left.trim().is_empty(), "{left}");
        Ok(Some(()))
    })
    .await
    .unwrap();
    let volumes = installation.kubectl(&["get", "pvc", &selector, "--output=name"]).unwrap();
    assert_eq!(volumes.lines().count(), 3, "volumes of database, cache and storage: {volumes}");

    installation.kubectl_with(&["create", "--filename", "-"], &bare(&object).to_string()).unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    let path = format!("/api/v1/resumes/{}", text(&resume, "/id").unwrap());
    let kept = wait::until("the API through the ingress", READY, async || {
        let (status, body) = client.get(&path).await?;
        anyhow::ensure!(status == StatusCode::OK, "{status} {body}");
        Ok(Some(body))
    })
    .await
    .unwrap();
    assert_eq!(kept.pointer("/document"), resume.pointer("/document"));
}

/// Leaves of an object what a person would have written.
fn bare(object: &Value) -> Value {
    serde_json::json!({
        "apiVersion": object.get("apiVersion"),
        "kind": object.get("kind"),
        "metadata": {"name": object.pointer("/metadata/name")},
        "spec": object.get("spec"),
    })
}
