//! The board of applications: a column for each state.

use askama::Template;

use super::{
    Chrome,
    items::{JobItem, ResumeItem, time_text},
};
use crate::{
    request::version::Version,
    store::applications::{Application, Stage},
};

/// The board, with a form for each application and one to add another.
#[derive(Template)]
#[template(path = "applications.html")]
pub struct BoardPage {
    /// The frame.
    pub chrome: Chrome,
    /// The token of forms.
    pub form_token: String,
    /// What went wrong with the form that was sent.
    pub notice: Option<String>,
    /// Whether there are more than are shown.
    pub more: bool,
    /// The columns, in the order in which applications pass them.
    pub columns: Vec<Column>,
    /// Jobs to choose from.
    pub jobs: Vec<JobItem>,
    /// Resumes to choose from.
    pub resumes: Vec<ResumeItem>,
}

/// A column of the board.
#[derive(Debug)]
pub struct Column {
    /// Its state.
    pub state: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Its applications, those with a next day first.
    pub cards: Vec<Card>,
}

/// An application on the board.
#[derive(Debug)]
pub struct Card {
    /// Its id.
    pub id: String,
    /// Which version a form changes.
    pub tag: String,
    /// The job.
    pub job_id: String,
    /// Title of the job, or what stands for it.
    pub job_name: String,
    /// The resume; empty if none is named.
    pub resume_id: String,
    /// Name of the resume's file.
    pub resume_name: String,
    /// A note; may be empty.
    pub note: String,
    /// A day; may be empty.
    pub applied_on: String,
    /// A day; may be empty.
    pub next_on: String,
    /// When it was last changed.
    pub changed: String,
}

impl From<&Application> for Card {
    fn from(one: &Application) -> Self {
        Self {
            id: one.id.to_string(),
            tag: Version::of(one.updated_at).tag(),
            job_id: one.job_id.to_string(),
            job_name: one.job_title.clone().unwrap_or_else(|| "Job without a title".to_owned()),
            resume_id: one.resume_id.map(|id| id.to_string()).unwrap_or_default(),
            resume_name: one.resume_name.clone().unwrap_or_default(),
            note: one.note.clone().unwrap_or_default(),
            applied_on: one.applied_on.clone().unwrap_or_default(),
            next_on: one.next_on.clone().unwrap_or_default(),
            changed: time_text(one.updated_at),
        }
    }
}

/// The columns of `all`.
pub fn columns(all: &[Application]) -> Vec<Column> {
    let column = |stage: Stage| {
        let mut own: Vec<&Application> = all.iter().filter(|one| one.state == stage).collect();
        // Days as text sort as days.
        own.sort_by_key(|one| (one.next_on.is_none(), one.next_on.clone()));
        Column {
            state: stage.as_str(),
            label: label(stage),
            cards: own.into_iter().map(Card::from).collect(),
        }
    };
    Stage::ALL.map(column).into()
}

fn label(stage: Stage) -> &'static str {
    match stage {
        Stage::Saved => "Saved",
        Stage::Applied => "Applied",
        Stage::Interviewing => "Interviewing",
        Stage::Offer => "Offer",
        Stage::Rejected => "Rejected",
        Stage::Withdrawn => "Withdrawn",
    }
}
