//! The cluster that an installation is brought up on: this checkout's own, or one that is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use test_cluster::{Cluster, ClusterOptions};

use super::kubectl::Kubectl;
use crate::images::Image;
use crate::progress::{Progress, Step};

/// Which cluster.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// The one of this name, started when it is not up.
    Own {
        /// Its name.
        identity: String,
    },
    /// One that is there.
    Given {
        /// How to reach it.
        kubeconfig: PathBuf,
        /// The command that loads an image archive into it.
        load: Option<String>,
    },
}

/// A cluster that answers, and the programs to work with it.
pub(crate) struct Place {
    /// Calls kubectl on it.
    pub(crate) kubectl: Kubectl,
    /// The Helm program.
    pub(crate) helm: PathBuf,
    how: How,
}

enum How {
    Own(Box<Cluster>),
    Given { load: Option<String> },
}

impl Place {
    /// Starts the cluster or finds it.
    ///
    /// # Errors
    /// When programs cannot be compiled, or the cluster does not start or does not answer.
    pub(crate) fn ready(progress: &Progress, wanted: &Wanted) -> anyhow::Result<Self> {
        let tools = progress.step("programs of the cluster", |step| {
            test_cluster::tools(&|line| step.say(line)).context("compile the cluster's programs")
        })?;
        let (kubeconfig, how) = progress.step("cluster", |step| match wanted {
            Wanted::Own { identity } => {
                let options = ClusterOptions { identity: identity.clone() };
                let cluster = Cluster::up(&tools, &options, &|line| step.say(line))?;
                Ok((cluster.access().kubeconfig().to_owned(), How::Own(Box::new(cluster))))
            }
            Wanted::Given { kubeconfig, load } => Ok((kubeconfig.clone(), How::Given { load: load.clone() })),
        })?;
        let kubectl = Kubectl { program: tools.kubectl, kubeconfig };
        kubectl.text(&["get", "--raw", "/readyz"]).context("ask the cluster whether it is ready")?;
        Ok(Self { kubectl, helm: tools.helm, how })
    }

    /// Brings images to the nodes; returns the names of those that were not there as they are now.
    ///
    /// # Errors
    /// When loading fails.
    pub(crate) fn load(&self, step: &Step, images: &[Image]) -> anyhow::Result<Vec<String>> {
        match &self.how {
            How::Own(cluster) => load_own(step, cluster, images),
            How::Given { load: None } => Ok(Vec::new()),
            How::Given { load: Some(load) } => {
                for image in images {
                    step.say(&image.reference);
                    let mut command = Command::new("sh");
                    // The archive is an argument of its own, so that no path needs quoting.
                    command.args(["-c", &format!("{load} \"$1\""), "load"]).arg(&image.archive);
                    step.run(&mut command).with_context(|| format!("load {}", image.reference))?;
                }
                Ok(images.iter().map(|image| image.reference.clone()).collect())
            }
        }
    }

    /// The URL by which this machine reaches what the installation says is its URL: a name below `localhost` leads to
    /// this machine, where the cluster's ingress controller listens on a port of its own.
    pub(crate) fn reachable(&self, url: &str) -> String {
        match &self.how {
            How::Own(cluster) => with_port_of(url, &cluster.ingress_url(), &cluster.ingress_tls_url()),
            How::Given { .. } => url.to_owned(),
        }
    }
}

/// Loads those images whose archive is another than the one loaded last; what was loaded is kept in the cluster's own
/// folder, which goes when the cluster goes.
fn load_own(step: &Step, cluster: &Cluster, images: &[Image]) -> anyhow::Result<Vec<String>> {
    let record = cluster.state().join("loaded-images.json");
    // An absent record is that of a fresh cluster; a damaged one costs loading everything again.
    let mut loaded: BTreeMap<String, PathBuf> =
        fs::read(&record).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut fresh = Vec::new();
    for image in images {
        if loaded.get(&image.reference) == Some(&image.archive) {
            continue;
        }
        step.say(&image.reference);
        cluster.load_image(&image.archive).with_context(|| format!("load {}", image.reference))?;
        loaded.insert(image.reference.clone(), image.archive.clone());
        fs::write(&record, serde_json::to_vec(&loaded)?)
            .with_context(|| format!("write {}", record.display()))?;
        fresh.push(image.reference.clone());
    }
    Ok(fresh)
}

/// `url` with the port of `plain` or, when it is https, of `tls`.
fn with_port_of(url: &str, plain: &str, tls: &str) -> String {
    let ingress = if url.starts_with("https:") { tls } else { plain };
    match ingress.rsplit_once(':') {
        Some((_, port)) => format!("{}:{port}", url.trim_end_matches('/')),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_port_of;

    #[test]
    fn the_ingress_port_goes_into_the_url() {
        let port = |url| with_port_of(url, "http://127.0.0.1:8081", "https://127.0.0.1:8444");
        assert_eq!(port("http://rm.localhost"), "http://rm.localhost:8081");
        assert_eq!(port("https://rm.localhost/"), "https://rm.localhost:8444");
    }
}
