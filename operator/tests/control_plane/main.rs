//! The operator against a real API server. Where pods would have to run, the tests play the part of the cluster's
//! controllers and write their status.

mod admission;
mod leadership;
mod lifecycle;
mod repair;
mod support;
