//! The worker: consumes the queue; prepares database and storage; extracts files in a sandbox.

mod args;
mod backup;
mod commands;
mod exit;
mod jobs;
mod metrics;
mod relay;
mod runner;
mod sandbox;
mod schedule;
mod science;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;
use platform::config::{Env, TelemetryConfig};
use platform::telemetry::{self, ReportingConfig, Telemetry};
use platform::tls;

use args::{Args, Command};
use exit::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    let env = Env::process();
    let command = args.command.unwrap_or(Command::Run);
    // The child must not inherit threads, logging or TLS: its sandbox closes before anything else begins.
    if let Command::ExtractChild { name, purpose, recognise } = command {
        return commands::extract_child::run(&env, &name, purpose, recognise.as_deref());
    }
    tls::install_provider();
    match start(command, &env) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// The name of the service in traces and reports.
const SERVICE: &str = "resume-matcher-worker";

/// Starts what the command tells of itself. Only the worker at work reports: a command has a person or a Job that reads.
fn start_telemetry(command: &Command, env: &Env) -> Result<Telemetry, Failure> {
    // Commands that print their answer keep standard output for it.
    let prints = matches!(
        command,
        Command::Migrate { action: args::Migrate::Status | args::Migrate::Sql { .. } }
            | Command::DeadLetters { .. }
            | Command::Keys { .. }
            | Command::Healthcheck
            | Command::Verify(_)
    );
    let logging = TelemetryConfig::from_env(env)?;
    let started = match command {
        Command::Run => {
            let reporting = ReportingConfig::from_env(env)?;
            let started = telemetry::start(&logging, &reporting, SERVICE);
            return started.map_err(|error| Failure::misconfigured(&error));
        }
        // These both print an answer and have something to tell while they work.
        Command::Backup(_) | Command::Backups { .. } | Command::Restore(_) => {
            telemetry::start_logging_on_stderr(&logging)
        }
        _ if prints => Ok(()),
        _ => telemetry::start_logging(&logging),
    };
    started.map_err(|error| Failure::misconfigured(&error))?;
    Ok(Telemetry::default())
}

fn start(command: Command, env: &Env) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let telemetry = {
        let _context = runtime.enter();
        start_telemetry(&command, env)?
    };
    let done = runtime.block_on(async {
        let done = match command {
            Command::Run => commands::run::run(env, &telemetry).await,
            Command::Migrate { action } => commands::migrate::run(env, action).await,
            Command::DeadLetters { action } => commands::dead_letters::run(env, action).await,
            Command::Keys { action: args::Keys::Rotate } => commands::keys::rotate(env).await,
            Command::Prepare => commands::prepare::run(env).await,
            Command::Healthcheck => commands::healthcheck::run(env).await,
            Command::Backup(what) => commands::backup::backup(env, what).await,
            Command::Backups { action } => commands::backup::backups(env, action).await,
            Command::Restore(what) => commands::backup::restore(env, what).await,
            Command::Verify(what) => commands::verify::run(env, what).await,
            Command::ExtractChild { .. } => Ok(()),
        };
        telemetry.finish().await;
        done
    });
    // Work that was handed back may still be computing on a thread; nobody waits for it.
    runtime.shutdown_background();
    done
}
