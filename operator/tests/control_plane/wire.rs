//! The operator's way to the API server, with what can go wrong on it, and the one thing that no API server without nodes
//! can answer: the log of a pod.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kube::client::{Body, DynBody};
use tower::{BoxError, Layer, Service};

/// When the operator dies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Death {
    /// Before its n-th write, counted from 0.
    Before(usize),
    /// After it, before it hears of it.
    After(usize),
}

#[derive(Debug, Default)]
struct State {
    death: Option<Death>,
    writes: usize,
    dead: bool,
    /// Reads of the object show it as it was so many versions ago.
    stale_by: usize,
    versions: HashMap<String, Vec<Vec<u8>>>,
    /// Watches of this kind never tell anything; only lists do.
    mute: Option<&'static str>,
    log: String,
}

/// The wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<State>>);

impl Wire {
    /// The operator dies at this write.
    pub(crate) fn dies(self, death: Death) -> Self {
        self.0.lock().unwrap().death = Some(death);
        self
    }

    /// The first reads of the object show it as it was so many versions ago.
    pub(crate) fn stale_by(self, versions: usize) -> Self {
        self.0.lock().unwrap().stale_by = versions;
        self
    }

    /// Watches of this kind never tell anything: their events are lost for good.
    pub(crate) fn mute(self, plural: &'static str) -> Self {
        self.0.lock().unwrap().mute = Some(plural);
        self
    }

    /// What plan Jobs print.
    pub(crate) fn prints(self, log: &str) -> Self {
        log.clone_into(&mut self.0.lock().unwrap().log);
        self
    }

    /// Whether the operator has died.
    pub(crate) fn is_dead(&self) -> bool {
        self.0.lock().unwrap().dead
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
    /// Sent, and then the operator is dead.
    Last,
    Dead,
    Log(String),
    Never,
}

fn fate(state: &mut State, request: &Request<Body>) -> Fate {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    // The Lease is not the matter of these tests: a dead leader's runs out, and here it is given back at once.
    if path.contains("/leases") {
        return Fate::Send;
    }
    if state.dead {
        return Fate::Dead;
    }
    if path.ends_with("/log") {
        return Fate::Log(state.log.clone());
    }
    if query.contains("watch=true") && state.mute.is_some_and(|plural| path.ends_with(plural)) {
        return Fate::Never;
    }
    if request.method() == Method::GET || path.contains("/events") {
        return Fate::Send;
    }
    let number = state.writes;
    state.writes += 1;
    match state.death {
        Some(Death::Before(at)) if at == number => {
            state.dead = true;
            Fate::Dead
        }
        Some(Death::After(at)) if at == number => {
            state.dead = true;
            Fate::Last
        }
        _ => Fate::Send,
    }
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
        let dead = || BoxError::from("the operator is dead");
        match fate {
            Fate::Dead => Box::pin(async move { Err(dead()) }),
            Fate::Never => Box::pin(std::future::pending()),
            Fate::Log(log) => Box::pin(async move { Ok(Response::new(text(log.into_bytes()))) }),
            Fate::Last => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    // The API server has carried it out; nobody is left to hear of it.
                    answer.await?.into_body().collect().await?;
                    Err(dead())
                })
            }
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
