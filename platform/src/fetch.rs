//! Fetching from outside only, within limits of time and size: pages that people name, and keys of issuers of tokens.
//!
//! Names are resolved here and each address is judged before it is connected to, so a name that changes its address
//! between the check and the connection gains nothing. Redirects are followed by hand, each judged anew.

mod guard;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::config::FetchConfig;
use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, StatusCode, Url, header, redirect};

use guard::AddressGuard;

/// How much is fetched, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes.
    pub bytes: usize,
    /// Longest time for all of it, redirects included.
    pub deadline: Duration,
    /// Most redirects.
    pub redirects: usize,
    /// Whether `http` is taken from everywhere, or only from networks that are allowed by name.
    pub plain: bool,
}

impl Limits {
    /// For pages: 5 MiB in 20 seconds over 5 redirects.
    pub const PAGES: Self =
        Self { bytes: 5 * 1024 * 1024, deadline: Duration::from_secs(20), redirects: 5, plain: true };
    /// For keys: 256 KiB in 5 seconds without redirects, and by https but for networks that are allowed by name.
    pub const KEYS: Self =
        Self { bytes: 256 * 1024, deadline: Duration::from_secs(5), redirects: 0, plain: false };
}

/// A page as it was fetched.
#[derive(Debug)]
pub struct Page {
    /// What it is.
    pub bytes: Bytes,
    /// Media type without parameters, as the server says.
    pub media_type: String,
}

/// Why there is no page. `Display` is one sentence for the person who named the address.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address leads inside, is no web address, or redirects to such a one.
    #[error("the address may not be fetched: {0}")]
    Refused(&'static str),
    /// The server answers with an error that another try would not mend.
    #[error("the page cannot be had: the server answers {0}")]
    Answer(StatusCode),
    /// More bytes than the limit.
    #[error("the page is larger than {} KiB", .0 / 1024)]
    TooLarge(usize),
    /// More redirects than the limit.
    #[error("the address redirects too often")]
    TooManyRedirects,
    /// The server is away or slow. Trying again may help.
    #[error("the server of the page does not answer")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl FetchError {
    /// Whether another try may succeed.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Answer(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(_) | Self::TooLarge(_) | Self::TooManyRedirects => false,
        }
    }
}

/// Fetches pages. Clones share connections.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    guard: AddressGuard,
    limits: Limits,
}

/// Resolves names and leaves out every address that leads inside.
struct GuardedResolver(AddressGuard);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, LEADS_INSIDE).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

const LEADS_INSIDE: &str = "it leads to a private network";

impl Fetcher {
    /// A fetcher of pages that connects to what `config` allows.
    ///
    /// # Errors
    /// When the TLS of the client cannot be set up.
    pub fn new(config: &FetchConfig) -> Result<Self, reqwest::Error> {
        Self::with_limits(config, Limits::PAGES)
    }

    /// The same within other limits.
    ///
    /// # Errors
    /// When the TLS of the client cannot be set up.
    pub fn with_limits(config: &FetchConfig, limits: Limits) -> Result<Self, reqwest::Error> {
        let guard = AddressGuard::new(config.allowed_networks.clone());
        let client = Client::builder()
            .dns_resolver(GuardedResolver(guard.clone()))
            .redirect(redirect::Policy::none())
            // A proxy of the environment would resolve names itself, and inside.
            .no_proxy()
            .referer(false)
            .user_agent(concat!("resume-matcher/", env!("CARGO_PKG_VERSION")))
            .timeout(limits.deadline)
            .build()?;
        Ok(Self { client, guard, limits })
    }

    /// Fetches the page at `address`.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(&self, address: &str) -> Result<Page, FetchError> {
        match tokio::time::timeout(self.limits.deadline, self.follow(address)).await {
            Ok(page) => page,
            Err(elapsed) => Err(FetchError::Away(elapsed.into())),
        }
    }

    async fn follow(&self, address: &str) -> Result<Page, FetchError> {
        let mut url = Url::parse(address).map_err(|_| FetchError::Refused("it is no web address"))?;
        for _ in 0..=self.limits.redirects {
            self.judge(&url).await?;
            let answer = self.client.get(url.clone()).send().await.map_err(sending)?;
            if !answer.status().is_redirection() {
                return read(answer, self.limits.bytes).await;
            }
            let target = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let target = target.ok_or(FetchError::Answer(answer.status()))?;
            url = url.join(target).map_err(|_| FetchError::Refused("it redirects to no web address"))?;
        }
        Err(FetchError::TooManyRedirects)
    }

    /// What the resolver does not see: the scheme, and addresses that stand in the URL themselves.
    async fn judge(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Refused("only http and https are fetched"));
        }
        if url.scheme() == "http" && !self.limits.plain {
            self.judge_plain(url).await?;
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Refused("it has a user name or password in it"));
        }
        match url.host() {
            Some(url::Host::Ipv4(address)) if !self.guard.permits(address.into()) => {
                Err(FetchError::Refused(LEADS_INSIDE))
            }
            Some(url::Host::Ipv6(address)) if !self.guard.permits(address.into()) => {
                Err(FetchError::Refused(LEADS_INSIDE))
            }
            None => Err(FetchError::Refused("it has no host name")),
            Some(_) => Ok(()),
        }
    }

    /// In the clear only within networks that are allowed by name.
    async fn judge_plain(&self, url: &Url) -> Result<(), FetchError> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or_default();
        let found =
            tokio::net::lookup_host((host, port)).await.map_err(|error| FetchError::Away(error.into()))?;
        let addresses: Vec<SocketAddr> = found.collect();
        let inside = addresses.iter().all(|address| self.guard.allows_by_name(address.ip()));
        if inside && !addresses.is_empty() { Ok(()) } else { Err(FetchError::Refused("it is not https")) }
    }
}

/// Tells a name that leads inside from a server that is away.
fn sending(error: reqwest::Error) -> FetchError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        let denied = cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
        if denied {
            return FetchError::Refused(LEADS_INSIDE);
        }
        source = cause.source();
    }
    // The address may be somebody's secret: it is not for the log.
    FetchError::Away(error.without_url().into())
}

async fn read(mut answer: Response, most: usize) -> Result<Page, FetchError> {
    if !answer.status().is_success() {
        return Err(FetchError::Answer(answer.status()));
    }
    let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type =
        media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(sending)? {
        if bytes.len() + chunk.len() > most {
            return Err(FetchError::TooLarge(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Page { bytes: bytes.into(), media_type })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server on loopback that gives each path of `answers` its answer.
    async fn server(answers: &'static [(&'static str, &'static str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let length = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = answers.iter().find(|(known, _)| *known == path).map_or(
                    "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                    |(_, answer)| answer,
                );
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        format!("http://{address}")
    }

    fn fetcher(allowed: &[&str]) -> Fetcher {
        crate::tls::install_provider();
        let allowed_networks = allowed.iter().map(|network| network.parse().unwrap()).collect();
        Fetcher::new(&FetchConfig { allowed_networks }).unwrap()
    }

    const PAGE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 11\r\n\r\n<p>Rust</p>";

    #[tokio::test]
    async fn a_page_is_fetched_and_redirects_are_followed() {
        let url = server(&[
            ("/job", PAGE),
            (
                "/old",
                "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /job\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                "/loop",
                "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
            ),
        ])
        .await;
        let fetcher = fetcher(&["127.0.0.1/32"]);
        for path in ["/job", "/old"] {
            let page = fetcher.fetch(&format!("{url}{path}")).await.unwrap();
            assert_eq!((&page.bytes[..], page.media_type.as_str()), (&b"<p>Rust</p>"[..], "text/html"));
        }
        let error = fetcher.fetch(&format!("{url}/loop")).await.unwrap_err();
        assert!(matches!(error, FetchError::TooManyRedirects), "{error:?}");
        let error = fetcher.fetch(&format!("{url}/none")).await.unwrap_err();
        assert!(matches!(error, FetchError::Answer(StatusCode::NOT_FOUND)) && !error.may_pass(), "{error:?}");
    }

    #[tokio::test]
    async fn what_leads_inside_is_refused_by_address_by_name_and_by_redirect() {
        let url = server(&[
            ("/job", PAGE),
            ("/meta", "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n"),
            ("/file", "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
        ])
        .await;
        let port = url.rsplit(':').next().unwrap().to_owned();
        let outside = fetcher(&[]);
        for address in
            [format!("{url}/job"), format!("http://localhost:{port}/job"), "http://[::1]/".to_owned()]
        {
            let error = outside.fetch(&address).await.unwrap_err();
            assert!(matches!(error, FetchError::Refused(LEADS_INSIDE)), "{address}: {error:?}");
        }
        let loopback = fetcher(&["127.0.0.1/32"]);
        let error = loopback.fetch(&format!("{url}/meta")).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(LEADS_INSIDE)), "{error:?}");
        for address in
            [format!("{url}/file"), "ftp://example.org/".to_owned(), "http://a:b@1.1.1.1/".to_owned()]
        {
            let error = loopback.fetch(&address).await.unwrap_err();
            assert!(matches!(error, FetchError::Refused(_)) && !error.may_pass(), "{address}: {error:?}");
        }
    }

    #[tokio::test]
    async fn keys_come_in_the_clear_only_from_networks_that_are_named() {
        let url = server(&[
            ("/keys", PAGE),
            (
                "/far",
                "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /keys\r\nContent-Length: 0\r\n\r\n",
            ),
        ])
        .await;
        let config = FetchConfig { allowed_networks: vec!["127.0.0.1/32".parse().unwrap()] };
        let keys = Fetcher::with_limits(&config, Limits::KEYS).unwrap();
        assert_eq!(keys.fetch(&format!("{url}/keys")).await.unwrap().bytes.len(), 11);
        let error = keys.fetch(&format!("{url}/far")).await.unwrap_err();
        assert!(matches!(error, FetchError::TooManyRedirects), "{error:?}");
        for address in ["http://1.1.1.1/keys", "http://[2606:4700::1111]/keys"] {
            let error = keys.fetch(address).await.unwrap_err();
            assert!(matches!(error, FetchError::Refused("it is not https")), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_may_come_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/secret-path", listener.local_addr().unwrap());
        drop(listener);
        let error = fetcher(&["127.0.0.1/32"]).fetch(&address).await.unwrap_err();
        assert!(error.may_pass(), "{error:?}");
        assert!(!format!("{error:?}").contains("secret-path"), "{error:?}");
    }
}
