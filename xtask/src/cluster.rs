//! `cargo xtask cluster`: the real cluster, and the programs that it is made of.

use anyhow::Context;
use test_cluster::{Tools, tools};

/// What to do with the cluster.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    act: Act,
}

/// The acts.
#[derive(clap::Subcommand)]
enum Act {
    /// Compile the programs that the cache folder does not hold yet, and print where they are.
    Build,
}

/// Does it.
///
/// # Errors
/// When it cannot be done; the message says which part failed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match options.act {
        Act::Build => build(),
    }
}

fn build() -> anyhow::Result<()> {
    let Tools { node, kubectl, helm, traefik, versitygw, pause_image } = programs()?;
    for path in [node, kubectl, helm, traefik, versitygw, pause_image] {
        println!("{}", path.display());
    }
    Ok(())
}

fn programs() -> anyhow::Result<Tools> {
    tools(&|line| eprintln!("{line}")).context("compile the cluster's programs")
}
