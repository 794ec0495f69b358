//! The rows behind the routes: every query of the API server, one noun a file. Each function works in a transaction
//! of one tenant, so row-level security holds whatever the query says.

pub mod account_tokens;
pub mod accounts;
pub mod advice;
pub mod api_keys;
pub mod applications;
pub mod audit;
pub mod batches;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod matches;
pub mod members;
pub mod objects;
pub mod outside_identities;
pub mod personal;
pub mod resume_versions;
pub mod resumes;
pub mod second_factors;
pub mod sessions;
pub mod standing;
mod status;

pub use status::Status;

/// A transaction on Postgres, of one tenant unless said otherwise.
pub type Tx = sqlx::Transaction<'static, sqlx::Postgres>;
