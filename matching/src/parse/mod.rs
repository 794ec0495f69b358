//! Parse: a [`crate::Document`] becomes a JSON Resume document with a span and a confidence for each value.
//!
//! Rules and word lists only: no model, no clock, the same document gives the same result. The steps are a file
//! each: [`layout`] (fragments), [`headings`] and [`sections`] (what belongs where), [`flow`] and [`entries`] (one
//! job or school each), [`positions`], [`education`], [`items`], [`lists`] and [`basics`] (fields), [`assemble`].

mod assemble;
mod basics;
mod contact;
mod date_forms;
mod date_scan;
pub mod dates;
mod education;
mod entries;
pub mod experience;
mod flow;
mod furniture;
mod headings;
mod items;
pub mod json_resume;
mod labels;
mod layout;
mod lexicon;
mod lists;
mod named_skills;
mod names;
mod pieces;
mod places;
mod positions;
mod rows;
mod sections;
mod stated;
#[cfg(test)]
mod tests;
mod text;
mod units;
mod values;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::skills::FoundSkill;
use json_resume::Resume;
pub use values::{Evidence, Stretch};

pub(crate) use contact::account_of as contact_account;
pub(crate) use flow::is_prose as reads_as_sentences;
pub(crate) use text::is_cjk as is_unspaced;

/// A resume and where each of its values came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParsedResume {
    /// The resume as JSON Resume 1.0.0.
    pub resume: Resume,
    /// JSON pointer into [`ParsedResume::resume`] (such as `/work/0/position`) -> its evidence.
    pub evidence: BTreeMap<String, Evidence>,
    /// The telephone number in E.164, when it is valid in its country or in the country of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_e164: Option<String>,
    /// Sections that JSON Resume has no place for, such as patents and talks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_sections: Vec<OtherSection>,
    /// Skills that the text names anywhere, by their canonical names, and at the end phrases of the work and of the lists of
    /// skills that look like skills and that the taxonomy does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_skills: Vec<FoundSkill>,
}

/// A section that JSON Resume has no place for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherSection {
    /// Its heading as written.
    pub heading: String,
    /// Its lines, list items and paragraphs.
    pub lines: Vec<String>,
}

/// Reads a resume from a document.
///
/// Never fails: what is not found is left out, and the confidence of the rest says how sure it is. Text that readers
/// cannot see ([`Document::hidden`]) is not read.
pub fn parse(document: &Document) -> ParsedResume {
    assemble::assemble(document)
}
