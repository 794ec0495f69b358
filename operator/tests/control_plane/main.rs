//! The operator against a real API server. Where pods would have to run, the tests play the part of the cluster's
//! controllers and write their status.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy sees tests in test functions alone, and helpers of tests are tests too"
)]

mod adapter;
mod admission;
mod application;
mod backups;
mod certificates;
mod cluster;
mod faults;
mod leadership;
mod lifecycle;
mod pod_template;
mod releases;
mod repair;
mod scaling;
mod support;
mod wire;
