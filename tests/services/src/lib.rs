//! Real Postgres, Redis and S3 servers for tests: the programs themselves, on free ports of the loopback interface, with
//! their data in temporary folders.
//!
//! Each is started once for a test process by [`postgres()`], [`redis()`] and [`object_storage()`], or for one test alone
//! by [`Postgres::start`], [`Redis::start`] and [`ObjectStorage::start`], which stop when dropped. Whatever becomes of
//! the test process, its servers stop and their folders go: see the module `service`.
//!
//! Tests share a server and never data: [`Postgres::create_database`] gives each a database and roles of its own,
//! [`ObjectStorage`] any number of buckets, and Redis keys begin with the name of an installation
//! ([`unique_name`]).

mod object_storage;
mod postgres;
mod redis;
mod service;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");

use std::sync::OnceLock;

pub use object_storage::ObjectStorage;
pub use postgres::{Database, Postgres};
pub use redis::Redis;
pub use service::ServiceError;

/// The Postgres of this test process, started at the first call.
///
/// # Panics
/// When it cannot be started: the test cannot go on, and the message says why.
pub fn postgres() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| or_stop(Postgres::start()))
}

/// The Redis of this test process, started at the first call.
///
/// # Panics
/// When it cannot be started.
pub fn redis() -> &'static Redis {
    static SHARED: OnceLock<Redis> = OnceLock::new();
    SHARED.get_or_init(|| or_stop(Redis::start()))
}

/// The S3 server of this test process, started at the first call.
///
/// # Panics
/// When it cannot be started.
pub fn object_storage() -> &'static ObjectStorage {
    static SHARED: OnceLock<ObjectStorage> = OnceLock::new();
    SHARED.get_or_init(|| or_stop(ObjectStorage::start()))
}

/// A name that no other test uses: lower-case letters, digits and hyphens, fit for buckets and installations.
pub fn unique_name(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::now_v7().simple())
}

#[allow(clippy::panic, reason = "this crate is for tests; one whose servers do not start cannot go on")]
fn or_stop<T>(started: Result<T, ServiceError>) -> T {
    match started {
        Ok(service) => service,
        Err(error) => panic!("{error}"),
    }
}
