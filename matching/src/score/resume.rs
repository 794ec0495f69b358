//! A resume as scoring sees it: passages without identity, with their words, skills and vectors.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::degree::{Degree, held_degrees};
use super::facts::Position;
use super::identity;
use super::passages::{lines, sentences};
use super::subject::Subject;
use super::terms::{Clearance, clearance};
use super::words::content_words;
use crate::embed::{Embedder, ModelError, QuantisedEmbedding};
use crate::parse::experience::merged_months;
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
    pub vector: QuantisedEmbedding,
    /// The position that it tells of, as an index of [`PreparedResume::stretches`].
    pub position: Option<usize>,
}

impl Passage {
    /// Whether it is as short as a heading or a name, and so tells of no work.
    pub(super) fn is_heading(&self) -> bool {
        is_heading(self.words.len())
    }
}

/// Whether a passage of so many words is as short as a heading or a name.
pub(super) fn is_heading(words: usize) -> bool {
    words < 3
}

/// The title of a position, or the headline.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldTitle {
    /// Where it stands in [`Document::text`], in bytes.
    pub span: Range<usize>,
    /// Stems of its content words.
    pub words: BTreeSet<String>,
    /// Its meaning.
    pub vector: QuantisedEmbedding,
}

/// How long a position was held, in months since year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its first month.
    pub start: i32,
    /// The month after its last; `None` while it lasts.
    pub end: Option<i32>,
}

/// A degree that the resume names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldDegree {
    /// Its level.
    pub level: Degree,
    /// Its subjects; none where the text names none.
    pub subjects: Vec<Subject>,
    /// The passage that names it.
    pub span: Range<usize>,
}

/// What scoring knows of a resume, on any day. It can be kept and scored against many jobs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PreparedResume {
    /// Passages in reading order.
    pub passages: Vec<Passage>,
    /// When positions were held, those whose dates were read.
    pub stretches: Vec<Stretch>,
    /// Degrees in the order of the text.
    pub degrees: Vec<HeldDegree>,
    /// The highest security clearance, and the passage that names it.
    pub clearance: Option<(Clearance, Range<usize>)>,
    /// Titles of the positions held, and the headline.
    pub titles: Vec<HeldTitle>,
    /// What a person should know about the file and its text.
    pub warnings: Vec<String>,
    /// The most years of experience that the text itself claims, and the passage that does.
    pub stated_years: Option<(f32, Range<usize>)>,
    /// Whether the text reads as English.
    pub english: bool,
}

impl PreparedResume {
    /// Prepares a resume.
    ///
    /// # Errors
    /// When the model cannot embed a passage.
    pub fn new(
        embedder: &Embedder,
        taxonomy: &Taxonomy,
        resume: &ParsedResume,
        document: &Document,
    ) -> Result<Self, ModelError> {
        let identity = super::facts::identity(resume, document);
        let text = identity::blank(&document.text, &identity.ranges, &identity.names);
        let positions = super::facts::positions(resume);
        // Found in the whole text, where headings and neighbours support an ambiguous name.
        let mentions = taxonomy.find(&text);
        let mut passages = Vec::new();
        for range in cut(&text) {
            passages.extend(read_passage(&mentions, &text, range, &positions));
        }
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
        for (vector, passage) in embedder.embed_quantised(&texts)?.into_iter().zip(&mut passages) {
            passage.vector = vector;
        }
        Ok(Self {
            stretches: positions.iter().map(|position| position.stretch).collect(),
            titles: read_titles(embedder, &text, &super::facts::titles(resume))?,
            warnings: super::checks::checks(resume, document, &passages),
            stated_years: stated_years(&passages),
            english: reads_as_english(&text),
            degrees: find_degrees(embedder, &passages)?,
            clearance: passages
                .iter()
                .filter_map(|passage| Some((clearance(&passage.text)?, passage.span.clone())))
                .max_by_key(|(level, span)| (*level, std::cmp::Reverse(span.start))),
            passages,
        })
    }

    /// Years of employment up to a day, overlaps counted once; `None` when no dates were read.
    #[must_use]
    pub fn years(&self, as_of: Date) -> Option<f32> {
        (!self.stretches.is_empty()).then(|| years_in(self.stretches.iter().copied(), as_of))
    }
}

/// "Determined accountant with three years of experience".
fn stated_years(passages: &[Passage]) -> Option<(f32, Range<usize>)> {
    let speaks = |text: &str| {
        let text = text.to_lowercase();
        ["experience", "erfahrung", "expérience", "experiencia"].iter().any(|word| text.contains(word))
    };
    let stated = passages
        .iter()
        .filter(|passage| speaks(&passage.text))
        .filter_map(|passage| Some((super::groups::find_years(&passage.text)?, passage.span.clone())));
    stated.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Months since year 0 up to the end of a day's month.
pub(super) fn month(day: Date) -> i32 {
    i32::from(day.year()) * 12 + i32::from(day.month())
}

/// Years that stretches cover up to a day, overlaps counted once.
pub(super) fn years_in(stretches: impl Iterator<Item = Stretch>, as_of: Date) -> f32 {
    let now = month(as_of);
    let closed = |stretch: Stretch| (stretch.start, stretch.end.unwrap_or(now).min(now));
    let known = stretches.map(closed).filter(|(start, end)| start < end);
    merged_months(known.collect()) as f32 / 12.0
}

/// Titles from the text without identity: "waiter" and "waitress" are one.
fn read_titles(
    embedder: &Embedder,
    text: &str,
    spans: &[Range<usize>],
) -> Result<Vec<HeldTitle>, ModelError> {
    let squeeze = |span: &Range<usize>| {
        text.get(span.clone()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let titles: Vec<String> = spans.iter().map(squeeze).collect();
    let texts: Vec<&str> = titles.iter().map(String::as_str).collect();
    let held = |((span, title), vector): ((&Range<usize>, &String), QuantisedEmbedding)| HeldTitle {
        span: span.clone(),
        words: content_words(title).into_iter().collect(),
        vector,
    };
    Ok(spans.iter().zip(&titles).zip(embedder.embed_quantised(&texts)?).map(held).collect())
}

fn find_degrees(embedder: &Embedder, passages: &[Passage]) -> Result<Vec<HeldDegree>, ModelError> {
    let mut degrees = Vec::new();
    for passage in passages {
        for held in held_degrees(&passage.text) {
            let texts: Vec<&str> = held.subjects.iter().map(String::as_str).collect();
            let vectors = embedder.embed_quantised(&texts)?;
            let subjects =
                texts.iter().zip(vectors).map(|(text, vector)| Subject::new((*text).to_owned(), vector));
            degrees.push(HeldDegree {
                level: held.level,
                subjects: subjects.collect(),
                span: passage.span.clone(),
            });
        }
    }
    Ok(degrees)
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
fn read_passage(
    all: &[SkillMention],
    text: &str,
    span: Range<usize>,
    positions: &[Position],
) -> Option<Passage> {
    let slice = text.get(span.clone())?;
    let squeezed = slice.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: Vec<String> = content_words(&squeezed);
    if words.is_empty() {
        return None;
    }
    let first = all.partition_point(|mention| mention.span.start < span.start);
    let own = all.iter().skip(first).take_while(|mention| mention.span.start < span.end);
    let mentions: Vec<SkillMention> = own.cloned().collect();
    let named: usize = mentions
        .iter()
        .map(|mention| content_words(text.get(mention.span.clone()).unwrap_or_default()).len())
        .sum();
    // A list names skills and little else; "recorded accounts payable and accounts receivable" is work.
    let separators = squeezed.matches([',', ';', '|', '•', '·', '/', '\t']).count();
    let others = words.len().saturating_sub(named);
    let listed = mentions.len() > 1 && separators + 1 >= mentions.len();
    let labelled = others <= 2 && squeezed.contains(':');
    let listing = !mentions.is_empty() && 2 * named > words.len() && (others == 0 || listed || labelled);
    let vector = QuantisedEmbedding::ZERO;
    let overlaps = |range: &Range<usize>| range.start < span.end && span.start < range.end;
    let position = positions.iter().position(|position| position.ranges.iter().any(overlaps));
    let words = words.into_iter().collect();
    Some(Passage { span, text: squeezed, listing, words, mentions, vector, position })
}

/// Whether the commonest English words make up a tenth of the text.
fn reads_as_english(text: &str) -> bool {
    const COMMON: [&str; 10] = ["the", "and", "of", "to", "in", "for", "with", "a", "on", "by"];
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let common = words.iter().filter(|word| COMMON.contains(&word.as_str())).count();
    words.len() >= 20 && common * 10 >= words.len()
}
