//! What to change in the resume. Nothing is advised that the resume gives no ground for: what is missing is said to be
//! missing, what is near is quoted, and every gain is found by scoring the changed resume.

use super::PreparedJob;
use super::changes::Changes;
use super::job::{Importance, Requirement, RequirementKind};
use super::result::{Advice, AdviceKind, RequirementResult, Status};
use super::words::stem;
use crate::Document;
use crate::skills::normalise::tokenise;
use crate::skills::{Kind, Relation, SkillId, Taxonomy};

/// How many pieces of advice are given at most, and how many of one kind.
const MOST: usize = 12;
const MOST_OF_A_KIND: usize = 5;
/// Fewer words make a heading, not a line of work.
const LINE_WORDS: usize = 4;
/// A title has no more words.
const TITLE_WORDS: usize = 8;
/// Less than this many points is not worth a person's time.
const WORTH: f64 = 0.3;

/// Skills that the job asks for, by whether the resume names them.
pub(super) struct NamedSkills {
    pub(super) matched: Vec<String>,
    /// With what each would add, most first.
    pub(super) missing: Vec<(String, f64)>,
}

impl NamedSkills {
    /// Sorts the job's skills; the gain is that of a line of work which names the skill.
    pub(super) fn new(
        taxonomy: &Taxonomy,
        job: &PreparedJob,
        results: &[RequirementResult],
        changes: &Changes<'_>,
    ) -> Self {
        let (mut matched, mut missing) = (Vec::new(), Vec::new());
        for (index, (requirement, result)) in job.requirements().iter().zip(results).enumerate() {
            let by_name = requirement.unknown || !requirement.skills.is_empty();
            if matches!(requirement.kind, RequirementKind::Years) || !by_name {
                continue;
            }
            if result.status == Status::Met || is_named(taxonomy, requirement, changes) {
                matched.push(requirement.text.clone());
                continue;
            }
            // Of alternatives the one that adds most is what is missing.
            let gain =
                |id: &SkillId| taxonomy.get(*id).map(|skill| changes.naming(*id, skill.name, skill.kind));
            let best = if requirement.unknown {
                Some(changes.saying(index))
            } else {
                requirement.skills.iter().filter_map(gain).max_by(f64::total_cmp)
            };
            missing.extend(best.map(|gain| (requirement.text.clone(), gain)));
        }
        missing.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Self { matched, missing }
    }
}

/// Whether the resume names the skill, be it at a lower level than asked for.
fn is_named(taxonomy: &Taxonomy, requirement: &Requirement, changes: &Changes<'_>) -> bool {
    let mut mentions = changes.resume.passages.iter().flat_map(|passage| &passage.mentions);
    mentions.any(|mention| !mention.negated && shows(taxonomy, mention.skill, requirement))
}

/// Whether having the skill is having one that is asked for.
fn shows(taxonomy: &Taxonomy, skill: SkillId, requirement: &Requirement) -> bool {
    let relation = |wanted: &SkillId| taxonomy.relation(skill, *wanted);
    requirement.skills.iter().any(|wanted| matches!(relation(wanted), Relation::Same | Relation::Implies))
}

/// All advice, what adds most first.
pub(super) fn advise(
    taxonomy: &Taxonomy,
    document: &Document,
    changes: &Changes<'_>,
    results: &[RequirementResult],
    named: &NamedSkills,
) -> Vec<Advice> {
    let writer = Writer { taxonomy, document, changes, named };
    let mut advice = Vec::new();
    for (index, (requirement, result)) in changes.job.requirements().iter().zip(results).enumerate() {
        match result.kind {
            RequirementKind::Skill | RequirementKind::Certificate | RequirementKind::Language => {
                advice.extend(writer.missing(result));
                advice.extend(writer.show_use(requirement, result));
                advice.extend(writer.their_name(index, requirement, result));
            }
            RequirementKind::Duty => advice.extend(writer.duty(index, result)),
            RequirementKind::Degree => advice.extend(writer.degree(index, result)),
            RequirementKind::Years => advice.extend(writer.years(index, requirement, result)),
            RequirementKind::Title => advice.extend(writer.headline(index, result)),
            RequirementKind::Clearance if result.status != Status::Met => advice.push(Advice {
                kind: AdviceKind::MissingCredential,
                text: format!(
                    "The advertisement asks for a clearance (\"{}\"), which the resume does not show. If you hold it, say which and until when.",
                    quote(&result.text)
                ),
                gain: changes.cleared(index),
            }),
            RequirementKind::Clearance | RequirementKind::Place | RequirementKind::WorkPermit => {}
        }
    }
    advice.sort_by(|a, b| b.gain.total_cmp(&a.gain).then(a.text.cmp(&b.text)));
    advice.dedup_by(|a, b| a.text == b.text);
    keep_the_best(advice)
}

/// A page of advice, and not all of it of one kind.
fn keep_the_best(advice: Vec<Advice>) -> Vec<Advice> {
    let mut kept: Vec<Advice> = Vec::new();
    for piece in advice {
        let of_kind = kept.iter().filter(|known| known.kind == piece.kind).count();
        if of_kind < MOST_OF_A_KIND && kept.len() < MOST {
            kept.push(piece);
        }
    }
    kept
}

struct Writer<'a> {
    taxonomy: &'a Taxonomy,
    document: &'a Document,
    changes: &'a Changes<'a>,
    named: &'a NamedSkills,
}

impl Writer<'_> {
    fn missing(&self, result: &RequirementResult) -> Option<Advice> {
        let (_, gain) = self.named.missing.iter().find(|(name, _)| *name == result.text)?;
        let name = &result.text;
        let wanted = match result.importance {
            Importance::Must => "is a must",
            Importance::Normal => "is asked for",
            Importance::Nice => "would be a plus",
        };
        let near = result.evidence.first().filter(|_| result.status == Status::Partly);
        let (kind, text) = match (result.kind, near) {
            (RequirementKind::Skill, Some(_)) if result.note.is_some() => (
                AdviceKind::MissingSkill,
                format!(
                    "{name} {wanted}: {}. If you have used {name} itself, say where.",
                    result.note.as_deref().unwrap_or_default()
                ),
            ),
            (RequirementKind::Skill, Some(near)) => (
                AdviceKind::MissingSkill,
                format!(
                    "{name} {wanted}. The resume comes near it with \"{}\", but does not name it: if you have used {name} itself, say so there.",
                    quote(&near.text)
                ),
            ),
            (RequirementKind::Skill, None) => (
                AdviceKind::MissingSkill,
                format!(
                    "{name} {wanted}, and the resume does not mention it. If you have it, name it in the job or project where you used it."
                ),
            ),
            (RequirementKind::Language, _) => (
                AdviceKind::MissingCredential,
                format!(
                    "{name} {wanted}, and the resume does not mention it. If you speak it, list it with your level."
                ),
            ),
            _ => (
                AdviceKind::MissingCredential,
                format!(
                    "{name} {wanted}, and the resume does not mention it. If you hold it, list it with its date and who issued it."
                ),
            ),
        };
        Some(Advice { kind, text, gain: *gain })
    }

    /// A skill that stands only in a list.
    fn show_use(&self, requirement: &Requirement, result: &RequirementResult) -> Option<Advice> {
        if result.kind != RequirementKind::Skill || result.status != Status::Met || result.note.is_some() {
            return None;
        }
        let id = *requirement.skills.first()?;
        let skill = self.taxonomy.get(id).filter(|skill| skill.kind != Kind::Soft)?;
        let gain = self.changes.naming(id, skill.name, skill.kind);
        if gain < WORTH {
            return None;
        }
        let listed = self.changes.resume.passages.iter().find(|passage| {
            let mut mentions = passage.mentions.iter().filter(|mention| !mention.negated);
            passage.listing && mentions.any(|mention| shows(self.taxonomy, mention.skill, requirement))
        })?;
        let text = format!(
            "{} stands only in a list (\"{}\"). Name it in the job or project where you used it: a list claims, a line of work shows.",
            result.text,
            quote(&listed.text)
        );
        Some(Advice { kind: AdviceKind::ShowUse, text, gain })
    }

    /// The resume's name of a skill where the advertisement writes another: programs that filter by words see only words.
    fn their_name(
        &self,
        index: usize,
        requirement: &Requirement,
        result: &RequirementResult,
    ) -> Option<Advice> {
        let theirs = self.changes.job.wording(index);
        let [id] = requirement.skills.as_slice() else { return None };
        if result.status != Status::Met || theirs.is_empty() {
            return None;
        }
        let mentions = self.changes.resume.passages.iter().flat_map(|passage| &passage.mentions);
        let mut own: Option<String> = None;
        for mention in mentions.filter(|mention| mention.skill == *id) {
            let written = self.document.slice(&mention.span);
            if same_name(written, theirs) || self.changes.job.says(written) {
                return None;
            }
            own.get_or_insert_with(|| written.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let text = format!(
            "You write \"{}\", the advertisement writes \"{theirs}\". Use both once, for readers and programs that search by word.",
            own?
        );
        Some(Advice { kind: AdviceKind::UseTheirName, text, gain: 0.0 })
    }

    /// A task: near a line of the resume, which may be worded nearer, or in none of them.
    fn duty(&self, index: usize, result: &RequirementResult) -> Option<Advice> {
        if result.status == Status::Met {
            return None;
        }
        let gain = self.changes.saying(index);
        if gain < WORTH {
            return None;
        }
        let asked = quote(&result.text);
        // A heading is no line of work.
        let line = result.evidence.iter().find(|near| near.text.split_whitespace().count() >= LINE_WORDS);
        let Some(near) = line else {
            let text = format!(
                "Nothing in the resume speaks of \"{asked}\". If you have done it, add a line: what you did, with what, and what came of it."
            );
            return Some(Advice { kind: AdviceKind::AddExperience, text, gain });
        };
        let terms = self.terms(index, &result.text, &near.text);
        let words = match terms.as_slice() {
            [] => "in the advertisement's words".to_owned(),
            terms => format!("with the advertisement's {}", terms.join(", ")),
        };
        let text = format!(
            "The advertisement asks for \"{asked}\". Your line \"{}\" comes near it; if it was that kind of work, say so {words}.",
            quote(&near.text)
        );
        Some(Advice { kind: AdviceKind::Reword, text, gain })
    }

    /// The most telling words of the advertisement that the passage has not, quoted, as they are written.
    fn terms(&self, index: usize, asked: &str, passage: &str) -> Vec<String> {
        const TERMS: usize = 3;
        /// Commoner words ("problems", "week") name no kind of work.
        const TELLING: f32 = 0.55;
        let Some(weights) = self.changes.job.words(index) else { return Vec::new() };
        let own: Vec<String> = super::words::content_words(passage);
        let mut terms: Vec<(f32, String)> = Vec::new();
        for token in tokenise(asked) {
            let stem = stem(&token.text);
            let known = own.iter().any(|word| word == stem);
            let telling = |weight: &&f32| !known && **weight >= TELLING && token.text.chars().count() > 3;
            let Some(weight) = weights.get(stem).filter(telling) else { continue };
            let written = asked.get(token.span).unwrap_or_default().to_owned();
            if !terms.iter().any(|(_, term)| *term == written) {
                terms.push((*weight, written));
            }
        }
        terms.sort_by(|a, b| b.0.total_cmp(&a.0));
        terms.into_iter().take(TERMS).map(|(_, term)| format!("\"{term}\"")).collect()
    }

    fn degree(&self, index: usize, result: &RequirementResult) -> Option<Advice> {
        if result.status == Status::Met {
            return None;
        }
        let asked = quote(&result.text);
        let text = match (result.evidence.first(), &result.note) {
            (Some(held), Some(note)) => format!(
                "The advertisement asks for \"{asked}\"; found is \"{}\": {note}. If courses or work make up for it, name them in the education section.",
                quote(&held.text)
            ),
            _ => format!(
                "The advertisement asks for \"{asked}\", and no such degree was found. If you hold one, write its full name, subject and year."
            ),
        };
        let gain = self.changes.holding_degree(index);
        Some(Advice { kind: AdviceKind::MissingCredential, text, gain })
    }

    fn years(&self, index: usize, requirement: &Requirement, result: &RequirementResult) -> Option<Advice> {
        let gain = self.changes.having_years(index);
        let asked = requirement.years?;
        if result.status == Status::Met || gain < WORTH {
            return None;
        }
        let note = result.note.as_deref().unwrap_or("the resume shows less");
        let years = if asked > 1.0 { format!("{asked} years are") } else { "One year is".to_owned() };
        let mend = if self.changes.resume.stretches.is_empty() {
            "Write when each position began and ended, like \"03/2019 - 05/2022\"."
        } else {
            "If there is more, such as freelance or part-time work, add it with month and year."
        };
        let text = format!("{years} asked for (\"{}\"); {note}. {mend}", quote(&result.text));
        Some(Advice { kind: AdviceKind::ShowYears, text, gain })
    }

    fn headline(&self, index: usize, result: &RequirementResult) -> Option<Advice> {
        if result.status != Status::Partly {
            return None;
        }
        let gain = self.changes.headed(index);
        let short = |near: &&super::Evidence| near.text.split_whitespace().count() <= TITLE_WORDS;
        let near = result.evidence.first().filter(short);
        let near = near.map(|near| format!(" (nearest now: \"{}\")", quote(&near.text)));
        let text = format!(
            "No title in the resume says \"{}\"{}. If your work was that in all but name, put it into the headline or the first line of the summary.",
            quote(&result.text),
            near.unwrap_or_default()
        );
        (gain >= WORTH).then_some(Advice { kind: AdviceKind::Headline, text, gain })
    }
}

/// Whether a search for one name finds the other: all words of one are in the other. Case, hyphens and plurals make no
/// difference to a search.
fn same_name(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let tokens = tokenise(text).into_iter();
        tokens.map(|token| token.text.strip_suffix('s').unwrap_or(&token.text).to_owned()).collect()
    };
    let (a, b) = (words(a), words(b));
    let within = |some: &[String], all: &[String]| some.iter().all(|word| all.contains(word));
    within(&a, &b) || within(&b, &a)
}

/// At most 120 characters, cut at a word.
fn quote(text: &str) -> String {
    const LONGEST: usize = 120;
    let text = text.trim_end_matches(['.', ';', ':', ',']);
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
        assert_eq!(quote("short."), "short");
        let long = "word ".repeat(60);
        let cut = quote(&long);
        assert!(cut.ends_with("word …") && cut.chars().count() < 125, "{cut}");
    }

    #[test]
    fn names_that_differ_in_case_or_number_are_one() {
        assert!(same_name("spreadsheets", "Spreadsheet"));
        assert!(same_name("Microsoft Excel", "excel"));
        assert!(!same_name("k8s", "Kubernetes"));
    }

    #[test]
    fn no_kind_of_advice_crowds_out_the_others() {
        let piece = |kind, gain: f64| Advice { kind, text: gain.to_string(), gain };
        let mut all: Vec<Advice> =
            (0..9).map(|number| piece(AdviceKind::MissingSkill, 9.0 - f64::from(number))).collect();
        all.push(piece(AdviceKind::Reword, 0.5));
        let kept = keep_the_best(all);
        assert_eq!(kept.len(), MOST_OF_A_KIND + 1);
        assert_eq!(kept.last().unwrap().kind, AdviceKind::Reword);
    }
}
