//! Resumes as documents: JSON Resume becomes a file, and an edited JSON Resume becomes text with evidence again.
//!
//! The only module that calls the `matching` crate. Its work takes up to some seconds of a core, so it is done on threads
//! of its own, a few at a time.

mod edited;
mod fonts;
mod read_back;

use std::{sync::Arc, time::Duration};

use matching::{
    export::{ExportError, to_docx, to_markdown, to_pdf},
    parse::{OtherSection, json_resume::Resume},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinError, time::timeout};
use utoipa::ToSchema;

pub use edited::EditedResume;
use fonts::Fonts;
pub use read_back::ReadBack;

use crate::error::{FieldError, Problem, ProblemKind};

/// How long to wait for a core.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most values of a document that is written as a file, and most bytes of all of them: a hundred pages and more. Work
/// grows with both.
const MAX_VALUES: usize = 4000;
const MAX_BYTES: usize = 256 * 1024;

/// A format of an exported resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// PDF.
    Pdf,
    /// Word.
    Docx,
    /// Markdown.
    Md,
    /// JSON Resume.
    Json,
}

impl ExportFormat {
    /// The media type of the file.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Md => "text/markdown; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    /// The extension of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Md => "md",
            Self::Json => "json",
        }
    }
}

/// Why a document could not be made of a resume.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The stored document is none.
    #[error("the stored document is no JSON Resume document")]
    Stored(#[from] serde_json::Error),
    /// The file could not be written.
    #[error("the resume could not be written as a file")]
    Export(#[from] ExportError),
    /// The work was cut off.
    #[error("the thread that made the document ended early")]
    Thread(#[from] JoinError),
    /// An edited resume has nothing to be judged by.
    #[error("the resume says nothing")]
    Nothing,
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Nothing => {
                let detail = "The resume says nothing; give a name, a position or a skill at least.";
                Self::validation(vec![FieldError::at_pointer("", detail)])
            }
            other => Self::internal(other),
        }
    }
}

/// Makes documents. Clones share the cores and the fonts.
#[derive(Clone, Debug)]
pub struct Documents {
    cores: Arc<Semaphore>,
    patience: Duration,
    fonts: Fonts,
}

impl Documents {
    /// Works on so many documents at a time.
    pub fn new(at_once: usize) -> Self {
        Self { cores: Arc::new(Semaphore::new(at_once)), patience: PATIENCE, fonts: Fonts::default() }
    }

    /// The JSON Resume document `resume` as a file.
    pub async fn export(&self, resume: Value, format: ExportFormat) -> Result<Vec<u8>, Problem> {
        if format != ExportFormat::Json {
            let size = Size::of(&resume);
            if size.values > MAX_VALUES || size.bytes > MAX_BYTES {
                let detail = format!(
                    "The document has {} values of {} bytes; files are made of at most {MAX_VALUES} and {MAX_BYTES}. \
                     Shorten it, or get it as json.",
                    size.values, size.bytes
                );
                return Err(Problem::new(ProblemKind::Conflict, detail));
            }
        }
        let fonts = self.fonts.clone();
        self.on_a_core(move || write(&resume, format, &fonts)).await
    }

    /// What the scorer reads of an edited resume. `others` are sections of the version before that JSON Resume has no
    /// place for; they stay.
    pub async fn read_back(
        &self,
        edited: EditedResume,
        others: Vec<OtherSection>,
    ) -> Result<ReadBack, Problem> {
        self.on_a_core(move || ReadBack::of(&edited, &others)).await
    }

    /// Does `work` on a thread of its own. Who gives up waiting does not free the core: the work goes on until it is done.
    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, DocumentError> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = timeout(self.patience, Arc::clone(&self.cores).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(Problem::new(ProblemKind::Overloaded, "Too many documents are being made."));
        };
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        Ok(done.await.map_err(DocumentError::from)??)
    }
}

fn write(resume: &Value, format: ExportFormat, fonts: &Fonts) -> Result<Vec<u8>, DocumentError> {
    let typed = || Resume::deserialize(resume);
    Ok(match format {
        ExportFormat::Docx => to_docx(&typed()?)?,
        ExportFormat::Md => to_markdown(&typed()?).into_bytes(),
        ExportFormat::Pdf => {
            let resume = typed()?;
            let plain = to_pdf(&resume, &[])?;
            // Reading fonts takes a while, and most resumes need none.
            if plain.missing.is_empty() { plain.bytes } else { to_pdf(&resume, fonts.all())?.bytes }
        }
        ExportFormat::Json => {
            let mut text = serde_json::to_vec_pretty(resume)?;
            text.push(b'\n');
            text
        }
    })
}

/// How much a document says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    values: usize,
    bytes: usize,
}

impl Size {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self { values: 1, bytes: text.len() },
            Value::Array(items) => items.iter().map(Self::of).sum(),
            Value::Object(members) => members.values().map(Self::of).sum(),
            _ => Self { values: 1, bytes: 0 },
        }
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            values: sum.values + one.values,
            bytes: sum.bytes + one.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn each_format_begins_as_files_of_it_do() {
        let documents = Documents::new(1);
        let resume = json!({"basics": {"name": "Ann Example"}, "work": [{"name": "Bluebird Ltd", "position": "Engineer"}]});
        for (format, start) in [
            (ExportFormat::Pdf, "%PDF-"),
            (ExportFormat::Docx, "PK\u{3}\u{4}"),
            (ExportFormat::Md, "# Ann Example\n"),
            (ExportFormat::Json, "{\n  \"basics\": {"),
        ] {
            let file = documents.export(resume.clone(), format).await.unwrap();
            assert!(file.starts_with(start.as_bytes()), "{format:?}");
            assert_eq!(
                file,
                documents.export(resume.clone(), format).await.unwrap(),
                "{format:?} is the same again"
            );
        }
    }

    #[tokio::test]
    async fn what_is_too_long_for_a_file_is_still_given_as_json() {
        let documents = Documents::new(1);
        let long = json!({"basics": {"summary": "x".repeat(MAX_BYTES + 1)}});
        let refused = documents.export(long.clone(), ExportFormat::Pdf).await.unwrap_err();
        assert_eq!(refused.kind, ProblemKind::Conflict);
        let many = json!({"interests": (0..=MAX_VALUES).map(|n| json!({"name": n.to_string()})).collect::<Vec<_>>()});
        assert_eq!(documents.export(many, ExportFormat::Md).await.unwrap_err().kind, ProblemKind::Conflict);
        assert!(documents.export(long, ExportFormat::Json).await.is_ok());
    }

    #[tokio::test]
    async fn without_a_free_core_the_client_is_told_to_come_back() {
        let busy = Documents { patience: Duration::ZERO, ..Documents::new(0) };
        let refused = busy.export(json!({}), ExportFormat::Json).await.unwrap_err();
        assert_eq!(refused.kind, ProblemKind::Overloaded);
    }
}
