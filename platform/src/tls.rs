//! The TLS provider of this process.

/// Installs ring as rustls' provider for the whole process. Call it first in `main`.
///
/// HTTP clients are built without a provider of their own, so that one implementation of TLS serves the whole process. A
/// second call does nothing: the first provider stays.
pub fn install_provider() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
}
