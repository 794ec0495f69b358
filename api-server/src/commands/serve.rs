//! `api-server serve`.

use std::process::ExitCode;

use platform::{
    config::{ConfigError, Env, TelemetryConfig},
    shutdown,
    telemetry::{self, ReportingConfig, Telemetry},
    tls,
};

use super::{FAILED, MISCONFIGURED, fail};
use crate::startup::{Application, Settings};

/// The name of the service in traces and reports.
const SERVICE: &str = "resume-matcher-api";

/// Serves until SIGTERM or SIGINT.
pub async fn run() -> ExitCode {
    let env = Env::process();
    let (logging, reporting, settings) = match read(&env) {
        Ok(all) => all,
        Err(error) => return fail(&error, MISCONFIGURED),
    };
    // The client that reports needs it before the application is built.
    tls::install_provider();
    let telemetry = match telemetry::start(&logging, &reporting, SERVICE) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&error, MISCONFIGURED),
    };
    let code = serve(&settings, &telemetry).await;
    telemetry.finish().await;
    code
}

fn read(env: &Env) -> Result<(TelemetryConfig, ReportingConfig, Settings), ConfigError> {
    Ok((TelemetryConfig::from_env(env)?, ReportingConfig::from_env(env)?, Settings::from_env(env)?))
}

async fn serve(settings: &Settings, telemetry: &Telemetry) -> ExitCode {
    let stop = match shutdown::token_on_signal() {
        Ok(stop) => stop,
        Err(error) => return fail(&error, FAILED),
    };
    let application = match Application::build(settings).await {
        Ok(application) => application,
        Err(error) => return fail(&error, if error.is_configuration() { MISCONFIGURED } else { FAILED }),
    };
    telemetry.register(application.metrics());
    tracing::info!(
        address = %settings.http.listen,
        version = env!("CARGO_PKG_VERSION"),
        environment = settings.installation.environment.as_str(),
        "serving"
    );
    match application.run(stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, FAILED),
    }
}
