//! How the adapter speaks TLS: with the certificate of its Secret, asking clients for one of the API server's proxy. Uses the
//! client, to watch both; a change takes effect on the next connection.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::Place;
use super::auth::FrontProxy;
use super::certificate::{CertificateError, Identity, certificates};

/// Where the API server says how its proxy is known.
const PROXY_NAMESPACE: &str = "kube-system";
const PROXY_CONFIG: &str = "extension-apiserver-authentication";

/// How one connection is accepted.
pub(super) struct Tls {
    /// Does the handshake.
    pub(super) acceptor: TlsAcceptor,
    /// Who is believed after it.
    pub(super) front_proxy: Arc<FrontProxy>,
}

/// Keeps `sender` as the Secret and the ConfigMap say. One that cannot be used leaves it as it is.
pub(super) async fn keep_tls(client: Client, place: Place, sender: watch::Sender<Option<Arc<Tls>>>) {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &place.namespace);
    let config: Api<ConfigMap> = Api::namespaced(client, PROXY_NAMESPACE);
    let mut secrets = pin!(watch_object(secrets, &place.secret()).default_backoff());
    let mut configs = pin!(watch_object(config, PROXY_CONFIG).default_backoff());
    let (mut secret, mut proxy) = (None, None);
    loop {
        let seen = tokio::select! {
            Some(seen) = secrets.next() => seen.map(|seen| {
                if let Some(seen) = seen {
                    secret = seen.data;
                }
            }),
            Some(seen) = configs.next() => seen.map(|seen| {
                proxy = Some(seen.and_then(|seen| seen.data).unwrap_or_default());
            }),
            else => return,
        };
        if let Err(error) = seen {
            tracing::warn!(%error, "the adapter cannot watch its certificate or the API server's proxy");
            continue;
        }
        let (Some(secret), Some(proxy)) = (&secret, &proxy) else { continue };
        match Identity::read(secret).and_then(|identity| accept(&identity, proxy)) {
            Ok(tls) => {
                sender.send_replace(Some(Arc::new(tls)));
                tracing::info!(host = place.host(), "the adapter serves with this certificate");
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "the adapter cannot use its certificate");
            }
        }
    }
}

fn accept(identity: &Identity, config: &BTreeMap<String, String>) -> Result<Tls, CertificateError> {
    let (chain, key) = identity.pair()?;
    let builder = ServerConfig::builder();
    let builder = match config.get("requestheader-client-ca-file") {
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities, "requestheader-client-ca-file")? {
                roots.add(authority).map_err(CertificateError::Unusable)?;
            }
            // Who shows none may still show a token.
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).allow_unauthenticated().build();
            let verifier = verifier.map_err(|_| CertificateError::Pem("requestheader-client-ca-file"))?;
            builder.with_client_cert_verifier(verifier)
        }
        // Without an authority nobody's headers are believed.
        None => builder.with_no_client_auth(),
    };
    let mut server = builder.with_single_cert(chain, key).map_err(CertificateError::Unusable)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(server)), front_proxy: Arc::new(front_proxy(config)?) })
}

/// Each value is a JSON list of texts. One that is no such list is not taken for an empty one: no names mean that any is
/// allowed.
fn front_proxy(config: &BTreeMap<String, String>) -> Result<FrontProxy, CertificateError> {
    let list = |key: &'static str| -> Result<Vec<String>, CertificateError> {
        let text = config.get(key).map_or("", String::as_str);
        if text.is_empty() {
            return Ok(Vec::new());
        }
        serde_json::from_str(text).map_err(|_| CertificateError::Proxy(key))
    };
    Ok(FrontProxy {
        names: list("requestheader-allowed-names")?,
        user: list("requestheader-username-headers")?,
        uid: list("requestheader-uid-headers")?,
        groups: list("requestheader-group-headers")?,
        extra: list("requestheader-extra-headers-prefix")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_servers_own_words_are_read() {
        let config = [
            ("requestheader-allowed-names", r#"["front-proxy-client"]"#),
            ("requestheader-username-headers", r#"["X-Remote-User"]"#),
            ("requestheader-extra-headers-prefix", r#"["X-Remote-Extra-"]"#),
        ];
        let config = config.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let proxy = front_proxy(&config).unwrap();
        assert_eq!(proxy.names, ["front-proxy-client"]);
        assert_eq!(proxy.user, ["X-Remote-User"]);
        assert_eq!((proxy.groups.len(), proxy.extra.len()), (0, 1));
    }

    #[test]
    fn names_that_cannot_be_read_do_not_allow_any_name() {
        let config = [("requestheader-allowed-names".to_owned(), "front-proxy-client".to_owned())].into();
        let error = front_proxy(&config).unwrap_err().to_string();
        assert!(error.starts_with("requestheader-allowed-names of the API server's"), "{error}");
    }
}
