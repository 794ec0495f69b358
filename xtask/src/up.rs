//! `cargo xtask up`: from nothing to the sample Ready, on a cluster of this checkout's own or on one that is there.

mod diagnose;
mod install;
mod kubectl;
mod place;
mod ready;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::images::{self, Image};
use crate::progress::Progress;
use crate::run::root;
use install::{Installation, OPERATOR_NAMESPACE};
use kubectl::text_at;
use place::Place;

/// What to bring up, and where.
#[derive(clap::Args, Clone, Default)]
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

/// Runs `cargo xtask up`.
///
/// # Errors
/// When a step fails; then the states of the pods, logs and events have been printed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let start = Instant::now();
    let progress = Progress::new();
    let (place, images) = prepare(&progress, options)?;
    let result = install(&progress, options, &place, &images);
    match result {
        Ok(installations) => {
            for (installation, object) in installations {
                println!("{}", farewell(&place, &installation, &object));
            }
            progress.print(&format!("up in {:.0} s", start.elapsed().as_secs_f64()));
            Ok(())
        }
        Err(error) => {
            diagnose::print(&place.kubectl, &[OPERATOR_NAMESPACE, "default"]);
            Err(error)
        }
    }
}

/// Starts the cluster and builds the images, side by side.
fn prepare(progress: &Progress, options: &Options) -> anyhow::Result<(Place, Vec<Image>)> {
    let (place, images) = std::thread::scope(|scope| {
        let images = scope.spawn(|| images::build(progress, &options.images));
        let place = Place::ready(progress, options.kubeconfig.as_deref(), options.load.as_deref());
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
    progress.step("operator", |step| install::operator(step, &place.helm, kubectl))?;
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
        match object {
            Ok(object) => ready.push((installation, object)),
            Err(error) => {
                diagnose::print(kubectl, &[namespace]);
                return Err(error);
            }
        }
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
