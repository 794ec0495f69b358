//! Serves a router over TCP: bounds idle clients, and on shutdown lets every client finish.
//!
//! A connection that is closed while it is idle may be closed under a request that is on its way, and the client cannot
//! know whether it was carried out. So nothing idle is closed at first: each answer asks its client to go elsewhere
//! (`Connection: close`, RFC 9112 section 9.6; GOAWAY in HTTP/2), and the connection ends after that answer.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Request, Response, Version, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::{
    Layer as _,
    util::{MapRequestLayer, MapResponseLayer},
};

/// How long a client may take to send the head of a request (also bounds idle keep-alive connections).
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long to wait after `accept` failed, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How clients are led away.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// From now on clients are asked to go elsewhere.
    pub leaving: CancellationToken,
    /// After that, time without a request after which a connection counts as left alone and is closed.
    pub idle: Duration,
}

/// Serves `router` on `listener` until `stop` is done. Then no connection is accepted any more, and those that are left
/// get up to `drain` to send their last request and take its answer; whatever is left then is cut off. Gives the number
/// of connections that were cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    farewell: Farewell,
    stop: impl Future<Output = ()> + Send,
    drain: Duration,
) -> usize {
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(converse(stream, peer, router.clone(), farewell.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // Collects connections that have ended, so that the set does not grow.
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    let all_done = async { while connections.join_next().await.is_some() {} };
    let finished = timeout(drain, all_done).await.is_ok();
    if finished { 0 } else { connections.len() }
}

async fn converse(stream: TcpStream, peer: SocketAddr, router: Router, farewell: Farewell) {
    // Small answers must not wait for a full packet.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let talk = Arc::new(Talk::default());
    let (asked, answered, leaving) = (talk.clone(), talk.clone(), farewell.leaving.clone());
    let with_peer = MapRequestLayer::new(move |mut request: Request<Incoming>| {
        asked.heard(request.version());
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let last = MapResponseLayer::new(move |mut response: Response<axum::body::Body>| {
        if leaving.is_cancelled() && !answered.is_multiplexed() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    });
    let service = TowerToHyperService::new(with_peer.layer(last.layer(router)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = talk.is_over(&farewell) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        // Clients that hang up are their own business.
        tracing::debug!(error, "connection ended early");
    }
}

/// What is known of one connection.
#[derive(Default)]
struct Talk {
    request: Notify,
    /// It speaks HTTP/2, in which GOAWAY takes the place of the header and loses no request.
    multiplexed: AtomicBool,
}

impl Talk {
    fn heard(&self, version: Version) {
        self.multiplexed.store(version == Version::HTTP_2, Ordering::Relaxed);
        self.request.notify_one();
    }

    fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Ordering::Relaxed)
    }

    /// Waits until the connection may be closed after what is in flight.
    async fn is_over(&self, farewell: &Farewell) {
        farewell.leaving.cancelled().await;
        while !self.is_multiplexed() && timeout(farewell.idle, self.request.notified()).await.is_ok() {}
    }
}
