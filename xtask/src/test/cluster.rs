//! The steps that need a cluster: it is started under a name of its own, beside the one that people work with, and ended
//! in every case.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::counts::Counts;
use super::steps::cargo_test;
use crate::progress::Progress;
use crate::run::{cargo, output, programs, root};
use crate::up;

/// What the end-to-end tests are told: how to reach the cluster and the installation.
mod variable {
    /// Path of the kubeconfig.
    pub(super) const KUBECONFIG: &str = "RM_E2E_KUBECONFIG";
    /// Path of kubectl.
    pub(super) const KUBECTL: &str = "RM_E2E_KUBECTL";
    /// Path of the plugin of kubectl.
    pub(super) const RMCTL: &str = "RM_E2E_RMCTL";
    /// Path of Helm.
    pub(super) const HELM: &str = "RM_E2E_HELM";
    /// URL by which this machine reaches the installation.
    pub(super) const URL: &str = "RM_E2E_URL";
    /// Namespace of the installation.
    pub(super) const NAMESPACE: &str = "RM_E2E_NAMESPACE";
    /// Name of the cluster, for what is done where its addresses are seen.
    pub(super) const CLUSTER: &str = "RM_E2E_CLUSTER";
    /// Name of the installation.
    pub(super) const NAME: &str = "RM_E2E_NAME";
}

/// Tests of the cluster itself: that it starts, recovers, and leaves nothing behind.
pub(super) fn own_tests(counts: &mut Counts) -> anyhow::Result<()> {
    cargo_test(counts, &["--workspace", "--test", "cluster_lives_and_goes"], &[("RM_CLUSTER_TESTS", "1")])
}

/// Brings the sample up and runs the end-to-end tests on it.
pub(super) fn end_to_end(counts: &mut Counts) -> anyhow::Result<()> {
    let identity = format!("{}-e2e", test_cluster::identity_of(&root()));
    let say = |line: &str| eprintln!("{line}");
    // A run that was killed may have left one; tests begin with an empty cluster.
    test_cluster::Cluster::down(&identity, &say)?;
    let result = on_fresh_cluster(counts, &identity);
    let ended = test_cluster::Cluster::down(&identity, &say).context("end the cluster of the tests");
    result.and(ended.map(drop))
}

/// What tells a program of the e2e crate where the installation is.
///
/// # Errors
/// When nothing was installed, or the plugin of kubectl does not compile.
pub(crate) fn variables(up: &up::Up, identity: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let (installation, url) = up.first()?;
    let text = |path: &Path| path.display().to_string();
    Ok(vec![
        (variable::KUBECONFIG, text(&up.place.kubectl.kubeconfig)),
        (variable::KUBECTL, text(&up.place.kubectl.program)),
        (variable::RMCTL, text(&rmctl()?)),
        (variable::HELM, text(&up.place.helm)),
        (variable::URL, url),
        (variable::NAMESPACE, installation.namespace.clone()),
        (variable::NAME, installation.name.clone()),
        (variable::CLUSTER, identity.to_owned()),
    ])
}

/// The plugin of kubectl, as the tests of the whole workspace have built it.
fn rmctl() -> anyhow::Result<PathBuf> {
    let built = ["build", "--locked", "--workspace", "--bin", "rmctl", "--message-format=json"];
    let messages = output(&mut cargo(&built))?;
    let found = programs(&messages).find(|(name, _)| name == "rmctl");
    found.map(|(_, path)| path).context("cargo does not tell where it put rmctl")
}

fn on_fresh_cluster(counts: &mut Counts, identity: &str) -> anyhow::Result<()> {
    let up = up::bring_up(
        &Progress::new(),
        &up::Options::for_tests(),
        &up::Wanted::Own { identity: identity.to_owned() },
    )?;
    let variables = variables(&up, identity)?;
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let tests = end_to_end_tests()?;
    // Of the whole workspace, as the step before built them: a package alone has other features and is compiled anew.
    let chosen = tests.iter().flat_map(|name| ["--test", name]);
    // One at a time: they change the one installation.
    let arguments = ["--workspace"].into_iter().chain(chosen);
    let arguments = arguments.chain(["--", "--include-ignored", "--test-threads=1"]);
    let result = cargo_test(counts, &arguments.collect::<Vec<_>>(), &variables);
    result.inspect_err(|_| up.diagnose())
}

/// Names of the end-to-end tests' programs: one for each file of their folder.
fn end_to_end_tests() -> anyhow::Result<Vec<String>> {
    let folder = root().join("tests/tests");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|_| path.is_file());
        names.extend(name.map(ToOwned::to_owned));
    }
    names.sort_unstable();
    anyhow::ensure!(!names.is_empty(), "{} holds no tests", folder.display());
    Ok(names)
}
