//! What a change of the resume would add: the changed resume is scored, nothing is estimated.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::PreparedJob;
use super::resume::{HeldDegree, HeldTitle, Passage, PreparedResume, Stretch};
use crate::embed::QuantisedEmbedding;
use crate::skills::{Kind, SkillId, SkillMention};

/// Changes of one resume for one job.
pub(super) struct Changes<'a> {
    pub(super) resume: &'a PreparedResume,
    pub(super) job: &'a PreparedJob,
    pub(super) as_of: Date,
    /// Points that a changed resume has more.
    pub(super) gain: &'a dyn Fn(&PreparedResume) -> f64,
}

impl Changes<'_> {
    /// A line of work names the skill, and nothing else.
    pub(super) fn naming(&self, skill: SkillId, canonical: &'static str, kind: Kind) -> f64 {
        let mut passage = self.blank_line();
        passage.mentions.push(mention(skill, canonical, kind));
        self.with(passage)
    }

    /// A line of work says what requirement number `index` says, in its words.
    pub(super) fn saying(&self, index: usize) -> f64 {
        let mut passage = self.blank_line();
        passage.words = self.job.words(index).into_iter().flatten().map(|(word, _)| word.clone()).collect();
        if let Some(vector) = self.job.vector(index) {
            passage.vector = *vector;
        }
        self.with(passage)
    }

    /// The degree that requirement number `index` asks for is held.
    pub(super) fn holding_degree(&self, index: usize) -> f64 {
        let Some(level) = self.job.requirements().get(index).and_then(|requirement| requirement.degree)
        else {
            return 0.0;
        };
        let mut changed = self.resume.clone();
        changed.degrees.push(HeldDegree { level, subjects: self.job.subjects(index).to_vec(), span: 0..0 });
        (self.gain)(&changed)
    }

    /// A position that lasts to this day has the years that requirement number `index` asks for, and shows its skills.
    pub(super) fn having_years(&self, index: usize) -> f64 {
        let Some(requirement) = self.job.requirements().get(index) else { return 0.0 };
        let months = (requirement.years.unwrap_or_default() * 12.0).ceil() as i32;
        let mut changed = self.resume.clone();
        changed.stretches.push(Stretch { start: super::resume::month(self.as_of) - months, end: None });
        let position = Some(changed.stretches.len() - 1);
        let mut passage = Passage { position, ..self.blank_line() };
        for skill in &requirement.skills {
            passage.mentions.push(mention(*skill, "", Kind::Method));
        }
        changed.passages.push(passage);
        (self.gain)(&changed)
    }

    /// The clearance that requirement number `index` asks for is held.
    pub(super) fn cleared(&self, index: usize) -> f64 {
        let asked = self.job.requirements().get(index).and_then(|requirement| requirement.clearance);
        let mut changed = self.resume.clone();
        changed.clearance = asked.map(|level| (level, 0..0));
        (self.gain)(&changed)
    }

    /// The headline is the title that requirement number `index` is.
    pub(super) fn headed(&self, index: usize) -> f64 {
        let (Some(vector), Some(requirement)) = (self.job.vector(index), self.job.requirements().get(index))
        else {
            return 0.0;
        };
        let words = super::words::content_words(&requirement.text).into_iter().collect();
        let mut changed = self.resume.clone();
        changed.titles.push(HeldTitle { span: 0..0, words, vector: *vector });
        (self.gain)(&changed)
    }

    fn with(&self, passage: Passage) -> f64 {
        let mut changed = self.resume.clone();
        changed.passages.push(passage);
        (self.gain)(&changed)
    }

    fn blank_line(&self) -> Passage {
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
}

fn mention(skill: SkillId, canonical: &'static str, kind: Kind) -> SkillMention {
    SkillMention {
        skill,
        canonical,
        kind,
        span: 0..0,
        version: None,
        negated: false,
        years: None,
        level: None,
        period: None,
        confidence: 1.0,
    }
}
