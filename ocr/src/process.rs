//! A program fed by a pipe and listened to, within bounds.

use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::{Bounds, HOW_TO_INSTALL};

/// What is kept of the program's complaints.
const LONGEST_COMPLAINT: u64 = 4096;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The program cannot be started.
    #[error("{program} cannot be run ({source}): {HOW_TO_INSTALL}")]
    Start { program: String, source: std::io::Error },
    /// The program cannot be bounded or listened to.
    #[error("tesseract cannot be talked to: {0}")]
    Talk(std::io::Error),
    /// The time was over.
    #[error("reading one page took longer than {} s and was stopped", .0.as_secs())]
    TooLong(Duration),
    /// The answer is longer than a page can be.
    #[error("a page gave more than {0} bytes of words")]
    TooMuch(u64),
    /// The program failed.
    #[error("tesseract ended with {status}: {complaint}")]
    Failed { status: ExitStatus, complaint: String },
}

/// Runs a program with `input` on its standard input and gives what it printed.
pub(crate) fn run(
    program: &Path,
    arguments: &[String],
    input: Vec<u8>,
    bounds: &Bounds,
) -> Result<String, RunError> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    // Where the languages are, when they are not where the program was built to look.
    if let Some(folder) = std::env::var_os("TESSDATA_PREFIX") {
        command.env("TESSDATA_PREFIX", folder);
    }
    // More threads make a page slower, not quicker, beside other work.
    command.env("OMP_THREAD_LIMIT", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| RunError::Start { program: program.display().to_string(), source })?;
    let answer = converse(&mut child, input, bounds);
    if answer.is_err() {
        // It may have ended by itself; where signals are forbidden, its processor time ends it.
        let _ended = child.kill();
    }
    let (text, complaint) = answer?;
    let status = child.wait().map_err(RunError::Talk)?;
    if !status.success() {
        let complaint = String::from_utf8_lossy(&complaint).trim().replace('\n', "; ");
        return Err(RunError::Failed { status, complaint });
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Feeds the child and listens to both its voices at once, so that neither side waits for the other's full pipe.
fn converse(child: &mut Child, input: Vec<u8>, bounds: &Bounds) -> Result<(Vec<u8>, Vec<u8>), RunError> {
    limit(child, bounds).map_err(RunError::Talk)?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(RunError::Talk(std::io::Error::other("the child has no pipes")));
    };
    std::thread::spawn(move || {
        // A program that ends early closes the pipe; how it ended says more than this error would.
        let _ended_early = stdin.write_all(&input);
    });
    let answer = listen(stdout, bounds.answer + 1);
    let complaint = listen(stderr, LONGEST_COMPLAINT);
    let too_long = |_| RunError::TooLong(bounds.time);
    let answer = answer.recv_timeout(bounds.time).map_err(too_long)?.map_err(RunError::Talk)?;
    if answer.len() as u64 > bounds.answer {
        return Err(RunError::TooMuch(bounds.answer));
    }
    let complaint = complaint.recv_timeout(bounds.time).map_err(too_long)?.map_err(RunError::Talk)?;
    Ok((answer, complaint))
}

/// Reads to the end, but no more than `most` bytes, on a thread of its own.
fn listen(from: impl Read + Send + 'static, most: u64) -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = from.take(most).read_to_end(&mut bytes).map(|_| bytes);
        // Nobody listens any more when the time is over.
        let _ = sender.send(read);
    });
    receiver
}

/// Bounds the memory and the processor time of a child that has just started.
fn limit(child: &Child, bounds: &Bounds) -> std::io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let seconds = bounds.time.as_secs().max(1);
    for (resource, most) in [(Resource::As, bounds.memory), (Resource::Cpu, seconds), (Resource::Core, 0)] {
        // The child has our own limits already, which it may not pass.
        let most = getrlimit(resource).maximum.map_or(most, |inherited| inherited.min(most));
        let new = Rlimit { current: Some(most), maximum: Some(most) };
        match prlimit(pid, resource, new) {
            // A program that has already ended needs no bounds.
            Ok(_) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, bounds: &Bounds) -> Result<String, RunError> {
        run(Path::new("/bin/sh"), &["-c".to_owned(), script.to_owned()], b"words".repeat(100_000), bounds)
    }

    fn bounds() -> Bounds {
        Bounds::default()
    }

    #[test]
    fn what_goes_in_comes_out() {
        assert_eq!(sh("cat", &bounds()).unwrap().len(), 500_000);
    }

    #[test]
    fn a_program_that_never_ends_is_stopped() {
        let error = sh("while :; do :; done", &Bounds { time: Duration::from_millis(300), ..bounds() });
        assert!(matches!(error, Err(RunError::TooLong(_))), "{error:?}");
    }

    #[test]
    fn a_program_that_talks_too_much_is_stopped() {
        let error = sh("cat", &Bounds { answer: 1000, ..bounds() });
        assert!(matches!(error, Err(RunError::TooMuch(1000))), "{error:?}");
    }

    #[test]
    fn a_failure_tells_what_the_program_said() {
        let error = sh("echo no such language >&2; exit 3", &bounds()).unwrap_err().to_string();
        assert!(error.contains("exit status: 3: no such language"), "{error}");
    }

    #[test]
    fn the_environment_is_not_handed_on() {
        assert_eq!(sh("cat > /dev/null; echo \"$HOME$RM_TOKEN_KEY\"", &bounds()).unwrap(), "\n");
    }

    #[test]
    fn memory_is_bounded() {
        let script = "cat > /dev/null; x=words; while :; do x=$x$x; done";
        let error = sh(script, &Bounds { memory: 64 << 20, ..bounds() });
        assert!(matches!(error, Err(RunError::Failed { .. })), "{error:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_told_with_the_mend() {
        let error = run(Path::new("/nowhere/tesseract"), &[], Vec::new(), &bounds()).unwrap_err();
        assert!(error.to_string().contains("apt-get install tesseract-ocr"), "{error}");
    }
}
