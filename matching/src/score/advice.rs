//! What to change in the resume. Nothing is advised that the resume gives no ground for: what is missing is said to be
//! missing, what is near is quoted.

use super::evidence::Finding;
use super::job::{Importance, RequirementKind};
use super::result::{Advice, AdviceKind, RequirementResult, Status};
use super::{PreparedJob, PreparedResume, round};
use crate::Document;
use crate::skills::{Relation, SkillId, Taxonomy};

/// How many pieces of advice are given at most.
const MOST: usize = 12;
/// Credit from which a skill counts as named.
const NAMED: f32 = 0.8;

/// Skills that the job asks for, by whether the resume names them.
pub(super) struct NamedSkills {
    pub(super) matched: Vec<String>,
    /// With what each would add, most first.
    pub(super) missing: Vec<(String, f64)>,
}

impl NamedSkills {
    /// Sorts the job's skills; `gain` scores the resume as if it showed the skill.
    pub(super) fn new(
        taxonomy: &Taxonomy,
        job: &PreparedJob,
        findings: &[Finding],
        gain: impl Fn(SkillId) -> f64,
    ) -> Self {
        let (mut matched, mut missing) = (Vec::new(), Vec::new());
        for (requirement, finding) in job.requirements().iter().zip(findings) {
            if matches!(requirement.kind, RequirementKind::Years) || requirement.skills.is_empty() {
                continue;
            }
            if finding.credit >= NAMED {
                matched.push(requirement.text.clone());
                continue;
            }
            // Of alternatives the one that adds most is what is missing.
            let best = requirement
                .skills
                .iter()
                .filter_map(|id| Some((gain(*id), taxonomy.get(*id)?.name)))
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
            if let Some((gain, _)) = best {
                missing.push((requirement.text.clone(), gain));
            }
        }
        missing.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Self { matched, missing }
    }
}

/// All advice, what adds most first.
pub(super) fn advise(
    taxonomy: &Taxonomy,
    resume: &PreparedResume,
    document: &Document,
    job: &PreparedJob,
    results: &[RequirementResult],
    named: &NamedSkills,
) -> Vec<Advice> {
    let mut advice = Vec::new();
    for (index, (requirement, result)) in job.requirements().iter().zip(results).enumerate() {
        let rest = round(result.weight - result.points);
        match result.kind {
            RequirementKind::Skill | RequirementKind::Certificate | RequirementKind::Language => {
                let missing = named.missing.iter().find(|(name, _)| *name == result.text);
                advice.extend(missing.map(|(_, gain)| missing_advice(result, *gain)));
                advice.extend(show_use(taxonomy, resume, &requirement.skills, result, rest));
                advice.extend(their_name(resume, document, &requirement.skills, result, job.wording(index)));
            }
            RequirementKind::Duty => advice.extend(reword(result, rest)),
            RequirementKind::Degree if result.status != Status::Met => {
                advice.push(Advice {
                    kind: AdviceKind::MissingCredential,
                    text: degree_text(result),
                    gain: rest,
                });
            }
            _ => {}
        }
    }
    advice.sort_by(|a, b| b.gain.total_cmp(&a.gain).then(a.text.cmp(&b.text)));
    advice.dedup_by(|a, b| a.text == b.text);
    advice.truncate(MOST);
    advice
}

fn wanted(importance: Importance) -> &'static str {
    match importance {
        Importance::Must => "is asked for as a must",
        Importance::Normal => "is asked for",
        Importance::Nice => "would be a plus",
    }
}

fn missing_advice(result: &RequirementResult, gain: f64) -> Advice {
    let name = &result.text;
    let wanted = wanted(result.importance);
    let near = result.evidence.first().filter(|_| result.note.is_some());
    let (kind, text) = match (result.kind, near) {
        (RequirementKind::Skill, Some(near)) => (
            AdviceKind::MissingSkill,
            format!(
                "{name} {wanted}; the resume shows something near it: \"{}\". If you have used {name} itself, say where.",
                quote(&near.text)
            ),
        ),
        (RequirementKind::Skill, None) => (
            AdviceKind::MissingSkill,
            format!(
                "Not found in the resume: {name}, which {wanted}. If you have it, name the work in which you used it."
            ),
        ),
        _ => (
            AdviceKind::MissingCredential,
            format!(
                "Not found in the resume: {name}, which {wanted}. If you hold it, list it with its date."
            ),
        ),
    };
    Advice { kind, text, gain }
}

/// A skill that stands only in a list.
fn show_use(
    taxonomy: &Taxonomy,
    resume: &PreparedResume,
    skills: &[SkillId],
    result: &RequirementResult,
    rest: f64,
) -> Option<Advice> {
    if result.kind != RequirementKind::Skill || result.status != Status::Met || rest <= 0.0 {
        return None;
    }
    let listed = resume.passages.iter().find(|passage| {
        passage.listing
            && passage.mentions.iter().any(|mention| {
                skills.iter().any(|id| {
                    matches!(taxonomy.relation(mention.skill, *id), Relation::Same | Relation::Implies)
                })
            })
    })?;
    let text = format!(
        "{} is only listed (\"{}\"): name it in the entry of the job or project in which you used it.",
        result.text,
        quote(&listed.text)
    );
    Some(Advice { kind: AdviceKind::ShowUse, text, gain: rest })
}

/// The resume's name of a skill where the advertisement writes another: programs that filter by words see only words.
fn their_name(
    resume: &PreparedResume,
    document: &Document,
    skills: &[SkillId],
    result: &RequirementResult,
    theirs: &str,
) -> Option<Advice> {
    if result.status != Status::Met || skills.len() != 1 || theirs.is_empty() {
        return None;
    }
    let mentions = resume.passages.iter().flat_map(|passage| &passage.mentions);
    let mut own: Option<String> = None;
    for mention in mentions.filter(|mention| skills.contains(&mention.skill)) {
        let written = document.slice(&mention.span);
        if written.eq_ignore_ascii_case(theirs) {
            return None;
        }
        own.get_or_insert_with(|| written.to_owned());
    }
    let own = own?;
    let text = format!(
        "You write \"{own}\", the advertisement writes \"{theirs}\": use both, for readers that search by word."
    );
    Some(Advice { kind: AdviceKind::UseTheirName, text, gain: 0.0 })
}

fn reword(result: &RequirementResult, rest: f64) -> Option<Advice> {
    let near = result.evidence.first()?;
    if result.status != Status::Partly || rest < 0.3 {
        return None;
    }
    let text = format!(
        "The advertisement asks: \"{}\". Near it the resume says: \"{}\". If that is the same work, say so in the advertisement's words.",
        quote(&result.text),
        quote(&near.text)
    );
    Some(Advice { kind: AdviceKind::Reword, text, gain: rest })
}

fn degree_text(result: &RequirementResult) -> String {
    match result.evidence.first() {
        Some(held) => format!(
            "The advertisement asks: \"{}\". The highest degree found is: \"{}\".",
            quote(&result.text),
            quote(&held.text)
        ),
        None => format!(
            "The advertisement asks: \"{}\". No degree was found in the resume: if you hold one, name it in full.",
            quote(&result.text)
        ),
    }
}

/// At most 120 characters, cut at a word.
fn quote(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short = String::new();
    for word in text.split_whitespace() {
        if short.chars().count() + word.chars().count() + 1 > LONGEST {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    short + " …"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_cut_at_words() {
        assert_eq!(quote("short"), "short");
        let long = "word ".repeat(60);
        let cut = quote(&long);
        assert!(cut.ends_with("word …") && cut.chars().count() < 125, "{cut}");
    }
}
