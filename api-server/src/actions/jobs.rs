//! Adding and deleting jobs.

use platform::tasks::{self, TaskKind};
use uuid::Uuid;

use crate::{
    auth::identity::Identity,
    error::{FieldError, Problem},
    request::multipart::UploadedFile,
    state::AppState,
    store::{
        jobs::{self, Job},
        objects,
    },
};

/// Most characters of a title.
const MAX_TITLE_CHARACTERS: usize = 300;
/// Most characters of a job's text: the longest advertisements are a tenth of it.
const MAX_TEXT_CHARACTERS: usize = 100_000;

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
        let text = text.trim();
        // Postgres takes no NUL in texts, and no job has one.
        let text = text.replace('\0', "");
        let characters = text.chars().count();
        if characters == 0 {
            errors.push(FieldError::at_pointer("/text", "Paste the text of the job; it is empty."));
        } else if characters > MAX_TEXT_CHARACTERS {
            let detail = format!("The text has {characters} characters; use at most {MAX_TEXT_CHARACTERS}.");
            errors.push(FieldError::at_pointer("/text", detail));
        }
        if errors.is_empty() { Ok(Self { title, text }) } else { Err(Problem::validation(errors)) }
    }
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
    let mut tx = identity.transaction(&state.pool).await?;
    let job = jobs::insert_text(&mut tx, identity.tenant, identity.account, job.title.as_deref(), &job.text)
        .await?;
    tx.commit().await?;
    Ok(job)
}

/// Adds a job given as a file; the worker extracts its text.
pub async fn add_file(
    state: &AppState,
    identity: Identity,
    title: Option<&str>,
    file: UploadedFile,
) -> Result<Job, Problem> {
    let title = check_title(title).map_err(|error| Problem::validation(vec![error]))?;
    let stored = state.storage.put(identity.tenant, file.content.clone()).await?;
    let mut tx = identity.transaction(&state.pool).await?;
    objects::lock(&mut tx, &stored.key).await?;
    let job =
        jobs::insert_file(&mut tx, identity.tenant, identity.account, title.as_deref(), &file, &stored.key)
            .await?;
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
