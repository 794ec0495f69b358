//! The numbers of the score, fitted on graded pairs (docs/scoring.md), and how they are put together.

use super::job::{Importance, Requirement, RequirementKind};

/// Version of the rules and of the numbers below: change it with either.
pub(super) const ALGORITHM: &str = "3";

/// What was measured of one requirement in one resume, before any weight; each from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Signals {
    /// How far names and facts show it: a skill by its name, years by dates, a degree.
    pub shown: f32,
    /// Cosine of the passage (for a title: the title) that is nearest in meaning.
    pub nearest: f32,
    /// Mean cosine of the three nearest passages.
    pub field: f32,
    /// Share of its words in the passage (for a title: the title) that has most of them.
    pub here: f32,
    /// Share of its words in the whole resume.
    pub anywhere: f32,
    /// For a title: mean cosine of the six passages nearest to the advertisement as a whole.
    pub gist: f32,
    /// For a title: mean over the six passages nearest to any task of how near each is.
    pub work: f32,
    /// For a skill: whether it is a product, a programming language or a name that the taxonomy does not know.
    pub product: bool,
}

/// Numbers of the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// A duty's likeness: shares of [`Signals::nearest`], `field`, `here` and `anywhere`.
    pub duty: [f32; 4],
    /// Likeness from which a duty begins to count, and at which it is fully shown.
    pub duty_ramp: [f32; 2],
    /// A title's likeness: shares of [`Signals::nearest`], `field`, `here`, `gist` and `work`.
    pub title: [f32; 5],
    /// Likeness from which a title begins to count, and at which it is the same.
    pub title_ramp: [f32; 2],
    /// The most that likeness gives where a skill is asked for by name.
    pub meant: f32,
    /// Shares of the kinds, in the order skill, credential, language, years, degree, title, duty.
    pub shares: [f32; 7],
    /// Power of a word's rarity that says how much the word tells.
    pub rarity: f32,
    /// Power of a duty's mean rarity of words that says how much the duty counts beside others.
    pub rare_duty: f32,
    /// What a soft skill, which anybody may claim, counts beside other skills.
    pub soft: f32,
    /// What office software, which nearly every resume names, counts beside other skills.
    pub office: f32,
    /// What a skill that the taxonomy does not know counts beside others.
    pub unknown: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            duty: [0.64, 0.21, 0.25, 0.1],
            duty_ramp: [0.07, 0.6],
            title: [0.36, 0.42, 0.11, 0.1, 0.1],
            title_ramp: [0.18, 0.72],
            meant: 0.7,
            shares: [0.15, 0.06, 0.04, 0.05, 0.065, 0.23, 0.42],
            rarity: 2.0,
            rare_duty: 3.0,
            soft: 0.3,
            office: 0.3,
            unknown: 0.5,
        }
    }
}

/// Cosine from which a passage says in other words what is asked for.
pub(super) const SAID: f32 = 0.5;
/// The most that likeness gives to a skill that no passage says: less than partly met.
const UNNAMED: f32 = 0.29;

/// 0 up to `from`, 1 from `to` on, straight between.
pub(super) fn ramp(value: f32, from: f32, to: f32) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

impl Tuning {
    /// How far a requirement is met, 0 to 1. It never falls when a signal rises.
    #[must_use]
    pub fn credit(&self, kind: RequirementKind, signals: &Signals) -> f32 {
        match kind {
            RequirementKind::Duty => self.likeness(signals),
            RequirementKind::Skill => {
                // A product is shown by its name, and a skill in other words only by words that are near.
                let most = if signals.product || signals.nearest < SAID { UNNAMED } else { 1.0 };
                signals.shown.max((self.meant * self.likeness(signals)).min(most))
            }
            RequirementKind::Title => {
                let [nearest, field, here, gist, work] = self.title;
                let [from, to] = self.title_ramp;
                let sum = nearest * signals.nearest
                    + field * signals.field
                    + here * signals.here
                    + gist * signals.gist
                    + work * signals.work;
                ramp(sum, from, to)
            }
            RequirementKind::Place | RequirementKind::WorkPermit => 0.0,
            _ => signals.shown,
        }
    }

    fn likeness(&self, signals: &Signals) -> f32 {
        let [nearest, field, here, anywhere] = self.duty;
        let [from, to] = self.duty_ramp;
        let sum = nearest * signals.nearest
            + field * signals.field
            + here * signals.here
            + anywhere * signals.anywhere;
        ramp(sum, from, to)
    }

    fn share(&self, kind: RequirementKind) -> f32 {
        let [skill, credential, language, years, degree, title, duty] = self.shares;
        match kind {
            RequirementKind::Skill => skill,
            RequirementKind::Certificate | RequirementKind::Clearance => credential,
            RequirementKind::Language => language,
            RequirementKind::Years => years,
            RequirementKind::Degree => degree,
            RequirementKind::Title => title,
            RequirementKind::Duty => duty,
            RequirementKind::Place | RequirementKind::WorkPermit => 0.0,
        }
    }

    /// The weight of each requirement; together 1. `factors` say how much each counts beside others of its kind.
    pub(super) fn weights(&self, requirements: &[Requirement], factors: &[f32]) -> Vec<f32> {
        let own: Vec<f32> = requirements
            .iter()
            .zip(factors)
            .map(|(requirement, factor)| importance(requirement) * factor)
            .collect();
        // Where tasks are named by their skills, the skills stand for them.
        let duties = requirements.iter().filter(|found| found.kind == RequirementKind::Duty).count() as f32;
        let left_by_duties = self.share(RequirementKind::Duty) * 2.0 / (duties + 2.0);
        let mut weights: Vec<f32> = Vec::with_capacity(own.len());
        for (requirement, weight) in requirements.iter().zip(&own) {
            let same = requirements.iter().zip(&own).filter(|(other, _)| other.kind == requirement.kind);
            let (mut count, mut sum) = (0.0, 0.0);
            for (_, weight) in same {
                count += 1.0;
                sum += weight;
            }
            // A single skill does not stand for the whole kind: the share grows with the number.
            let share = match requirement.kind {
                RequirementKind::Skill => {
                    (self.share(requirement.kind) + left_by_duties) * count / (count + 2.0)
                }
                RequirementKind::Duty => self.share(requirement.kind) * count / (count + 2.0),
                kind => self.share(kind),
            };
            weights.push(if sum > 0.0 { share * weight / sum } else { 0.0 });
        }
        let total: f32 = weights.iter().sum();
        if total > 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= total);
        }
        weights
    }
}

fn importance(requirement: &Requirement) -> f32 {
    match requirement.importance {
        Importance::Must => 3.0,
        Importance::Normal => 2.0,
        Importance::Nice => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_flat_at_both_ends() {
        assert_eq!(ramp(0.1, 0.25, 0.75), 0.0);
        assert_eq!(ramp(0.5, 0.25, 0.75), 0.5);
        assert_eq!(ramp(0.9, 0.25, 0.75), 1.0);
    }

    #[test]
    fn no_credit_falls_when_a_signal_rises() {
        let tuning = Tuning::default();
        let kinds =
            [RequirementKind::Duty, RequirementKind::Skill, RequirementKind::Title, RequirementKind::Years];
        for kind in kinds {
            for base in [0.0, 0.3, 0.6] {
                let low = Signals {
                    shown: base,
                    nearest: base,
                    field: base,
                    here: base,
                    anywhere: base,
                    gist: base,
                    work: base,
                    product: false,
                };
                for raise in 0..7 {
                    let mut high = low;
                    *[
                        &mut high.shown,
                        &mut high.nearest,
                        &mut high.field,
                        &mut high.here,
                        &mut high.anywhere,
                        &mut high.gist,
                        &mut high.work,
                    ][raise] += 0.3;
                    assert!(
                        tuning.credit(kind, &high) >= tuning.credit(kind, &low),
                        "{kind:?} {base} {raise}"
                    );
                }
            }
        }
    }
}
