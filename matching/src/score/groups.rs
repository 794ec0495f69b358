//! Which skills of a line are alternatives, and how many years it asks for.

use crate::skills::normalise::{Gap, tokenise};
use crate::skills::{self, SkillMention};

/// Groups mentions of which one is enough: joined by "or" or "/", or listed behind "such as", "like", "e.g.", "one of".
pub(super) fn alternatives<'a>(text: &str, mentions: &'a [SkillMention]) -> Vec<Vec<&'a SkillMention>> {
    let mut groups: Vec<Vec<&SkillMention>> = Vec::new();
    let mut examples = false;
    for mention in mentions {
        let before = groups.last().and_then(|group| group.last());
        let from = before.map_or(0, |before| before.span.end);
        let between = text.get(from..mention.span.start).unwrap_or_default().to_lowercase();
        if between.contains([';', '.']) && !between.contains("e.g") && !between.contains("z.") {
            examples = false;
        }
        let starts_examples = [
            "such as",
            "e.g",
            "like ",
            "one of",
            "any of",
            "for example",
            "including one",
            "z.b",
            "z. b",
            "zum beispiel",
            "par exemple",
            "por ejemplo",
        ]
        .iter()
        .any(|words| between.contains(words));
        let listed = between.trim().trim_matches(',').trim();
        let joined = matches!(listed, "or" | "/" | "oder" | "bzw." | "ou" | "o" | "u")
            || listed.ends_with(" or") && listed.len() < 12;
        let continues = examples
            && matches!(listed, "" | "," | "and" | "&" | "or" | "und" | "oder" | "et" | "ou" | "y" | "o");
        let same_kind = before.is_some_and(|before| {
            (before.kind == skills::Kind::Spoken) == (mention.kind == skills::Kind::Spoken)
        });
        if (joined || continues)
            && same_kind
            && !starts_examples
            && let Some(group) = groups.last_mut()
        {
            // "A, B or C": the comma-separated ones before the "or" are alternatives as well.
            group.push(mention);
            if joined {
                absorb_list(text, &mut groups);
            }
            continue;
        }
        examples = starts_examples || (examples && continues);
        groups.push(vec![mention]);
    }
    groups
}

/// Joins the groups that stand before the last one in the same comma-separated list.
fn absorb_list(text: &str, groups: &mut Vec<Vec<&SkillMention>>) {
    while let Some(last) = groups.pop() {
        let start = last.first().map_or(0, |mention| mention.span.start);
        let end = groups.last().and_then(|group| group.last()).map_or(0, |mention| mention.span.end);
        let comma = text.get(end..start).is_some_and(|between| between.trim() == ",");
        match groups.last_mut() {
            Some(group) if comma => group.extend(last),
            _ => {
                groups.push(last);
                return;
            }
        }
    }
}

/// "5+ years", "three years": the first number of years in a line that speaks of experience.
pub(super) fn find_years(text: &str) -> Option<f32> {
    let tokens = tokenise(text);
    for (index, token) in tokens.iter().enumerate() {
        if !skills::is_year_word(&token.text) || token.gap >= Gap::Sentence {
            continue;
        }
        let value = skills::number_before(&tokens, index);
        if let Some(years) = value.filter(|years| (0.5..=30.0).contains(years)) {
            return Some(years);
        }
    }
    None
}
