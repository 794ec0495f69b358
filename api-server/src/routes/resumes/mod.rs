//! `/api/v1/resumes`.

pub mod create;
pub mod delete;
pub mod export;
pub mod get;
pub mod json_resume;
pub mod list;
pub mod original;
pub mod versions;
