//! The program `api-server`.

use std::process::ExitCode;

use api_server::commands::{self, Arguments};
use clap::Parser as _;
use mimalloc::MiMalloc;

// A request makes many small allocations on one thread and frees them on another, at which the system's allocator spends
// a third of the processor's time (docs/quality.md, "Figures of the API").
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    commands::run(Arguments::parse()).await
}
