//! The result in two sentences, as one would say it across a table.

use super::job::{Importance, RequirementKind};
use super::result::{RequirementResult, Status};

/// Scores from which a match is called so; a resume that shows every must and half of the rest reaches about 75.
const BANDS: [(f64, &str); 4] =
    [(75.0, "A strong match"), (55.0, "A good match"), (35.0, "A partial match"), (0.0, "A weak match")];
/// The width of a band.
const BAND: f64 = 20.0;
/// How many missing musts are named.
const NAMED: usize = 4;
/// Longest name of a requirement, in characters.
const LONGEST: usize = 60;

/// Says how good the match is, how much is met, and which musts are not shown.
pub(super) fn summary(score: f64, requirements: &[RequirementResult]) -> String {
    let scored: Vec<&RequirementResult> =
        requirements.iter().filter(|requirement| requirement.weight > 0.0).collect();
    if scored.is_empty() {
        return "The advertisement names no requirement that could be compared.".to_owned();
    }
    let lower = if lacks_musts(&scored) { BAND } else { 0.0 };
    let count = |status| scored.iter().filter(|requirement| requirement.status == status).count();
    let band = BANDS.iter().find(|(from, _)| score - lower >= *from).map_or("A weak match", |(_, name)| name);
    let mut text =
        format!("{band}: the resume shows {} of {} requirements", count(Status::Met), scored.len());
    match count(Status::Partly) {
        0 => {}
        partly => text += &format!(" and part of {partly} more"),
    }
    text.push('.');
    let musts: Vec<&&RequirementResult> = scored
        .iter()
        .filter(|requirement| {
            requirement.importance == Importance::Must
                && requirement.status == Status::Unmet
                && requirement.kind != RequirementKind::Title
        })
        .collect();
    let names: Vec<String> = musts.iter().take(NAMED).map(|requirement| short(&requirement.text)).collect();
    let more = musts.len().saturating_sub(NAMED);
    match (names.is_empty(), more) {
        (true, _) => {}
        (false, 0) => text += &format!(" Asked for as a must and not shown: {}.", names.join("; ")),
        (false, more) => {
            text += &format!(" Asked for as a must and not shown: {}; and {more} more.", names.join("; "));
        }
    }
    text
}

/// Whether a third of what is a must is not shown, by weight: such a match is called one band lower than its score.
fn lacks_musts(scored: &[&RequirementResult]) -> bool {
    let (mut all, mut unmet) = (0.0, 0.0);
    for must in scored.iter().filter(|requirement| requirement.importance == Importance::Must) {
        all += must.weight;
        if must.status == Status::Unmet {
            unmet += must.weight;
        }
    }
    unmet > all / 3.0
}

fn short(text: &str) -> String {
    let text = text.trim_end_matches(['.', ';', ',']);
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST).collect();
    let whole = cut.rfind(' ').and_then(|at| cut.get(..at)).unwrap_or(&cut);
    format!("{} …", whole.trim_end_matches([',', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(text: &str, importance: Importance, status: Status) -> RequirementResult {
        RequirementResult {
            text: text.to_owned(),
            span: 0..0,
            kind: RequirementKind::Skill,
            importance,
            weight: 10.0,
            points: 0.0,
            status,
            evidence: Vec::new(),
            note: None,
            unknown_skill: false,
        }
    }

    #[test]
    fn missing_musts_are_named_and_pluses_are_not() {
        let requirements = [
            requirement("Python", Importance::Must, Status::Met),
            requirement("SQL", Importance::Must, Status::Partly),
            requirement("Terraform", Importance::Must, Status::Unmet),
            requirement("Ansible", Importance::Nice, Status::Unmet),
        ];
        assert_eq!(
            summary(60.0, &requirements),
            "A good match: the resume shows 1 of 4 requirements and part of 1 more. Asked for as a must and not shown: Terraform."
        );
        assert!(summary(0.0, &[]).contains("no requirement"));
    }
}
