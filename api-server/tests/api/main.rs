//! The API and the pages, tested from outside on a real Postgres, Redis and S3 server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test that cannot go on ends the test"
)]

mod accounts;
mod admin;
mod advice;
mod applications;
mod batches;
mod billing;
mod browser;
mod chaos;
mod collector;
mod conformance;
mod frame;
mod health;
mod idempotency;
mod jobs;
mod limits;
mod log_scrub;
mod mail;
mod matches;
mod openapi;
mod organisations;
mod outside;
mod pages;
mod personal;
mod queue_state;
mod resume_versions;
mod resumes;
mod second_factor;
mod shutdown;
mod support;
mod tenancy;
mod traces;
