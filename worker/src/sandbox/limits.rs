//! The limits that the extraction child puts on itself. They cannot be lifted again.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, PathBeneath, PathFd, PathFdError, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError,
};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch};

/// Address space: PDFium and the parsers take some 100 MiB for the largest file that is let in.
const MEMORY_BYTES: u64 = 1 << 30;
/// Processor time.
const CPU_SECONDS: u64 = 30;
/// Open files: standard streams, the file being loaded, and a few to spare.
const OPEN_FILES: u64 = 32;

/// Why the sandbox could not be closed. The child reads nothing then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitError {
    /// The kernel refused a resource limit.
    #[error("the kernel refuses a resource limit")]
    Resource(#[from] Errno),
    /// The kernel refused the file system rules.
    #[error("the kernel refuses the file system rules")]
    FileSystem(#[from] RulesetError),
    /// A folder that must be readable cannot be opened.
    #[error("a folder that must stay readable cannot be opened")]
    Folder(#[from] PathFdError),
    /// The system call filter could not be made.
    #[error("the system call filter cannot be made")]
    Filter(#[from] seccompiler::BackendError),
    /// The kernel refused the system call filter.
    #[error("the kernel refuses the system call filter")]
    SystemCalls(#[from] seccompiler::Error),
}

/// Whether other programs may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Programs {
    /// None.
    Refused,
    /// Those in the folders that stay readable; they inherit everything else that is refused.
    Allowed,
}

/// Closes the sandbox around this process. `pdfium` stays readable.
pub(crate) fn close(pdfium: Option<&Path>, programs: Programs) -> Result<(), LimitError> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    limit(Resource::As, MEMORY_BYTES)?;
    limit(Resource::Cpu, CPU_SECONDS)?;
    limit(Resource::Nofile, OPEN_FILES)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    restrict_files(pdfium)?;
    seccompiler::apply_filter(&system_calls(programs)?)?;
    Ok(())
}

fn limit(resource: Resource, most: u64) -> Result<(), Errno> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// Only shared libraries and fonts can be read, and nothing written. Kernels without Landlock (before 5.13) go without
/// this rule: the file size limit and the filter of system calls still hold there.
fn restrict_files(pdfium: Option<&Path>) -> Result<(), LimitError> {
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(ABI::V3))?.create()?;
    let folders = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"].into_iter().map(Path::new);
    for path in folders.chain(pdfium).filter(|path| path.exists()) {
        let rights =
            if path.is_dir() { AccessFs::from_read(ABI::V3) } else { AccessFs::ReadFile | AccessFs::Execute };
        ruleset = ruleset.add_rule(PathBeneath::new(PathFd::new(path)?, rights))?;
    }
    ruleset.restrict_self()?;
    Ok(())
}

/// Refuses, with an error that the caller sees, what reading a file never needs: the network, other programs, other
/// processes, and the parts of the kernel that exploits like best.
fn system_calls(programs: Programs) -> Result<BpfProgram, LimitError> {
    const REFUSED: &[i64] = &[
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_send_signal,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
    ];
    const PROGRAMS: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];
    let others: &[i64] = if programs == Programs::Refused { PROGRAMS } else { &[] };
    let rules: Vec<(i64, Vec<SeccompRule>)> =
        REFUSED.iter().chain(others).map(|call| (*call, Vec::new())).collect();
    let refusal = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(
        rules.into_iter().collect(),
        SeccompAction::Allow,
        refusal,
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    Ok(filter.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::process::{Command, Stdio};

    use super::*;

    /// The limits cannot be lifted, so this runs in a process of its own; the test below starts it.
    #[test]
    #[ignore = "closes the sandbox around its own process; the_sandbox_holds runs it"]
    fn inside_the_sandbox() {
        close(None, Programs::Refused).unwrap();
        let refused = TcpStream::connect("127.0.0.1:1").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "network: {refused}");
        let refused = Command::new("/bin/true").spawn().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "program: {refused}");
        let refused = File::open("/etc/passwd").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "file outside: {refused}");
        let refused = File::create("/tmp/rm-sandbox-test").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "writing: {refused}");
        let mut memory: Vec<u8> = Vec::new();
        assert!(memory.try_reserve_exact(2 << 30).is_err(), "memory");
        assert!(std::fs::read_dir("/usr").is_ok(), "shared libraries stay readable");
    }

    #[test]
    #[ignore = "closes the sandbox around its own process; the_sandbox_holds runs it"]
    fn inside_the_sandbox_with_programs() {
        close(None, Programs::Allowed).unwrap();
        let sh = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.output().unwrap()
        };
        assert_eq!(sh("echo started").stdout, b"started\n");
        for forbidden in ["exec 3< /etc/passwd", "echo x > /tmp/rm-sandbox-test", "kill -9 $PPID"] {
            assert!(!sh(forbidden).status.success(), "{forbidden}");
        }
        let refused = TcpStream::connect("127.0.0.1:1").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "network: {refused}");
    }

    #[test]
    fn the_sandbox_holds() {
        holds("inside_the_sandbox");
    }

    #[test]
    fn the_sandbox_holds_around_programs() {
        holds("inside_the_sandbox_with_programs");
    }

    fn holds(test: &str) {
        let test = format!("sandbox::limits::tests::{test}");
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && told.contains("1 passed"),
            "{told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
