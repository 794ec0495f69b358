//! The process that holds a cluster: started by record, asked over its socket, ended by record.

use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};

use crate::wait;

/// The record's name in the state folder.
const RECORD: &str = "supervisor.json";
/// The socket's name in the state folder.
const SOCKET: &str = "control.sock";
/// How long a request may take; running a command inside (an image import) is the longest.
const REQUEST_LIMIT: Duration = Duration::from_secs(300);

/// Why a supervisor cannot be started, asked or ended.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// A file or folder.
    #[error("{act} {path}")]
    File {
        /// What was being done.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The record is not what the launcher writes.
    #[error("{path} is no record of a supervisor; remove it when you know that no cluster of it runs")]
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong in it.
        source: serde_json::Error,
    },
    /// The launcher failed.
    #[error("starting the supervisor failed: {output}")]
    Launch {
        /// What it said.
        output: String,
    },
    /// The supervisor ended at once, or does not answer.
    #[error("the supervisor does not answer; its last lines:\n{log}")]
    Silent {
        /// The end of its log.
        log: String,
    },
    /// The socket.
    #[error("ask the supervisor at {path}")]
    Ask {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The supervisor refused.
    #[error("the supervisor could not {what}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Its answer.
        message: String,
    },
    /// A component ended instead of getting ready.
    #[error("{name} {exit} instead of getting ready; its last lines:\n{log}")]
    Exited {
        /// The component.
        name: String,
        /// How it ended.
        exit: String,
        /// The end of its log.
        log: String,
    },
    /// A component did not get ready in time.
    #[error(
        "{name} did not get ready within {seconds} s (asked: {asked}; last answer: {answer}); its last lines:\n{log}"
    )]
    NotReady {
        /// The component.
        name: String,
        /// The limit.
        seconds: u64,
        /// The URL that was asked.
        asked: String,
        /// What came back.
        answer: String,
        /// The end of its log.
        log: String,
    },
    /// The process did not go away.
    #[error("process {0} was sent SIGKILL and is still there after 30 s")]
    Unkillable(i32),
    /// The system refuses to end the process.
    #[error("end process {pid}")]
    Kill {
        /// The process.
        pid: i32,
        /// What the system says.
        source: rustix::io::Errno,
    },
}

impl SupervisorError {
    /// Whether nobody is at the other end of the socket, or went away while asked.
    pub(crate) fn is_absence(&self) -> bool {
        use std::io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
        let absent = [BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof];
        matches!(self, Self::Ask { source, .. } if absent.contains(&source.kind()))
    }
}

/// What the launcher wrote: which process holds the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Record {
    pid: i32,
    start_time: u64,
    boot_id: String,
    ports: Vec<u16>,
    isolated: bool,
}

/// A component as the supervisor sees it.
#[derive(Debug, Clone, Deserialize)]
pub struct Unit {
    /// Its name, which is its log's name too.
    pub name: String,
    /// `running`, `waiting` (it ended and will be started again) or `stopped` (it was asked to).
    pub state: String,
    /// Its process in the supervisor's process namespace; 0 when not running.
    pub pid: i32,
    /// How often it ended without being asked to.
    pub exits: u32,
    /// How it did so last, in words; empty when it never did.
    pub last_exit: String,
}

/// What a request brings back.
#[derive(Debug, Default, Deserialize)]
pub struct Answer {
    #[serde(default)]
    error: String,
    #[serde(default)]
    units: Vec<Unit>,
    /// The exit status of a command (128 + the signal when one ended it), or the HTTP status of a probe.
    #[serde(default)]
    pub status: i32,
    /// What a command printed.
    #[serde(default)]
    pub output: String,
}

#[derive(Serialize, Default)]
struct Request<'a> {
    r#do: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    argv: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    env: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'a str,
}

/// How a supervisor is started.
#[derive(Debug, Default)]
pub(crate) struct Launch<'a> {
    /// Namespaces of its own; needs root.
    pub(crate) isolate: bool,
    /// It ends when the returned [`Supervisor`] is dropped, or its process dies.
    pub(crate) attached: bool,
    /// Loopback ports that are passed on: port (0: any free one) and target.
    pub(crate) forwards: &'a [(u16, String)],
}

/// A handle on a running supervisor.
#[derive(Debug)]
pub struct Supervisor {
    state: PathBuf,
    record: Record,
    /// The other end of an attached supervisor's standard input.
    _attached: Option<PipeWriter>,
}

impl Supervisor {
    /// Starts one over the state folder, and waits until it answers.
    pub(crate) fn launch(node: &Path, state: &Path, launch: &Launch<'_>) -> Result<Self, SupervisorError> {
        let logs = state.join("logs");
        file("make", &logs, std::fs::create_dir_all(&logs))?;
        let mut command = Command::new(node);
        command.arg("launch").arg("--state").arg(state);
        let ports: Vec<String> = launch.forwards.iter().map(|(port, _)| port.to_string()).collect();
        let targets: Vec<&str> = launch.forwards.iter().map(|(_, target)| target.as_str()).collect();
        command.args(["--listen", &ports.join(","), "--forward", &targets.join(",")]);
        if launch.isolate {
            command.arg("--isolate");
        }
        let mut attached = None;
        if launch.attached {
            let (reader, writer) = file("make a pipe for", state, std::io::pipe())?;
            command.arg("--attached").stdin(reader);
            attached = Some(writer);
        } else {
            command.stdin(Stdio::null());
        }
        let output = file("run", node, command.output())?;
        if !output.status.success() {
            return Err(SupervisorError::Launch {
                output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            });
        }
        let record = read_record(state)?.ok_or_else(|| SupervisorError::Launch {
            output: format!("it left no {}", state.join(RECORD).display()),
        })?;
        let supervisor = Self { state: state.to_path_buf(), record, _attached: attached };
        let answers = || match supervisor.ask("answer", &Request { r#do: "ping", ..Request::default() }) {
            Ok(_) => Some(true),
            Err(_) => (!supervisor.is_alive()).then_some(false),
        };
        if wait::until(Duration::from_secs(10), Duration::from_millis(20), answers) != Some(true) {
            let log = supervisor.log_tail("supervisor");
            supervisor.kill()?;
            return Err(SupervisorError::Silent { log });
        }
        Ok(supervisor)
    }

    /// The supervisor that the state folder records, if that process is still there.
    pub(crate) fn find(state: &Path) -> Result<Option<Self>, SupervisorError> {
        let found = read_record(state)?;
        let supervisor = found.map(|record| Self { state: state.to_path_buf(), record, _attached: None });
        Ok(supervisor.filter(Self::is_alive))
    }

    /// Its process, in this machine's numbering.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.record.pid
    }

    /// The loopback ports that it passes on, in the order in which they were asked for.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.record.ports
    }

    /// Whether it holds namespaces of its own.
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        self.record.isolated
    }

    /// Whether the recorded process still runs: the same one, not another that got its number.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self.process(), Ok(Some(process)) if !has_ended(&process, Duration::ZERO))
    }

    /// The recorded process, fixed by a descriptor; None when it has gone or its number is another's now.
    fn process(&self) -> Result<Option<OwnedFd>, rustix::io::Errno> {
        let Some(pid) = Pid::from_raw(self.record.pid) else { return Ok(None) };
        // The descriptor comes first: what is compared with the record afterwards is then what it stands for.
        let process = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => process,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(source) => return Err(source),
        };
        let same = boot_id().as_deref() == Some(&self.record.boot_id)
            && start_time(self.record.pid) == Some(self.record.start_time);
        Ok(same.then_some(process))
    }

    /// Starts a component and keeps it running; one that already runs is left alone.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&self, name: &str, argv: &[String]) -> Result<(), SupervisorError> {
        self.start_with(name, argv, &[])
    }

    /// As [`Self::start`], with variables `NAME=value` in its environment.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start_with(&self, name: &str, argv: &[String], env: &[String]) -> Result<(), SupervisorError> {
        let request = Request { r#do: "start", name, argv, env, ..Request::default() };
        self.ask(&format!("start {name}"), &request).map(drop)
    }

    /// Stops a component and no longer starts it again.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn stop(&self, name: &str) -> Result<(), SupervisorError> {
        self.ask(&format!("stop {name}"), &Request { r#do: "stop", name, ..Request::default() }).map(drop)
    }

    /// The components, in the order of their last start.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub fn units(&self) -> Result<Vec<Unit>, SupervisorError> {
        Ok(self.ask("list its components", &Request { r#do: "list", ..Request::default() })?.units)
    }

    /// Runs a command where the components run, to its end.
    ///
    /// # Errors
    /// When it cannot be started; its own exit status is in the answer.
    pub fn run(&self, argv: &[String]) -> Result<Answer, SupervisorError> {
        self.ask(&format!("run {}", argv.join(" ")), &Request { r#do: "run", argv, ..Request::default() })
    }

    /// The HTTP status of a URL as seen from where the components run.
    ///
    /// # Errors
    /// When nothing answers there.
    pub fn probe(&self, url: &str) -> Result<i32, SupervisorError> {
        Ok(self.ask(&format!("get {url}"), &Request { r#do: "probe", url, ..Request::default() })?.status)
    }

    /// Waits until the URL answers 200.
    pub(crate) fn wait_ready(&self, name: &str, url: &str, limit: Duration) -> Result<(), SupervisorError> {
        let mut answer = String::from("none");
        let outcome = wait::until(limit, Duration::from_millis(50), || {
            match self.probe(url) {
                Ok(200) => return Some(Ok(())),
                Ok(status) => answer = format!("HTTP status {status}"),
                Err(SupervisorError::Refused { message, .. }) => answer = message,
                Err(error) => return Some(Err(error)),
            }
            match self.units() {
                Ok(units) => units.into_iter().find(|unit| unit.name == name && unit.exits > 0).map(|unit| {
                    Err(SupervisorError::Exited {
                        log: self.log_tail(name),
                        exit: unit.last_exit,
                        name: unit.name,
                    })
                }),
                Err(error) => Some(Err(error)),
            }
        });
        outcome.unwrap_or_else(|| {
            Err(SupervisorError::NotReady {
                name: name.to_owned(),
                seconds: limit.as_secs(),
                asked: url.to_owned(),
                answer,
                log: self.log_tail(name),
            })
        })
    }

    /// The last lines of a component's log.
    #[must_use]
    pub fn log_tail(&self, name: &str) -> String {
        wait::last_lines_of(&self.state.join("logs").join(format!("{name}.log")), 15)
    }

    /// Ends the supervisor and with it everything that it holds, and waits until it has gone.
    pub(crate) fn kill(&self) -> Result<(), SupervisorError> {
        let refused = |source| SupervisorError::Kill { pid: self.record.pid, source };
        let Some(process) = self.process().map_err(refused)? else { return Ok(()) };
        match rustix::process::pidfd_send_signal(&process, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(source) => return Err(refused(source)),
        }
        if has_ended(&process, Duration::from_secs(30)) {
            return Ok(());
        }
        Err(SupervisorError::Unkillable(self.record.pid))
    }

    fn ask(&self, what: &str, request: &Request<'_>) -> Result<Answer, SupervisorError> {
        let path = self.state.join(SOCKET);
        let exchange = || -> std::io::Result<Answer> {
            let mut stream = UnixStream::connect(&path)?;
            stream.set_read_timeout(Some(REQUEST_LIMIT))?;
            let mut line = serde_json::to_vec(request)?;
            line.push(b'\n');
            stream.write_all(&line)?;
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer)?;
            Ok(serde_json::from_str(&answer)?)
        };
        match exchange() {
            Ok(answer) if answer.error.is_empty() => Ok(answer),
            Ok(answer) => Err(SupervisorError::Refused { what: what.to_owned(), message: answer.error }),
            Err(source) => Err(SupervisorError::Ask { path, source }),
        }
    }
}

fn read_record(state: &Path) -> Result<Option<Record>, SupervisorError> {
    let path = state.join(RECORD);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SupervisorError::File { act: "read", path, source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|source| SupervisorError::Record { path, source })
}

fn boot_id() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

/// Whether a process has ended, waiting for it as long as given.
///
/// Its descriptor tells when its last thread has gone. The state in /proc does not: that is the first thread's, which may be a
/// zombie while others still run, and it is the last one that takes a process namespace's other processes with it.
fn has_ended(process: &OwnedFd, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(limit) = Timespec::try_from(left) else { return false };
        match rustix::event::poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit)) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// The start time of a process in clock ticks since boot; None when it has gone.
fn start_time(pid: i32) -> Option<u64> {
    parse_start_time(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of /proc/PID/stat. The second field is the name in brackets, which may hold anything: count from behind it.
fn parse_start_time(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

fn file<T>(act: &'static str, path: &Path, result: std::io::Result<T>) -> Result<T, SupervisorError> {
    result.map_err(|source| SupervisorError::File { act, path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 2 3";

    #[test]
    fn the_start_time_is_field_22_whatever_the_name() {
        assert_eq!(parse_start_time(STAT), Some(4711));
        assert_eq!(parse_start_time("7 (a"), None);
    }

    #[test]
    fn a_record_of_another_boot_or_process_is_not_alive() {
        let own = i32::try_from(std::process::id()).unwrap();
        let record = Record {
            pid: own,
            start_time: start_time(own).unwrap(),
            boot_id: boot_id().unwrap(),
            ports: vec![],
            isolated: false,
        };
        let with = |record: Record| Supervisor { state: PathBuf::new(), record, _attached: None };
        assert!(with(record.clone()).is_alive());
        assert!(!with(Record { start_time: record.start_time + 1, ..record.clone() }).is_alive());
        assert!(!with(Record { boot_id: "another".into(), ..record }).is_alive());
    }

    #[test]
    fn killing_a_reused_number_does_nothing() {
        let mut bystander = Command::new("sleep").arg("60").spawn().unwrap();
        let record = Record {
            pid: i32::try_from(bystander.id()).unwrap(),
            start_time: 1,
            boot_id: boot_id().unwrap(),
            ports: vec![],
            isolated: true,
        };
        Supervisor { state: PathBuf::new(), record, _attached: None }.kill().unwrap();
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }
}
