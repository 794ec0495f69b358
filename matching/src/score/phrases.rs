//! Skills that an advertisement names and that the taxonomy does not know.

use super::headings::Section;
use super::words::content_words;
use crate::skills::{Shape, SkillCandidate, SkillMention, Taxonomy};

/// What stands before the items of a list whose own heading was cut off.
const HEADING: &str = "Skills: ";

/// Phrases of a line that name a skill beside the known `mentions`; spans are bytes of the line. `behind_heading` says that the
/// line stood behind a heading in the same line ("Tools: A, B").
pub(super) fn unknown_skills(
    taxonomy: &Taxonomy,
    line: &str,
    mentions: &[SkillMention],
    section: Section,
    behind_heading: bool,
) -> Vec<SkillCandidate> {
    let asks = matches!(section, Section::Must | Section::Nice);
    let lead = if behind_heading && asks { HEADING } else { "" };
    let mut known = mentions.to_vec();
    for mention in &mut known {
        mention.span = mention.span.start + lead.len()..mention.span.end + lead.len();
    }
    let mut found = taxonomy.find_candidates(&format!("{lead}{line}"), &known);
    found.retain(|candidate| {
        candidate.span.start >= lead.len()
            && is_a_name(candidate, asks)
            && !content_words(&candidate.text).is_empty()
    });
    for candidate in &mut found {
        candidate.span = candidate.span.start - lead.len()..candidate.span.end - lead.len();
    }
    found
}

/// Whether a phrase is written as names are. "Experience with children" is a demand in plain words, which is compared by its
/// meaning; an abbreviation alone may be a place or a department.
fn is_a_name(candidate: &SkillCandidate, asks: bool) -> bool {
    let name = candidate
        .text
        .split([' ', '-', '/'])
        .all(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()));
    match candidate.shape {
        Shape::Mixed => asks,
        Shape::Introduced => name,
        Shape::Item => asks && name,
        Shape::Abbreviation => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str, section: Section, behind_heading: bool) -> Vec<String> {
        let taxonomy = Taxonomy::builtin();
        let found = unknown_skills(taxonomy, line, &taxonomy.find(line), section, behind_heading);
        found
            .into_iter()
            .map(|candidate| {
                assert_eq!(&line[candidate.span.clone()], candidate.text);
                candidate.text
            })
            .collect()
    }

    #[test]
    fn names_are_skills_and_plain_words_are_not() {
        assert_eq!(found("Experience with Zorbacat and Python", Section::Must, false), ["Zorbacat"]);
        assert_eq!(found("Zorbacat, Docker", Section::Must, true), ["Zorbacat"]);
        assert_eq!(found("Builds on QuuxFlow", Section::Nice, false), ["QuuxFlow"]);
        assert!(found("Experience with small children", Section::Must, false).is_empty());
        assert!(found("Our QuuxFlow team grows each year", Section::Duties, false).is_empty());
        assert!(found("Report to the HQZX each week", Section::Must, false).is_empty());
    }
}
