//! Gates in front of the dependencies: closed, they cut every connection and take no new one, as if the dependency
//! were gone; opened again, it is back with its data.

use std::{net::SocketAddr, sync::Mutex};

use test_services::Database;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A gate for each dependency.
pub(crate) struct Gates {
    /// The database behind the gate of Postgres.
    pub(crate) database: Database,
    /// In front of Postgres.
    pub(crate) postgres: Gate,
    /// In front of Redis.
    pub(crate) redis: Gate,
    /// In front of the object storage.
    pub(crate) storage: Gate,
}

impl Gates {
    /// Open gates.
    pub(crate) async fn open() -> Self {
        let database = test_services::postgres().create_database().await.unwrap();
        let target = |url: &str| address_of(url).parse().unwrap();
        Self {
            postgres: Gate::open(target(&database.app_url)).await,
            redis: Gate::open(target(&test_services::redis().url())).await,
            storage: Gate::open(target(&test_services::object_storage().endpoint())).await,
            database,
        }
    }
}

/// `host:port` of a URL.
pub(crate) fn address_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    rest.rsplit('@').next().unwrap().split('/').next().unwrap()
}

/// One gate.
pub(crate) struct Gate {
    address: SocketAddr,
    target: SocketAddr,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Gate {
    async fn open(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, target, keeper: Mutex::new(Some(tokio::spawn(keep(listener, target)))) }
    }

    /// Where the gate is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection and takes no new one.
    pub(crate) async fn close(&self) {
        let keeper = self.keeper.lock().unwrap().take().unwrap();
        keeper.abort();
        // Until the task is gone, its connections are not.
        assert!(keeper.await.unwrap_err().is_cancelled());
    }

    /// Lets connections through again, at the same address.
    pub(crate) async fn open_again(&self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        *self.keeper.lock().unwrap() = Some(tokio::spawn(keep(listener, self.target)));
    }
}

async fn keep(listener: TcpListener, target: SocketAddr) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((mut inside, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut outside) = TcpStream::connect(target).await {
                // An error is a connection that ended, which is what the two sides then see.
                drop(tokio::io::copy_bidirectional(&mut inside, &mut outside).await);
            }
        });
    }
}
