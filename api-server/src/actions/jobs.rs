//! Adding and deleting jobs.

use axum::http::HeaderMap;
use platform::tasks::{self, TaskKind};
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    error::{FieldError, Problem, ProblemKind},
    request::{multipart::UploadedFile, version::Version},
    state::AppState,
    store::{
        jobs::{self, Job, JobDetail},
        objects,
    },
};

/// Most characters of a title.
const MAX_TITLE_CHARACTERS: usize = 300;
/// Most characters of a job's text: the longest advertisements are a tenth of it.
const MAX_TEXT_CHARACTERS: usize = 100_000;

/// Most bytes of an address.
const MAX_URL_BYTES: usize = 2000;

/// A job's title and text after their check.
#[derive(Debug)]
pub struct JobText {
    /// The title, if one was given.
    pub title: Option<String>,
    /// The text, not empty.
    pub text: String,
}

impl JobText {
    /// Checks what was given.
    pub fn check(title: Option<&str>, text: &str) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let title = check_title(title).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let text = check_text(text).unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        });
        if errors.is_empty() { Ok(Self { title, text }) } else { Err(Problem::validation(errors)) }
    }
}

/// What an edit changes, after its check.
#[derive(Debug)]
pub struct Change {
    /// The new title (none within: it is taken away), if it changes.
    title: Option<Option<String>>,
    /// The new text, if it changes.
    text: Option<String>,
}

impl Change {
    /// Checks what was given.
    pub fn check(title: Option<&str>, text: Option<&str>) -> Result<Self, Problem> {
        let title = title.map(|title| check_title(Some(title))).transpose();
        let text = text.map(check_text).transpose();
        match (title, text) {
            (Ok(title), Ok(text)) => Ok(Self { title, text }),
            (title, text) => {
                let errors = [title.err(), text.err()].into_iter().flatten().collect();
                Err(Problem::validation(errors))
            }
        }
    }
}

/// Changes a job, if `headers` name the version that it is.
pub async fn edit(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    headers: &HeaderMap,
    change: &Change,
) -> Result<JobDetail, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let job = jobs::lock(&mut tx, id).await?.ok_or_else(|| Problem::not_found("job"))?;
    Version::of(job.job.updated_at).demand(headers)?;
    // The worker would write over it.
    if job.job.status.is_busy() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "The job is still being read; wait until it is ready.",
        ));
    }
    let title = change.title.clone().unwrap_or(job.job.title);
    let text = change.text.clone().or(job.text);
    let edited = jobs::update(&mut tx, id, title.as_deref(), text.as_deref()).await?;
    tx.commit().await?;
    Ok(edited)
}

fn check_text(text: &str) -> Result<String, FieldError> {
    // Postgres takes no NUL in texts, and no job has one.
    let text = text.trim().replace('\0', "");
    let detail = match text.chars().count() {
        0 => "Paste the text of the job; it is empty.".to_owned(),
        characters if characters > MAX_TEXT_CHARACTERS => {
            format!("The text has {characters} characters; use at most {MAX_TEXT_CHARACTERS}.")
        }
        _ => return Ok(text),
    };
    Err(FieldError::at_pointer("/text", detail))
}

fn check_title(title: Option<&str>) -> Result<Option<String>, FieldError> {
    let title = title.map(|title| title.replace(char::is_control, " ").trim().to_owned());
    match title.filter(|title| !title.is_empty()) {
        Some(title) if title.chars().count() > MAX_TITLE_CHARACTERS => Err(FieldError::at_pointer(
            "/title",
            format!("The title is longer than {MAX_TITLE_CHARACTERS} characters."),
        )),
        title => Ok(title),
    }
}

/// Adds a job given as text.
pub async fn add_text(state: &AppState, identity: Identity, job: &JobText) -> Result<Job, Problem> {
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let job = jobs::insert_text(&mut tx, identity.tenant, account, job.title.as_deref(), &job.text).await?;
    tx.commit().await?;
    Ok(job)
}

/// The address of a job's page after its check.
#[derive(Debug)]
pub struct JobAddress {
    title: Option<String>,
    url: String,
}

impl JobAddress {
    /// Checks what was given. Where the address leads is judged when it is fetched.
    pub fn check(title: Option<&str>, address: &str) -> Result<Self, Problem> {
        let title = check_title(title).map_err(|error| Problem::validation(vec![error]))?;
        let refused = |detail| Problem::validation(vec![FieldError::at_pointer("/url", detail)]);
        let url = url::Url::parse(address.trim())
            .map_err(|_| refused("Give the whole address, such as https://example.org/jobs/1."))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
            return Err(refused(
                "The address must begin with http:// or https:// and have no password in it.",
            ));
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(refused("The address is longer than 2000 characters."));
        }
        Ok(Self { title, url: url.into() })
    }
}

/// Adds a job given by its address; the worker fetches and reads the page.
pub async fn add_url(state: &AppState, identity: Identity, job: &JobAddress) -> Result<Job, Problem> {
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let made = jobs::insert_url(&mut tx, identity.tenant, account, job.title.as_deref(), &job.url).await?;
    tasks::enqueue(&mut tx, identity.tenant, TaskKind::FetchJob, made.id.as_uuid()).await?;
    tx.commit().await?;
    Ok(made)
}

/// Adds a job given as a file; the worker extracts its text.
pub async fn add_file(
    state: &AppState,
    identity: Identity,
    title: Option<&str>,
    file: UploadedFile,
) -> Result<Job, Problem> {
    let title = check_title(title).map_err(|error| Problem::validation(vec![error]))?;
    // Before any byte is stored: whoever may not add anything shall not fill the storage.
    identity.transaction(&state.pool).await?.commit().await?;
    let stored = state.storage.put(identity.tenant, file.content.clone()).await?;
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    objects::lock(&mut tx, &stored.key).await?;
    let job =
        jobs::insert_file(&mut tx, identity.tenant, account, title.as_deref(), &file, &stored.key).await?;
    tasks::enqueue(&mut tx, identity.tenant, TaskKind::ExtractJob, job.id.as_uuid()).await?;
    // Under the lock: a deletion of the same bytes either came before, or sees our row.
    state.storage.put(identity.tenant, file.content).await?;
    tx.commit().await?;
    Ok(job)
}

/// Deletes a job, its matches and its file; whether there was one.
pub async fn delete(state: &AppState, identity: Identity, id: Uuid) -> Result<bool, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let Some(object_key) = jobs::delete(&mut tx, id).await? else { return Ok(false) };
    if let Some(key) = object_key {
        objects::lock(&mut tx, &key).await?;
        if !objects::is_used(&mut tx, &key).await? {
            state.storage.delete(&key).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_title_are_trimmed_and_cleaned() {
        let job = JobText::check(Some(" Rust\nengineer "), "  We want\0 you.\n").unwrap();
        assert_eq!((job.title.as_deref(), job.text.as_str()), (Some("Rust engineer"), "We want you."));
        assert_eq!(JobText::check(Some("  "), "x").unwrap().title, None);
    }

    #[test]
    fn each_wrong_value_is_named() {
        let problem = JobText::check(Some(&"t".repeat(301)), " ").unwrap_err();
        let pointers: Vec<_> = problem.errors.iter().filter_map(|error| error.pointer.as_deref()).collect();
        assert_eq!(pointers, ["/title", "/text"]);
        assert!(JobText::check(None, &"x".repeat(MAX_TEXT_CHARACTERS + 1)).is_err());
    }
}
