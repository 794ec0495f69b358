//! How far the mentions of a resume show the skills that requirements name, and for how many years.

use jiff::civil::Date;

use super::super::columns::{About, Columns, Dictionary, Naming};
use super::super::job::{Requirement, RequirementKind};
use super::super::resume::{PreparedResume, Stretch, years_in};
use super::super::skill::is_long_ago;
use super::{Court, blank_passage};

/// The skills that a job's requirements name.
pub(super) struct Skills {
    /// How many requirements name skills.
    asks: usize,
    /// By the dictionary's number of a naming: what it is worth to which requirement.
    worth: Vec<Vec<Worth>>,
    as_of: Date,
}

/// What naming a skill in one way is worth to one requirement.
#[derive(Default)]
struct Worth {
    ask: usize,
    /// In a list: in a position that ended long ago or not; then the same of other passages.
    listed: [f32; 2],
    at_work: [f32; 2],
    /// Whether its position's years count.
    dated: bool,
    /// Years that it states.
    stated: f32,
    /// Whether it states a lower level than is asked for.
    lower: bool,
}

/// What was found of one resume.
#[derive(Default)]
pub(super) struct Scratch {
    asks: Vec<Found>,
}

/// What was found for one requirement.
#[derive(Default)]
struct Found {
    shown: f32,
    stated: f32,
    lower: bool,
    stretches: Vec<Stretch>,
}

impl Skills {
    /// Lets the judge say, once a job, what each naming of the pool is worth.
    pub(super) fn new(court: &Court<'_>, asks: &[&Requirement], dictionary: &Dictionary) -> Self {
        let worth = dictionary.namings.iter().map(|naming| {
            if naming.negated {
                return Vec::new();
            }
            let mut resume = resume_naming(naming);
            let asks = asks.iter().enumerate();
            asks.filter_map(|(ask, requirement)| worth(court, &mut resume, ask, requirement)).collect()
        });
        Self { asks: asks.len(), worth: worth.collect(), as_of: court.as_of }
    }

    pub(super) fn measure(&self, resume: &Columns<'_>, scratch: &mut Scratch) {
        scratch.asks.resize_with(self.asks, Found::default);
        for found in &mut scratch.asks {
            (found.shown, found.stated, found.lower) = (0.0, 0.0, false);
            found.stretches.clear();
        }
        for (row, naming) in resume.mentions() {
            let worth = self.worth.get(naming).map_or(&[][..], Vec::as_slice);
            if worth.is_empty() {
                continue;
            }
            let Some(About { listing, position }) = resume.about(row) else { continue };
            let stretch = position.and_then(|position| resume.stretch(position));
            let end = stretch.and_then(|stretch| stretch.end);
            let long_ago = end.is_some_and(|end| is_long_ago(end, self.as_of));
            for worth in worth {
                if let Some(found) = scratch.asks.get_mut(worth.ask) {
                    found.add(worth, listing, long_ago, stretch);
                }
            }
        }
    }
}

impl Found {
    fn add(&mut self, worth: &Worth, listing: bool, long_ago: bool, stretch: Option<Stretch>) {
        let [recent, old] = if listing { worth.listed } else { worth.at_work };
        self.shown = self.shown.max(if long_ago { old } else { recent });
        self.stated = self.stated.max(worth.stated);
        self.lower |= worth.lower;
        if worth.dated {
            self.stretches.extend(stretch.filter(|stretch| !self.stretches.contains(stretch)));
        }
    }
}

impl Scratch {
    fn ask(&self, ask: Option<usize>) -> Option<&Found> {
        self.asks.get(ask?)
    }

    /// How far a requirement's skills are shown.
    pub(super) fn shown(&self, ask: Option<usize>) -> f32 {
        self.ask(ask).map_or(0.0, |found| found.shown)
    }

    /// The most years that the resume writes beside them.
    pub(super) fn stated(&self, ask: Option<usize>) -> f32 {
        self.ask(ask).map_or(0.0, |found| found.stated)
    }

    /// Years of the positions that show them.
    pub(super) fn dated(&self, ask: Option<usize>, as_of: Date) -> f32 {
        self.ask(ask).map_or(0.0, |found| years_in(found.stretches.iter().copied(), as_of))
    }

    /// Whether the resume states a lower level than is asked for.
    pub(super) fn says_lower(&self, ask: Option<usize>) -> bool {
        self.ask(ask).is_some_and(|found| found.lower)
    }
}

/// A resume of one passage that names one skill, in the second of two positions: one ended in year 0.
fn resume_naming(naming: &Naming) -> PreparedResume {
    let mut passage = blank_passage();
    passage.mentions.push(naming.mention());
    let stretches = vec![Stretch { start: 0, end: None }, Stretch { start: 0, end: Some(1) }];
    PreparedResume { passages: vec![passage], stretches, ..PreparedResume::default() }
}

fn worth(
    court: &Court<'_>,
    resume: &mut PreparedResume,
    ask: usize,
    requirement: &Requirement,
) -> Option<Worth> {
    let mut shown = |listing: bool, position: usize| {
        for passage in &mut resume.passages {
            (passage.listing, passage.position) = (listing, Some(position));
        }
        court.judge(resume).skill(requirement).signals.shown
    };
    let recent = shown(false, 0);
    if recent == 0.0 {
        // Nothing is worth more than recent work.
        return None;
    }
    let (at_work, listed) = ([recent, shown(false, 1)], [shown(true, 0), shown(true, 1)]);
    let judge = court.judge(resume);
    let mut worth = Worth { ask, listed, at_work, ..Worth::default() };
    worth.lower = judge.says_lower(requirement);
    if requirement.kind == RequirementKind::Years {
        let mut mentions = judge.resume.passages.iter().flat_map(|passage| &passage.mentions);
        worth.dated = mentions.any(|mention| judge.shows(mention.skill, requirement));
        worth.stated = judge.stated_years(requirement, |years| years).signals.shown;
    }
    Some(worth)
}
