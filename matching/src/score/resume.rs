//! A resume as scoring sees it: passages without identity, with their words, skills and vectors.

use std::collections::BTreeSet;
use std::ops::Range;

use super::degree::{Degree, highest_degree};
use super::identity;
use super::passages::{lines, sentences};
use super::words::content_words;
use crate::embed::{Embedder, Embedding, ModelError};
use crate::skills::{SkillMention, Taxonomy};
use crate::{Document, ParsedResume};

/// Passages with more words are cut at sentences.
const LONGEST_PASSAGE_WORDS: usize = 40;

/// A piece of the resume.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Where it stands in [`Document::text`], in bytes.
    pub span: Range<usize>,
    /// Its text without identity, white space squeezed.
    pub text: String,
    /// Whether it merely lists skills.
    pub listing: bool,
    /// Stems of its content words.
    pub words: BTreeSet<String>,
    /// Skills that it names; spans are positions in the document.
    pub mentions: Vec<SkillMention>,
    /// Its meaning.
    pub vector: Embedding,
}

/// What scoring knows of a resume. It can be kept and scored against many jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedResume {
    /// Passages in reading order.
    pub passages: Vec<Passage>,
    /// Years of employment, overlaps counted once; `None` when no dates were read.
    pub years: Option<f32>,
    /// The highest degree and where it is named.
    pub degree: Option<(Degree, Range<usize>)>,
    /// Positions held, and where they are named.
    pub titles: Vec<(String, Range<usize>)>,
    /// What a person should know about the file and its text.
    pub warnings: Vec<String>,
    /// Whether the text reads as English.
    pub english: bool,
}

impl PreparedResume {
    /// Prepares a resume; `as_of` is the year and month of this day, see [`super::Matcher::as_of`].
    ///
    /// # Errors
    /// When the model cannot embed a passage.
    pub fn new(
        embedder: &Embedder,
        taxonomy: &Taxonomy,
        resume: &ParsedResume,
        document: &Document,
        as_of: Option<(i32, u32)>,
    ) -> Result<Self, ModelError> {
        let identity = super::facts::identity(resume, document);
        let text = identity::blank(&document.text, &identity.ranges, &identity.names);
        let mut passages = Vec::new();
        for range in cut(&text) {
            passages.extend(read_passage(taxonomy, &text, range));
        }
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
        for (vector, passage) in embedder.embed(&texts)?.into_iter().zip(&mut passages) {
            passage.vector = vector;
        }
        let degree = passages
            .iter()
            .filter_map(|passage| highest_degree(&passage.text).map(|degree| (degree, passage.span.clone())))
            .fold(None, |best: Option<(Degree, Range<usize>)>, found| match best {
                Some(best) if best.0 >= found.0 => Some(best),
                _ => Some(found),
            });
        Ok(Self {
            years: super::facts::total_years(resume, as_of),
            titles: super::facts::titles(resume, document),
            warnings: super::facts::warnings(resume, document, &passages),
            english: reads_as_english(&text),
            degree,
            passages,
        })
    }
}

fn cut(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for line in lines(text) {
        let words = text.get(line.clone()).unwrap_or_default().split_whitespace().count();
        if words > LONGEST_PASSAGE_WORDS {
            ranges.extend(sentences(text, line));
        } else {
            ranges.push(line);
        }
    }
    ranges
}

/// `None` for what has no content once identity is gone.
fn read_passage(taxonomy: &Taxonomy, text: &str, span: Range<usize>) -> Option<Passage> {
    let slice = text.get(span.clone())?;
    let squeezed = slice.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: Vec<String> = content_words(&squeezed);
    if words.is_empty() {
        return None;
    }
    let mut mentions = taxonomy.find(slice);
    let named: usize = mentions
        .iter()
        .map(|mention| content_words(slice.get(mention.span.clone()).unwrap_or_default()).len())
        .sum();
    for mention in &mut mentions {
        mention.span = mention.span.start + span.start..mention.span.end + span.start;
    }
    let listing = !mentions.is_empty() && 2 * named > words.len();
    let vector = Embedding([0.0; crate::embed::WIDTH]);
    Some(Passage { span, text: squeezed, listing, words: words.into_iter().collect(), mentions, vector })
}

/// Whether the commonest English words make up a tenth of the text.
fn reads_as_english(text: &str) -> bool {
    const COMMON: [&str; 10] = ["the", "and", "of", "to", "in", "for", "with", "a", "on", "by"];
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let common = words.iter().filter(|word| COMMON.contains(&word.as_str())).count();
    words.len() >= 20 && common * 10 >= words.len()
}

/// What a list of passages says often or hides.
pub(super) fn stuffing_warning(passages: &[Passage]) -> Option<String> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for mention in passages.iter().flat_map(|passage| &passage.mentions) {
        *counts.entry(mention.canonical).or_default() += 1;
    }
    let (name, count) = counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)))?;
    (count > 15).then(|| {
        format!("{name} is named {count} times: repetition adds nothing to the score and reads as keyword stuffing")
    })
}
