//! `api-server healthcheck`: asks `/livez` of the server in the same container, without a shell or a client program.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use platform::config::{Env, ProbesConfig};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{FAILED, MISCONFIGURED, fail};

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Enough for the head of the answer.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Exits with 0 if the server says that it lives.
pub async fn run() -> ExitCode {
    let config = match ProbesConfig::from_env(&Env::process()) {
        Ok(config) => config,
        Err(error) => return fail(&error, MISCONFIGURED),
    };
    match tokio::time::timeout(TIMEOUT, ask(reachable(config.listen))).await {
        Ok(Ok(status_line)) if status_line.contains(" 200 ") => ExitCode::SUCCESS,
        Ok(Ok(status_line)) => {
            fail(&std::io::Error::other(format!("/livez answers {status_line:?}")), FAILED)
        }
        Ok(Err(error)) => fail(&error, FAILED),
        Err(elapsed) => fail(&elapsed, FAILED),
    }
}

// A server that listens on all addresses is asked on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    }
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_asked_on_loopback() {
        assert_eq!(reachable("0.0.0.0:9090".parse().unwrap()), "127.0.0.1:9090".parse().unwrap());
        assert_eq!(reachable("10.0.0.1:9090".parse().unwrap()), "10.0.0.1:9090".parse().unwrap());
    }
}
