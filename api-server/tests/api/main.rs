//! The API and the pages, tested from outside on a real Postgres, Redis and S3 server.

mod accounts;
mod frame;
mod health;
mod jobs;
mod matches;
mod openapi;
mod pages;
mod resumes;
mod shutdown;
mod support;
mod tenancy;
