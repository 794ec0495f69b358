//! Load on an installation while something is done to it: through the ingress, and straight to the Service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::Context;
use test_cluster::{Cluster, tools};
use tokio::task::JoinHandle;

use crate::installation::Installation;
use crate::load::Report;

/// The cluster that the installation is on.
///
/// # Errors
/// When it is not one of this machine's, or not up.
pub fn cluster() -> anyhow::Result<Cluster> {
    let identity = std::env::var("RM_E2E_CLUSTER")
        .context("RM_E2E_CLUSTER is not set: run `cargo xtask test --only e2e`, which sets it")?;
    let tools = tools(&|line| eprintln!("{line}"))?;
    Cluster::find(&tools, &identity)?.with_context(|| format!("the cluster {identity} is not up"))
}

/// Load that goes on until it is ended.
pub struct Steady {
    flag: Flag,
    ingress: JoinHandle<anyhow::Result<Report>>,
    service: JoinHandle<anyhow::Result<Report>>,
}

/// The file whose absence ends the load, also when a test fails.
struct Flag(PathBuf);

impl Drop for Flag {
    fn drop(&mut self) {
        // The load programs end by themselves after a while, should it not go.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What came of it, through the ingress and straight to the Service.
#[derive(Debug)]
pub struct Reports {
    /// Through the ingress.
    pub ingress: Report,
    /// Straight to the Service.
    pub service: Report,
}

impl Steady {
    /// Begins with so many requests a second through the ingress and straight to the Service; `program` is the load
    /// program.
    ///
    /// # Errors
    /// When the installation's addresses cannot be read.
    pub fn begin(installation: &Installation, program: &str, rate: (u32, u32)) -> anyhow::Result<Self> {
        let (_, host) = ingress(installation)?;
        let service = format!("{}-api", installation.name);
        Self::begin_at(installation, (&service, &host), program, rate)
    }

    /// The same on another Service and host of the installation's namespace.
    ///
    /// # Errors
    /// When the addresses cannot be read.
    pub fn begin_at(
        installation: &Installation,
        (service, host): (&str, &str),
        program: &str,
        rate: (u32, u32),
    ) -> anyhow::Result<Self> {
        let file = std::env::temp_dir().join(format!("load-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, "the load ends when this file is gone")?;
        let flag = Flag(file.clone());
        let (address, _) = ingress(installation)?;
        let through = arguments(program, address, host, rate.0, &file);
        let address =
            installation.kubectl(&["get", "service", service, "--output=jsonpath={.spec.clusterIP}"])?;
        let address = SocketAddr::new(address.trim().parse()?, 80);
        let straight = arguments(program, address, service, rate.1, &file);
        let ingress = tokio::task::spawn_blocking(move || {
            let Some((program, arguments)) = through.split_first() else { anyhow::bail!("no program") };
            read(Command::new(program).args(arguments).stdin(Stdio::null()).output()?)
        });
        let service = tokio::task::spawn_blocking(move || {
            Ok(serde_json::from_str(&cluster()?.run(&straight)?.output)?)
        });
        Ok(Self { flag, ingress, service })
    }

    /// Whether it goes on.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        !self.ingress.is_finished() && !self.service.is_finished()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When a load program failed; a request that failed is none of these.
    pub async fn end(self) -> anyhow::Result<Reports> {
        drop(self.flag);
        Ok(Reports {
            ingress: self.ingress.await?.context("load through the ingress")?,
            service: self.service.await?.context("load straight to the Service")?,
        })
    }
}

fn read(output: Output) -> anyhow::Result<Report> {
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Address and name of the host by which this machine reaches the ingress.
fn ingress(installation: &Installation) -> anyhow::Result<(SocketAddr, String)> {
    let url: reqwest::Url = installation.url.parse()?;
    let host = url.host_str().context("no host")?.to_owned();
    let port = url.port_or_known_default().context("no port")?;
    Ok((SocketAddr::from(([127, 0, 0, 1], port)), host))
}

fn arguments(program: &str, address: SocketAddr, host: &str, rate: u32, file: &Path) -> Vec<String> {
    let options = [
        format!("--connect={address}"),
        format!("--host={host}"),
        // A page, and what a load balancer asks; neither counts against a client's limit.
        "--path=/health,/".to_owned(),
        "--clients=20".to_owned(),
        format!("--rate={rate}"),
        format!("--while-exists={}", file.display()),
    ];
    std::iter::once(program.to_owned()).chain(options).collect()
}
