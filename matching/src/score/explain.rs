//! From what was measured to what is told: status, points, and the passages with what they say of a skill.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;

use super::evidence::Finding;
use super::job::{Requirement, RequirementKind};
use super::result::{Evidence, Part, RequirementResult, Status};
use super::resume::{Passage, PreparedResume, month};
use super::weights::SAID;
use crate::Document;
use crate::skills::{Relation, SkillMention, Taxonomy};

/// Credit from which a requirement is met, and from which it is partly met.
pub(super) const MET: f32 = 0.8;
const PARTLY: f32 = 0.3;
/// Cosine from which a passage comes near a task.
const NEAR: f32 = 0.35;

/// What telling needs beside the findings.
pub(super) struct Explainer<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) resume: &'a PreparedResume,
    pub(super) document: &'a Document,
    pub(super) as_of: Date,
}

impl Explainer<'_> {
    /// One requirement with its weight as a share of the whole.
    pub(super) fn requirement(
        &self,
        requirement: &Requirement,
        finding: &Finding,
        weight: f32,
    ) -> RequirementResult {
        let status = status(requirement.kind, finding);
        // A passage that shows next to nothing is no evidence.
        let shown = if status == Status::Unmet { &[] } else { finding.spans.as_slice() };
        RequirementResult {
            text: requirement.text.clone(),
            span: requirement.span.clone(),
            kind: requirement.kind,
            importance: requirement.importance,
            weight: hundredths(100.0 * f64::from(weight)),
            points: hundredths(100.0 * f64::from(weight) * f64::from(finding.credit)),
            status,
            evidence: shown.iter().map(|span| self.evidence(requirement, span)).collect(),
            note: finding.note.clone(),
            unknown_skill: requirement.unknown,
        }
    }

    fn evidence(&self, requirement: &Requirement, span: &Range<usize>) -> Evidence {
        let passage = self.resume.passages.iter().find(|passage| passage.span == *span);
        let mention = passage.and_then(|passage| self.mention(requirement, passage));
        let last_used = passage.zip(mention).and_then(|(passage, mention)| self.last_used(passage, mention));
        Evidence {
            span: span.clone(),
            text: self.document.slice(span).split_whitespace().collect::<Vec<_>>().join(" "),
            level: mention.and_then(|mention| mention.level),
            last_used,
        }
    }

    /// The mention that shows a skill which the requirement asks for.
    fn mention<'p>(&self, requirement: &Requirement, passage: &'p Passage) -> Option<&'p SkillMention> {
        let shows = |mention: &&SkillMention| {
            let relation = |wanted| self.taxonomy.relation(mention.skill, wanted);
            let named = |wanted: &_| matches!(relation(*wanted), Relation::Same | Relation::Implies);
            !mention.negated && requirement.skills.iter().any(named)
        };
        passage.mentions.iter().filter(shows).max_by_key(|mention| mention.level)
    }

    /// The month of the last use: by the years beside the name, else by the dates of the position.
    fn last_used(&self, passage: &Passage, mention: &SkillMention) -> Option<String> {
        let end = match mention.period {
            Some(period) => period.to.map(|year| (i32::from(year) + 1) * 12),
            None => self.resume.stretches.get(passage.position?)?.end,
        };
        let last = end.unwrap_or_else(|| month(self.as_of)).min(month(self.as_of)) - 1;
        Some(format!("{:04}-{:02}", last.div_euclid(12), last.rem_euclid(12) + 1))
    }
}

/// A task is met only where a passage says it, however much of its field the resume is.
fn status(kind: RequirementKind, finding: &Finding) -> Status {
    let duty = kind == RequirementKind::Duty;
    let nearest = finding.signals.nearest;
    match finding.credit {
        credit if credit >= MET && (!duty || nearest >= SAID) => Status::Met,
        credit if credit >= PARTLY && (!duty || nearest >= NEAR) => Status::Partly,
        _ => Status::Unmet,
    }
}

/// The score by kind of requirement.
pub(super) fn parts(requirements: &[RequirementResult]) -> Vec<Part> {
    let mut sums: BTreeMap<RequirementKind, (f64, f64)> = BTreeMap::new();
    for requirement in requirements {
        let (points, out_of) = sums.entry(requirement.kind).or_default();
        *points += requirement.points;
        *out_of += requirement.weight;
    }
    sums.into_iter()
        .map(|(kind, (points, out_of))| Part { kind, points: hundredths(points), out_of: hundredths(out_of) })
        .collect()
}

/// One decimal; what is shown is what is compared.
pub(super) fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
