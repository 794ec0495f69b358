//! A server process that cannot outlive the test process.
//!
//! The server runs below a small shell, the supervisor. The kernel sends the supervisor SIGTERM when the thread that
//! started it ends (`setpriv --pdeathsig`); it then stops the server and removes the folder. Hence all supervisors are
//! started by one thread that lives as long as the process, and not by a test's own thread.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// How long a server may take until it answers. Test machines can be very busy.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// User and group `nobody`: some servers refuse to run as root.
const NOBODY: u32 = 65534;

/// `$1` is the folder to remove, `$2` the signal that stops the server, the rest the command.
const SUPERVISOR: &str = r#"
folder=$1 signal=$2; shift 2
"$@" & server=$!
trap 'kill -$signal $server 2>/dev/null; wait $server; rm -rf "$folder"; exit 0' TERM INT
wait $server; code=$?
rm -rf "$folder"; exit $code
"#;

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The program is not on this machine.
    #[error("{program} is not on this machine; {mend}")]
    NoProgram {
        /// The program.
        program: &'static str,
        /// How to get it.
        mend: &'static str,
    },
    /// A file, folder or process.
    #[error("{act}: {source}")]
    System {
        /// What was being done.
        act: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server ended or did not answer in time.
    #[error("{program} did not start: {reason}; its last lines:\n{log}")]
    NotStarted {
        /// The program.
        program: String,
        /// What was seen.
        reason: String,
        /// The end of its log.
        log: String,
    },
}

pub(crate) fn system(act: impl Into<String>) -> impl FnOnce(std::io::Error) -> ServiceError {
    let act = act.into();
    move |source| ServiceError::System { act, source }
}

/// What to start.
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The server's folder; the caller has filled it. The supervisor removes it once it runs, else dropping does.
    pub(crate) folder: TempDir,
    /// Where the server answers when it is ready.
    pub(crate) address: SocketAddr,
    /// Whether to run as `nobody` when the tests run as root.
    pub(crate) unprivileged: bool,
    /// The signal at which the server stops at once, without its prefix SIG.
    pub(crate) stop_signal: &'static str,
}

/// A running server. Dropping it stops the server and removes its folder.
pub(crate) struct Service {
    supervisor: Mutex<Child>,
}

impl Service {
    pub(crate) fn start(plan: Plan) -> Result<Self, ServiceError> {
        let log_path = plan.folder.path().with_extension("log");
        let log = File::create(&log_path).map_err(system(format!("create {}", log_path.display())))?;
        let errors = log.try_clone().map_err(system("share the log"))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "sh", "-c", SUPERVISOR, "supervisor"]).arg(plan.folder.path());
        command
            .arg(plan.stop_signal)
            .args(privileges(plan.unprivileged, plan.stop_signal))
            .arg(&plan.program)
            .args(&plan.arguments);
        command.envs(plan.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let supervisor = spawn(command)?;
        let mut service = Self { supervisor: Mutex::new(supervisor) };
        let ready = service.wait_until_ready(&plan, &log_path);
        let _now_the_supervisors = plan.folder.keep();
        // The name can go: the server holds the file open.
        let removed =
            std::fs::remove_file(&log_path).map_err(system(format!("remove {}", log_path.display())));
        ready.and(removed)?;
        Ok(service)
    }

    fn wait_until_ready(&mut self, plan: &Plan, log: &Path) -> Result<(), ServiceError> {
        let started = Instant::now();
        let failed = |reason: String| ServiceError::NotStarted {
            program: plan.program.display().to_string(),
            reason,
            log: last_lines(log),
        };
        loop {
            if TcpStream::connect_timeout(&plan.address, Duration::from_millis(500)).is_ok() {
                return Ok(());
            }
            let supervisor = self.supervisor.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some(status) = supervisor.try_wait().map_err(system("look at the supervisor"))? {
                return Err(failed(format!("it ended with {status}")));
            }
            if started.elapsed() > START_TIMEOUT {
                return Err(failed(format!("nothing answers at {} after {START_TIMEOUT:?}", plan.address)));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let supervisor = self.supervisor.get_mut().unwrap_or_else(PoisonError::into_inner);
        let ended = Pid::from_raw(supervisor.id().cast_signed())
            .ok_or_else(|| std::io::Error::other("no such process"))
            .and_then(|pid| Ok(kill_process(pid, Signal::TERM)?))
            .and_then(|()| supervisor.wait());
        if let Err(error) = ended {
            eprintln!("a test server could not be stopped: {error}");
        }
    }
}

/// `setpriv` with what it takes to run as `nobody`, and to end with the supervisor even if that one is killed.
pub(crate) fn privileges(unprivileged: bool, stop_signal: &str) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["setpriv", "--pdeathsig", stop_signal].map(OsString::from).to_vec();
    if unprivileged && geteuid().is_root() {
        words.extend(["--reuid", "65534", "--regid", "65534", "--clear-groups"].map(OsString::from));
    }
    words
}

/// A folder that the server may write, even when it runs as `nobody`.
pub(crate) fn make_folder(name: &str, unprivileged: bool) -> Result<TempDir, ServiceError> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("rm-test-{name}-"))
        .tempdir()
        .map_err(system("create a temporary folder"))?;
    if unprivileged && geteuid().is_root() {
        let act = format!("give away {}", folder.path().display());
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).map_err(system(act))?;
    }
    Ok(folder)
}

/// An address of the loopback interface that is free at this moment.
pub(crate) fn free_address() -> Result<SocketAddr, ServiceError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(system("find a free port"))
}

/// The first of `candidates` that is a file.
pub(crate) fn find_program(candidates: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    candidates.into_iter().find(|path| path.is_file())
}

/// `name` in each folder of `PATH`.
pub(crate) fn on_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).collect()
}

/// Runs a program to its end; an error shows what it said.
pub(crate) fn run<A: AsRef<OsStr>>(words: &[A], environment: &[(&str, &OsStr)]) -> Result<(), ServiceError> {
    let shown = words.first().map(|word| word.as_ref().to_string_lossy().into_owned()).unwrap_or_default();
    let mut command = Command::new(words.first().map_or(OsStr::new(""), AsRef::as_ref));
    command.args(words.iter().skip(1)).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = command.output().map_err(system(format!("run {shown}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ServiceError::NotStarted {
        program: shown,
        reason: format!("it ended with {}", output.status),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

type Answer = std::io::Result<Child>;
type Order = (Command, Sender<Answer>);

/// Starts `command` on the thread that lives as long as this process.
fn spawn(command: Command) -> Result<Child, ServiceError> {
    static SPAWNER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, commands) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in commands {
                // A caller that has gone away drops the answer, and the child with it.
                let _unheard = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let gone = || std::io::Error::other("the thread that starts servers is gone");
    let (answer, child) = channel();
    spawner
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, answer))
        .map_err(|_| gone())
        .and_then(|()| child.recv().map_err(|_| gone())?)
        .map_err(system("start setpriv (package util-linux)"))
}

fn last_lines(log: &Path) -> String {
    let text =
        std::fs::read_to_string(log).unwrap_or_else(|error| format!("(the log cannot be read: {error})"));
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
}
