//! The serving processes, and what they use.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use platform::env_vars as var;

use crate::load;

/// How long a service may take to start.
const START: Duration = Duration::from_secs(60);
/// Clock ticks a second in `/proc` (proc_pid_stat(5)); 100 on every Linux of today's.
const TICKS: u32 = 100;

/// A running service; ends with this program.
pub(crate) struct Server {
    address: SocketAddr,
    process: Child,
}

impl Server {
    /// The API.
    pub(crate) fn api(program: &str, variables: &[(&'static str, String)]) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = command(program);
        command.arg("serve").env(var::RM_LISTEN, address.to_string());
        Self::start(command, address, variables)
    }

    /// The other service, as its documentation deploys it: one process a container, uvloop and httptools.
    pub(crate) fn uvicorn(
        python: &str,
        service: &str,
        variables: &[(&'static str, String)],
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let service = PathBuf::from(service);
        let folder = service.parent().context("the service's folder")?;
        let name = service.file_stem().context("the service's name")?.to_string_lossy().into_owned();
        let mut command = command(python);
        command
            .args(["-m", "uvicorn", "--no-access-log", "--loop", "uvloop", "--http", "httptools"])
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string(), "--app-dir"])
            .arg(folder)
            .arg(format!("{name}:app"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Self::start(command, address, variables)
    }

    fn start(
        mut command: Command,
        address: SocketAddr,
        variables: &[(&'static str, String)],
    ) -> anyhow::Result<Self> {
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Ok(Self { address, process: process.context("start a service (setpriv is in util-linux)")? })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&self) -> anyhow::Result<()> {
        let (client, end) = (load::client()?, Instant::now() + START);
        while client.get(self.url("/health")).send().await.is_err() {
            if Instant::now() > end {
                bail!("it does not answer");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The most memory that it has held, in MiB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Processor time of a service since its start.
#[derive(Clone, Copy)]
pub(crate) struct Usage(Duration);

impl Usage {
    pub(crate) fn of(server: &Server) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", server.process.id()))?;
        // The second field is the name in parentheses and may hold anything (proc_pid_stat(5)); utime and stime are 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("an odd /proc/PID/stat")?;
        let ticks: u32 =
            fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<_, _>>()?;
        Ok(Self(Duration::from_secs(1) * ticks / TICKS))
    }

    pub(crate) fn since(self, before: Self) -> Duration {
        self.0.saturating_sub(before.0)
    }
}

/// A program that is killed when this one ends, however it ends.
fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
