//! The program `api-server`.

use std::process::ExitCode;

use api_server::commands::{self, Arguments};
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    commands::run(Arguments::parse()).await
}
