//! The only module that calls the `matching` crate: files become documents, documents and jobs become scores.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::civil::Date;
use matching::document::WarningKind;
use matching::embed::{Embedder, ModelError};
use matching::extract::{Limits, Ocr};
use matching::parse::ParsedResume;
use matching::score::{MatchResult, Matcher};
use matching::skills::Taxonomy;
use matching::{Document, ExtractError, ExtractOptions};
use ocr::Tesseract;
use platform::config::ScienceConfig;
use platform::telemetry::spans;
use serde::{Deserialize, Serialize};

/// The class of a file in which no text was found.
const NO_TEXT: &str = "no_text";

/// What a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Purpose {
    /// A resume: it is extracted and parsed.
    Resume,
    /// A job description: it is extracted.
    Job,
}

/// What a file turned out to be, or why it could not be read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reading {
    /// A resume.
    Resume {
        /// Its text with positions.
        document: Box<Document>,
        /// Its fields with their evidence.
        parsed: Box<ParsedResume>,
    },
    /// A job description: its text with positions.
    Job(Box<Document>),
    /// The file is at fault; the message is for the person who uploaded it.
    Refused {
        /// A stable, bounded name for metrics.
        class: String,
        /// One sentence.
        message: String,
    },
    /// This installation is at fault; the message is for the people who run it.
    Broken {
        /// One sentence.
        message: String,
    },
}

/// A reading, and how long it took; the child's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// What the file turned out to be.
    pub(crate) reading: Reading,
    /// How long its text took.
    pub(crate) extraction: Duration,
    /// How long its fields took; none where there are none.
    pub(crate) parsing: Option<Duration>,
}

impl From<Reading> for Answer {
    /// An answer that took no time: there was nothing to read.
    fn from(reading: Reading) -> Self {
        Self { reading, extraction: Duration::ZERO, parsing: None }
    }
}

/// Reads a file. Runs in the sandbox's child, never in the worker itself.
pub(crate) fn read_file(
    bytes: &[u8],
    name: &str,
    purpose: Purpose,
    config: &ScienceConfig,
    tesseract: Option<&Tesseract>,
) -> Answer {
    let options = ExtractOptions {
        limits: Limits { pages: config.max_pages.get(), ..Limits::default() },
        pdfium: config.pdfium.clone(),
        ocr: tesseract.map(|tesseract| tesseract as &dyn Ocr),
        ..ExtractOptions::default()
    };
    let began = Instant::now();
    let extracted = matching::extract(bytes, Some(name), &options);
    let extraction = began.elapsed();
    let document = match extracted {
        Ok(document) => Box::new(document),
        Err(error) => return Answer { reading: refusal(&error), extraction, parsing: None },
    };
    match purpose {
        Purpose::Job => Answer { reading: Reading::Job(document), extraction, parsing: None },
        Purpose::Resume => {
            let began = Instant::now();
            let parsed = Box::new(matching::parse::parse(&document));
            let parsing = Some(began.elapsed());
            Answer { reading: Reading::Resume { document, parsed }, extraction, parsing }
        }
    }
}

impl Reading {
    /// Whether pages were left out that only character recognition can read.
    pub(crate) fn lacks_recognition(&self) -> bool {
        let document = match self {
            Self::Resume { document, .. } | Self::Job(document) => document,
            Self::Refused { class, .. } => return class == NO_TEXT,
            Self::Broken { .. } => return false,
        };
        document.warnings.iter().any(|warning| warning.kind == WarningKind::PictureOnlyPage)
    }
}

fn refusal(error: &ExtractError) -> Reading {
    if error.is_about_the_file() {
        Reading::Refused { class: error.class().to_owned(), message: error.to_string() }
    } else {
        Reading::Broken { message: error.to_string() }
    }
}

/// Scores resumes against jobs. Clones share the model.
#[derive(Clone)]
pub(crate) struct Scorer {
    matcher: Arc<Matcher>,
}

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScoreError {
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The scorer panicked, or the process is ending.
    #[error("the scorer did not finish")]
    Unfinished(#[from] tokio::task::JoinError),
}

impl Scorer {
    /// Loads the model and the taxonomy, once for the life of the process.
    pub(crate) async fn open(model_dir: &Path) -> Result<Self, ScoreError> {
        let folder = model_dir.to_owned();
        let matcher = tokio::task::spawn_blocking(move || {
            Ok::<_, ModelError>(Matcher::new(Embedder::open(&folder)?, Taxonomy::builtin()))
        })
        .await??;
        Ok(Self { matcher: Arc::new(matcher) })
    }

    /// Scores a resume against the text of a job as of a day, on a thread for long computations.
    pub(crate) async fn score(
        &self,
        parsed: ParsedResume,
        document: Document,
        job_text: String,
        as_of: Date,
    ) -> Result<MatchResult, ScoreError> {
        let matcher = Arc::clone(&self.matcher);
        let scored = tokio::task::spawn_blocking(move || {
            let began = SystemTime::now();
            // As `Matcher::score` does it, with a look at the clock in between, which that crate has not.
            let job = matcher.prepare_job(None, &job_text)?;
            let resume = matcher.prepare_resume(&parsed, &document)?;
            let embedded = SystemTime::now();
            let result = matcher.explain(&resume, &document, &job, as_of);
            Ok::<_, ModelError>((result, began, embedded, SystemTime::now()))
        });
        let (result, began, embedded, ended) = scored.await??;
        spans::record("embed", began, embedded);
        spans::record("score", embedded, ended);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use platform::config::Env;

    use super::*;

    fn read(bytes: &[u8], name: &str, purpose: Purpose) -> Reading {
        let config = ScienceConfig::from_env(&Env::from_pairs::<&'static str, &str>([])).unwrap();
        read_file(bytes, name, purpose, &config, None).reading
    }

    #[test]
    fn a_file_without_text_lacks_recognition_and_one_with_text_does_not() {
        assert_eq!(ExtractError::NoText { pages: 1 }.class(), NO_TEXT);
        assert!(read(b"  \n", "blank.txt", Purpose::Job).lacks_recognition());
        assert!(!read(b"text\n", "job.txt", Purpose::Job).lacks_recognition());
        assert!(!read(b"", "empty.txt", Purpose::Job).lacks_recognition());
    }

    #[test]
    fn a_text_is_read() {
        match read(b"Ada Lovelace\nProgrammer\n", "ada.txt", Purpose::Resume) {
            Reading::Resume { document, parsed } => {
                assert_eq!(document.text, "Ada Lovelace\nProgrammer");
                assert_eq!(parsed.resume.basics.name.as_deref(), Some("Ada Lovelace"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_file_is_refused_in_words_for_people() {
        match read(b"", "empty.pdf", Purpose::Job) {
            Reading::Refused { class, message } => {
                assert_eq!((class.as_str(), message.as_str()), ("empty", "the file is empty"));
            }
            other => panic!("{other:?}"),
        }
    }
}
