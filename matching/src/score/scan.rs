//! Scores the resumes of a pool from their columns: finds the same signals as the judge, without passages to show, a hundred
//! times as fast. What names and facts are worth the judge himself is asked, once a job (`skills`, [`Court`]); how near and how
//! often words are is measured here again (`nearness`, `words`). Who changes a signal changes both; a property test
//! (tests/rank_index.rs) holds them to the same scores, bit by bit.

mod nearness;
mod skills;
mod words;

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::columns::{Columns, Dictionary};
use super::evidence::{GENERAL_YEARS, Judge, share_of_years};
use super::explain::round;
use super::job::{Requirement, RequirementKind};
use super::resume::{HeldDegree, Passage, PreparedResume, years_in};
use super::skill::SHOWN;
use super::terms::Clearance;
use super::weights::Signals;
use super::{Matcher, PreparedJob};
use crate::embed::QuantisedEmbedding;
use nearness::Nearness;
use skills::Skills;
use words::Words;

/// One job, ready to be measured against the resumes of one pool.
pub(crate) struct Scan<'a> {
    matcher: &'a Matcher,
    job: &'a PreparedJob,
    as_of: Date,
    items: Vec<Item<'a>>,
    nearness: Nearness,
    words: Words,
    skills: Skills,
    /// Whether years of employment are needed.
    years: bool,
}

/// One requirement.
struct Item<'a> {
    requirement: &'a Requirement,
    /// Its lane in [`Nearness`] and [`Words`], if it is in free words.
    lane: Option<usize>,
    /// Its number in [`Skills`], if it names skills.
    ask: Option<usize>,
    /// What facts are worth to it: see [`Court::credits`].
    credits: Vec<f32>,
    /// Whether it asks for English.
    english: bool,
    /// Whether it is a product.
    product: bool,
}

/// What is written while one resume is measured; kept from one to the next for its memory.
#[derive(Default)]
pub(crate) struct Scratch {
    nearness: nearness::Scratch,
    words: words::Scratch,
    skills: skills::Scratch,
}

impl<'a> Scan<'a> {
    /// Prepares a job for a pool; `as_of` as in [`Matcher::score`].
    pub(crate) fn new(
        matcher: &'a Matcher,
        job: &'a PreparedJob,
        as_of: Date,
        dictionary: &Dictionary,
    ) -> Self {
        use RequirementKind::{Certificate, Duty, Language, Skill, Title, Years};
        let court = Court { matcher, job, as_of };
        let mut lanes: Vec<usize> = Vec::new();
        let mut asks: Vec<&Requirement> = Vec::new();
        let english = matcher.taxonomy.by_name("English");
        let mut items = Vec::with_capacity(job.requirements().len());
        for (index, requirement) in job.requirements().iter().enumerate() {
            let free = matches!(requirement.kind, Duty | Skill | Title) && job.vector(index).is_some();
            let named = matches!(requirement.kind, Skill | Certificate | Language | Years);
            items.push(Item {
                requirement,
                lane: free.then_some(lanes.len()),
                ask: named.then_some(asks.len()),
                credits: court.credits(index, requirement, dictionary),
                english: requirement.skills.iter().any(|id| Some(*id) == english),
                product: court.judge(&PreparedResume::default()).is_product(requirement),
            });
            lanes.extend(free.then_some(index));
            asks.extend(named.then_some(requirement));
        }
        Self {
            matcher,
            job,
            as_of,
            nearness: Nearness::new(job, &lanes),
            words: Words::new(job, &lanes, dictionary),
            skills: Skills::new(&court, &asks, dictionary),
            years: job.requirements().iter().any(|requirement| requirement.kind == Years),
            items,
        }
    }

    /// The score that [`Matcher::number`] gives.
    pub(crate) fn number(&self, resume: &Columns<'_>, scratch: &mut Scratch) -> f64 {
        self.nearness.measure(resume, &mut scratch.nearness);
        self.words.measure(resume, &mut scratch.words);
        self.skills.measure(resume, &mut scratch.skills);
        let years = self.years.then(|| years_in(resume.stretches(), self.as_of));
        let years = years.filter(|_| resume.stretches().next().is_some());
        let credits = self.items.iter().map(|item| {
            let signals = self.signals(item, resume, years, scratch);
            f64::from(self.matcher.tuning.credit(item.requirement.kind, &signals))
        });
        let total: f64 =
            credits.zip(&self.job.weights).map(|(credit, weight)| credit * f64::from(*weight)).sum();
        round(100.0 * total)
    }

    fn signals(
        &self,
        item: &Item<'_>,
        resume: &Columns<'_>,
        years: Option<f32>,
        scratch: &Scratch,
    ) -> Signals {
        let skills = &scratch.skills;
        match item.requirement.kind {
            RequirementKind::Skill => {
                let named = match item.requirement.unknown {
                    true => phrase(item, scratch),
                    false => skills.shown(item.ask),
                };
                Signals { shown: named, product: item.product, ..self.likeness(item, scratch) }
            }
            RequirementKind::Duty | RequirementKind::Title => self.likeness(item, scratch),
            RequirementKind::Certificate => shown(skills.shown(item.ask)),
            RequirementKind::Language => {
                let in_english = resume.english && item.english && !skills.says_lower(item.ask);
                shown(if in_english { SHOWN } else { skills.shown(item.ask) })
            }
            RequirementKind::Years => shown(self.years(item, resume, years, scratch)),
            RequirementKind::Degree => {
                let credit = |number: usize| item.credits.get(number).copied().unwrap_or_default();
                shown(resume.degrees().map(credit).fold(0.0, f32::max))
            }
            RequirementKind::Clearance => {
                let level = resume.clearance.and_then(|level| item.credits.get(level as usize));
                shown(level.copied().unwrap_or_default())
            }
            RequirementKind::Place | RequirementKind::WorkPermit => Signals::default(),
        }
    }

    fn likeness(&self, item: &Item<'_>, scratch: &Scratch) -> Signals {
        let Some(lane) = item.lane else { return Signals::default() };
        let near = scratch.nearness.lane(lane);
        let (here, anywhere) = self.words.shares(lane, &scratch.words);
        let signals =
            Signals { nearest: near.nearest, field: near.field, here, anywhere, ..Signals::default() };
        match item.requirement.kind {
            RequirementKind::Title => {
                let (gist, work) = (scratch.nearness.gist(), scratch.nearness.work());
                Signals { nearest: near.title, anywhere: 0.0, gist, work, ..signals }
            }
            _ => signals,
        }
    }

    fn years(&self, item: &Item<'_>, resume: &Columns<'_>, general: Option<f32>, scratch: &Scratch) -> f32 {
        let credit = |years: f32| share_of_years(years, item.requirement);
        if item.requirement.skills.is_empty() {
            return general.or(resume.claimed_years).map_or(0.0, credit);
        }
        let general = general.map_or(0.0, credit);
        let skills = &scratch.skills;
        let (stated, dated) = (skills.stated(item.ask), skills.dated(item.ask, self.as_of));
        // In the order of factors of the judge, so that the bits are the same.
        (GENERAL_YEARS * general * skills.shown(item.ask)).max(credit(stated)).max(credit(dated))
    }
}

fn shown(shown: f32) -> Signals {
    Signals { shown, ..Signals::default() }
}

/// How far a skill that the taxonomy does not know is named.
fn phrase(item: &Item<'_>, scratch: &Scratch) -> f32 {
    let Some(lane) = item.lane else { return 0.0 };
    let said = Words::whole(lane, &scratch.words).into_iter().zip(&item.credits);
    said.filter(|(said, _)| *said).map(|(_, credit)| *credit).fold(0.0, f32::max)
}

/// Makes judges of resumes that hold one fact, to learn what it is worth.
struct Court<'a> {
    matcher: &'a Matcher,
    job: &'a PreparedJob,
    as_of: Date,
}

impl Court<'_> {
    /// A judge without meanings, which nothing that it is asked here needs.
    fn judge<'r>(&'r self, resume: &'r PreparedResume) -> Judge<'r> {
        let Self { matcher, job, as_of } = self;
        Judge { taxonomy: matcher.taxonomy, job, resume, as_of: *as_of, meanings: Vec::new() }
    }

    /// What each fact is worth to a requirement: to a degree each degree of the dictionary, to a clearance each level, to an
    /// unknown skill that a list names it, and that another passage does.
    fn credits(&self, index: usize, requirement: &Requirement, dictionary: &Dictionary) -> Vec<f32> {
        let credit = |resume: PreparedResume| self.judge(&resume).judge(index).signals.shown;
        match requirement.kind {
            RequirementKind::Degree => {
                let holding = |held: &HeldDegree| PreparedResume {
                    degrees: vec![held.clone()],
                    ..PreparedResume::default()
                };
                dictionary.degrees.iter().map(|held| credit(holding(held))).collect()
            }
            RequirementKind::Clearance => {
                let cleared =
                    |level| PreparedResume { clearance: Some((level, 0..0)), ..PreparedResume::default() };
                Clearance::ALL.into_iter().map(|level| credit(cleared(level))).collect()
            }
            RequirementKind::Skill if requirement.unknown => {
                let words = || self.job.words(index).into_iter().flatten().map(|(word, _)| word.clone());
                let saying = |listing| {
                    let passage = Passage { listing, words: words().collect(), ..blank_passage() };
                    let resume = PreparedResume { passages: vec![passage], ..PreparedResume::default() };
                    self.judge(&resume).phrase(index).signals.shown
                };
                [true, false].map(saying).to_vec()
            }
            _ => Vec::new(),
        }
    }
}

/// A passage that says nothing.
fn blank_passage() -> Passage {
    Passage {
        span: 0..0,
        text: String::new(),
        listing: false,
        words: BTreeSet::new(),
        mentions: Vec::new(),
        vector: QuantisedEmbedding::ZERO,
        position: None,
    }
}
