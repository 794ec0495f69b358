//! What the program can be told to do.

pub mod healthcheck;
pub mod maintenance;
pub mod serve;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

/// Exit code: it failed; trying again may help.
const FAILED: u8 = 1;
/// Exit code: the configuration is wrong; trying again cannot help.
const MISCONFIGURED: u8 = 2;

/// The HTTP API and web pages of Resume Matcher. Settings come from the environment; see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the pages (the default)
    Serve,
    /// Ask the server of this container whether it lives; for the image's health check
    Healthcheck,
    /// Answer every request with 503 and Retry-After, while the data is restored
    Maintenance,
    /// Print the OpenAPI document
    Openapi,
}

/// Does what `arguments` say.
pub async fn run(arguments: Arguments) -> ExitCode {
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run().await,
        Command::Healthcheck => healthcheck::run().await,
        Command::Maintenance => maintenance::run().await,
        Command::Openapi => match crate::openapi::document_text() {
            Ok(text) => {
                print!("{text}");
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error, FAILED),
        },
    }
}

/// Tells a person why the program ends.
fn fail(error: &dyn Error, code: u8) -> ExitCode {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    eprintln!("api-server: {message}");
    ExitCode::from(code)
}
