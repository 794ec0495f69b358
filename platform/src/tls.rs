//! The TLS provider of this process.

/// Installs ring as rustls' provider for the whole process. Call it first in `main`.
///
/// Two providers are in the dependency tree (ring and aws-lc-rs), and rustls refuses to choose by itself. A second call
/// does nothing: the first provider stays.
pub fn install_provider() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
}
