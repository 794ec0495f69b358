//! `cargo xtask cluster`: the real cluster of this checkout, and the programs that it is made of.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use test_cluster::{
    Access, Cluster, ClusterOptions, ControlPlane, ControlPlaneOptions, Tools, control_plane_tools,
    identity_of, state_path, tools,
};

use crate::run::root;

/// What to do with the cluster.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    act: Act,
    /// Another cluster than this checkout's own, by its name.
    #[arg(long, global = true)]
    name: Option<String>,
}

/// The acts.
#[derive(clap::Subcommand)]
enum Act {
    /// Start the cluster and wait until it is Ready; one that is up is checked and left alone.
    Up {
        /// Only etcd, the API server and the controller manager, without pods; needs no root.
        #[arg(long)]
        control_plane_only: bool,
    },
    /// End the cluster and remove all that it made.
    Down,
    /// Say how the cluster is.
    Status {
        /// Ask this cluster instead of the checkout's own.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
    },
    /// Print the path of the cluster's kubeconfig.
    Kubeconfig,
    /// Run kubectl on the cluster.
    Kubectl {
        /// Use this cluster instead of the checkout's own.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
        /// kubectl's own arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Load the images of an OCI archive into the cluster.
    Load {
        /// The archive.
        file: PathBuf,
    },
    /// Run a command inside the cluster's namespaces, where its addresses are seen.
    Run {
        /// The program's full path, and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// Compile the programs that the cache folder does not hold yet, and print where they are.
    Build,
}

/// Does it.
///
/// # Errors
/// When it cannot be done; the message says which part failed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let identity = options.name.clone().unwrap_or_else(|| identity_of(&root()));
    match &options.act {
        Act::Up { control_plane_only: true } => control_plane_up(&identity),
        Act::Up { control_plane_only: false } => up(identity),
        Act::Down => down(&identity),
        Act::Status { kubeconfig } => status(&identity, kubeconfig.as_ref()),
        Act::Kubeconfig => {
            println!("{}", access(&identity, None)?.kubeconfig().display());
            Ok(())
        }
        Act::Kubectl { kubeconfig, args } => kubectl(&access(&identity, kubeconfig.as_ref())?, args),
        Act::Load { file } => {
            print!("{}", found(&identity)?.load_image(file)?);
            Ok(())
        }
        Act::Run { command } => {
            print!("{}", found(&identity)?.run(command)?.output);
            Ok(())
        }
        Act::Build => build(),
    }
}

fn say(line: &str) {
    eprintln!("{line}");
}

fn up(identity: String) -> anyhow::Result<()> {
    let cluster = Cluster::up(&programs()?, &ClusterOptions { identity }, &say)?;
    println!("kubeconfig  {}", cluster.access().kubeconfig().display());
    println!("ingress     {}", cluster.ingress_url());
    Ok(())
}

/// Where the control plane of this name keeps its files, apart from the cluster's.
fn control_plane_state(identity: &str) -> anyhow::Result<PathBuf> {
    Ok(state_path(&format!("{identity}-control-plane"))?)
}

fn control_plane_up(identity: &str) -> anyhow::Result<()> {
    let tools = control_plane_tools(&say).context("compile the cluster's programs")?;
    let state = control_plane_state(identity)?;
    let control_plane = match ControlPlane::find(&tools, &state)? {
        Some(control_plane) => control_plane,
        None => {
            // What a start or a run that was killed has left.
            ControlPlane::clear(&state)?;
            let options =
                ControlPlaneOptions { controller_manager: true, state: Some(state), detached: true };
            ControlPlane::start(&tools, &options)?
        }
    };
    println!("kubeconfig  {}", control_plane.kubeconfig().display());
    Ok(())
}

fn down(identity: &str) -> anyhow::Result<()> {
    let cluster = Cluster::down(identity, &say)?;
    let control_plane = ControlPlane::clear(&control_plane_state(identity)?)?;
    println!("{}", if cluster || control_plane { "the cluster is gone" } else { "there was no cluster" });
    Ok(())
}

fn status(identity: &str, kubeconfig: Option<&PathBuf>) -> anyhow::Result<()> {
    if kubeconfig.is_some() {
        println!("{}", access(identity, kubeconfig)?.kubectl(&["get", "nodes", "--output=wide"])?.trim_end());
        return Ok(());
    }
    println!("{}", found(identity)?.status()?);
    Ok(())
}

fn kubectl(access: &Access, args: &[String]) -> anyhow::Result<()> {
    // This process becomes kubectl, whose exit status and messages are then its own.
    let error = Command::new(access.program()).args(args).env("KUBECONFIG", access.kubeconfig()).exec();
    Err(error).context("run kubectl")
}

/// The cluster that is up, or an error that says how to start it.
fn found(identity: &str) -> anyhow::Result<Cluster> {
    Cluster::find(&programs()?, identity)?
        .context("no cluster of this checkout is up; start it by: cargo xtask cluster up")
}

/// Access to the given cluster, else to this checkout's own, else to its control plane.
fn access(identity: &str, kubeconfig: Option<&PathBuf>) -> anyhow::Result<Access> {
    let tools = control_plane_tools(&say).context("compile the cluster's programs")?;
    if let Some(kubeconfig) = kubeconfig {
        return Ok(Access::new(&tools.kubectl, kubeconfig));
    }
    if let Some(control_plane) = ControlPlane::find(&tools, &control_plane_state(identity)?)? {
        return Ok(control_plane.access().clone());
    }
    Ok(found(identity)?.access().clone())
}

fn build() -> anyhow::Result<()> {
    let Tools { node, kubectl, helm, traefik, versitygw, pause_image, probe_image } = programs()?;
    for path in [node, kubectl, helm, traefik, versitygw, pause_image, probe_image] {
        println!("{}", path.display());
    }
    Ok(())
}

fn programs() -> anyhow::Result<Tools> {
    tools(&say).context("compile the cluster's programs")
}
