//! Serves `external.metrics.k8s.io/v1beta1`: the API server hands requests for it on to this port, over TLS. Every replica
//! serves it, also those that do not lead: each reads on request, and counts requests for itself.

mod answers;
mod auth;
mod certificate;
mod keeper;
mod routes;
mod selector;
mod subject;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use kube::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::Layer;
use tower::util::MapRequestLayer;

use self::auth::Peer;
use self::routes::Shared;
use self::tls::{Tls, keep_tls};
use super::queue::QueueReader;
use super::rates::RateReader;

pub use keeper::keep_registered;

/// The API group.
pub const GROUP: &str = "external.metrics.k8s.io";
/// Its version.
pub const VERSION: &str = "v1beta1";

/// Most connections at a time. The API server keeps a few; all others are strangers.
const CONNECTIONS: usize = 128;
/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may take for the head of a request, which also ends idle connections.
const HEAD: Duration = Duration::from_secs(90);
/// How long to wait after a connection could not be accepted, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where the adapter is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The operator's own namespace.
    pub namespace: String,
    /// The Service there by which the API server reaches the adapter.
    pub service: String,
}

impl Place {
    /// The name that the serving certificate must be valid for.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.service, self.namespace)
    }

    /// The Secret with the serving certificate.
    #[must_use]
    pub fn secret(&self) -> String {
        format!("{}-tls", self.service)
    }
}

/// Serves until the process ends.
///
/// # Errors
/// None today: a connection that fails ends alone.
pub async fn serve(
    listener: TcpListener,
    client: Client,
    place: Place,
    (queue, rates): (Arc<QueueReader>, Arc<RateReader>),
) -> std::io::Result<()> {
    let (sender, tls) = watch::channel(None);
    let mut tasks = JoinSet::new();
    tasks.spawn(keep_tls(client.clone(), place, sender));
    let shared = Shared { client, queue, rates };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let tls = tls.borrow().clone();
                    tasks.spawn(converse(stream, tls, shared.clone(), permit));
                }
                Err(error) => {
                    tracing::warn!(%error, "the adapter cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // Collects connections that have ended, so that the set does not grow.
            Some(_ended) = tasks.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, tls: Option<Arc<Tls>>, shared: Shared, permit: OwnedSemaphorePermit) {
    let _permit = permit;
    // Without a certificate there is nothing to say that a client would believe.
    let Some(tls) = tls else {
        tracing::debug!("the adapter has no certificate yet");
        return;
    };
    let stream = match timeout(HANDSHAKE, tls.acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the adapter refused a connection");
            return;
        }
        Err(_elapsed) => return,
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    // Verified by the handshake, if there is one.
    let name = certificates.first().and_then(|certificate| subject::common_name(certificate));
    let peer = Peer { name, front_proxy: tls.front_proxy.clone() };
    let with_peer = MapRequestLayer::new(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.map(axum::body::Body::new)
    });
    let service = TowerToHyperService::new(with_peer.layer(routes::router(shared)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        // Clients that hang up are their own business.
        tracing::debug!(error, "an adapter's connection ended early");
    }
}
