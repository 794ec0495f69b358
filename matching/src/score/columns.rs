//! A resume as columns of bytes: what scoring needs of it, ready to be measured where it lies, in a mapped file.
//!
//! A record has a [`Header`], then the columns in the order of [`Columns`]: one of codes, the others of 32-bit numbers, all
//! little-endian. Words, mentions of skills and degrees stand as numbers of the pool's [`Dictionary`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::resume::{HeldDegree, HeldTitle, Passage, PreparedResume, Stretch};
use super::terms::Clearance;
use crate::embed::compare::Row;
use crate::embed::{QuantisedEmbedding, WIDTH};
use crate::skills::{Kind, Level, Period, SkillId, SkillMention};

/// Records begin at multiples of this, so that none of their numbers lies across two lines of a cache.
pub(crate) const ALIGNMENT: usize = 64;
/// Set in the number of what a row is about: the passage only lists skills.
const MARK: u32 = 1 << 31;
/// End of a position that still lasts.
const LASTING: i32 = i32::MAX;

/// One column of 32-bit numbers.
type Numbers<'a> = &'a [[u8; 4]];

/// What the numbers in the records of a pool stand for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Dictionary {
    /// Words with their numbers, in alphabetical order.
    words: Vec<(String, u32)>,
    /// Ways of naming a skill, by number.
    pub(crate) namings: Vec<Naming>,
    /// Degrees by number; their spans are empty.
    pub(crate) degrees: Vec<HeldDegree>,
}

impl Dictionary {
    /// How many words there are; their numbers are below.
    pub(crate) fn words(&self) -> usize {
        self.words.len()
    }

    /// The number of a word that some resume of the pool has.
    pub(crate) fn word(&self, word: &str) -> Option<u32> {
        let at = self.words.binary_search_by(|(known, _)| known.as_str().cmp(word)).ok()?;
        self.words.get(at).map(|(_, number)| *number)
    }
}

/// All that scoring takes of a [`SkillMention`] beside its place. Many resumes name a skill in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Naming {
    skill: SkillId,
    pub(crate) negated: bool,
    years: Option<f32>,
    level: Option<Level>,
    period: Option<Period>,
}

impl Naming {
    fn of(mention: &SkillMention) -> Self {
        // Without `..`, so that a new field is not forgotten.
        let SkillMention {
            skill,
            canonical: _,
            kind: _,
            span: _,
            version: _,
            negated,
            years,
            level,
            period,
            confidence: _,
        } = mention;
        Self { skill: *skill, negated: *negated, years: *years, level: *level, period: *period }
    }

    /// A mention that scoring takes the same of.
    pub(crate) fn mention(&self) -> SkillMention {
        let Self { skill, negated, years, level, period } = self.clone();
        let (canonical, kind, span, version, confidence) = ("", Kind::Method, 0..0, None, 1.0);
        SkillMention { skill, canonical, kind, span, version, negated, years, level, period, confidence }
    }
}

/// Gives out numbers while a pool is written.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    words: HashMap<String, u32>,
    /// Namings and degrees by their serialised form, because numbers with fractions have no hash.
    namings: HashMap<Vec<u8>, u32>,
    degrees: HashMap<Vec<u8>, u32>,
    dictionary: Dictionary,
}

impl Registry {
    /// What the numbers stand for.
    pub(crate) fn into_dictionary(self) -> Dictionary {
        let mut words: Vec<(String, u32)> = self.words.into_iter().collect();
        words.sort_unstable();
        Dictionary { words, ..self.dictionary }
    }

    fn word(&mut self, word: &str) -> u32 {
        if let Some(number) = self.words.get(word) {
            return *number;
        }
        let number = self.words.len() as u32;
        self.words.insert(word.to_owned(), number);
        number
    }

    fn naming(&mut self, mention: &SkillMention) -> Result<u32, postcard::Error> {
        number_of(Naming::of(mention), &mut self.namings, &mut self.dictionary.namings)
    }

    fn degree(&mut self, degree: &HeldDegree) -> Result<u32, postcard::Error> {
        let degree = HeldDegree { span: 0..0, ..degree.clone() };
        number_of(degree, &mut self.degrees, &mut self.dictionary.degrees)
    }
}

/// The number of a value among the `known`, which it joins if it is new.
fn number_of<T: Serialize>(
    value: T,
    numbers: &mut HashMap<Vec<u8>, u32>,
    known: &mut Vec<T>,
) -> Result<u32, postcard::Error> {
    Ok(*numbers.entry(postcard::to_stdvec(&value)?).or_insert_with(|| {
        known.push(value);
        known.len() as u32 - 1
    }))
}

/// Lengths of a record's columns, and what is one number.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Header {
    passages: u32,
    titles: u32,
    words: u32,
    /// Rows of all words.
    occurrences: u32,
    mentions: u32,
    stretches: u32,
    degrees: u32,
    /// 1 when the text reads as English.
    english: u32,
    /// 1 and up: the clearance; 0: none.
    clearance: u32,
    /// Bits of the years that a sentence claims; not a number: none.
    claimed: u32,
}

impl Header {
    const FIELDS: usize = 10;

    #[rustfmt::skip]
    fn to_fields(self) -> [u32; Self::FIELDS] {
        let Self { passages, titles, words, occurrences, mentions, stretches, degrees, english, clearance, claimed } = self;
        [passages, titles, words, occurrences, mentions, stretches, degrees, english, clearance, claimed]
    }

    #[rustfmt::skip]
    fn from_fields(fields: [u32; Self::FIELDS]) -> Self {
        let [passages, titles, words, occurrences, mentions, stretches, degrees, english, clearance, claimed] = fields;
        Self { passages, titles, words, occurrences, mentions, stretches, degrees, english, clearance, claimed }
    }
}

/// A record, taken apart but not copied. Rows are the passages, behind them the titles.
pub(crate) struct Columns<'a> {
    /// How many rows are passages.
    pub(crate) passages: usize,
    /// Codes of each row's vector.
    pub(crate) codes: &'a [[u8; WIDTH]],
    scales: Numbers<'a>,
    sums: Numbers<'a>,
    /// How many words each row has.
    word_counts: Numbers<'a>,
    /// Of each row: 1 and up for the position that it tells of, 0 for none, with [`MARK`].
    abouts: Numbers<'a>,
    /// Words, each once, and where the rows of each end among the occurrences.
    words: Numbers<'a>,
    word_ends: Numbers<'a>,
    occurrences: Numbers<'a>,
    /// For each mention its row, and its naming.
    mention_rows: Numbers<'a>,
    namings: Numbers<'a>,
    starts: Numbers<'a>,
    ends: Numbers<'a>,
    degrees: Numbers<'a>,
    /// Whether the text reads as English.
    pub(crate) english: bool,
    /// The security clearance held.
    pub(crate) clearance: Option<Clearance>,
    /// Years that a sentence claims.
    pub(crate) claimed_years: Option<f32>,
}

/// A row's passage.
pub(crate) struct About {
    /// Whether it merely lists skills.
    pub(crate) listing: bool,
    /// Number of its stretch.
    pub(crate) position: Option<usize>,
}

impl<'a> Columns<'a> {
    /// Takes a record apart; `None` when it is none.
    pub(crate) fn read(record: &'a [u8]) -> Option<Self> {
        let (header, rest) = record.split_at_checked(ALIGNMENT)?;
        let fields = header.as_chunks::<4>().0.first_chunk()?.map(u32::from_le_bytes);
        let header = Header::from_fields(fields);
        let rows = header.passages.checked_add(header.titles)? as usize;
        let (codes, mut rest) = rest.split_at_checked(rows.checked_mul(WIDTH)?)?;
        let mut take = |count: usize| {
            let (column, behind) = rest.split_at_checked(count.checked_mul(4)?)?;
            rest = behind;
            Some(column.as_chunks::<4>().0)
        };
        let (words, mentions) = (header.words as usize, header.mentions as usize);
        let level = header.clearance.checked_sub(1).map(|number| number as usize);
        Some(Self {
            passages: header.passages as usize,
            codes: codes.as_chunks().0,
            scales: take(rows)?,
            sums: take(rows)?,
            word_counts: take(rows)?,
            abouts: take(rows)?,
            words: take(words)?,
            word_ends: take(words)?,
            occurrences: take(header.occurrences as usize)?,
            mention_rows: take(mentions)?,
            namings: take(mentions)?,
            starts: take(header.stretches as usize)?,
            ends: take(header.stretches as usize)?,
            degrees: take(header.degrees as usize)?,
            english: header.english == 1,
            claimed_years: Some(f32::from_bits(header.claimed)).filter(|years| !years.is_nan()),
            clearance: level.and_then(|level| Clearance::ALL.get(level)).copied(),
        })
    }

    /// What the rows' vectors are beside their codes.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> + 'a {
        let pairs = self.scales.iter().zip(self.sums);
        pairs.map(|(scale, sum)| Row { scale: f32::from_le_bytes(*scale), sum: i32::from_le_bytes(*sum) })
    }

    /// How many words each row has.
    pub(crate) fn word_counts(&self) -> impl Iterator<Item = usize> + 'a {
        self.word_counts.iter().map(|count| u32::from_le_bytes(*count) as usize)
    }

    /// How many words one row has.
    pub(crate) fn word_count(&self, row: usize) -> usize {
        self.word_counts.get(row).map_or(0, |count| u32::from_le_bytes(*count) as usize)
    }

    /// Words by their numbers, each once, with the rows that have it.
    pub(crate) fn words(&self) -> impl Iterator<Item = (u32, Numbers<'a>)> + 'a {
        let (mut start, occurrences) = (0, self.occurrences);
        self.words.iter().zip(self.word_ends).map(move |(word, end)| {
            let end = u32::from_le_bytes(*end) as usize;
            let rows = occurrences.get(start..end).unwrap_or_default();
            start = end;
            (u32::from_le_bytes(*word), rows)
        })
    }

    /// What the rows are about.
    pub(crate) fn abouts(&self) -> impl Iterator<Item = About> + 'a {
        self.abouts.iter().map(read_about)
    }

    /// What one row is about.
    pub(crate) fn about(&self, row: usize) -> Option<About> {
        self.abouts.get(row).map(read_about)
    }

    /// Skills that passages name: the row, and the number of the naming.
    pub(crate) fn mentions(&self) -> impl Iterator<Item = (usize, usize)> + 'a {
        let number = |number: &[u8; 4]| u32::from_le_bytes(*number) as usize;
        self.mention_rows.iter().zip(self.namings).map(move |(row, naming)| (number(row), number(naming)))
    }

    /// When positions were held.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = Stretch> + 'a {
        self.starts.iter().zip(self.ends).map(read_stretch)
    }

    /// When one position was held.
    pub(crate) fn stretch(&self, position: usize) -> Option<Stretch> {
        Some(read_stretch((self.starts.get(position)?, self.ends.get(position)?)))
    }

    /// Numbers of the degrees held.
    pub(crate) fn degrees(&self) -> impl Iterator<Item = usize> + 'a {
        self.degrees.iter().map(|number| u32::from_le_bytes(*number) as usize)
    }
}

fn read_about(number: &[u8; 4]) -> About {
    let number = u32::from_le_bytes(*number);
    About { listing: number & MARK != 0, position: (number & !MARK).checked_sub(1).map(|at| at as usize) }
}

fn read_stretch((start, end): (&[u8; 4], &[u8; 4])) -> Stretch {
    let end = i32::from_le_bytes(*end);
    Stretch { start: i32::from_le_bytes(*start), end: (end != LASTING).then_some(end) }
}

/// Columns of rows under construction.
#[derive(Default)]
struct Rows {
    codes: Vec<u8>,
    scales: Vec<u8>,
    sums: Vec<u8>,
    word_counts: Vec<u8>,
    abouts: Vec<u8>,
    /// By the number of a word its rows.
    occurrences: BTreeMap<u32, Vec<u32>>,
}

impl Rows {
    fn push(
        &mut self,
        vector: &QuantisedEmbedding,
        words: &BTreeSet<String>,
        about: u32,
        registry: &mut Registry,
    ) {
        let row = self.abouts.len() as u32 / 4;
        for word in words {
            self.occurrences.entry(registry.word(word)).or_default().push(row);
        }
        let Row { scale, sum } = Row::new(vector);
        self.codes.extend(vector.codes().map(i8::cast_unsigned));
        self.scales.extend(scale.to_le_bytes());
        self.sums.extend(sum.to_le_bytes());
        self.word_counts.extend((words.len() as u32).to_le_bytes());
        self.abouts.extend(about.to_le_bytes());
    }

    /// The columns of words: numbers, ends of their rows, rows.
    fn words(&self) -> [Vec<u8>; 3] {
        let [mut words, mut ends, mut occurrences]: [Vec<u8>; 3] = Default::default();
        for (word, rows) in &self.occurrences {
            words.extend(word.to_le_bytes());
            occurrences.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
            ends.extend((occurrences.len() as u32 / 4).to_le_bytes());
        }
        [words, ends, occurrences]
    }
}

/// The record of a resume; its length is a multiple of [`ALIGNMENT`].
///
/// # Errors
/// When a mention or a degree cannot be serialised.
pub(crate) fn record(resume: &PreparedResume, registry: &mut Registry) -> Result<Vec<u8>, postcard::Error> {
    // Without `..`, so that a new field is not forgotten.
    let PreparedResume {
        passages,
        stretches,
        degrees,
        clearance,
        titles,
        warnings: _,
        english,
        stated_years,
    } = resume;
    let mut rows = Rows::default();
    let mut mentions: [Vec<u8>; 2] = Default::default();
    for (number, passage) in passages.iter().enumerate() {
        let Passage { span: _, text: _, listing, words, mentions: named, vector, position } = passage;
        let about = position.map_or(0, |position| position as u32 + 1) | if *listing { MARK } else { 0 };
        rows.push(vector, words, about, registry);
        for mention in named {
            let fields = [number as u32, registry.naming(mention)?];
            mentions.iter_mut().zip(fields).for_each(|(column, field)| column.extend(field.to_le_bytes()));
        }
    }
    for HeldTitle { span: _, words, vector } in titles {
        rows.push(vector, words, 0, registry);
    }
    let [words, word_ends, occurrences] = rows.words();
    let [mention_rows, namings] = mentions;
    let starts = stretches.iter().flat_map(|stretch| stretch.start.to_le_bytes());
    let ends = stretches.iter().flat_map(|stretch| stretch.end.unwrap_or(LASTING).to_le_bytes());
    let held: Vec<u32> = degrees.iter().map(|degree| registry.degree(degree)).collect::<Result<_, _>>()?;
    let header = Header {
        passages: passages.len() as u32,
        titles: titles.len() as u32,
        words: words.len() as u32 / 4,
        occurrences: occurrences.len() as u32 / 4,
        mentions: mention_rows.len() as u32 / 4,
        stretches: stretches.len() as u32,
        degrees: held.len() as u32,
        english: u32::from(*english),
        clearance: clearance.as_ref().map_or(0, |(level, _)| *level as u32 + 1),
        claimed: stated_years.as_ref().map_or(f32::NAN, |(years, _)| *years).to_bits(),
    };
    let mut record: Vec<u8> = header.to_fields().iter().flat_map(|field| field.to_le_bytes()).collect();
    record.resize(ALIGNMENT, 0);
    let Rows { codes, scales, sums, word_counts, abouts, .. } = rows;
    let columns =
        [codes, scales, sums, word_counts, abouts, words, word_ends, occurrences, mention_rows, namings];
    columns.into_iter().for_each(|column| record.extend(column));
    record.extend(starts);
    record.extend(ends);
    record.extend(held.iter().flat_map(|number| number.to_le_bytes()));
    record.resize(record.len().next_multiple_of(ALIGNMENT), 0);
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let fields = [1, 2, 3, 4, 5, 6, 7, 1, 9, 10];
        assert_eq!(Header::from_fields(fields).to_fields(), fields);
    }

    #[test]
    fn what_is_too_short_is_no_record() {
        let resume = PreparedResume {
            passages: Vec::new(),
            stretches: vec![Stretch { start: 24_000, end: None }, Stretch { start: 1, end: Some(24_012) }],
            degrees: Vec::new(),
            clearance: Some((Clearance::Secret, 0..4)),
            titles: vec![HeldTitle {
                span: 0..4,
                words: ["nurse".to_owned()].into(),
                vector: QuantisedEmbedding::ZERO,
            }],
            warnings: Vec::new(),
            english: true,
            stated_years: Some((4.5, 0..4)),
        };
        let mut registry = Registry::default();
        let bytes = record(&resume, &mut registry).unwrap();
        assert_eq!(bytes.len() % ALIGNMENT, 0);
        let columns = Columns::read(&bytes).unwrap();
        assert_eq!(columns.stretches().collect::<Vec<_>>(), resume.stretches);
        assert_eq!(columns.stretch(1), Some(resume.stretches[1]));
        assert_eq!((columns.clearance, columns.english), (Some(Clearance::Secret), true));
        assert_eq!(columns.claimed_years, Some(4.5));
        assert_eq!((columns.passages, columns.codes.len()), (0, 1));
        assert_eq!(columns.words().map(|(word, rows)| (word, rows.len())).collect::<Vec<_>>(), [(0, 1)]);
        assert_eq!(columns.word_counts().collect::<Vec<_>>(), [1]);
        assert_eq!(registry.into_dictionary().word("nurse"), Some(0));
        for length in [0, 10, ALIGNMENT, ALIGNMENT + WIDTH] {
            assert!(Columns::read(&bytes[..length]).is_none(), "{length}");
        }
        let mut endless = bytes;
        endless[4..8].fill(0xff);
        assert!(Columns::read(&endless).is_none());
    }
}
