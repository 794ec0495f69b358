//! Adding, moving and changing applications.

use axum::http::HeaderMap;
use jiff::civil::Date;
use platform::names::ResumeId;
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    error::{FieldError, Problem},
    request::version::Version,
    state::AppState,
    store::{
        Tx,
        applications::{self, ApplicationDetail, Content, Stage},
        jobs, resumes,
    },
};

/// Most characters of a note.
const MAX_NOTE_CHARACTERS: usize = 20_000;

/// What a request wants of an application. What is absent stays as it is, what is there and empty is taken away.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The resume.
    pub resume: Option<Option<Uuid>>,
    /// How far it has come.
    pub state: Option<Stage>,
    /// A note.
    pub note: Option<Option<String>>,
    /// The day on which it was sent.
    pub applied_on: Option<Option<String>>,
    /// The day on which something is to be done.
    pub next_on: Option<Option<String>>,
}

impl Wish {
    /// What the application becomes of what it is.
    async fn apply(&self, tx: &mut Tx, before: Content) -> Result<Content, Problem> {
        let mut errors = Vec::new();
        let note = self.note.clone().map(|note| check_note(note.as_deref(), &mut errors));
        let mut day = |wished: &Option<Option<String>>, pointer| {
            wished.as_ref().map(|day| check_day(day.as_deref(), pointer, &mut errors))
        };
        let (applied_on, next_on) = (day(&self.applied_on, "/applied_on"), day(&self.next_on, "/next_on"));
        if let Some(Some(resume)) = self.resume
            && resumes::find_original(tx, resume).await?.is_none()
        {
            errors.push(FieldError::at_pointer("/resume_id", "There is no resume with this id."));
        }
        if !errors.is_empty() {
            return Err(Problem::validation(errors));
        }
        Ok(Content {
            resume: self.resume.map_or(before.resume, |resume| resume.map(ResumeId::from_uuid)),
            state: self.state.unwrap_or(before.state),
            note: note.unwrap_or(before.note),
            applied_on: applied_on.unwrap_or(before.applied_on),
            next_on: next_on.unwrap_or(before.next_on),
        })
    }
}

/// Adds an application for the job.
pub async fn add(
    state: &AppState,
    identity: Identity,
    job: Uuid,
    wish: &Wish,
) -> Result<ApplicationDetail, Problem> {
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    if jobs::get(&mut tx, job).await?.is_none() {
        let error = FieldError::at_pointer("/job_id", "There is no job with this id.");
        return Err(Problem::validation(vec![error]));
    }
    let nothing = Content { resume: None, state: Stage::Saved, note: None, applied_on: None, next_on: None };
    let content = wish.apply(&mut tx, nothing).await?;
    let id = applications::insert(&mut tx, identity.tenant, account, job, &content).await?;
    let made =
        applications::get(&mut tx, id.as_uuid()).await?.ok_or_else(|| Problem::not_found("application"))?;
    tx.commit().await?;
    Ok(made)
}

/// Changes an application, if `headers` name the version that it is.
pub async fn edit(
    state: &AppState,
    identity: Identity,
    id: Uuid,
    headers: &HeaderMap,
    wish: &Wish,
) -> Result<ApplicationDetail, Problem> {
    let absent = || Problem::not_found("application");
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    if !applications::lock(&mut tx, id).await? {
        return Err(absent());
    }
    let before = applications::get(&mut tx, id).await?.ok_or_else(absent)?.application;
    Version::of(before.updated_at).demand(headers)?;
    let content = Content {
        resume: before.resume_id,
        state: before.state,
        note: before.note.clone(),
        applied_on: before.applied_on.clone(),
        next_on: before.next_on.clone(),
    };
    let content = wish.apply(&mut tx, content).await?;
    applications::update(&mut tx, account, &before, &content).await?;
    let edited = applications::get(&mut tx, id).await?.ok_or_else(absent)?;
    tx.commit().await?;
    Ok(edited)
}

fn check_note(note: Option<&str>, errors: &mut Vec<FieldError>) -> Option<String> {
    // Postgres takes no NUL in texts, and no note has one.
    let note = note?.trim().replace('\0', "");
    let characters = note.chars().count();
    if characters > MAX_NOTE_CHARACTERS {
        let detail = format!("The note has {characters} characters; use at most {MAX_NOTE_CHARACTERS}.");
        errors.push(FieldError::at_pointer("/note", detail));
    }
    Some(note).filter(|note| !note.is_empty())
}

fn check_day(day: Option<&str>, pointer: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let day = day?.trim();
    if day.is_empty() {
        return None;
    }
    // Written again it must be the same: other forms of ISO 8601 would be read, and surprise whoever reads them back.
    let read = day.parse::<Date>().ok().filter(|date| date.to_string() == day);
    if !read.is_some_and(|date| (1970..=2200).contains(&date.year())) {
        errors.push(FieldError::at_pointer(pointer, "Write the day as 2026-11-23, from 1970 to 2200."));
    }
    Some(day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_of_the_calendar() {
        let check = |day: &str| {
            let mut errors = Vec::new();
            let read = check_day(Some(day), "/next_on", &mut errors);
            (read, errors.len())
        };
        assert_eq!(check(" 2028-02-29 "), (Some("2028-02-29".to_owned()), 0));
        assert_eq!(check(""), (None, 0));
        for wrong in ["2026-02-29", "20261123", "2026-11-23T10:00", "tomorrow", "0999-01-01", "9999-12-31"] {
            assert_eq!(check(wrong).1, 1, "{wrong}");
        }
    }

    #[test]
    fn a_note_is_trimmed_and_an_empty_one_is_none() {
        let mut errors = Vec::new();
        assert_eq!(check_note(Some(" call\0 Bo \n"), &mut errors).as_deref(), Some("call Bo"));
        assert_eq!(check_note(Some(" \n"), &mut errors), None);
        assert!(errors.is_empty());
        check_note(Some(&"x".repeat(MAX_NOTE_CHARACTERS + 1)), &mut errors);
        assert_eq!(errors[0].pointer.as_deref(), Some("/note"));
    }
}
