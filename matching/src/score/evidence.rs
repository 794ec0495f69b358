//! Judges one requirement by the passages of a resume: how much of it is shown, and where.

use std::ops::Range;

use jiff::civil::Date;

use super::PreparedJob;
use super::job::{Requirement, RequirementKind};
use super::resume::{Passage, PreparedResume};
use super::subject::Subject;
use super::weights::{Tuning, ramp};
use crate::embed::Embedding;
use crate::skills::{Relation, SkillId, Taxonomy};

/// What was found for a requirement.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Finding {
    /// How much of it is shown, 0 to 1.
    pub(super) credit: f32,
    /// Where, best first.
    pub(super) spans: Vec<Range<usize>>,
    /// Why it is not fully met.
    pub(super) note: Option<String>,
}

impl Finding {
    fn new(credit: f32, spans: Vec<Range<usize>>) -> Self {
        Self { credit, spans, note: None }
    }

    fn or_better(self, other: Self) -> Self {
        if other.credit > self.credit { other } else { self }
    }
}

/// Everything that judging needs.
pub(super) struct Judge<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) job: &'a PreparedJob,
    pub(super) resume: &'a PreparedResume,
    pub(super) tuning: &'a Tuning,
    /// The day that positions which still last are counted to.
    pub(super) as_of: Date,
    /// A skill that is taken as shown, to see what it would add.
    pub(super) assumed: Option<SkillId>,
}

/// Credit of a skill that a passage of work shows.
const SHOWN: f32 = 1.0;
/// Credit of a skill that is only listed.
const LISTED: f32 = 0.85;
/// Credit of a neighbour of the skill.
const NEIGHBOUR: f32 = 0.4;
/// Credit of a wider skill than the one asked for.
const WIDER: f32 = 0.3;
/// The most that likeness of meaning gives where a skill is asked for by name.
const MEANT: f32 = 0.45;
/// Credit of a degree of the right level in a subject that has nothing to do with the one asked for.
const OTHER_SUBJECT: f32 = 0.4;
/// How many passages are shown as evidence at most.
const SHOWN_PASSAGES: usize = 3;

impl Judge<'_> {
    /// Judges requirement number `index` of the job.
    pub(super) fn judge(&self, index: usize) -> Finding {
        let Some(requirement) = self.job.requirements().get(index) else { return Finding::default() };
        match requirement.kind {
            RequirementKind::Skill => self.skill(requirement).or_better(self.meant(index)),
            RequirementKind::Certificate => self.skill(requirement),
            RequirementKind::Language => self.language(requirement),
            RequirementKind::Years => self.years(requirement),
            RequirementKind::Degree => self.degree(index, requirement),
            RequirementKind::Title => self.title(index, requirement),
            RequirementKind::Duty => self.duty(index),
            RequirementKind::Place => Finding::default(),
        }
    }

    fn skill(&self, requirement: &Requirement) -> Finding {
        let mut best = Finding::default();
        for wanted in &requirement.skills {
            if let Some(assumed) = self.assumed
                && matches!(self.taxonomy.relation(assumed, *wanted), Relation::Same | Relation::Implies)
            {
                return Finding::new(SHOWN, Vec::new());
            }
            best = best.or_better(self.one_skill(*wanted));
        }
        best
    }

    fn one_skill(&self, wanted: SkillId) -> Finding {
        let mut found: Vec<(f32, &Passage)> = Vec::new();
        let mut nearest: Option<&'static str> = None;
        for passage in &self.resume.passages {
            let mut credit = 0.0_f32;
            for mention in passage.mentions.iter().filter(|mention| !mention.negated) {
                let value = match self.taxonomy.relation(mention.skill, wanted) {
                    Relation::Same | Relation::Implies if passage.listing => LISTED,
                    Relation::Same | Relation::Implies => SHOWN,
                    Relation::Related => NEIGHBOUR,
                    Relation::ImpliedBy => WIDER,
                    Relation::None => continue,
                };
                if value > credit {
                    credit = value;
                    if value <= NEIGHBOUR && nearest.is_none() {
                        nearest = Some(mention.canonical);
                    }
                }
            }
            if credit > 0.0 {
                found.push((credit, passage));
            }
        }
        let mut finding = best_passages(found);
        if finding.credit < LISTED
            && let (Some(near), Some(wanted)) = (nearest, self.taxonomy.get(wanted))
        {
            finding.note = Some(format!("{near} is near {}, but not the same", wanted.name));
        }
        finding
    }

    /// A skill that no name shows, but that a passage speaks of in other words.
    fn meant(&self, index: usize) -> Finding {
        let mut finding = self.duty(index);
        finding.credit *= MEANT;
        finding
    }

    fn language(&self, requirement: &Requirement) -> Finding {
        let finding = self.skill(requirement);
        let english = self.taxonomy.by_name("English");
        if finding.credit < SHOWN
            && self.resume.english
            && requirement.skills.iter().any(|id| Some(*id) == english)
        {
            return Finding {
                credit: SHOWN,
                spans: finding.spans,
                note: Some("the resume is written in English".to_owned()),
            };
        }
        finding
    }

    fn years(&self, requirement: &Requirement) -> Finding {
        let wanted = requirement.years.unwrap_or_default().max(0.5);
        let mut best = Finding::default();
        if !requirement.skills.is_empty() {
            for passage in &self.resume.passages {
                for mention in passage.mentions.iter().filter(|mention| !mention.negated) {
                    let named = requirement.skills.iter().any(|skill| {
                        matches!(
                            self.taxonomy.relation(mention.skill, *skill),
                            Relation::Same | Relation::Implies
                        )
                    });
                    if let Some(years) = mention.years.filter(|_| named) {
                        best = best
                            .or_better(Finding::new((years / wanted).min(1.0), vec![passage.span.clone()]));
                    }
                }
            }
        }
        let Some(total) = self.resume.years(self.as_of) else {
            if best.credit == 0.0 {
                best.note = Some("no dates of employment were found".to_owned());
            }
            return best;
        };
        // Years in general stand for years with the skill only as far as the skill is shown.
        let skill = if requirement.skills.is_empty() { 1.0 } else { self.skill(requirement).credit };
        let spans = self.resume.titles.iter().take(SHOWN_PASSAGES).map(|(_, span)| span.clone()).collect();
        let general = Finding {
            credit: (total / wanted).min(1.0) * skill,
            spans,
            note: Some(format!("the dates of employment add up to {total:.1} years")),
        };
        best.or_better(general)
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
            let (fit, other) = match super::subject::nearest(subjects, requirement.related, &held.subjects) {
                _ if subjects.is_empty() => (1.0, None),
                Some((fit, _)) if fit >= super::MET => (1.0, None),
                Some((fit, nearest)) => (
                    fit,
                    Some(format!("the degree is in {}, not in {}", nearest.text, subject_list(subjects))),
                ),
                None => (
                    0.5,
                    Some(format!(
                        "the degree's subject is not named; asked for is {}",
                        subject_list(subjects)
                    )),
                ),
            };
            let found = Finding {
                credit: level * (OTHER_SUBJECT + (1.0 - OTHER_SUBJECT) * fit),
                spans: vec![held.span.clone()],
                note: lower.or(other),
            };
            best = best.or_better(found);
        }
        best
    }

    fn title(&self, index: usize, requirement: &Requirement) -> Finding {
        let words = super::words::content_words(&requirement.text);
        let Some(vector) = self.job.vector(index) else { return Finding::default() };
        let mut found: Vec<(f32, &Passage)> = Vec::new();
        for passage in &self.resume.passages {
            let shared = words.iter().filter(|word| passage.words.contains(*word)).count() as f32;
            let overlap = if words.is_empty() { 0.0 } else { shared / words.len() as f32 };
            // A title among many other words is a weaker sign than a line that is the title.
            let focus =
                if passage.listing { 0.0 } else { (8.0 / passage.words.len().max(1) as f32).min(1.0) };
            let likeness = 0.6 * meaning(passage, vector) + 0.4 * overlap * (0.5 + 0.5 * focus);
            let credit = ramp(likeness, self.tuning.title_from, self.tuning.title_to);
            if credit > 0.0 {
                found.push((credit, passage));
            }
        }
        best_passages(found)
    }

    /// A task in free words: meaning of the nearest passages, and how many of its words the resume has.
    fn duty(&self, index: usize) -> Finding {
        let (Some(vector), Some(words)) = (self.job.vector(index), self.job.words(index)) else {
            return Finding::default();
        };
        let total: f32 = words.values().sum();
        let mut covered: f32 = 0.0;
        for (word, weight) in words {
            if self.resume.passages.iter().any(|passage| passage.words.contains(word)) {
                covered += weight;
            }
        }
        let anywhere = if total > 0.0 { covered / total } else { 0.0 };
        let mut found: Vec<(f32, &Passage)> = Vec::new();
        for passage in &self.resume.passages {
            let shared: f32 = words
                .iter()
                .filter(|(word, _)| passage.words.contains(*word))
                .map(|(_, weight)| weight)
                .sum();
            let here = if total > 0.0 { shared / total } else { 0.0 };
            let likeness = self.tuning.meaning * meaning(passage, vector)
                + self.tuning.words_here * here
                + self.tuning.words_anywhere * anywhere;
            let credit = ramp(likeness, self.tuning.duty_from, self.tuning.duty_to);
            if credit > 0.0 {
                found.push((credit, passage));
            }
        }
        best_passages(found)
    }
}

/// "computer science or physics".
fn subject_list(subjects: &[Subject]) -> String {
    let names: Vec<&str> = subjects.iter().map(|subject| subject.text.as_str()).collect();
    names.join(" or ")
}

/// How near a passage's meaning is to a wish, 0 to 1. A list of skills tells of no work, and its vector moves with each
/// entry; were it to count, one more true skill could lower a score.
fn meaning(passage: &Passage, wish: &Embedding) -> f32 {
    if passage.listing { 0.0 } else { passage.vector.cosine(wish).max(0.0) }
}

/// The best credit, and the passages that give it or nearly so.
fn best_passages(mut found: Vec<(f32, &Passage)>) -> Finding {
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.span.start.cmp(&b.1.span.start)));
    let best = found.first().map_or(0.0, |(credit, _)| *credit);
    let spans = found
        .iter()
        .take_while(|(credit, _)| *credit >= 0.8 * best)
        .take(SHOWN_PASSAGES)
        .map(|(_, passage)| passage.span.clone())
        .collect();
    Finding::new(best, spans)
}
