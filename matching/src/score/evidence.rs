//! Judges one requirement by the passages of a resume: how much of it is shown, and where.

use std::ops::Range;

use jiff::civil::Date;

use super::PreparedJob;
use super::job::{Requirement, RequirementKind};
use super::likeness::meaning;
use super::resume::{Passage, PreparedResume, Stretch, years_in};
use super::skill::{NEIGHBOUR, SHOWN};
use super::subject::{Subject, nearest};
use super::weights::Signals;
use crate::skills::{Relation, SkillId, SkillMention, Taxonomy};

/// What was found for a requirement.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Finding {
    /// What was measured.
    pub(super) signals: Signals,
    /// How much of it is shown, 0 to 1; set by [`super::Tuning::credit`].
    pub(super) credit: f32,
    /// Where, best first.
    pub(super) spans: Vec<Range<usize>>,
    /// Why it is not fully met.
    pub(super) note: Option<String>,
}

impl Finding {
    fn shown(shown: f32, spans: Vec<Range<usize>>, note: Option<String>) -> Self {
        Self { signals: Signals { shown, ..Signals::default() }, credit: 0.0, spans, note }
    }

    pub(super) fn or_better(self, other: Self) -> Self {
        if other.signals.shown > self.signals.shown { other } else { self }
    }
}

/// Everything that judging needs.
pub(super) struct Judge<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) job: &'a PreparedJob,
    pub(super) resume: &'a PreparedResume,
    /// The day that positions which still last are counted to.
    pub(super) as_of: Date,
    /// For each requirement how near each passage is in meaning; none where meaning does not count.
    pub(super) meanings: Vec<Vec<f32>>,
}

/// What years in general count for years with a skill, as far as the skill is shown.
pub(super) const GENERAL_YEARS: f32 = 0.6;
/// Credit of a degree of the right level in a subject that has nothing to do with the one asked for.
const OTHER_SUBJECT: f32 = 0.4;
/// How many passages are shown as evidence at most.
const SHOWN_PASSAGES: usize = 3;

impl<'a> Judge<'a> {
    /// Compares the meanings of all requirements and passages, which is most of the work.
    pub(super) fn new(
        taxonomy: &'a Taxonomy,
        job: &'a PreparedJob,
        resume: &'a PreparedResume,
        as_of: Date,
    ) -> Self {
        let row = |(index, requirement): (usize, &Requirement)| match (requirement.kind, job.vector(index)) {
            (RequirementKind::Title, Some(vector)) => {
                resume.passages.iter().map(|passage| meaning(passage, vector)).collect()
            }
            (RequirementKind::Skill | RequirementKind::Duty, Some(vector)) => resume
                .passages
                .iter()
                .map(|passage| if passage.is_heading() { 0.0 } else { meaning(passage, vector) })
                .collect(),
            _ => Vec::new(),
        };
        let meanings = job.requirements().iter().enumerate().map(row).collect();
        Self { taxonomy, job, resume, as_of, meanings }
    }

    /// Judges requirement number `index` of the job.
    pub(super) fn judge(&self, index: usize) -> Finding {
        let Some(requirement) = self.job.requirements().get(index) else { return Finding::default() };
        match requirement.kind {
            RequirementKind::Skill => self.skill_or_meant(index, requirement),
            RequirementKind::Certificate => self.skill(requirement),
            RequirementKind::Language => self.language(requirement),
            RequirementKind::Years => self.years(requirement),
            RequirementKind::Degree => self.degree(index, requirement),
            RequirementKind::Title => self.title(index, requirement),
            RequirementKind::Duty => self.duty(index),
            RequirementKind::Clearance => self.clearance(requirement),
            RequirementKind::Place | RequirementKind::WorkPermit => Finding::default(),
        }
    }

    fn language(&self, requirement: &Requirement) -> Finding {
        let finding = self.skill(requirement);
        let english = self.taxonomy.by_name("English");
        let asked = requirement.skills.iter().any(|id| Some(*id) == english) && !self.says_lower(requirement);
        if finding.signals.shown < SHOWN && self.resume.english && asked {
            return Finding::shown(SHOWN, finding.spans, Some("the resume is written in English".to_owned()));
        }
        finding
    }

    fn years(&self, requirement: &Requirement) -> Finding {
        let general = self.resume.years(self.as_of);
        let credit = |years: f32| share_of_years(years, requirement);
        let titles =
            || self.resume.titles.iter().take(SHOWN_PASSAGES).map(|title| title.span.clone()).collect();
        if requirement.skills.is_empty() {
            return match general {
                None if self.resume.stated_years.is_some() => self.claimed_years(credit),
                Some(years) => Finding::shown(
                    credit(years),
                    titles(),
                    Some(format!("the dates of employment add up to {}", years_in_words(years))),
                ),
                None => Finding::shown(0.0, Vec::new(), Some("no dates of employment were found".to_owned())),
            };
        }
        let mut best = self.stated_years(requirement, credit);
        if best.signals.shown == 0.0 {
            best.note = Some("no dated position shows it".to_owned());
        }
        let (dated, spans) = self.dated_years(requirement);
        if dated > 0.0 {
            let note = format!("the positions that show it add up to {}", years_in_words(dated));
            best = best.or_better(Finding::shown(credit(dated), spans, Some(note)));
        }
        // Years in general stand for years with the skill only as far as the skill is shown.
        if let Some(years) = general {
            let skill = self.skill(requirement);
            let shown = GENERAL_YEARS * credit(years) * skill.signals.shown;
            let note = format!(
                "the dates of employment add up to {}, but the resume does not say in which of them it was used",
                years_in_words(years)
            );
            best = best.or_better(Finding::shown(shown, skill.spans, Some(note)));
        }
        best
    }

    /// Years that the resume claims in a sentence, where no position has dates.
    fn claimed_years(&self, credit: impl Fn(f32) -> f32) -> Finding {
        let Some((years, span)) = &self.resume.stated_years else { return Finding::default() };
        let note = format!("the resume says {}, without dates that show it", years_in_words(*years));
        Finding::shown(credit(*years), vec![span.clone()], Some(note))
    }

    /// Years that the resume itself writes beside the skill.
    pub(super) fn stated_years(&self, requirement: &Requirement, credit: impl Fn(f32) -> f32) -> Finding {
        let mut best = Finding::default();
        for passage in &self.resume.passages {
            for mention in passage.mentions.iter().filter(|mention| self.shows(mention.skill, requirement)) {
                let stated = mention.years.or_else(|| self.years_of_period(mention));
                if let Some(years) = stated.filter(|_| !mention.negated) {
                    let note = format!("the resume says {}", years_in_words(years));
                    best =
                        best.or_better(Finding::shown(credit(years), vec![passage.span.clone()], Some(note)));
                }
            }
        }
        best
    }

    /// "Java (2015-2019)": whole calendar years, as positions are counted.
    fn years_of_period(&self, mention: &SkillMention) -> Option<f32> {
        let period = mention.period?;
        let stretch = Stretch {
            start: i32::from(period.from?) * 12,
            end: period.to.map(|year| (i32::from(year) + 1) * 12),
        };
        Some(years_in([stretch].into_iter(), self.as_of))
    }

    /// Years of the positions whose passages show one of the skills, and those passages.
    fn dated_years(&self, requirement: &Requirement) -> (f32, Vec<Range<usize>>) {
        let (mut stretches, mut spans): (Vec<Stretch>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
        for passage in &self.resume.passages {
            let shows = passage
                .mentions
                .iter()
                .any(|mention| !mention.negated && self.shows(mention.skill, requirement));
            let stretch = passage.position.and_then(|position| self.resume.stretches.get(position));
            if let Some(stretch) = stretch.filter(|_| shows) {
                stretches.push(*stretch);
                spans.push(passage.span.clone());
            }
        }
        spans.truncate(SHOWN_PASSAGES);
        (years_in(stretches.into_iter(), self.as_of), spans)
    }

    pub(super) fn shows(&self, skill: SkillId, requirement: &Requirement) -> bool {
        let relation = |wanted| self.taxonomy.relation(skill, wanted);
        requirement
            .skills
            .iter()
            .any(|wanted| matches!(relation(*wanted), Relation::Same | Relation::Implies))
    }

    fn clearance(&self, requirement: &Requirement) -> Finding {
        let Some(wanted) = requirement.clearance else { return Finding::default() };
        match &self.resume.clearance {
            Some((held, span)) if *held >= wanted => Finding::shown(SHOWN, vec![span.clone()], None),
            Some((_, span)) => {
                let note = "the clearance is of a lower level than asked for".to_owned();
                Finding::shown(NEIGHBOUR, vec![span.clone()], Some(note))
            }
            None => Finding::default(),
        }
    }

    /// Level and subject together: the right subject one level lower is worth as much as the right level in another.
    fn degree(&self, index: usize, requirement: &Requirement) -> Finding {
        let Some(wanted) = requirement.degree else { return Finding::default() };
        let mut best = Finding { note: Some("no degree was found".to_owned()), ..Finding::default() };
        for held in &self.resume.degrees {
            let subjects = self.job.subjects(index);
            let (level, lower) = match wanted as i32 - held.level as i32 {
                ..=0 => (1.0, None),
                1 => (0.5, Some("the degree is one level lower than asked for".to_owned())),
                _ => (0.1, Some("the degree is of a lower level than asked for".to_owned())),
            };
            let (fit, other) = match nearest(subjects, requirement.related, &held.subjects) {
                _ if subjects.is_empty() => (1.0, None),
                Some((fit, _)) if fit >= super::explain::MET => (1.0, None),
                Some((fit, nearest)) => {
                    let note =
                        format!("the degree is in {}, not in {}", nearest.text, subject_list(subjects));
                    (fit, Some(note))
                }
                None => {
                    let asked = subject_list(subjects);
                    (0.5, Some(format!("the degree's subject is not named; asked for is {asked}")))
                }
            };
            let credit = level * (OTHER_SUBJECT + (1.0 - OTHER_SUBJECT) * fit);
            best = best.or_better(Finding::shown(credit, vec![held.span.clone()], lower.or(other)));
        }
        best
    }
}

/// How much of the years asked for these are.
pub(super) fn share_of_years(years: f32, requirement: &Requirement) -> f32 {
    let wanted = requirement.years.unwrap_or_default().max(0.5);
    (years / wanted).min(1.0)
}

/// "computer science or physics".
fn subject_list(subjects: &[Subject]) -> String {
    let names: Vec<&str> = subjects.iter().map(|subject| subject.text.as_str()).collect();
    names.join(" or ")
}

/// "4.5 years", "7 months".
fn years_in_words(years: f32) -> String {
    let months = (years * 12.0).round() as i32;
    match months {
        1 => "1 month".to_owned(),
        ..24 => format!("{months} months"),
        _ if months % 12 == 0 => format!("{} years", months / 12),
        _ => format!("{years:.1} years"),
    }
}

/// The best value as what is shown, and the passages that give it or nearly so.
pub(super) fn best_passages(mut found: Vec<(f32, &Passage)>) -> Finding {
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.span.start.cmp(&b.1.span.start)));
    let best = found.first().map_or(0.0, |(credit, _)| *credit);
    let near = found.iter().take_while(|(credit, _)| *credit > 0.0 && *credit >= 0.8 * best);
    let spans = near.take(SHOWN_PASSAGES).map(|(_, passage)| passage.span.clone()).collect();
    Finding::shown(best, spans, None)
}
