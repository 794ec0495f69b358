//! What the API and the pages both do: each action checks its input, then changes rows and bytes together.

pub mod accounts;
pub mod applications;
pub mod batches;
pub mod billing;
pub mod jobs;
pub mod matches;
pub mod outside;
pub mod personal;
pub mod recovery;
pub mod resume_versions;
pub mod resumes;
pub mod second_factor;
