//! The HTTP API and the web pages of Resume Matcher.
//!
//! [`startup`] builds and runs the application, [`router`] has all routes, [`routes`] their handlers, [`actions`] what
//! they do, [`store`] the queries, [`documents`] resumes as files, [`pages`] what templates are given, [`error`] what failures look like.

pub mod actions;
pub mod assets;
pub mod auth;
pub mod changes;
pub mod commands;
pub mod documents;
pub mod download;
pub mod error;
pub mod mailing;
pub mod middleware;
pub mod openapi;
pub mod pages;
mod queue_state;
pub mod request;
pub mod router;
pub mod routes;
pub mod server;
pub mod startup;
pub mod state;
pub mod store;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");
