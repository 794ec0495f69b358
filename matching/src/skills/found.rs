//! What skills a text names, each once, with everything that its mentions say of it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Kind, Level, Period, SkillCandidate, SkillMention};

/// A skill that a text names, or a phrase that looks like one and that the taxonomy does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundSkill {
    /// Its canonical name; of a phrase that the taxonomy does not know, the phrase as it is written.
    pub name: String,
    /// Its kind; `None` for a phrase that the taxonomy does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The highest level that a mention states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The most years that a mention states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub years: Option<f64>,
    /// The calendar years of use that the first mention with any states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Where it is named, in bytes of the text, in order.
    pub spans: Vec<Range<usize>>,
}

/// Skills by their first mention, denied ones left out; then the candidates.
pub(crate) fn gather(mentions: &[SkillMention], candidates: Vec<SkillCandidate>) -> Vec<FoundSkill> {
    let mut found: Vec<FoundSkill> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for mention in mentions.iter().filter(|mention| !mention.negated) {
        let place = *places.entry(mention.canonical).or_insert(found.len());
        if place == found.len() {
            found.push(FoundSkill {
                name: mention.canonical.to_owned(),
                kind: Some(mention.kind),
                level: None,
                years: None,
                period: None,
                spans: Vec::new(),
            });
        }
        let Some(skill) = found.get_mut(place) else { continue };
        skill.level = skill.level.max(mention.level);
        let stated = mention.years.map(|years| (f64::from(years) * 10.0).round() / 10.0);
        skill.years = match (skill.years, stated) {
            (Some(known), Some(stated)) => Some(known.max(stated)),
            (known, stated) => known.or(stated),
        };
        skill.period = skill.period.or(mention.period);
        skill.spans.push(mention.span.clone());
    }
    found.extend(candidates.into_iter().map(|candidate| FoundSkill {
        name: candidate.text,
        kind: None,
        level: None,
        years: None,
        period: None,
        spans: vec![candidate.span],
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::Taxonomy;

    #[test]
    fn mentions_of_one_skill_become_one_entry() {
        let text = "Python (expert), 4 years of Python. No experience with Java. Skills: Docker, Zorbacat";
        let taxonomy = Taxonomy::builtin();
        let mentions = taxonomy.find(text);
        let found = gather(&mentions, taxonomy.find_candidates(text, &mentions));
        let python = found.iter().find(|skill| skill.name == "Python").unwrap();
        assert_eq!((python.level, python.years, python.spans.len()), (Some(Level::Expert), Some(4.0), 2));
        assert!(!found.iter().any(|skill| skill.name == "Java"), "{found:?}");
        let last = found.last().unwrap();
        assert_eq!((last.name.as_str(), last.kind), ("Zorbacat", None));
        assert_eq!(&text[last.spans[0].clone()], "Zorbacat");
    }
}
