//! `cargo xtask bench`: speed beside other tools, a file each for what is measured.

mod api;
mod embedding;
mod matching;
mod operator;
mod release;

use clap::Subcommand;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    subject: Subject,
}

/// What can be measured.
#[derive(Subcommand)]
enum Subject {
    /// The API under load, beside a FastAPI service that does the same queries.
    Api(api::Options),
    /// Extraction, embedding, the whole pipeline and ranking, on one core.
    Matching(matching::Options),
    /// The operator with many installations on a real API server.
    Operator(operator::Options),
    /// Requests that releases lose under load, on a cluster, beside rolling updates of a plain Deployment.
    Release(release::Options),
}

/// Prints one table and writes the JSON file; whether everything could be measured.
///
/// # Errors
/// When something that the measuring needs is not there.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    match &options.subject {
        Subject::Api(options) => api::run(options),
        Subject::Matching(options) => matching::run(options),
        Subject::Operator(options) => operator::run(options),
        Subject::Release(options) => release::run(options),
    }
}
