//! The operator's program: parses, starts, ends.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kube::{Client, Config};
use operator::server::listen;
use operator::settings::{Cli, Command, Settings};
use operator::startup::{Ports, asked_once, run};
use operator::telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Healthcheck) => healthcheck(&cli.settings).await,
        Some(Command::Crd { plural }) => print_definition(&plural),
        Some(Command::Reference) => {
            write!(std::io::stdout(), "{}", operator::reference::page()).map_err(Into::into)
        }
        None => start(cli.settings).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            // Nothing is left to tell of a failure to write this.
            let _ = writeln!(std::io::stderr(), "resume-matcher-operator: {text}");
            ExitCode::FAILURE
        }
    }
}

async fn start(settings: Settings) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&settings.log)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    if std::io::stdout().is_terminal() {
        log.init();
    } else {
        log.json().init();
    }
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return Err("the TLS provider was installed twice".into());
    }
    let adapter = match settings.adapter() {
        Some(_) => Some(listen(settings.adapter_listen, "the metrics adapter").await?),
        None => None,
    };
    let ports = Ports {
        health: listen(settings.health_listen, "health").await?,
        metrics: listen(settings.metrics_listen, "metrics").await?,
        adapter,
    };
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stopper = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop");
        stopper.cancel();
    });
    let config = asked_once(Config::infer().await?);
    run(Client::try_from(config)?, settings, ports, Metrics::new(), stop).await?;
    Ok(())
}

fn print_definition(plural: &str) -> Result<(), Error> {
    let definitions = operator::crd::definitions();
    let of_kind = definitions.iter().find(|definition| definition.spec.names.plural == plural);
    let Some(definition) = of_kind else {
        let known: Vec<&str> = definitions.iter().map(|one| one.spec.names.plural.as_str()).collect();
        return Err(format!("there is no kind {plural}; there are {}", known.join(", ")).into());
    };
    let text = serde_saphyr::to_string(definition)?;
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Asks `/livez` over loopback.
async fn healthcheck(settings: &Settings) -> Result<(), Error> {
    let port = settings.health_listen.port();
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(3), ask).await??;
    if answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(format!("/livez answered {:?}", answer.lines().next().unwrap_or_default()).into())
    }
}
