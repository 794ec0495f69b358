//! Steady load by clients that keep their connections and never send a request again: what a release loses is seen.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, timeout};

/// Longest time for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to send, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Address to connect to.
    #[arg(long)]
    pub connect: SocketAddr,
    /// Name of the host, as in the header.
    #[arg(long)]
    pub host: String,
    /// Paths, asked for in turn; each must answer 200.
    #[arg(long, value_delimiter = ',', default_value = "/health")]
    pub path: Vec<String>,
    /// Clients, each with a connection of its own.
    #[arg(long, default_value_t = 20)]
    pub clients: u32,
    /// Requests a second, of all clients together.
    #[arg(long, default_value_t = 200)]
    pub rate: u32,
    /// Ends when this file is gone.
    #[arg(long)]
    pub while_exists: PathBuf,
    /// Ends after so many seconds in any case.
    #[arg(long, default_value_t = 1800)]
    pub most_seconds: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Requests that were sent, or could not be.
    pub requests: u64,
    /// Those of them that got no answer, or another than 200.
    pub failed: u64,
    /// Why, and how many.
    pub failures: BTreeMap<String, u64>,
    /// Connections that were made.
    pub connections: u64,
    /// Half of the answers took no longer, in milliseconds.
    pub p50_milliseconds: f64,
    /// 99 of 100 answers took no longer, in milliseconds.
    pub p99_milliseconds: f64,
    /// The slowest answer, in milliseconds.
    pub max_milliseconds: f64,
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    failures: BTreeMap<String, u64>,
    connections: u64,
    milliseconds: Vec<f64>,
}

/// Sends the load to its end.
///
/// # Errors
/// When a client cannot be run.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let end = Instant::now() + Duration::from_secs(options.most_seconds);
    let mut clients = JoinSet::new();
    for number in 0..options.clients {
        clients.spawn(client(options.clone(), number, end));
    }
    let mut report = Report::default();
    let mut milliseconds = Vec::new();
    while let Some(seen) = clients.join_next().await {
        let seen = seen.context("a client ended early")?;
        report.connections += seen.connections;
        for (why, count) in seen.failures {
            report.failed += count;
            *report.failures.entry(why).or_default() += count;
        }
        milliseconds.extend(seen.milliseconds);
    }
    milliseconds.sort_by(f64::total_cmp);
    report.requests = report.failed + u64::try_from(milliseconds.len())?;
    let part = |percent: usize| {
        milliseconds.get((milliseconds.len() * percent / 100).min(milliseconds.len().saturating_sub(1)))
    };
    report.p50_milliseconds = part(50).copied().unwrap_or_default();
    report.p99_milliseconds = part(99).copied().unwrap_or_default();
    report.max_milliseconds = part(100).copied().unwrap_or_default();
    Ok(report)
}

async fn client(options: Options, number: u32, end: Instant) -> Seen {
    let period = Duration::from_secs(1) * options.clients / options.rate.max(1);
    // Spread over the period, so that the load is steady.
    let first = Instant::now() + period * number / options.clients.max(1);
    let mut ticks = tokio::time::interval_at(first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    let mut connection = None;
    let mut paths = options.path.iter().cycle();
    while Instant::now() < end && options.while_exists.exists() {
        ticks.tick().await;
        let Some(path) = paths.next() else { break };
        let began = Instant::now();
        let asked = timeout(PATIENCE, ask(&options, path, &mut connection, &mut seen.connections)).await;
        match asked.unwrap_or_else(|_| Err(format!("no answer in {} s", PATIENCE.as_secs()))) {
            Ok(()) => seen.milliseconds.push(began.elapsed().as_secs_f64() * 1000.0),
            Err(why) => {
                connection = None;
                *seen.failures.entry(why).or_default() += 1;
            }
        }
    }
    seen
}

/// One request, over the connection that is open, unless the server has closed it in time for the client to know.
async fn ask(
    options: &Options,
    path: &str,
    connection: &mut Option<SendRequest<Empty<Bytes>>>,
    connections: &mut u64,
) -> Result<(), String> {
    let mut open = connection.take();
    if let Some(sender) = &mut open
        && sender.ready().await.is_err()
    {
        open = None;
    }
    let mut sender = match open {
        Some(sender) => sender,
        None => {
            *connections += 1;
            connect(options.connect).await.map_err(|error| format!("no connection: {error}"))?
        }
    };
    let request = Request::get(path).header(HOST, &options.host).body(Empty::new());
    let request = request.map_err(|error| format!("no request: {error}"))?;
    let answer = sender.send_request(request).await.map_err(|error| format!("no answer: {error}"))?;
    let (status, closes) =
        (answer.status(), answer.headers().get(CONNECTION).is_some_and(|it| it == "close"));
    answer.into_body().collect().await.map_err(|error| format!("half an answer: {error}"))?;
    if !closes {
        *connection = Some(sender);
    }
    if status == 200 { Ok(()) } else { Err(format!("answer {status}")) }
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Empty<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its end shows in the sender.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each connection with these bytes, once, and then closes it; removes the file after `answers`.
    async fn server(answer: &'static str, answers: usize, file: tempfile::TempPath) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for _ in 0..answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 1024];
                assert!(stream.read(&mut head).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            drop(file);
        });
        address
    }

    async fn report(answer: &'static str, answers: usize) -> Report {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let while_exists = file.to_path_buf();
        let connect = server(answer, answers, file).await;
        let (host, path) = ("test".to_owned(), vec!["/health".to_owned()]);
        let options = Options { connect, host, path, clients: 1, rate: 100, while_exists, most_seconds: 60 };
        run(&options).await.unwrap()
    }

    #[tokio::test]
    async fn answers_are_counted_and_connections_that_close_in_order_are_no_failure() {
        let report = report("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 3).await;
        assert_eq!((report.requests >= 3, report.connections >= 3), (true, true), "{report:?}");
        let refused = report.failures.keys().all(|why| why.starts_with("no connection"));
        assert!(refused, "only those after the server's end fail: {report:?}");
    }

    #[tokio::test]
    async fn a_connection_that_is_closed_under_a_request_is_a_failure() {
        let report = report("", 2).await;
        assert!(
            report.failures.iter().any(|(why, count)| why.starts_with("no answer") && *count >= 1),
            "{report:?}"
        );
    }

    #[tokio::test]
    async fn another_status_is_a_failure() {
        let report =
            report("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 2)
                .await;
        assert!(report.failures.keys().any(|why| why.contains("503")), "{report:?}");
    }
}
