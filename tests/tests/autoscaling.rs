//! Workers follow the queue on a real cluster: none, one for the first task, more under load, none again.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use e2e::client::{Client, text};
use e2e::documents::pdf;
use e2e::installation::Installation;
use e2e::wait;
use futures::future::try_join_all;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);
/// Resumes that are uploaded at once.
const LOAD: usize = 24;

fn change(installation: &Installation, worker: &Value) -> anyhow::Result<()> {
    let patch = json!({"spec": {"worker": worker}}).to_string();
    let name = &installation.name;
    installation.kubectl(&["patch", "resumematcher", name, "--type=merge", "--patch", &patch]).map(drop)
}

/// Workers that the version that serves is to have.
fn workers(installation: &Installation) -> anyhow::Result<i64> {
    let object = installation.object(&installation.name)?;
    let colour = text(&object, "/status/release/active/colour")?;
    let deployment = format!("{}-worker-{colour}", installation.name);
    let path = "--output=jsonpath={.spec.replicas}";
    Ok(installation.kubectl(&["get", "deployment", &deployment, path])?.trim().parse()?)
}

async fn until_workers(
    installation: &Installation,
    what: &str,
    is_so: impl Fn(i64) -> bool,
) -> anyhow::Result<i64> {
    wait::until(what, PATIENCE, async || Ok(Some(workers(installation)?).filter(|pods| is_so(*pods)))).await
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn workers_go_from_none_to_some_and_back_with_the_queue() {
    let installation = Installation::from_env().unwrap();
    let before = installation.object(&installation.name).unwrap();
    let before = before.pointer("/spec/worker/replicas").cloned().unwrap_or(Value::Null);
    let result = follow_the_queue(&installation).await;
    change(&installation, &json!({"autoscaling": null, "replicas": before})).unwrap();
    installation.condition(&installation.name, "Ready", "True", PATIENCE).await.unwrap();
    result.unwrap();
}

async fn follow_the_queue(installation: &Installation) -> anyhow::Result<()> {
    let behavior = json!({"scaleDown": {"stabilizationWindowSeconds": 5}});
    let auto = json!({
        "min": 0, "max": 3, "jobsPerWorker": 2, "cooldownSeconds": 10, "behavior": behavior,
    });
    change(installation, &json!({"replicas": null, "autoscaling": auto}))?;
    installation.condition(&installation.name, "WorkerScaling", "True", PATIENCE).await?;
    until_workers(installation, "no workers while nothing is to do", |pods| pods == 0).await?;
    installation.condition(&installation.name, "Ready", "True", PATIENCE).await?;

    let client = Client::sign_up(installation).await?;
    let begun = Instant::now();
    let uploads = (0..LOAD).map(|number| {
        let (client, name) = (client.clone(), format!("{number}.pdf"));
        async move {
            let lines = [format!("Person {number}"), "Skills".to_owned(), "Rust, Kubernetes".to_owned()];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            client.upload(&name, pdf(&lines)).await
        }
    });
    let most = async {
        let woken = until_workers(installation, "a worker", |pods| pods > 0).await?;
        let took = begun.elapsed();
        let most = until_workers(installation, "more workers under load", |pods| pods > 1).await?;
        anyhow::Ok((woken, took, most))
    };
    let (read, (woken, took, most)) = futures::try_join!(try_join_all(uploads), most)?;
    ensure!(
        read.len() == LOAD && read.iter().all(|resume| resume.pointer("/status") == Some(&json!("ready")))
    );
    eprintln!(
        "{woken} worker {took:?} after the first upload began, {most} under load; {LOAD} resumes read in {:?}",
        begun.elapsed()
    );
    let idle = Instant::now();
    until_workers(installation, "no workers again", |pods| pods == 0).await?;
    eprintln!("no workers {:?} after the last resume was read", idle.elapsed());
    let path = format!(
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/{}/resumematcher_worker_backlog\
         ?labelSelector=app.kubernetes.io%2Finstance%3D{}",
        installation.namespace, installation.name
    );
    let list: Value = serde_json::from_str(&installation.kubectl(&["get", "--raw", &path])?)?;
    ensure!(list.pointer("/items/0/value").context("a value")? == "0", "{list}");
    Ok(())
}
