//! The science of Resume Matcher: bytes become text, text becomes a resume, a resume and a job become a score.
//!
//! Nothing here does network or database work, reads a clock or starts a task: the same input gives the same
//! bytes out. The only files that are opened are the PDFium library ([`mod@extract`]), the model ([`mod@embed`]) and indexes of
//! pools ([`mod@rank`]).

pub mod document;
pub mod embed;
pub mod error;
pub mod export;
pub mod extract;
pub mod letter;
mod mapped;
pub mod parse;
pub mod rank;
pub mod score;
pub mod skills;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");

pub use document::{Document, Format};
pub use embed::{Embedder, ModelError};
pub use error::ExtractError;
pub use extract::{ExtractOptions, extract};
pub use parse::{ParsedResume, parse};
pub use rank::{Ranked, rank};
pub use score::{MatchResult, Matcher};
