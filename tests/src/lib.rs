//! Helpers of the end-to-end tests: the installation under test, its HTTP API, kubectl, documents to upload, waiting.
//!
//! `cargo xtask test --only e2e` brings the sample up on a real cluster and tells these tests by variables where it is.

pub mod client;
pub mod documents;
pub mod installation;
pub mod wait;
