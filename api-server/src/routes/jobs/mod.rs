//! `/api/v1/jobs`.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
