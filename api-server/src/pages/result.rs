//! The page of a match: the score, its parts, each requirement with its evidence, and advice.
//!
//! Results are kept as they were made, by whatever version made them, so this reads what it knows and leaves out what
//! is not there.

use askama::Template;
use serde_json::Value;

use super::{Chrome, items::MatchItem};
use crate::{auth::viewer::Viewer, store::matches::MatchDetail};

/// The page of a match.
#[derive(Template)]
#[template(path = "match.html")]
pub struct ResultPage {
    /// The frame.
    pub chrome: Chrome,
    /// The token of forms.
    pub form_token: String,
    /// The match.
    pub item: MatchItem,
    /// Addresses of its resume and job.
    pub links: [String; 2],
    /// The job, for the form that keeps it on the board.
    pub job_id: String,
    /// The resume, for the same.
    pub resume_id: String,
    /// Why there is no result; empty if there is one or none yet.
    pub error: String,
    /// The result, once there is one.
    pub result: Option<ResultView>,
}

/// A result in words.
#[derive(Debug)]
pub struct ResultView {
    /// From 0 to 100.
    pub score: f64,
    /// Good, middle or bad: the colour.
    pub tone: &'static str,
    /// What the score means, in a few words.
    pub verdict: String,
    /// How much is met, and which musts are not shown; empty in results of before there was a summary.
    pub summary: String,
    /// Parts of the score.
    pub parts: Vec<PartView>,
    /// Requirements, unmet ones first.
    pub groups: Vec<RequirementGroup>,
    /// Skills found.
    pub matched_skills: Vec<String>,
    /// Skills not found.
    pub missing_skills: Vec<String>,
    /// What to do.
    pub advice: Vec<AdviceView>,
    /// What to be careful about.
    pub warnings: Vec<String>,
    /// Which versions made it.
    pub versions: String,
}

/// A part of the score.
#[derive(Debug)]
pub struct PartView {
    /// What it is.
    pub name: String,
    /// How much of it was reached, from 0 to 100.
    pub percent: f64,
    /// The figure in words.
    pub figure: String,
}

/// Requirements of one outcome.
#[derive(Debug)]
pub struct RequirementGroup {
    /// The outcome in a word.
    pub label: &'static str,
    /// Its colour.
    pub tone: &'static str,
    /// The requirements.
    pub requirements: Vec<RequirementView>,
}

/// One requirement of the job.
#[derive(Debug)]
pub struct RequirementView {
    /// As the job says it.
    pub text: String,
    /// Its kind, and how much it is wanted.
    pub tags: Vec<String>,
    /// Why it is not or only partly met; empty if there is nothing to say.
    pub note: String,
    /// Passages of the resume that meet it.
    pub evidence: Vec<String>,
}

/// One piece of advice.
#[derive(Debug)]
pub struct AdviceView {
    /// What to do.
    pub text: String,
    /// What it adds to the score, if known: "+4".
    pub gain: Option<String>,
    /// By which a decision about it is sent; empty if it cannot be decided.
    pub id: String,
    /// `accepted`, `rejected`, or empty.
    pub decision: String,
}

impl ResultPage {
    /// The page of `found` for `viewer`.
    pub fn new(viewer: &Viewer, found: &MatchDetail) -> Self {
        let item = MatchItem::from(&found.summary);
        let summary = &found.summary;
        Self {
            chrome: Chrome::new(format!("{} and {}", item.resume_name, item.job_name), Some(viewer)),
            form_token: viewer.form_token.clone(),
            links: [format!("/resumes/{}", summary.resume_id), format!("/jobs/{}", summary.job_id)],
            job_id: summary.job_id.to_string(),
            resume_id: summary.resume_id.to_string(),
            error: summary.error.clone().unwrap_or_default(),
            result: summary
                .score
                .zip(found.result.as_ref())
                .map(|(score, result)| ResultView::new(score, result)),
            item,
        }
    }
}

impl ResultView {
    /// Reads a stored result.
    pub fn new(score: f64, result: &Value) -> Self {
        // The scorer's bands, for results of before it said them itself.
        let (tone, verdict) = match score {
            75.0.. => ("good", "A strong match"),
            55.0..75.0 => ("middle", "A good match"),
            35.0..55.0 => ("middle", "A partial match"),
            _ => ("bad", "A weak match"),
        };
        let said = result.get("summary").and_then(Value::as_str).unwrap_or_default();
        let (verdict, summary) = said.split_once(": ").unwrap_or((verdict, said));
        Self {
            score,
            tone,
            verdict: verdict.to_owned(),
            summary: sentence(summary),
            parts: parts(result),
            groups: requirement_groups(result),
            matched_skills: names(result, "matched_skills"),
            missing_skills: names(result, "missing_skills"),
            advice: list(result, "advice").map(advice).filter(|advice| !advice.text.is_empty()).collect(),
            warnings: names(result, "warnings"),
            versions: versions(result),
        }
    }

    /// The whole score.
    pub fn score_text(&self) -> String {
        format!("{:.0}", self.score)
    }
}

fn parts(result: &Value) -> Vec<PartView> {
    list(result, "parts")
        .map(|part| {
            let number = |name: &str| part.get(name).and_then(Value::as_f64).unwrap_or_default();
            let (reached, possible) = (number("points"), number("out_of"));
            let percent = if possible > 0.0 { (100.0 * reached / possible).clamp(0.0, 100.0) } else { 0.0 };
            let kind = part.get("kind").and_then(Value::as_str).unwrap_or_default();
            PartView { name: label(kind), percent, figure: format!("{reached:.1} of {possible:.1}") }
        })
        .collect()
}

fn requirement_groups(result: &Value) -> Vec<RequirementGroup> {
    let outcomes = [("unmet", "Missing", "bad"), ("partly", "Partly met", "middle"), ("met", "Met", "good")];
    let says = |requirement: &Value, name: &str, value: &str| {
        requirement.get(name).and_then(Value::as_str) == Some(value)
    };
    let of = |status: &'static str| {
        list(result, "requirements")
            // What is never scored cannot be missing.
            .filter(move |requirement| {
                let scored = !["place", "work_permit"].iter().any(|kind| says(requirement, "kind", kind));
                says(requirement, "status", status) && scored
            })
            .map(|requirement| RequirementView {
                text: text_of(requirement),
                tags: ["kind", "importance"]
                    .iter()
                    .filter_map(|name| requirement.get(name).and_then(Value::as_str))
                    .map(label)
                    .filter(|label| !label.is_empty())
                    .collect(),
                note: sentence(requirement.get("note").and_then(Value::as_str).unwrap_or_default()),
                evidence: list(requirement, "evidence")
                    .map(passage)
                    .filter(|text| !text.is_empty())
                    .collect(),
            })
            .collect::<Vec<_>>()
    };
    outcomes
        .into_iter()
        .map(|(status, label, tone)| RequirementGroup { label, tone, requirements: of(status) })
        .filter(|group| !group.requirements.is_empty())
        .collect()
}

/// A passage with what it says of a skill's level and last use.
fn passage(evidence: &Value) -> String {
    let member = |name: &str| evidence.get(name).and_then(Value::as_str);
    let last = member("last_used").map(|last| format!("last used {last}"));
    let said: Vec<String> = member("level").map(str::to_owned).into_iter().chain(last).collect();
    let text = text_of(evidence);
    if said.is_empty() || text.is_empty() { text } else { format!("{text} ({})", said.join(", ")) }
}

fn advice(advice: &Value) -> AdviceView {
    let gain = advice.get("gain").and_then(Value::as_f64).filter(|gain| *gain >= 0.05);
    let member = |name: &str| advice.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    AdviceView {
        text: text_of(advice),
        gain: gain.map(|gain| format!("+{gain:.1}")),
        id: member("id"),
        decision: member("decision"),
    }
}

fn versions(result: &Value) -> String {
    let versions = result.get("versions").and_then(Value::as_object).into_iter().flatten();
    // A hash is told from another by its first digits.
    let short = |value: &str| value.chars().take(16).collect::<String>();
    versions
        .filter_map(|(name, value)| value.as_str().map(|value| format!("{name} {}", short(value))))
        .collect::<Vec<_>>()
        .join(", ")
}

fn names(result: &Value, name: &str) -> Vec<String> {
    list(result, name).map(text_of).filter(|text| !text.is_empty()).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

// Lists hold texts, or objects that have their text under one of these names.
fn text_of(value: &Value) -> String {
    let member =
        || ["text", "name", "message"].iter().find_map(|name| value.get(name).and_then(Value::as_str));
    value.as_str().or_else(member).unwrap_or_default().trim().to_owned()
}

// Begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

// How people call the kinds and importances of the scorer; one that is new here is shown as it is written.
fn label(name: &str) -> String {
    let known = match name {
        "skill" => "Skills",
        "certificate" => "Certificates",
        "language" => "Languages",
        "years" => "Years of experience",
        "degree" => "Education",
        "title" => "Job title",
        "place" => "Place",
        "work_permit" => "Leave to work",
        "duty" => "Tasks",
        "must" => "Required",
        "nice" => "Nice to have",
        // The usual case needs no label.
        "normal" => "",
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_reads_as_the_worker_wrote_it() {
        let result = json!({
            "parts": [{"kind": "skill", "points": 30.0, "out_of": 40.0}],
            "requirements": [
                {"text": "Rust", "kind": "skill", "importance": "must", "status": "met", "evidence": [{"text": "Rust since 2019", "level": "expert", "last_used": "2024-05"}]},
                {"text": "Go", "kind": "skill", "importance": "nice", "status": "unmet", "evidence": [], "note": "not named."},
                {"text": "Location: Berlin", "kind": "place", "importance": "normal", "status": "unmet", "evidence": []},
            ],
            "summary": "A good match: the resume shows 1 of 2 requirements.",
            "matched_skills": ["Rust"], "missing_skills": ["Go"], "warnings": ["Hidden text."],
            "advice": [{"kind": "missing_skill", "text": "Name Go.", "gain": 2.04}],
            "versions": {"algorithm": "1", "taxonomy": "0123456789abcdef0123"},
        });
        let view = ResultView::new(71.4, &result);
        assert_eq!((view.score_text().as_str(), view.tone), ("71", "middle"));
        assert_eq!((view.parts[0].name.as_str(), view.parts[0].percent), ("Skills", 75.0));
        let labels: Vec<_> = view.groups.iter().map(|group| group.label).collect();
        assert_eq!(labels, ["Missing", "Met"]);
        assert_eq!(view.groups[0].requirements[0].note, "Not named.");
        assert_eq!(view.groups[0].requirements[0].tags, ["Skills", "Nice to have"]);
        assert_eq!(view.groups[1].requirements[0].evidence, ["Rust since 2019 (expert, last used 2024-05)"]);
        assert_eq!(
            (view.verdict.as_str(), view.summary.as_str()),
            ("A good match", "The resume shows 1 of 2 requirements.")
        );
        assert_eq!(view.groups[0].requirements.len(), 1);
        assert_eq!(view.advice[0].gain.as_deref(), Some("+2.0"));
        assert_eq!(view.versions, "algorithm 1, taxonomy 0123456789abcdef");
    }

    #[test]
    fn a_result_of_an_unknown_shape_still_shows_its_score() {
        let view = ResultView::new(12.0, &json!({"requirements": "?", "advice": 3}));
        assert_eq!(view.score_text(), "12");
        assert!(view.groups.is_empty() && view.advice.is_empty() && view.parts.is_empty());
    }
}
