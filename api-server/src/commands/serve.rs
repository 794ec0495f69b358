//! `api-server serve`.

use std::process::ExitCode;

use platform::{
    config::{Env, TelemetryConfig},
    shutdown, telemetry,
};

use super::{FAILED, MISCONFIGURED, fail};
use crate::startup::{Application, Settings};

/// Serves until SIGTERM or SIGINT.
pub async fn run() -> ExitCode {
    let env = Env::process();
    let (telemetry, settings) =
        match TelemetryConfig::from_env(&env).and_then(|t| Ok((t, Settings::from_env(&env)?))) {
            Ok(both) => both,
            Err(error) => return fail(&error, MISCONFIGURED),
        };
    if let Err(error) = telemetry::start_logging(&telemetry) {
        return fail(&error, MISCONFIGURED);
    }
    let stop = match shutdown::token_on_signal() {
        Ok(stop) => stop,
        Err(error) => return fail(&error, FAILED),
    };
    let application = match Application::build(&settings).await {
        Ok(application) => application,
        Err(error) => return fail(&error, if error.is_configuration() { MISCONFIGURED } else { FAILED }),
    };
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
