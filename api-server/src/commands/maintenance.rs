//! `api-server maintenance`: answers every request with 503 and `Retry-After`, in place of an installation that is closed.
//!
//! It reads no secret and reaches nothing: neither the database nor any other service.

use std::{process::ExitCode, time::Duration};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use platform::{
    config::{ConfigError, Env, HttpConfig, ProbesConfig, TelemetryConfig},
    probes::{self, Probes, Readiness},
    shutdown,
    telemetry::{self, Metrics},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{FAILED, MISCONFIGURED, fail};
use crate::{
    error::{Problem, ProblemDocument, ProblemKind},
    middleware::problem::{MEDIA_TYPE, wants_page},
    server::{self, Farewell},
};

/// Time without a request after which a connection is closed while the process stops.
const IDLE: Duration = Duration::from_secs(2);
/// After so many seconds a client may ask again.
const RETRY_AFTER: &str = "30";
/// Time for answers that are under way.
const DRAIN: Duration = Duration::from_secs(5);
const DETAIL: &str = "The service is closed for a moment while its data is being restored.";
/// Stands on its own: style sheets cannot be asked for here.
const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"refresh\" content=\"30\">\
    <title>Back soon - Resume Matcher</title>\
    <style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}</style></head>\
    <body><main><h1>Back soon</h1><p>Resume Matcher is closed for a moment while its data is being restored. \
    This page looks again every 30 seconds.</p></main></body></html>\n";

/// Serves until SIGTERM or SIGINT.
pub async fn run() -> ExitCode {
    let env = Env::process();
    let (telemetry, http, ports) = match settings(&env) {
        Ok(settings) => settings,
        Err(error) => return fail(&error, MISCONFIGURED),
    };
    if let Err(error) = telemetry::start_logging(&telemetry) {
        return fail(&error, MISCONFIGURED);
    }
    let served = async {
        let stop = shutdown::token_on_signal()?;
        let listener = TcpListener::bind(http.listen).await?;
        let probes_listener = TcpListener::bind(ports.listen).await?;
        tracing::info!(address = %http.listen, "answers that the installation is closed");
        serve(listener, probes_listener, stop).await
    };
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, FAILED),
    }
}

fn settings(env: &Env) -> Result<(TelemetryConfig, HttpConfig, ProbesConfig), ConfigError> {
    Ok((TelemetryConfig::from_env(env)?, HttpConfig::from_env(env)?, ProbesConfig::from_env(env)?))
}

/// Serves on these ports until `stop` is cancelled.
///
/// # Errors
/// When the second port fails.
pub async fn serve(
    listener: TcpListener,
    probes_listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let state = Probes { metrics: Metrics::new(), readiness: Readiness::new(&[]) };
    let probes = tokio::spawn(probes::serve(probes_listener, state, stop.clone()));
    let router = Router::new().fallback(closed);
    let farewell = Farewell { leaving: stop.clone(), idle: IDLE };
    let cut_off = server::serve(listener, router, farewell, stop.cancelled_owned(), DRAIN).await;
    if cut_off > 0 {
        tracing::warn!(connections = cut_off, "connections were cut off at the deadline");
    }
    probes.await.map_err(std::io::Error::other)?
}

async fn closed(request: Request) -> Response {
    let path = request.uri().path();
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = if wants_page(path, request.headers()) {
        (status, Html(PAGE)).into_response()
    } else {
        let problem = Problem::new(ProblemKind::DependencyUnavailable, DETAIL);
        let mut response = (status, Json(ProblemDocument::new(&problem, path, ""))).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Else a client would stay with this process when the installation is open again.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(path: &str, accept: &str) -> (Response, String) {
        let request = Request::get(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap();
        let mut response = Router::new().fallback(closed).oneshot(request).await.unwrap();
        let body = to_bytes(std::mem::take(response.body_mut()), 1 << 20).await.unwrap();
        (response, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn programs_are_told_when_to_come_back() {
        let (response, body) = answer("/api/v1/resumes", "*/*").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "30");
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        assert!(body.contains(DETAIL), "{body}");
    }

    #[tokio::test]
    async fn people_get_a_page() {
        let (response, body) = answer("/", "text/html,*/*").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "30");
        assert!(body.contains("Back soon"), "{body}");
    }
}
