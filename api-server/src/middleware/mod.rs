//! What happens to every request and answer, one concern a file. [`crate::router`] says in which order.

pub mod client;
pub mod cors;
pub mod idempotency;
pub mod limits;
pub mod metrics;
pub mod problem;
pub mod rate_limit;
pub mod request_id;
pub mod security_headers;
pub mod trace;
