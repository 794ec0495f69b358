//! The operator of Resume Matcher: API types and controllers.
//!
//! One pipeline for each controller, and only its ends touch the API server:
//! `fetch -> validate -> observe -> decide -> build -> apply -> status`. See docs/operator.md.

pub mod backup_request;
pub mod children;
#[allow(
    unreachable_pub,
    reason = "KubeSchema repeats each struct, `pub` and all, inside a function of its own"
)]
pub mod crd;
pub mod leader;
pub mod names;
pub mod reference;
pub mod release;
pub mod requests;
pub mod restore_request;
pub mod resume_matcher;
pub mod scaling;
pub mod server;
pub mod settings;
pub mod startup;
pub mod telemetry;
pub mod trial;
pub mod worker_job;
pub mod x509;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");
