//! Releases of the installation under test: begins them, and follows them to their end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::text;
use crate::installation::Installation;
use crate::steady::cluster;
use crate::wait;

/// How long a release may take here.
pub const RELEASED: Duration = Duration::from_secs(180);

/// Gives the images of API and worker another tag: a new version that is as good as the one before.
///
/// # Errors
/// When the cluster is not up or does not have the images.
pub fn tag_images(version: &str) -> anyhow::Result<()> {
    let cluster = cluster()?;
    for image in ["api-server", "worker"] {
        let name = |tag: &str| format!("docker.io/resumematcher/{image}:{tag}");
        cluster.tag_image(&name(env!("CARGO_PKG_VERSION")), &name(version))?;
    }
    Ok(())
}

/// Merges into the spec.
///
/// # Errors
/// When the API server refuses.
pub fn change(installation: &Installation, spec: &Value) -> anyhow::Result<()> {
    let patch = json!({"spec": spec}).to_string();
    let kind = "resumematchers.resumematcher.io";
    installation.kubectl(&["patch", kind, &installation.name, "--type=merge", "--patch", &patch])?;
    Ok(())
}

/// Keeps the API at two pods: the load of a test must not make it outgrow a small machine, on which two versions run side
/// by side. It is no release.
///
/// # Errors
/// When the API server refuses.
pub fn keep_small(installation: &Installation) -> anyhow::Result<()> {
    change(installation, &json!({"api": {"autoscaling": {"min": 2, "max": 2, "cpu": 70}}}))
}

/// `spec.release` with short times: what is waited for then is the pods.
#[must_use]
pub fn quick() -> Value {
    json!({"bakeTime": "5s", "scaleDownDelay": "1s", "rollbackWindow": "0s", "progressDeadline": "2m"})
}

/// `status.release` as it is now.
///
/// # Errors
/// When there is none.
pub fn release(installation: &Installation) -> anyhow::Result<Value> {
    Ok(installation.object(&installation.name)?.pointer("/status/release").cloned().unwrap_or_default())
}

/// Waits until this version serves alone and all is ready; says when each step began. Gives `status.release`.
///
/// # Errors
/// When that takes longer than [`RELEASED`].
pub async fn serves(installation: &Installation, version: &str) -> anyhow::Result<Value> {
    let (start, mut step) = (Instant::now(), String::new());
    let release = wait::until(&format!("version {version} serves alone"), RELEASED, async || {
        let release = release(installation)?;
        let now = text(&release, "/step")?;
        if now != step {
            eprintln!("{:>7.1} s  {now}", start.elapsed().as_secs_f64());
            step.clone_from(&now);
        }
        let active = release.pointer("/active/version") == Some(&json!(version));
        anyhow::ensure!(active && now == "Done", "{release}");
        Ok(Some(release))
    })
    .await?;
    installation.condition(&installation.name, "Ready", "True", RELEASED).await?;
    Ok(release)
}

/// Waits until the last pod of the other colour has finished its work and is gone.
///
/// # Errors
/// When one is still there after [`RELEASED`].
pub async fn pods_are_gone_but(installation: &Installation, colour: &str) -> anyhow::Result<()> {
    let others = format!(
        "--selector=app.kubernetes.io/instance={},resumematcher.io/colour,resumematcher.io/colour!={colour}",
        installation.name
    );
    wait::until("the last pod of the other colour is gone", RELEASED, async || {
        let pods = installation.kubectl(&["get", "pods", &others, "--output=name"])?;
        anyhow::ensure!(pods.trim().is_empty(), "{pods}");
        Ok(Some(()))
    })
    .await
}

/// Waits until what a release needed beside what serves is gone: Deployments of the other colour, the preview Service.
///
/// # Errors
/// When it is still there after [`RELEASED`].
pub async fn nothing_is_left_but(installation: &Installation, colour: &str) -> anyhow::Result<()> {
    let expected: BTreeSet<String> =
        ["api", "worker"].iter().map(|tier| format!("{}-{tier}-{colour}", installation.name)).collect();
    wait::until("the other colour is gone", RELEASED, async || {
        let found = workloads(installation)?;
        anyhow::ensure!(found == expected, "{found:?}");
        Ok(Some(()))
    })
    .await
}

/// Names of the API's and worker's Deployments, and of the preview Service where there is one.
fn workloads(installation: &Installation) -> anyhow::Result<BTreeSet<String>> {
    let selector = format!("--selector=app.kubernetes.io/instance={}", installation.name);
    let names = installation.kubectl(&["get", "deployments,services", &selector, "--output=name"])?;
    let wanted = names.lines().filter(|name| name.starts_with("deployment") || name.ends_with("-preview"));
    Ok(wanted.filter_map(|name| Some(name.rsplit_once('/')?.1.to_owned())).collect())
}
