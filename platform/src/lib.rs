//! What the API server and the worker share: configuration, Postgres, object storage, the queue, telemetry.
//!
//! This crate moves bytes, rows and messages; it knows nothing of HTTP routes and nothing of resumes' meaning.
//!
//! - [`config`] reads the environment; [`env_vars`] has all names.
//! - [`postgres`] opens the pool and tenant transactions; [`migrations`] brings the schema up.
//! - [`maintenance`] connects as the owner, for backups and checks across tenants.
//! - [`tasks`] enqueues and settles units of work in Postgres, which alone decides what is done.
//! - [`relay`] and [`queue`] move notice of work to the workers through Redis.
//! - [`rate_limit`] counts what a client has asked for, over all replicas.
//! - [`mail`] sends mails and hears what became of them; [`sealing`] encrypts secrets at rest and [`locksmith`]
//!   replaces its keys.
//! - [`billing`] counts what plans allow and speaks with Stripe.
//! - [`fetch`] fetches from outside, and only from there.
//! - [`storage`] keeps uploaded bytes under their hash.
//! - [`telemetry`], [`probes`] and [`shutdown`] are the parts of a well-behaved process.

pub mod billing;
pub mod cache;
pub mod config;
pub mod digest;
pub mod env_vars;
pub mod fetch;
pub mod locksmith;
pub mod mail;
pub mod maintenance;
pub mod migrations;
pub mod names;
pub mod postgres;
pub mod probes;
pub mod queue;
pub mod rate_limit;
mod redis_connection;
pub mod relay;
pub mod schedule;
pub mod scram;
pub mod sealing;
pub mod shutdown;
pub mod storage;
pub mod tasks;
pub mod telemetry;
pub mod timestamp;
pub mod tls;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");
