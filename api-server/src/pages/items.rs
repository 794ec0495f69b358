//! Resumes, jobs and matches as pages show them, and the pages of one resume and one job.

use askama::Template;
use platform::timestamp::Timestamp;
use serde_json::Value;

use super::Chrome;
use crate::{
    request::media_type::MediaType,
    store::{
        Status,
        jobs::Job,
        matches::Match,
        resume_versions::{Origin, ResumeVersion},
        resumes::Resume,
    },
};

/// A resume in a page.
#[derive(Debug)]
pub struct ResumeItem {
    /// Its id.
    pub id: String,
    /// Name of its file.
    pub file_name: String,
    /// How far the worker is.
    pub status: Status,
    /// Why it cannot be read; empty if it can.
    pub error: String,
    /// Type of the file in words.
    pub kind: &'static str,
    /// Size of the file in words.
    pub size: String,
    /// When it was uploaded.
    pub created: String,
}

impl From<&Resume> for ResumeItem {
    fn from(resume: &Resume) -> Self {
        let kind = MediaType::ACCEPTED.into_iter().find(|kind| kind.as_str() == resume.media_type);
        Self {
            id: resume.id.to_string(),
            file_name: resume.file_name.clone(),
            status: resume.status,
            error: resume.error.clone().unwrap_or_default(),
            kind: kind.map_or("File", MediaType::label),
            size: size_text(resume.size_bytes),
            created: time_text(resume.created_at),
        }
    }
}

impl ResumeItem {
    /// Whether the worker has still to read it.
    pub fn is_busy(&self) -> bool {
        self.status.is_busy()
    }

    /// Whether it cannot be read.
    pub fn is_failed(&self) -> bool {
        self.status == Status::Failed
    }

    /// Whether it is read.
    pub fn is_ready(&self) -> bool {
        self.status == Status::Ready
    }
}

/// A job in a page.
#[derive(Debug)]
pub struct JobItem {
    /// Its id.
    pub id: String,
    /// Its title, or what stands for it.
    pub name: String,
    /// How far the worker is.
    pub status: Status,
    /// Why it cannot be read; empty if it can.
    pub error: String,
    /// When it was added.
    pub created: String,
}

impl From<&Job> for JobItem {
    fn from(job: &Job) -> Self {
        let title = job.title.clone().or_else(|| job.file_name.clone());
        Self {
            id: job.id.to_string(),
            name: title.unwrap_or_else(|| format!("Job of {}", time_text(job.created_at))),
            status: job.status,
            error: job.error.clone().unwrap_or_default(),
            created: time_text(job.created_at),
        }
    }
}

impl JobItem {
    /// Whether the worker has still to read it.
    pub fn is_busy(&self) -> bool {
        self.status.is_busy()
    }

    /// Whether it cannot be read.
    pub fn is_failed(&self) -> bool {
        self.status == Status::Failed
    }
}

/// A match in a list.
#[derive(Debug)]
pub struct MatchItem {
    /// Its id.
    pub id: String,
    /// The whole score, once there is one.
    pub score: Option<String>,
    /// How far the worker is.
    pub status: Status,
    /// Name of the resume's file.
    pub resume_name: String,
    /// Title of the job, or what stands for it.
    pub job_name: String,
    /// When it was asked for.
    pub created: String,
}

impl From<&Match> for MatchItem {
    fn from(found: &Match) -> Self {
        Self {
            id: found.id.to_string(),
            score: found.score.map(|score| format!("{score:.0}")),
            status: found.status,
            resume_name: found.resume_name.clone(),
            job_name: found.job_title.clone().unwrap_or_else(|| "Job without a title".to_owned()),
            created: time_text(found.created_at),
        }
    }
}

impl MatchItem {
    /// Whether the worker has still to end it.
    pub fn is_busy(&self) -> bool {
        self.status.is_busy()
    }
}

/// The page of a resume.
#[derive(Template)]
#[template(path = "resume.html")]
pub struct ResumePage {
    /// The frame.
    pub chrome: Chrome,
    /// The token of forms.
    pub form_token: String,
    /// The resume.
    pub resume: ResumeItem,
    /// What was read, by section.
    pub sections: Vec<Section>,
    /// The skills that the resume lists.
    pub skills: Vec<String>,
    /// The plain text.
    pub text: String,
    /// Its versions, newest first.
    pub versions: Vec<VersionItem>,
    /// The tag of the newest one, which a form to go back must name.
    pub tag: String,
}

/// A version of a resume in a page.
#[derive(Debug)]
pub struct VersionItem {
    /// Its number.
    pub number: i32,
    /// What it is.
    pub label: String,
    /// When it was made.
    pub created: String,
}

impl From<&ResumeVersion> for VersionItem {
    fn from(version: &ResumeVersion) -> Self {
        let number = version.number;
        let what = match (version.origin, version.based_on) {
            (Origin::Read, _) => "as read from the file".to_owned(),
            (Origin::Restored, Some(earlier)) => format!("version {earlier} again"),
            (Origin::Edited | Origin::Restored, _) => "edited".to_owned(),
        };
        Self { number, label: format!("Version {number}: {what}"), created: time_text(version.created_at) }
    }
}

/// One line of what was read from a resume.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is.
    pub name: &'static str,
    /// The value in words.
    pub value: String,
}

/// The page of a job.
#[derive(Template)]
#[template(path = "job.html")]
pub struct JobPage {
    /// The frame.
    pub chrome: Chrome,
    /// The token of forms.
    pub form_token: String,
    /// The job.
    pub job: JobItem,
    /// Its text.
    pub text: String,
}

/// What a JSON Resume document says, in a few lines.
pub fn sections(resume: &Value) -> Vec<Section> {
    let text = |pointer: &str| resume.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut sections = Vec::new();
    let mut add = |name, value: String| {
        if !value.trim().is_empty() {
            sections.push(Section { name, value });
        }
    };
    add("Name", text("/basics/name"));
    add("Headline", text("/basics/label"));
    add("E-mail", text("/basics/email"));
    add("Phone", text("/basics/phone"));
    for entry in entries(resume, "work") {
        add("Work", phrase(entry, &["position", "name"]));
    }
    for entry in entries(resume, "education") {
        add("Education", phrase(entry, &["studyType", "area", "institution"]));
    }
    for entry in entries(resume, "languages") {
        add("Language", phrase(entry, &["language", "fluency"]));
    }
    for entry in entries(resume, "certificates") {
        add("Certificate", phrase(entry, &["name", "issuer"]));
    }
    sections
}

/// The skills that a JSON Resume document lists, with their keywords.
pub fn skills(resume: &Value) -> Vec<String> {
    let mut skills: Vec<String> = Vec::new();
    for entry in entries(resume, "skills") {
        let name = entry.get("name").and_then(Value::as_str);
        let keywords =
            entry.get("keywords").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for skill in name.into_iter().chain(keywords).map(str::trim) {
            if !skill.is_empty() && !skills.iter().any(|known| known == skill) {
                skills.push(skill.to_owned());
            }
        }
    }
    skills
}

fn entries<'a>(resume: &'a Value, section: &str) -> impl Iterator<Item = &'a Value> {
    resume.get(section).and_then(Value::as_array).into_iter().flatten()
}

// "Engineer, Example Ltd (2018-03 to today)"
fn phrase(entry: &Value, fields: &[&str]) -> String {
    let field =
        |name: &str| entry.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let words: Vec<&str> = fields.iter().filter_map(|name| field(name)).collect();
    let dates = match (field("startDate"), field("endDate")) {
        (Some(start), Some(end)) => format!(" ({start} to {end})"),
        (Some(start), None) => format!(" (since {start})"),
        (None, Some(end)) => format!(" (until {end})"),
        (None, None) => String::new(),
    };
    if words.is_empty() { String::new() } else { words.join(", ") + &dates }
}

fn size_text(bytes: i64) -> String {
    match bytes {
        ..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KB", bytes / 1024),
        _ => format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

// The reader's time zone is not known, so the zone is named.
pub(super) fn time_text(moment: Timestamp) -> String {
    moment.as_jiff().strftime("%-d %b %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resume_document_reads_as_sentences() {
        let resume = json!({
            "basics": {"name": "Ann Example", "email": "ann@example.org", "phone": ""},
            "work": [{"name": "Example Ltd", "position": "Engineer", "startDate": "2018-03"}, {}],
            "skills": [{"name": "Cloud", "keywords": ["AWS", "Cloud"]}],
        });
        let lines: Vec<_> =
            sections(&resume).into_iter().map(|s| format!("{}: {}", s.name, s.value)).collect();
        assert_eq!(
            lines,
            ["Name: Ann Example", "E-mail: ann@example.org", "Work: Engineer, Example Ltd (since 2018-03)"]
        );
        assert_eq!(skills(&resume), ["Cloud", "AWS"]);
    }

    #[test]
    fn sizes_are_in_the_unit_that_fits() {
        assert_eq!(size_text(999), "999 bytes");
        assert_eq!(size_text(20_480), "20 KB");
        assert_eq!(size_text(3 * 1_048_576 + 524_288), "3.5 MB");
    }
}
