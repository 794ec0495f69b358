//! Refuses clients of denied networks, and tells clients that ask for too much to wait.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use ipnet::IpNet;
use platform::{
    config::HttpConfig,
    rate_limit::{Decision, Quota, RateLimiter, Source},
    telemetry::Metrics,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};

use super::client::Client;
use crate::{
    auth::{identity::bearer_token, token::TokenSigner},
    error::{Problem, ProblemKind},
};

const WINDOW: Duration = Duration::from_secs(60);
const POLICY_HEADER: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT_HEADER: HeaderName = HeaderName::from_static("ratelimit");

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    decision: &'static str,
    source: &'static str,
}

/// What the two guards below work with.
#[derive(Clone)]
pub struct Guard {
    limiter: RateLimiter,
    quota: Option<Quota>,
    denied: Arc<[IpNet]>,
    tokens: TokenSigner,
    decisions: Family<Labels, Counter>,
}

impl Guard {
    /// A guard as `config` wants it. `tokens` tells accounts from strangers.
    pub fn new(config: &HttpConfig, limiter: RateLimiter, tokens: TokenSigner, metrics: &Metrics) -> Self {
        let decisions = Family::<Labels, Counter>::default();
        metrics.register(|registry| {
            registry.register(
                "rate_limit_decisions",
                "Requests that were counted, by what was decided and where",
                decisions.clone(),
            );
        });
        let requests = config.rate_limit_per_minute;
        let quota = (requests > 0).then_some(Quota { requests, window: WINDOW });
        Self { limiter, quota, denied: config.denied_networks.clone().into(), tokens, decisions }
    }

    // A good token names the account, so that people behind one address do not use up each other's requests. Without
    // one the address counts: it is what whoever guesses passwords cannot choose.
    fn key(&self, client: Client, headers: &HeaderMap) -> String {
        let claims = bearer_token(headers).ok().and_then(|token| self.tokens.check(token).ok());
        claims.map_or_else(|| client.key(), |claims| format!("account:{}", claims.sub))
    }

    fn count(&self, decision: &'static str, source: &'static str) {
        self.decisions.get_or_create(&Labels { decision, source }).inc();
    }
}

/// Refuses requests from denied networks.
pub async fn refuse_denied(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let denied = request
        .extensions()
        .get::<Client>()
        .is_some_and(|client| guard.denied.iter().any(|network| network.contains(&client.address)));
    if denied {
        guard.count("denied", "list");
        return Problem::new(ProblemKind::NetworkDenied, "Requests from your network are refused.")
            .into_response();
    }
    next.run(request).await
}

/// Counts requests of the API and forms of the pages; over the limit the answer is 429 with `Retry-After`. Both kinds of
/// answers say what is left (draft-ietf-httpapi-ratelimit-headers-10).
pub async fn limit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    // Webhooks come from few addresses, in bursts, and are signed.
    let path = request.uri().path();
    let counted =
        path.starts_with("/api/") || (request.method() == Method::POST && !path.starts_with("/webhooks/"));
    let (Some(quota), Some(client), true) =
        (guard.quota, request.extensions().get::<Client>().copied(), counted)
    else {
        return next.run(request).await;
    };
    let decision = guard.limiter.admit(&guard.key(client, request.headers()), quota).await;
    guard.count(if decision.admitted { "admitted" } else { "limited" }, decision.source.as_str());
    if decision.source == Source::Local {
        tracing::debug!("counted by this process alone");
    }
    let mut response = if decision.admitted {
        next.run(request).await
    } else {
        let detail = format!("You may ask {} times a minute.", quota.requests);
        Problem::new(ProblemKind::RateLimited, detail).into_response()
    };
    tell(response.headers_mut(), quota, decision);
    response
}

fn tell(headers: &mut HeaderMap, quota: Quota, decision: Decision) {
    // Rounded up: whoever comes back after so many seconds is admitted.
    let seconds = decision.wait.as_millis().div_ceil(1000);
    let policy = format!("\"default\";q={};w={}", quota.requests, quota.window.as_secs());
    let state = format!("\"default\";r={};t={seconds}", decision.remaining);
    let mut insert = |name: HeaderName, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    insert(POLICY_HEADER, policy);
    insert(LIMIT_HEADER, state);
    if !decision.admitted {
        insert(header::RETRY_AFTER, seconds.to_string());
    }
}
