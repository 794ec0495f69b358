//! The page from which everything starts.

use askama::Template;

use super::{
    Chrome,
    items::{JobItem, MatchItem, ResumeItem},
};
use crate::{request::media_type::MediaType, store::Status};

/// Forms to upload and to check, and what there is already.
#[derive(Template)]
#[template(path = "dashboard.html")]
pub struct DashboardPage {
    /// The frame.
    pub chrome: Chrome,
    /// The token of forms.
    pub form_token: String,
    /// What went wrong with the form that was sent.
    pub notice: Option<String>,
    /// Changes whenever a thing that the worker has still to end is ended; none if there is nothing to wait for.
    pub busy: Option<String>,
    /// The newest resumes, or the newest that a search found.
    pub resumes: Vec<ResumeItem>,
    /// The words that those resumes have; empty when all are listed.
    pub search: String,
    /// The newest jobs.
    pub jobs: Vec<JobItem>,
    /// The newest matches.
    pub matches: Vec<MatchItem>,
    /// For the file chooser: extensions and types.
    pub accept: String,
    /// For people: names of the types.
    pub accepted_labels: String,
}

impl DashboardPage {
    /// What the page waits for, as a text that changes when anything of it does.
    pub fn busy_mark(resumes: &[ResumeItem], jobs: &[JobItem], matches: &[MatchItem]) -> Option<String> {
        let all: Vec<Status> = resumes
            .iter()
            .map(|item| item.status)
            .chain(jobs.iter().map(|item| item.status))
            .chain(matches.iter().map(|item| item.status))
            .collect();
        if !all.iter().any(|status| status.is_busy()) {
            return None;
        }
        Some(all.iter().map(|status| status.as_str().get(..1).unwrap_or_default()).collect())
    }

    /// The file chooser's list of extensions and media types.
    pub fn accept() -> String {
        MediaType::ACCEPTED.map(|kind| format!(".{},{}", kind.extension(), kind.as_str())).join(",") + ",.md"
    }

    /// The types as people call them.
    pub fn accepted_labels() -> String {
        MediaType::ACCEPTED.map(MediaType::label).join(", ")
    }
}
