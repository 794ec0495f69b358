//! Uploads: reads a multipart form with at most one file, within limits, and hashes the file as it arrives.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};
use platform::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};

use super::media_type::MediaType;
use crate::error::{FieldError, Problem, ProblemKind};

/// Most bytes of a file.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;
/// Most bytes of a whole upload request. What is over the file's limit is read and dropped up to here, so that the
/// client has finished sending and sees the answer instead of a broken connection.
pub const MAX_BODY_BYTES: usize = 2 * MAX_FILE_BYTES;
/// Most bytes of a text field.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Most parts of a form.
const MAX_PARTS: usize = 16;
/// Most characters of a file name that are kept.
const MAX_NAME_CHARACTERS: usize = 200;

/// A file that arrived whole.
#[derive(Clone, Debug)]
pub struct UploadedFile {
    /// The file's name as the client gave it, without folders and control characters; for showing only.
    pub name: String,
    /// Its type, found by its content.
    pub media_type: MediaType,
    /// SHA-256 of its content.
    pub sha256: Sha256Digest,
    /// Its content.
    pub content: Bytes,
}

/// A multipart form: its text fields, and the part `file` if it was sent with content.
#[derive(Debug, Default)]
pub struct UploadForm {
    /// Text fields by name; the last of equal names counts.
    pub fields: BTreeMap<String, String>,
    /// The part named `file`.
    pub file: Option<UploadedFile>,
}

impl UploadForm {
    /// The file; a problem that names the field if there is none.
    pub fn require_file(&mut self) -> Result<UploadedFile, Problem> {
        self.file.take().ok_or_else(|| {
            Problem::validation(vec![FieldError::in_field("file", "Send the file as the form field `file`.")])
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for UploadForm {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let mut multipart = Multipart::from_request(request, state).await.map_err(|_rejection| {
            Problem::new(
                ProblemKind::UnsupportedMediaType,
                "Send the file as a form: `Content-Type: multipart/form-data` with a boundary.",
            )
        })?;
        let mut form = Self::default();
        let mut parts = 0;
        while let Some(field) = multipart.next_field().await.map_err(broken)? {
            parts += 1;
            if parts > MAX_PARTS {
                let detail = format!("The form has more than {MAX_PARTS} parts.");
                return Err(Problem::new(ProblemKind::MalformedRequest, detail));
            }
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                form.file = read_file(field).await?;
            } else {
                let text = read_text(&name, field).await?;
                form.fields.insert(name, text);
            }
        }
        Ok(form)
    }
}

// None for the empty part that browsers send when no file was chosen.
async fn read_file(mut field: Field<'_>) -> Result<Option<UploadedFile>, Problem> {
    let name = clean_name(field.file_name().unwrap_or_default());
    let mut hash = Sha256::new();
    let mut content = Vec::new();
    let mut received = 0_usize;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        received = received.saturating_add(chunk.len());
        if received > MAX_FILE_BYTES {
            content = Vec::new();
            continue;
        }
        hash.update(&chunk);
        content.extend_from_slice(&chunk);
    }
    if received > MAX_FILE_BYTES {
        return Err(too_large());
    }
    if content.is_empty() {
        if name.is_empty() {
            return Ok(None);
        }
        return Err(Problem::validation(vec![FieldError::in_field("file", "The file is empty.")]));
    }
    let media_type = MediaType::of(&content).ok_or_else(|| {
        Problem::new(
            ProblemKind::UnsupportedMediaType,
            format!("The content of the file is none of: {}. Its name does not count.", accepted_list()),
        )
    })?;
    let sha256 = Sha256Digest::from(<[u8; 32]>::from(hash.finalize()));
    let name = if name.is_empty() { format!("upload.{}", media_type.extension()) } else { name };
    Ok(Some(UploadedFile { name, media_type, sha256, content: content.into() }))
}

async fn read_text(name: &str, mut field: Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > MAX_TEXT_BYTES {
            return Err(Problem::new(
                ProblemKind::PayloadTooLarge,
                format!("The form field {name:?} is larger than 256 KiB."),
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_error| {
        Problem::validation(vec![FieldError::in_field(
            name,
            "The text is not UTF-8; send it in that encoding.",
        )])
    })
}

fn broken(error: MultipartError) -> Problem {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    Problem::new(ProblemKind::MalformedRequest, format!("The form cannot be read: {}.", error.body_text()))
}

fn too_large() -> Problem {
    Problem::new(ProblemKind::PayloadTooLarge, "The file is larger than 10 MiB; that is the most.")
}

fn accepted_list() -> String {
    MediaType::ACCEPTED.map(MediaType::label).join(", ")
}

// The name is shown in pages and sent back in headers, so only what is harmless there is kept.
fn clean_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let harmless = base.chars().filter(|c| !c.is_control() && !is_invisible(*c));
    harmless.take(MAX_NAME_CHARACTERS).collect::<String>().trim().to_owned()
}

// Direction overrides and zero-width characters make a name look like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::header};

    use super::*;

    async fn read(parts: &[(&str, Option<&str>, &[u8])]) -> Result<UploadForm, Problem> {
        let mut body = Vec::new();
        for (name, file_name, content) in parts {
            body.extend_from_slice(
                format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes(),
            );
            if let Some(file_name) = file_name {
                body.extend_from_slice(format!("; filename=\"{file_name}\"").as_bytes());
            }
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--B--\r\n");
        let request = Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B")
            .extension(axum::extract::DefaultBodyLimit::max(MAX_BODY_BYTES))
            .body(Body::from(body))
            .unwrap();
        UploadForm::from_request(request, &()).await
    }

    #[tokio::test]
    async fn a_file_comes_with_its_type_hash_and_clean_name() {
        let mut form =
            read(&[("note", None, b"hello"), ("file", Some("C:\\cv\\\u{202e}Ann.pdf"), b"%PDF-1.7 x")])
                .await
                .unwrap();
        assert_eq!(form.fields["note"], "hello");
        let file = form.require_file().unwrap();
        assert_eq!(file.name, "Ann.pdf");
        assert_eq!(file.media_type, MediaType::Pdf);
        // `printf '%%PDF-1.7 x' | sha256sum`
        assert_eq!(
            file.sha256.to_string(),
            "ec2792f52c4416be86b9c3d9f4ce1122e68027a8549c54be5040c913d671aa02"
        );
    }

    #[tokio::test]
    async fn a_form_without_a_chosen_file_has_none() {
        let mut form = read(&[("file", Some(""), b"")]).await.unwrap();
        assert_eq!(form.require_file().unwrap_err().errors[0].field.as_deref(), Some("file"));
    }

    #[tokio::test]
    async fn an_empty_or_foreign_file_is_refused() {
        let empty = read(&[("file", Some("cv.pdf"), b"")]).await.unwrap_err();
        assert_eq!(empty.kind, ProblemKind::ValidationFailed);
        let program = read(&[("file", Some("cv.pdf"), b"\x7fELF\0\0")]).await.unwrap_err();
        assert_eq!(program.kind, ProblemKind::UnsupportedMediaType);
        assert!(program.detail.contains("PDF, DOCX"), "{}", program.detail);
    }
}
