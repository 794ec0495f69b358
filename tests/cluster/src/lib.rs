//! Builds and runs a real single-node Kubernetes cluster.
