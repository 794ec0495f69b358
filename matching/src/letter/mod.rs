//! Letters: what a language model is told so that it words a cover letter or a line of the resume, and the check of every
//! claim that it makes against the resume (docs/letters.md).
//!
//! The model only words. Whatever it returns is read like a stranger's text: each skill, number, year, date, name, title,
//! degree and certificate in it is looked for in the resume, and what is not found is said to be unsupported.

mod check;
mod claims;
mod facts;
mod messages;
mod names;
mod numbers;
#[cfg(test)]
mod tests;

use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::skills::Taxonomy;
use crate::{Document, ParsedResume};
pub use check::check;
pub use messages::{
    Message, NAME, Role, Shown, ShownPassage, Tone, Wish, cover_letter, fill_name, rewording,
};

/// What a letter is about, and what its claims are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// By which skills are recognised.
    pub taxonomy: &'a Taxonomy,
    /// What was read from the resume.
    pub resume: &'a ParsedResume,
    /// The document that it was read from.
    pub document: &'a Document,
    /// The job.
    pub advertisement: Advertisement<'a>,
    /// The day that positions which last "to this day" last to.
    pub as_of: Date,
}

/// A job as its advertisement has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Advertisement<'a> {
    /// Its title, where it is known apart from the text.
    pub title: Option<&'a str>,
    /// The employer, where it is known apart from the text.
    pub company: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

/// Something that a text says of a person and that can be looked up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// What kind of claim it is.
    pub kind: ClaimKind,
    /// Where it stands in the checked text, in bytes.
    pub span: Range<usize>,
    /// How it is written there.
    pub text: String,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Claim {
    /// Whether the resume does not bear it out.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.verdict, Verdict::Unsupported { .. })
    }
}

/// Kinds of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// A skill of the taxonomy.
    Skill,
    /// A human language.
    Language,
    /// A certificate or licence.
    Certificate,
    /// A degree.
    Degree,
    /// Years of experience, in all or with a skill.
    Years,
    /// A calendar year or month.
    Date,
    /// Any other number, percentage or sum.
    Number,
    /// A title held.
    Title,
    /// Somebody worked for.
    Employer,
    /// A school.
    School,
    /// Another name.
    Name,
    /// A prize, a patent, a promotion, something doubled or halved.
    Achievement,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verdict {
    /// The resume bears it out.
    Supported {
        /// Where, in bytes of [`Document::text`]; at most three places.
        passages: Vec<Range<usize>>,
    },
    /// It is said of the job or the employer, and the advertisement says so.
    Advertised,
    /// The resume does not bear it out.
    Unsupported {
        /// Why, as the end of a sentence.
        reason: String,
    },
}

/// Where the words of `passage` stand in the document, whatever spaces and marks are between them; `None` when they are not
/// there.
#[must_use]
pub fn find_passage(document: &Document, passage: &str) -> Option<Range<usize>> {
    facts::Words::new(&document.text).find(&crate::skills::normalise::tokenise(passage))
}
