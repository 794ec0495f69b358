//! HTTP as the trial uses it: short patience, no connection kept, so that every request may meet another pod.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use thiserror::Error;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a pod's metrics may take.
const METRICS_PATIENCE: Duration = Duration::from_secs(2);
/// The port of metrics.
const METRICS_PORT: u16 = 9090;
/// The port of the API's Services.
const HTTP_PORT: u16 = 80;
/// Longest answer that is quoted, in characters.
const QUOTE: usize = 200;

/// Why a trial failed.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// There was no answer.
    #[error("{request}: no answer: {why}")]
    NoAnswer {
        /// What was asked.
        request: String,
        /// What the client says.
        why: String,
    },
    /// The answer is not the right one.
    #[error("{request}: answered {answer}, expected {expected}")]
    Wrong {
        /// What was asked.
        request: String,
        /// Status and beginning of the answer.
        answer: String,
        /// What was expected.
        expected: String,
    },
    /// Something did not become ready in time.
    #[error("{what} was not ready within {seconds} s")]
    Late {
        /// What.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

/// How Services and pods are reached.
#[derive(Clone, Debug)]
pub struct Urls {
    /// Of a Service, with `{service}`, `{namespace}` and `{port}`.
    pub service: String,
    /// Of a pod, with `{ip}` and `{port}`.
    pub pod: String,
}

/// Asks Services and pods.
#[derive(Clone, Debug)]
pub struct Probe {
    http: reqwest::Client,
    urls: Urls,
}

impl Probe {
    /// One for the whole operator.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn new(urls: Urls) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            // The cluster's own addresses; a proxy of the operator's environment has no part in it.
            .no_proxy()
            .build()?;
        Ok(Self { http, urls })
    }

    /// The API behind a Service.
    #[must_use]
    pub fn service(&self, namespace: &str, service: &str) -> Api {
        let url = self.urls.service.replace("{service}", service).replace("{namespace}", namespace);
        Api { http: self.http.clone(), url: url.replace("{port}", &HTTP_PORT.to_string()), token: None }
    }

    /// The metrics of a pod.
    pub(super) async fn metrics(&self, ip: &str) -> Result<String, reqwest::Error> {
        self.second_port(ip, "/metrics").await?.error_for_status()?.text().await
    }

    /// Status and text of a path on a pod's second port.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn pod(&self, ip: &str, path: &str) -> Result<(StatusCode, String), reqwest::Error> {
        let answer = self.second_port(ip, path).await?;
        Ok((answer.status(), answer.text().await?))
    }

    async fn second_port(&self, ip: &str, path: &str) -> Result<reqwest::Response, reqwest::Error> {
        let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
        let url = self.urls.pod.replace("{ip}", &host).replace("{port}", &METRICS_PORT.to_string());
        self.http.get(format!("{url}{path}")).timeout(METRICS_PATIENCE).send().await
    }

    /// Any address.
    pub(super) fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }
}

/// The API behind one Service.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Api {
    /// The same, signed in.
    pub(super) fn with_token(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// A request.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and expects one of these answers. Gives status and body; a body that is no JSON is a text.
    pub(super) async fn expect(
        request: RequestBuilder,
        what: &str,
        expected: &[StatusCode],
    ) -> Result<(StatusCode, Value), ProbeError> {
        let no_answer = |error: reqwest::Error| ProbeError::NoAnswer {
            request: what.to_owned(),
            // The address is the Service's and tells nothing more.
            why: chain(&error.without_url()),
        };
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(no_answer)?;
        if !expected.contains(&status) {
            let expected = expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let quote: String = text.chars().take(QUOTE).collect();
            let answer = format!("{status} {}", quote.split_whitespace().collect::<Vec<_>>().join(" "));
            return Err(ProbeError::Wrong {
                request: what.to_owned(),
                answer: answer.trim_end().to_owned(),
                expected,
            });
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((status, body))
    }

    /// Gets a path and expects this answer.
    pub(super) async fn get(&self, path: &str, expected: StatusCode) -> Result<Value, ProbeError> {
        let what = format!("GET {path}");
        Ok(Self::expect(self.request(Method::GET, path), &what, &[expected]).await?.1)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
