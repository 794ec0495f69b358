//! The cluster that an installation is brought up on: this checkout's own, or one that is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::kubectl::Kubectl;
use crate::images::Image;
use crate::progress::{Progress, Step};

/// A cluster that answers, and the programs to work with it.
pub(crate) struct Place {
    /// Calls kubectl on it.
    pub(crate) kubectl: Kubectl,
    /// The Helm program.
    pub(crate) helm: PathBuf,
    how: How,
}

enum How {
    /// Somebody else's; with the command that loads an archive into it.
    Given { load: Option<String> },
}

impl Place {
    /// Uses the cluster of `kubeconfig`, else starts that of this checkout.
    ///
    /// # Errors
    /// When programs cannot be compiled, or the cluster does not start or does not answer.
    pub(crate) fn ready(
        progress: &Progress,
        kubeconfig: Option<&Path>,
        load: Option<&str>,
    ) -> anyhow::Result<Self> {
        let tools = progress.step("programs of the cluster", |step| {
            test_cluster::tools(&|line| step.say(line)).context("compile the cluster's programs")
        })?;
        let kubeconfig = kubeconfig.context("give --kubeconfig")?;
        let kubectl = Kubectl { program: tools.kubectl, kubeconfig: kubeconfig.to_owned() };
        progress.step("cluster", |_| kubectl.text(&["get", "--raw", "/readyz"]))?;
        Ok(Self { kubectl, helm: tools.helm, how: How::Given { load: load.map(str::to_owned) } })
    }

    /// Brings images to the nodes; returns the names of those that were not there as they are now.
    ///
    /// # Errors
    /// When loading fails.
    pub(crate) fn load(&self, step: &Step, images: &[Image]) -> anyhow::Result<Vec<String>> {
        let How::Given { load } = &self.how;
        let Some(load) = load else { return Ok(Vec::new()) };
        for image in images {
            step.say(&image.reference);
            let mut command = Command::new("sh");
            // The archive is an argument of its own, so that no path needs quoting.
            command.args(["-c", &format!("{load} \"$1\""), "load"]).arg(&image.archive);
            step.run(&mut command).with_context(|| format!("load {}", image.reference))?;
        }
        Ok(images.iter().map(|image| image.reference.clone()).collect())
    }

    /// The URL by which this machine reaches the installation.
    pub(crate) fn reachable(&self, url: &str) -> String {
        url.to_owned()
    }
}
