//! The handlers, as the tree of addresses has them: one noun a folder, one verb a file.

pub mod accounts;
pub mod admin;
pub mod docs;
pub mod health;
pub mod jobs;
pub mod matches;
pub mod pages;
pub mod resumes;
pub mod sessions;
