//! `load`: steady load on one address, for tests and measurements; prints what came of it as JSON. A program of its own,
//! so that it can be run where the cluster's addresses are seen.

use clap::Parser;
use e2e::load::{Options, run};

/// Steady load by clients that keep their connections and send nothing twice.
#[derive(Parser)]
#[command(name = "load")]
struct Args {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let report = run(&Args::parse().options).await?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
