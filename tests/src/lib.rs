//! Helpers of the end-to-end tests: the installation under test, its HTTP API, kubectl, documents to upload, load, waiting.
//!
//! `cargo xtask test --only e2e` brings the sample up on a real cluster and tells these tests by variables where it is.

pub mod client;
pub mod documents;
pub mod installation;
pub mod load;
pub mod plain;
pub mod releases;
pub mod runbook;
pub mod steady;
pub mod steps;
pub mod wait;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");
