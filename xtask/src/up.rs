//! `cargo xtask up`: from nothing to the sample Ready, on a cluster of this checkout's own or on one that is there.

mod diagnose;
mod install;
mod kubectl;
mod place;
mod ready;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use crate::images::{self, Image};
use crate::progress::Progress;
use crate::run::root;
use install::{Installation, OPERATOR_NAMESPACE};
use kubectl::text_at;
use place::Place;
pub(crate) use place::Wanted;

/// What to bring up, and where.
#[derive(clap::Args, Clone)]
#[group(id = "up")]
pub(crate) struct Options {
    /// Use the cluster of this kubeconfig instead of starting one.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// With --kubeconfig: the command that brings an image archive to the cluster's nodes; its path is appended.
    #[arg(long, value_name = "COMMAND", requires = "kubeconfig")]
    load: Option<String>,
    /// The manifest to apply.
    #[arg(long, value_name = "FILE", default_value = "resumematcher.yaml")]
    manifest: PathBuf,
    /// How long to wait for Ready, in minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 10)]
    patience: u64,
    #[command(flatten)]
    images: images::Options,
}

impl Options {
    /// The sample as it is, from binaries that `cargo test --workspace` builds as well.
    pub(crate) fn for_tests() -> Self {
        Self {
            kubeconfig: None,
            load: None,
            manifest: "resumematcher.yaml".into(),
            patience: 10,
            images: images::Options::of_test_build(),
        }
    }
}

/// What is up.
pub(crate) struct Up {
    /// The cluster.
    pub(crate) place: Place,
    /// Each installation, as it was when it became Ready.
    installations: Vec<(Installation, Value)>,
}

impl Up {
    /// The first installation and the URL by which this machine reaches it.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn first(&self) -> anyhow::Result<(&Installation, String)> {
        let (installation, object) = self.installations.first().context("nothing was installed")?;
        Ok((installation, self.place.reachable(text_at(object, "/status/url"))))
    }

    /// Prints the states of the pods, logs and events.
    pub(crate) fn diagnose(&self) {
        let mut namespaces = vec![OPERATOR_NAMESPACE];
        namespaces.extend(self.installations.iter().map(|(installation, _)| installation.namespace.as_str()));
        diagnose::print(&self.place.kubectl, &namespaces);
    }
}

/// Runs `cargo xtask up`.
///
/// # Errors
/// When a step fails; then the states of the pods, logs and events have been printed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let start = Instant::now();
    let progress = Progress::new();
    let wanted = match &options.kubeconfig {
        Some(kubeconfig) => Wanted::Given { kubeconfig: kubeconfig.clone(), load: options.load.clone() },
        None => Wanted::Own { identity: test_cluster::identity_of(&root()) },
    };
    let up = bring_up(&progress, options, &wanted)?;
    for (installation, object) in &up.installations {
        println!("{}", farewell(&up.place, installation, object));
    }
    progress.print(&format!("up in {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// Brings everything up, until each installation of the manifest is Ready.
///
/// # Errors
/// As for [`run`].
pub(crate) fn bring_up(progress: &Progress, options: &Options, wanted: &Wanted) -> anyhow::Result<Up> {
    let (place, images) = prepare(progress, options, wanted)?;
    let installations = install(progress, options, &place, &images)?;
    Ok(Up { place, installations })
}

/// Starts the cluster and builds the images, side by side.
fn prepare(progress: &Progress, options: &Options, wanted: &Wanted) -> anyhow::Result<(Place, Vec<Image>)> {
    let (place, images) = std::thread::scope(|scope| {
        let images = scope.spawn(|| images::build(progress, &options.images));
        let place = Place::ready(progress, wanted);
        (place, images.join())
    });
    let images = images.map_err(|_| anyhow::anyhow!("the build of the images panicked"))??;
    Ok((place?, images))
}

/// Loads the images, installs the operator, applies the manifest and waits.
fn install(
    progress: &Progress,
    options: &Options,
    place: &Place,
    images: &[Image],
) -> anyhow::Result<Vec<(Installation, Value)>> {
    let kubectl = &place.kubectl;
    let loaded = progress.step("load images", |step| place.load(step, images))?;
    if !loaded.is_empty() {
        install::replace_pods(kubectl, &loaded)?;
    }
    let operator = progress.step("operator", |step| install::operator(step, &place.helm, kubectl));
    operator.inspect_err(|_| diagnose::print(kubectl, &[OPERATOR_NAMESPACE]))?;
    let manifest = root().join(&options.manifest);
    let name = format!("apply {}", options.manifest.display());
    let installations = progress.step(&name, |_| install::sample(kubectl, &manifest))?;
    let patience = Duration::from_secs(options.patience * 60);
    let mut ready = Vec::new();
    for installation in installations {
        let Installation { namespace, name } = &installation;
        let print = |line: &str| progress.print(line);
        let object = progress.step(&format!("{namespace}/{name} Ready"), |step| {
            ready::wait(kubectl, step, namespace, name, patience, &print)
        });
        let object = object.inspect_err(|_| diagnose::print(kubectl, &[OPERATOR_NAMESPACE, namespace]))?;
        ready.push((installation, object));
    }
    Ok(ready)
}

/// What a person does next.
fn farewell(place: &Place, installation: &Installation, object: &Value) -> String {
    let Installation { namespace, name } = installation;
    let url = place.reachable(text_at(object, "/status/url"));
    let kubeconfig = place.kubectl.kubeconfig.display();
    let program = place.kubectl.program.display();
    format!(
        "
Resume Matcher is ready at {url}

Open it and choose \"Sign up\"; after that, sign in with the same e-mail address and password. By hand:

  curl -sS {url}/api/v1/accounts -H 'Content-Type: application/json' \\
    -d '{{\"email\":\"you@example.com\",\"password\":\"a-long-pass-phrase\"}}'       # sign up, once
  TOKEN=$(curl -sS {url}/api/v1/sessions -H 'Content-Type: application/json' \\
    -d '{{\"email\":\"you@example.com\",\"password\":\"a-long-pass-phrase\"}}' |
    sed -n 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/p')                          # sign in
  curl -sS {url}/api/v1/resumes -H \"Authorization: Bearer $TOKEN\" -F file=@resume.pdf

The cluster:

  export KUBECONFIG={kubeconfig}
  {program} get resumematcher {name} --namespace {namespace}
  cargo xtask down                                                        # stops and deletes it
"
    )
}
