//! The handlers, as the tree of addresses has them: one noun a folder, one verb a file.

pub mod accounts;
pub mod admin;
pub mod api_keys;
pub mod applications;
pub mod audit;
pub mod batches;
pub mod billing;
pub mod docs;
pub mod events;
pub mod health;
pub mod invitations;
pub mod jobs;
pub mod matches;
pub mod members;
pub mod organisations;
pub mod pages;
pub mod resumes;
pub mod sessions;
pub mod webhooks;
