//! Judges a skill by the mentions of a resume: whether it is named, at work or in a list, how well, and when last.

use jiff::civil::Date;

use super::evidence::{Finding, Judge, best_passages};
use super::job::Requirement;
use super::resume::{Passage, month};
use crate::skills::{Kind, Level, Relation, SkillId, SkillMention};

/// Credit of a skill that a passage of work shows.
pub(super) const SHOWN: f32 = 1.0;
/// Credit of a skill that is only listed, or was last used [`LONG_AGO`].
const LISTED: f32 = 0.85;
/// Credit of a neighbour of the skill.
pub(super) const NEIGHBOUR: f32 = 0.4;
/// Credit of a wider skill than the one asked for.
const WIDER: f32 = 0.3;
/// A skill that more others imply is a field, not a wider skill.
const WIDEST: u32 = 30;
/// Credit of another skill of the same kind, which is no more than a sign.
const FAMILY: f32 = 0.25;
/// What is left of the credit where the resume states a level lower by one, and by more.
const LOWER: [f32; 2] = [0.75, 0.5];
/// Months after which a skill that was not used since counts like one that is only listed.
const LONG_AGO: i32 = 120;

/// How a mention shows the skill, and what is to be said of it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// It is the skill, or one that implies it.
    Itself,
    /// The same, at a lower level than asked for.
    Lower(Level),
    /// The same, last used before this month.
    LongAgo(i32),
    /// A neighbour.
    Near(&'static str),
    /// A wider skill.
    Wider(&'static str),
    /// Of the same kind.
    Family(&'static str),
}

impl Judge<'_> {
    /// A skill by its names, and what passages say of it in other words.
    pub(super) fn skill_or_meant(&self, index: usize, requirement: &Requirement) -> Finding {
        let named = if requirement.unknown { self.phrase(index) } else { self.skill(requirement) };
        let meant = self.duty(index);
        let product = self.is_product(requirement);
        let signals = super::Signals { shown: named.signals.shown, product, ..meant.signals };
        let spans = if named.spans.is_empty() { meant.spans } else { named.spans };
        Finding { signals, spans, ..named }
    }

    /// Whether it is a product, a programming language or a name that the taxonomy does not know.
    pub(super) fn is_product(&self, requirement: &Requirement) -> bool {
        let made = |id: &SkillId| {
            let kind = self.taxonomy.get(*id).map(|skill| skill.kind);
            matches!(kind, Some(Kind::Tool | Kind::Framework | Kind::Language))
        };
        requirement.unknown || requirement.skills.iter().all(made)
    }

    /// The skill, or the best shown of alternatives.
    pub(super) fn skill(&self, requirement: &Requirement) -> Finding {
        let mut best = Finding::default();
        for wanted in &requirement.skills {
            best = best.or_better(self.one_skill(*wanted, requirement.level));
        }
        best
    }

    /// A skill that the taxonomy does not know, by its words in one passage.
    pub(super) fn phrase(&self, index: usize) -> Finding {
        let Some(words) = self.job.words(index).filter(|words| !words.is_empty()) else {
            return Finding::default();
        };
        let says = |passage: &&Passage| words.keys().all(|word| passage.words.contains(word));
        let credit = |passage: &Passage| if passage.listing { LISTED } else { SHOWN };
        best_passages(self.resume.passages.iter().filter(says).map(|found| (credit(found), found)).collect())
    }

    fn one_skill(&self, wanted: SkillId, asked: Option<Level>) -> Finding {
        let mut found: Vec<(f32, &Passage)> = Vec::new();
        let mut best: Option<(f32, How)> = None;
        for passage in &self.resume.passages {
            let mut credit = 0.0_f32;
            for mention in passage.mentions.iter().filter(|mention| !mention.negated) {
                let Some((value, how)) = self.mention(wanted, asked, passage, mention) else { continue };
                credit = credit.max(value);
                if best.is_none_or(|(known, _)| value > known) {
                    best = Some((value, how));
                }
            }
            if credit > 0.0 {
                found.push((credit, passage));
            }
        }
        let name = self.taxonomy.get(wanted).map_or("", |skill| skill.name);
        Finding { note: best.and_then(|(_, how)| note(how, name, asked)), ..best_passages(found) }
    }

    fn mention(
        &self,
        wanted: SkillId,
        asked: Option<Level>,
        passage: &Passage,
        mention: &SkillMention,
    ) -> Option<(f32, How)> {
        let near = mention.canonical;
        match self.taxonomy.relation(mention.skill, wanted) {
            Relation::Same => Some(self.held(asked, passage, mention)),
            Relation::Implies => Some(self.held(None, passage, mention)),
            Relation::Related => Some((NEIGHBOUR, How::Near(near))),
            // A field such as nursing says nothing of one of its hundred skills.
            Relation::ImpliedBy if self.taxonomy.spread(mention.skill) > WIDEST => None,
            // Knowing the field is no certificate in it.
            Relation::ImpliedBy if self.is_credential(wanted) => None,
            Relation::ImpliedBy => Some((WIDER, How::Wider(near))),
            Relation::None => {
                self.taxonomy.family(mention.skill, wanted).map(|_| (FAMILY, How::Family(near)))
            }
        }
    }

    fn is_credential(&self, skill: SkillId) -> bool {
        self.taxonomy.get(skill).is_some_and(|skill| matches!(skill.kind, Kind::Certificate | Kind::Spoken))
    }

    fn held(&self, asked: Option<Level>, passage: &Passage, mention: &SkillMention) -> (f32, How) {
        let credit = if passage.listing { LISTED } else { SHOWN };
        if let Some((own, asked)) = mention.level.zip(asked).filter(|(own, asked)| own < asked) {
            let [one, more] = LOWER;
            let left = if asked as i32 - own as i32 == 1 { one } else { more };
            return (credit * left, How::Lower(own));
        }
        match self.last_used(passage, mention).filter(|end| is_long_ago(*end, self.as_of)) {
            Some(end) => (LISTED, How::LongAgo(end)),
            None => (credit, How::Itself),
        }
    }

    /// Whether the resume itself states a lower level than is asked for.
    pub(super) fn says_lower(&self, requirement: &Requirement) -> bool {
        let mentions = self.resume.passages.iter().flat_map(|passage| &passage.mentions);
        mentions
            .filter(|mention| !mention.negated && requirement.skills.contains(&mention.skill))
            .any(|mention| mention.level.zip(requirement.level).is_some_and(|(own, asked)| own < asked))
    }

    /// The month after the skill's last use that the text or the position's dates tell; `None` while it lasts or unknown.
    pub(super) fn last_used(&self, passage: &Passage, mention: &SkillMention) -> Option<i32> {
        let stated = mention.period.map(|period| period.to.map(|year| (i32::from(year) + 1) * 12));
        let dated = || self.resume.stretches.get(passage.position?)?.end;
        stated.unwrap_or_else(dated)
    }
}

/// Whether a month is so long past that a skill last used before it counts less.
pub(super) fn is_long_ago(end: i32, as_of: Date) -> bool {
    end + LONG_AGO < month(as_of)
}

fn note(how: How, name: &str, asked: Option<Level>) -> Option<String> {
    match how {
        How::Itself => None,
        How::Lower(own) => {
            let asked = asked.map_or("more", Level::name);
            Some(format!("the resume says {}, the advertisement asks for {asked}", own.name()))
        }
        How::LongAgo(end) => {
            Some(format!("last used in {}, as far as the resume says", (end - 1).div_euclid(12)))
        }
        How::Near(near) => Some(format!("{near} is near {name}, but not the same")),
        How::Wider(near) => Some(format!("{near} is named, but not {name} itself")),
        How::Family(near) => Some(format!("{near} is of the same kind as {name}, but another thing")),
    }
}
