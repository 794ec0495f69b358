//! `worker healthcheck`: asks this machine's worker at `/livez`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use platform::config::{Env, ProbesConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::exit::Failure;

const TIMEOUT: Duration = Duration::from_secs(4);

pub(crate) async fn run(env: &Env) -> Result<(), Failure> {
    let address = reachable(ProbesConfig::from_env(env)?.listen);
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, format!("nothing answers at {address}"));
    let answer = tokio::time::timeout(TIMEOUT, ask(address)).await.map_err(late)??;
    match answer.lines().next() {
        Some(status) if status.contains(" 200 ") => Ok(()),
        other => {
            Err(std::io::Error::other(format!("{address} answered {:?}", other.unwrap_or_default())).into())
        }
    }
}

/// One request by hand: an HTTP client is not worth its weight here.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A listener on all addresses is asked at the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_asked_at_the_loopback_one() {
        assert_eq!(reachable("0.0.0.0:9090".parse().unwrap()), "127.0.0.1:9090".parse().unwrap());
        assert_eq!(reachable("10.0.0.1:9090".parse().unwrap()), "10.0.0.1:9090".parse().unwrap());
    }
}
