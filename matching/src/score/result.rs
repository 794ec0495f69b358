//! The result of a match, as it is stored and shown. Its JSON is a stable document: fields are added, never renamed.

use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::job::{Importance, RequirementKind};
use crate::skills::Level;

/// How well a resume meets a job, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchResult {
    /// 0 to 100, to one decimal: the sum of the requirements' points.
    pub score: f64,
    /// How good the match is, how much is met and which musts are not shown, in one to two sentences.
    pub summary: String,
    /// The score by kind of requirement.
    pub parts: Vec<Part>,
    /// Every requirement and what meets it, in the order of the advertisement, the title first.
    pub requirements: Vec<RequirementResult>,
    /// Skills that the job asks for and the resume names, in the order of the advertisement.
    pub matched_skills: Vec<String>,
    /// Skills that the job asks for and the resume does not name, the one that would add most first.
    pub missing_skills: Vec<String>,
    /// What to change, the change that would add most first.
    pub advice: Vec<Advice>,
    /// What a person should know about the file and its text.
    pub warnings: Vec<String>,
    /// The day that positions which last "to this day" were counted to.
    pub as_of: Date,
    /// What made this result; the same versions and input give the same bytes.
    pub versions: Versions,
}

/// The share of one kind of requirement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// The kind.
    pub kind: RequirementKind,
    /// Points reached.
    pub points: f64,
    /// Points to be had.
    pub out_of: f64,
}

/// One requirement and what meets it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequirementResult {
    /// The requirement in the advertisement's words, or the names of skills.
    pub text: String,
    /// Where the advertisement says so, in bytes of its text.
    pub span: Range<usize>,
    /// Its kind.
    pub kind: RequirementKind,
    /// How much it is wanted.
    pub importance: Importance,
    /// Points that it can give; all requirements together give 100.
    pub weight: f64,
    /// Points that it gives.
    pub points: f64,
    /// Whether it is met.
    pub status: Status,
    /// Passages of the resume that show it, the best first.
    pub evidence: Vec<Evidence>,
    /// Why it is not or only partly met, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it is a skill that the taxonomy does not know, so that only its words were compared; left out when not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown_skill: bool,
}

/// How far a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The resume does not show it.
    Unmet,
    /// The resume shows something near it, or part of it.
    Partly,
    /// The resume shows it.
    Met,
}

/// A passage of the resume.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Bytes of the document's text.
    pub span: Range<usize>,
    /// The passage, white space squeezed.
    pub text: String,
    /// For a skill: the level that the passage states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// For a skill: the month of its last use as `2022-11`, where the passage or the dates of its position tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
}

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// What kind of change it is.
    pub kind: AdviceKind,
    /// The advice, in a sentence or two.
    pub text: String,
    /// Points that the change would add, found by scoring the changed resume.
    pub gain: f64,
}

/// Kinds of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdviceKind {
    /// The resume does not name the skill.
    MissingSkill,
    /// The skill is only listed; no passage shows its use.
    ShowUse,
    /// The resume says something near the requirement in other words.
    Reword,
    /// The resume names the skill otherwise than the advertisement.
    UseTheirName,
    /// A certificate, licence, degree or language that the resume does not name.
    MissingCredential,
    /// No passage speaks of a task of the job.
    AddExperience,
    /// Fewer years are shown than are asked for.
    ShowYears,
    /// No title in the resume is the one of the job.
    Headline,
}

/// What made a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the rules and weights in this module.
    pub algorithm: String,
    /// Of the taxonomy's files.
    pub taxonomy: String,
    /// Of the model's weights.
    pub model: String,
}
