//! `/api/v1/matches`.

pub mod advice;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
