//! The numbers of the score. They were set by hand and are not fitted (docs/scoring.md).

use super::job::{Importance, Requirement, RequirementKind};

/// Version of the rules and of the numbers below: change it with either.
pub(super) const ALGORITHM: &str = "1";

/// Numbers of the score, to be tried on graded pairs; the default ones were set by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Share of meaning in a duty's likeness.
    pub meaning: f32,
    /// Share of the words that one passage has.
    pub words_here: f32,
    /// Share of the words that the whole resume has.
    pub words_anywhere: f32,
    /// Likeness from which a duty begins to count.
    pub duty_from: f32,
    /// Likeness at which a duty is fully shown.
    pub duty_to: f32,
    /// Likeness from which a title begins to count.
    pub title_from: f32,
    /// Likeness at which a title is the same.
    pub title_to: f32,
    /// Shares of the kinds, in the order skill, credential, language, years, degree, title, duty.
    pub shares: [f32; 7],
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            meaning: 0.6,
            words_here: 0.25,
            words_anywhere: 0.15,
            duty_from: 0.2,
            duty_to: 0.65,
            title_from: 0.25,
            title_to: 0.8,
            shares: [0.34, 0.06, 0.04, 0.06, 0.06, 0.12, 0.32],
        }
    }
}

/// 0 up to `from`, 1 from `to` on, straight between.
pub(super) fn ramp(value: f32, from: f32, to: f32) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

impl Tuning {
    fn share(&self, kind: RequirementKind) -> f32 {
        let [skill, credential, language, years, degree, title, duty] = self.shares;
        match kind {
            RequirementKind::Skill => skill,
            RequirementKind::Certificate => credential,
            RequirementKind::Language => language,
            RequirementKind::Years => years,
            RequirementKind::Degree => degree,
            RequirementKind::Title => title,
            RequirementKind::Duty => duty,
            RequirementKind::Place => 0.0,
        }
    }

    /// The weight of each requirement; together 1. `factors` say how much each counts beside others of its kind.
    pub(super) fn weights(&self, requirements: &[Requirement], factors: &[f32]) -> Vec<f32> {
        let own: Vec<f32> = requirements
            .iter()
            .zip(factors)
            .map(|(requirement, factor)| importance(requirement) * factor)
            .collect();
        let mut weights: Vec<f32> = Vec::with_capacity(own.len());
        for (requirement, weight) in requirements.iter().zip(&own) {
            let same = requirements.iter().zip(&own).filter(|(other, _)| other.kind == requirement.kind);
            let (mut count, mut sum) = (0.0, 0.0);
            for (_, weight) in same {
                count += 1.0;
                sum += weight;
            }
            // A single skill does not stand for the whole kind: the share grows with the number.
            let share = self.share(requirement.kind)
                * match requirement.kind {
                    RequirementKind::Skill | RequirementKind::Duty => count / (count + 2.0),
                    _ => 1.0,
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
}
