//! `/health` and `/health/detailed`. Probes of Kubernetes are elsewhere (`/livez`, `/readyz`).

pub mod detailed;
pub mod summary;
