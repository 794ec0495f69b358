//! The operator's way to the API server, with what can go wrong on it, and the one thing that no API server without nodes
//! can answer: the log of a pod.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kube::client::{Body, DynBody};
use tower::{BoxError, Layer, Service};

/// How long a watch that misses events is silent.
const SILENCE: Duration = Duration::from_secs(6);

#[derive(Debug, Default)]
struct State {
    /// Reads of the object show it as it was so many versions ago.
    stale_by: usize,
    versions: HashMap<String, Vec<Vec<u8>>>,
    /// The first watch of this kind tells nothing and breaks.
    mute: Option<&'static str>,
    log: String,
}

/// The wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<State>>);

impl Wire {
    /// The first reads of the object show it as it was so many versions ago.
    pub(crate) fn stale_by(self, versions: usize) -> Self {
        self.0.lock().unwrap().stale_by = versions;
        self
    }

    /// The first watch of this kind tells nothing and breaks.
    pub(crate) fn mute(self, plural: &'static str) -> Self {
        self.0.lock().unwrap().mute = Some(plural);
        self
    }

    /// What plan Jobs print.
    pub(crate) fn prints(self, log: &str) -> Self {
        log.clone_into(&mut self.0.lock().unwrap().log);
        self
    }
}

impl<S> Layer<S> for Wire {
    type Service = Wired<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Wired { inner, state: self.0.clone() }
    }
}

/// What a request meets before it is sent.
enum Fate {
    Send,
    Log(String),
    Never,
}

fn fate(state: &mut State, request: &Request<Body>) -> Fate {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    if path.ends_with("/log") {
        return Fate::Log(state.log.clone());
    }
    if query.contains("watch=true") && state.mute.is_some_and(|plural| path.ends_with(plural)) {
        state.mute = None;
        return Fate::Never;
    }
    Fate::Send
}

/// A client's service behind the wire.
#[derive(Clone, Debug)]
pub(crate) struct Wired<S> {
    inner: S,
    state: Arc<Mutex<State>>,
}

fn text(body: Vec<u8>) -> Box<DynBody> {
    Box::new(Full::new(body.into()).map_err(|never| match never {}))
}

impl<S> Service<Request<Body>> for Wired<S>
where
    S: Service<Request<Body>, Response = Response<Box<DynBody>>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<Box<DynBody>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let is_object =
            request.method() == Method::GET && request.uri().path().ends_with("/resumematchers/acme");
        let fate = fate(&mut self.state.lock().unwrap(), &request);
        let state = self.state.clone();
        match fate {
            Fate::Never => Box::pin(async move {
                // As a server that has stopped answering; what happens meanwhile is never told.
                tokio::time::sleep(SILENCE).await;
                Err(BoxError::from("the watch was silent, and then it broke"))
            }),
            Fate::Log(log) => Box::pin(async move { Ok(Response::new(text(log.into_bytes()))) }),
            Fate::Send => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer = answer.await?;
                    if !is_object || !answer.status().is_success() {
                        return Ok(answer);
                    }
                    let (parts, body) = answer.into_parts();
                    let now = body.collect().await?.to_bytes().to_vec();
                    let mut state = state.lock().unwrap();
                    let stale_by = state.stale_by;
                    let versions = state.versions.entry("acme".to_owned()).or_default();
                    if versions.last() != Some(&now) {
                        versions.push(now.clone());
                    }
                    let seen = versions.len().saturating_sub(1).saturating_sub(stale_by);
                    let shown = versions[seen].clone();
                    // Late, but not for ever: each read sees a little more.
                    state.stale_by =
                        if versions_caught_up(&shown, &now) { stale_by } else { stale_by.saturating_sub(1) };
                    Ok(Response::from_parts(parts, text(shown)))
                })
            }
        }
    }
}

fn versions_caught_up(shown: &[u8], now: &[u8]) -> bool {
    shown == now
}
