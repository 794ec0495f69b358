//! Finds out who sent the request: the address behind the proxies that are trusted, and whether it came by https.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;
use platform::config::{ForwardedHeader, HttpConfig};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// Who sent the request, as far as the network knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address of the last hop that is no trusted proxy.
    pub address: IpAddr,
    /// Whether a trusted proxy says that the request reached it by https.
    pub https: bool,
}

impl Client {
    /// The network of the address, /24 or /48: enough to see in a log where a load comes from, not enough to know a
    /// person by.
    pub fn network(&self) -> String {
        let length = if self.address.is_ipv4() { 24 } else { 48 };
        IpNet::new(self.address, length).map_or_else(|_| String::new(), |net| net.trunc().to_string())
    }

    /// The name under which requests are counted. One subscriber has a whole /64 of IPv6, so that counts as one.
    pub fn key(&self) -> String {
        match self.address {
            IpAddr::V4(address) => format!("address:{address}"),
            IpAddr::V6(address) => {
                format!("address:{}/64", Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)))
            }
        }
    }
}

/// Whose word is taken for a client's address.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Arc<[IpNet]>,
    header: ForwardedHeader,
}

/// One hop as a proxy names it.
struct Hop {
    address: Option<IpAddr>,
    https: Option<bool>,
}

impl Proxies {
    /// The proxies that `config` names.
    pub fn new(config: &HttpConfig) -> Self {
        Self { trusted: config.trusted_proxies.clone().into(), header: config.forwarded_header }
    }

    fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Goes from the peer towards the client for as long as the hops are trusted. The first one that is not is the
    /// client: what stands before it in the header, anybody may have written.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = Client { address: peer.to_canonical(), https: false };
        if !self.trust(peer) {
            return client;
        }
        let hops = match self.header {
            ForwardedHeader::XForwardedFor => x_forwarded_hops(headers),
            ForwardedHeader::Forwarded => forwarded_hops(headers),
        };
        for hop in hops.into_iter().rev() {
            // An unreadable or hidden address ends the walk: the last one known is the closest to the truth.
            let Some(address) = hop.address else { return client };
            client = Client { address: address.to_canonical(), https: hop.https.unwrap_or(client.https) };
            if !self.trust(address) {
                return client;
            }
        }
        client
    }
}

/// Puts [`Client`] among the request's extensions.
pub async fn identify(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    // Without a peer (a request made in this process) the caller is this machine.
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V6(Ipv6Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    let client = proxies.client(peer, request.headers());
    request.extensions_mut().insert(client);
    next.run(request).await
}

/// The elements of a list header, over all its lines.
fn elements(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|element| element.trim().to_owned()).collect()
}

fn x_forwarded_hops(headers: &HeaderMap) -> Vec<Hop> {
    let addresses = elements(headers, &X_FORWARDED_FOR);
    let schemes = elements(headers, &X_FORWARDED_PROTO);
    // Each proxy appends to both, or sets one scheme for all: the last one then is that of the nearest proxy.
    let same_length = schemes.len() == addresses.len();
    let hop = |(index, address): (usize, &String)| Hop {
        address: address_of(address),
        https: if same_length { schemes.get(index) } else { schemes.last() }
            .map(|scheme| scheme.eq_ignore_ascii_case("https")),
    };
    addresses.iter().enumerate().map(hop).collect()
}

fn forwarded_hops(headers: &HeaderMap) -> Vec<Hop> {
    elements(headers, &FORWARDED).iter().map(|element| forwarded_hop(element)).collect()
}

/// One element such as `for="[2001:db8::1]:4711";proto=https` (RFC 7239, section 4).
fn forwarded_hop(element: &str) -> Hop {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut hop = Hop { address: None, https: None };
    for (name, value) in pairs {
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.address = address_of(value),
            "proto" => hop.https = Some(value.eq_ignore_ascii_case("https")),
            _ => {}
        }
    }
    hop
}

/// An address with or without a port, as proxies write it; none for `unknown` and hidden names.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedHeader, peer: &str, lines: &[(&'static str, &str)]) -> Client {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap());
        Proxies { trusted: trusted.into(), header }.client(peer.parse().unwrap(), &headers)
    }

    fn address(peer: &str, lines: &[(&'static str, &str)]) -> String {
        client(ForwardedHeader::XForwardedFor, peer, lines).address.to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let lines = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")];
        let found = client(ForwardedHeader::XForwardedFor, "203.0.113.9", &lines);
        assert_eq!((found.address.to_string().as_str(), found.https), ("203.0.113.9", false));
    }

    #[test]
    fn the_last_hop_that_is_no_trusted_proxy_is_the_client() {
        assert_eq!(address("10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]), "192.0.2.1");
        // The client wrote the first two; the outer proxy saw 192.0.2.1, the inner one saw 10.9.9.9.
        let forged = [("x-forwarded-for", "127.0.0.1, 10.1.1.1, 192.0.2.1, 10.9.9.9")];
        assert_eq!(address("10.0.0.1", &forged), "192.0.2.1");
        let lines = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "192.0.2.1:4711")];
        assert_eq!(address("10.0.0.1", &lines), "192.0.2.1");
        assert_eq!(address("10.0.0.1", &[("x-forwarded-for", "192.0.2.1, unknown")]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(address("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]), "192.0.2.1");
    }

    #[test]
    fn the_other_header_is_not_read() {
        assert_eq!(address("10.0.0.1", &[("forwarded", "for=192.0.2.1")]), "10.0.0.1");
        let lines = [
            ("x-forwarded-for", "198.51.100.7"),
            ("forwarded", "for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\";proto=https;by=10.0.0.1"),
        ];
        let found = client(ForwardedHeader::Forwarded, "fd00::1", &lines);
        assert_eq!((found.address.to_string().as_str(), found.https), ("2001:db8:cafe::17", true));
    }

    #[test]
    fn the_scheme_is_that_of_the_clients_own_hop() {
        let lines = [("x-forwarded-for", "192.0.2.1, 10.9.9.9"), ("x-forwarded-proto", "https, http")];
        assert!(client(ForwardedHeader::XForwardedFor, "10.0.0.1", &lines).https);
        let lines = [("x-forwarded-for", "192.0.2.1, 10.9.9.9"), ("x-forwarded-proto", "https")];
        assert!(client(ForwardedHeader::XForwardedFor, "10.0.0.1", &lines).https);
    }

    #[test]
    fn logs_get_a_network_and_counts_a_subscriber() {
        let client = |text: &str| Client { address: text.parse().unwrap(), https: false };
        assert_eq!(client("192.0.2.77").network(), "192.0.2.0/24");
        assert_eq!(client("2001:db8:1:2:3::4").network(), "2001:db8:1::/48");
        assert_eq!(client("192.0.2.77").key(), "address:192.0.2.77");
        assert_eq!(client("2001:db8:1:2:3::4").key(), "address:2001:db8:1:2::/64");
    }
}
