//! Extraction in a child process, so that no file, however built, takes the worker down.
//!
//! The child is this same program (`worker extract-child`). Before it reads a byte it limits its own memory, processor
//! time, files and system calls ([`limits`]); this side limits the wall clock and the size of the answer, and starts
//! the child with an empty environment, so that it never holds a secret.
//!
//! A PDF file with pages that have no text is read once more where tesseract is installed, by a child that may start
//! programs. They inherit the other limits: no network, no writing, no file but shared libraries and their data.

pub(crate) mod limits;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ocr::{Bounds, LanguageError, Languages, Tesseract};
use platform::config::{ConfigError, ScienceConfig};
use platform::telemetry::spans::{self, Work};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::exit::Failure;
use crate::science::{Answer, Purpose, Reading};

/// How long one file may take, waiting included.
const WALL_CLOCK: Duration = Duration::from_secs(60);
/// How long it may take when its pages are recognised, some seconds each.
const RECOGNITION_WALL_CLOCK: Duration = Duration::from_secs(240);
/// Where tesseract is looked for: not on a `PATH` that somebody may have set.
const PROGRAM_FOLDERS: &str = "/usr/local/bin:/usr/bin:/bin";
/// The longest answer, in bytes. Text is limited to 2 MiB; positions make some tens of bytes a word.
const LONGEST_ANSWER: u64 = 128 << 20;

/// Why there is no answer from the child. All of these but the first are the file's doing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// The child cannot be started or talked to.
    #[error("the extraction process cannot be run")]
    Start(#[from] std::io::Error),
    /// The wall clock or the processor time ran out.
    #[error("reading the file took too long and was stopped")]
    TooLong,
    /// The answer is longer than any resume's.
    #[error("the file has too much content to be a resume or a job description")]
    TooMuch,
    /// The child ended without an answer: out of memory, a forbidden system call, or a fault in a parser.
    #[error("the file could not be read: it made its reader fail (a damaged or hostile file does that)")]
    Crashed {
        /// How the child ended.
        status: ExitStatus,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
}

impl SandboxError {
    /// Whether the file is at fault, so that trying again is of no use.
    pub(crate) fn is_about_the_file(&self) -> bool {
        !matches!(self, Self::Start(_))
    }
}

/// Starts children that read files.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    program: PathBuf,
    config: ScienceConfig,
    tesseract: Option<Tesseract>,
}

/// The program at a path with the configured languages.
pub(crate) fn tesseract(program: &Path, config: &ScienceConfig) -> Result<Tesseract, ConfigError> {
    Ok(Tesseract::at(program, languages(config)?, Bounds::default()))
}

fn languages(config: &ScienceConfig) -> Result<Languages, ConfigError> {
    config.ocr_languages.parse().map_err(|error: LanguageError| ConfigError::Invalid {
        variable: platform::env_vars::RM_OCR_LANGUAGES,
        reason: error.to_string(),
        mend: "names of tesseract's languages joined by +, such as eng+deu",
    })
}

impl Sandbox {
    /// Children of this very program.
    pub(crate) fn new(config: ScienceConfig) -> Result<Self, Failure> {
        let tesseract = Tesseract::find(OsStr::new(PROGRAM_FOLDERS), languages(&config)?);
        match &tesseract {
            Some(tesseract) => {
                tracing::info!(program = %tesseract.program().display(), languages = config.ocr_languages, "scans are recognised");
            }
            None => tracing::info!("scans are refused: {}", ocr::HOW_TO_INSTALL),
        }
        Ok(Self { program: std::env::current_exe()?, config, tesseract })
    }

    /// Reads the file `name` in a child of its own; pages that have no text by recognition, where that is installed.
    pub(crate) async fn read_file(
        &self,
        bytes: Bytes,
        name: &str,
        purpose: Purpose,
    ) -> Result<Reading, SandboxError> {
        let first = self.attempt(bytes.clone(), name, purpose, None);
        let first = spans::within("read the file in the sandbox", Work::Own, first).await?;
        let Some(tesseract) = self.tesseract.as_ref().filter(|_| first.lacks_recognition() && is_pdf(&bytes))
        else {
            return Ok(first);
        };
        let second = self.attempt(bytes, name, purpose, Some(tesseract));
        let second = spans::within("recognise the pages in the sandbox", Work::Own, second).await;
        match (second, first) {
            // The file has text beside its pictures: that is worth more than nothing.
            (Err(error), text @ (Reading::Resume { .. } | Reading::Job(_))) => {
                tracing::warn!(?error, "the pictures of a file cannot be recognised");
                Ok(text)
            }
            (Ok(Reading::Broken { message }), text @ (Reading::Resume { .. } | Reading::Job(_))) => {
                tracing::warn!(message, "the pictures of a file cannot be recognised");
                Ok(text)
            }
            (second, _) => second,
        }
    }

    async fn attempt(
        &self,
        bytes: Bytes,
        name: &str,
        purpose: Purpose,
        tesseract: Option<&Tesseract>,
    ) -> Result<Reading, SandboxError> {
        let mut command = Command::new(&self.program);
        command.arg("extract-child").arg(format!("--name={}", anonymous_name(name)));
        if let Some(tesseract) = tesseract {
            command.arg("--recognise").arg(tesseract.program());
        }
        command.arg(match purpose {
            Purpose::Resume => "--purpose=resume",
            Purpose::Job => "--purpose=job",
        });
        command.env_clear();
        command.env(platform::env_vars::RM_MAX_PAGES, self.config.max_pages.to_string());
        command.env(platform::env_vars::RM_OCR_LANGUAGES, &self.config.ocr_languages);
        if let Some(pdfium) = &self.config.pdfium {
            command.env(platform::env_vars::RM_PDFIUM, pdfium);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = command.spawn()?;
        // Dropping the child when the time is over kills it.
        let most = if tesseract.is_some() { RECOGNITION_WALL_CLOCK } else { WALL_CLOCK };
        let talk = tokio::time::timeout(most, converse(child, bytes));
        let answer = talk.await.map_err(|_| SandboxError::TooLong)??;
        tell_times(&answer);
        Ok(answer.reading)
    }
}

fn is_pdf(bytes: &[u8]) -> bool {
    matching::extract::detect(bytes, None) == Ok(matching::extract::Kind::Pdf)
}

/// Writes down what the child did with its time. It ended with its work a moment ago.
fn tell_times(answer: &Answer) {
    let ended = SystemTime::now();
    let parsing = answer.parsing.unwrap_or_default();
    let extracted = ended.checked_sub(parsing).unwrap_or(ended);
    let began = extracted.checked_sub(answer.extraction).unwrap_or(extracted);
    spans::record("extract", began, extracted);
    if answer.parsing.is_some() {
        spans::record("parse", extracted, ended);
    }
}

/// Feeds the child and takes its answer, both at once, so that neither side waits for the other's full pipe.
async fn converse(mut child: Child, bytes: Bytes) -> Result<Answer, SandboxError> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("the child has no pipes").into());
    };
    let feed = async move {
        // A child that ends early closes the pipe; how it ended says more than this error would.
        let _ended_early = stdin.write_all(&bytes).await;
        drop(stdin);
    };
    let mut answer = Vec::new();
    let mut complaint = Vec::new();
    let mut limited_answer = stdout.take(LONGEST_ANSWER + 1);
    let mut limited_complaint = stderr.take(16 * 1024);
    let listen = limited_answer.read_to_end(&mut answer);
    let overhear = limited_complaint.read_to_end(&mut complaint);
    let ((), heard, overheard) = tokio::join!(feed, listen, overhear);
    overheard?;
    if heard? as u64 > LONGEST_ANSWER {
        return Err(SandboxError::TooMuch);
    }
    let status = child.wait().await?;
    understand(status, &answer, &complaint)
}

fn understand(status: ExitStatus, answer: &[u8], complaint: &[u8]) -> Result<Answer, SandboxError> {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGXCPU: i32 = 24;
    if status.signal() == Some(SIGXCPU) {
        return Err(SandboxError::TooLong);
    }
    let crashed =
        || SandboxError::Crashed { status, stderr: String::from_utf8_lossy(complaint).into_owned() };
    if !status.success() {
        return Err(crashed());
    }
    serde_json::from_slice(answer).map_err(|_| crashed())
}

/// The name with nothing left of it but its ending: command lines can be seen by everyone on the machine.
fn anonymous_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, ending))
            if (1..=8).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            format!("file.{}", ending.to_ascii_lowercase())
        }
        _ => "file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ending_of_a_name_is_passed_on() {
        assert_eq!(anonymous_name("Ada Lovelace.PDF"), "file.pdf");
        assert_eq!(anonymous_name("Ada Lovelace"), "file");
        assert_eq!(anonymous_name("a.b/c d"), "file");
    }
}
