//! Decides whether the words around an ambiguous name support it.

use super::find::{Candidate, Prepared};
use super::normalise::Gap;
use super::{Kind, Relation, Skill, SkillId, Taxonomy};

/// How far support may stand from the name, in tokens.
const REACH: usize = 14;
/// Lines of at most so many tokens are list items; the items above and below count as beside it.
const ITEM_TOKENS: usize = 5;
/// Headings of skill lists in the languages that resumes are parsed in.
pub(super) const HEADINGS: &[&str] = &[
    "skills",
    "skill",
    "technologies",
    "technology",
    "technical",
    "competencies",
    "stack",
    "expertise",
    "tools",
    "proficient",
    "kenntnisse",
    "competences",
    "competencias",
    "habilidades",
    "competenze",
    "vaardigheden",
    "umiejetnosci",
    "experienced",
    "knowledge",
    "familiar",
    "requirements",
];

/// Weight of the support that an ambiguous candidate has; 0 means that it does not count.
pub(super) fn supported(
    taxonomy: &Taxonomy,
    prepared: &Prepared<'_>,
    candidate: &Candidate,
    sure: &[Candidate],
    unsure: &[Candidate],
) -> u32 {
    let Some(pattern) = taxonomy.patterns.get(candidate.pattern) else { return 0 };
    let Some(skill) = taxonomy.get(pattern.skill) else { return 0 };
    let (from, to) = surroundings(prepared, candidate);
    if candidate.respelt {
        let listed = is_listed(prepared, candidate)
            && is_among_technologies(taxonomy, candidate, skill, sure, from, to);
        return u32::from(listed);
    }
    let mut weight = 0;
    if has_cue(prepared, from, to, skill.cues) {
        weight += 4;
    }
    weight += 2 * neighbours(taxonomy, candidate, pattern.skill, skill, sure, from, to);
    if has_word(prepared, candidate, from, to, skill.kind.cues()) {
        weight += 1;
    }
    if weight > 0 {
        return weight;
    }
    // A heading alone is weak: it supports only an item of a list, not a word inside a sentence.
    let item = is_item(prepared, candidate);
    if item && has_word(prepared, candidate, from, to, HEADINGS) {
        return 1;
    }
    // "Rust, PostgreSQL, Kubernetes": in a list of technologies a name is one, whatever the domains of the others.
    if item && is_among_technologies(taxonomy, candidate, skill, sure, from, to) {
        return 1;
    }
    // "C, R, Go": ambiguous names of one domain beside each other support each other.
    u32::from(item && neighbours(taxonomy, candidate, pattern.skill, skill, unsure, from, to) > 0)
}

/// The tokens that may support: the same line or sentence, and for a list item the items around it.
fn surroundings(prepared: &Prepared<'_>, candidate: &Candidate) -> (usize, usize) {
    let gap = |index: usize| prepared.tokens.get(index).map(|token| token.gap);
    let mut from = candidate.first;
    while from > 0 && candidate.first - from < REACH && gap(from).is_some_and(|gap| gap < Gap::Sentence) {
        from -= 1;
    }
    let mut to = candidate.last;
    while to - candidate.last < REACH && gap(to + 1).is_some_and(|gap| gap < Gap::Sentence) {
        to += 1;
    }
    if to - from < ITEM_TOKENS {
        from = from.saturating_sub(2 * ITEM_TOKENS);
        to = (to + 2 * ITEM_TOKENS).min(prepared.tokens.len().saturating_sub(1));
    }
    (from, to)
}

/// Whether nothing but the name stands between two separators.
fn is_item(prepared: &Prepared<'_>, candidate: &Candidate) -> bool {
    let before = prepared.tokens.get(candidate.first).is_none_or(|token| token.gap > Gap::None);
    let word = |index: usize| prepared.tokens.get(index).map_or("", |token| token.text.as_str());
    let joined = |index: usize| matches!(word(index), "&" | "or");
    let introduced =
        |index: usize| matches!(word(index), "&" | "or" | "with" | "in" | "using" | "of" | "like" | "as");
    let after = prepared.tokens.get(candidate.last + 1).is_none_or(|token| token.gap > Gap::None);
    (before || candidate.first.checked_sub(1).is_some_and(introduced))
        && (after || joined(candidate.last + 1))
}

/// Whether the name is an item between commas and the like, on at least one side of it another.
fn is_listed(prepared: &Prepared<'_>, candidate: &Candidate) -> bool {
    let gap = |index: usize| prepared.tokens.get(index).map_or(Gap::Line, |token| token.gap);
    let (before, after) = (gap(candidate.first), gap(candidate.last + 1));
    before > Gap::None && after > Gap::None && (before == Gap::Item || after == Gap::Item)
}

fn has_cue(prepared: &Prepared<'_>, from: usize, to: usize, cues: &[&str]) -> bool {
    let start = prepared.starts.get(from).copied().unwrap_or_default();
    let end = prepared.starts.get(to + 1).map_or(prepared.haystack.len(), |next| next + 1);
    let Some(window) = prepared.haystack.get(start..end) else { return false };
    cues.iter().any(|cue| window.contains(cue))
}

fn has_word(prepared: &Prepared<'_>, candidate: &Candidate, from: usize, to: usize, words: &[&str]) -> bool {
    let own = candidate.first..=candidate.last;
    prepared
        .tokens
        .iter()
        .enumerate()
        .skip(from)
        .take(to + 1 - from)
        .any(|(index, token)| !own.contains(&index) && words.contains(&token.text.as_str()))
}

fn neighbours(
    taxonomy: &Taxonomy,
    candidate: &Candidate,
    id: SkillId,
    skill: &Skill,
    others: &[Candidate],
    from: usize,
    to: usize,
) -> u32 {
    let mut count = 0;
    for other in others {
        let apart = other.last < candidate.first || other.first > candidate.last;
        if !apart || other.first < from || other.last > to {
            continue;
        }
        let Some(neighbour) = taxonomy.patterns.get(other.pattern).map(|pattern| pattern.skill) else {
            continue;
        };
        let Some(known) = taxonomy.get(neighbour) else { continue };
        let near = neighbour != id
            && (taxonomy.relation(id, neighbour) != Relation::None
                || (known.domain == skill.domain && comparable(known.kind, skill.kind)));
        count += u32::from(near);
    }
    count
}

/// Whether the name is that of a technology, and an unambiguous technology stands beside it.
fn is_among_technologies(
    taxonomy: &Taxonomy,
    candidate: &Candidate,
    skill: &Skill,
    sure: &[Candidate],
    from: usize,
    to: usize,
) -> bool {
    is_technology(skill.kind)
        && sure.iter().any(|other| {
            let apart = other.last < candidate.first || other.first > candidate.last;
            let kind = taxonomy
                .patterns
                .get(other.pattern)
                .and_then(|pattern| taxonomy.get(pattern.skill))
                .map(|skill| skill.kind);
            apart && other.first >= from && other.last <= to && kind.is_some_and(is_technology)
        })
}

fn is_technology(kind: Kind) -> bool {
    matches!(kind, Kind::Language | Kind::Framework | Kind::Tool)
}

/// Whether a skill of one kind tells that a word beside it is a skill of the other.
fn comparable(a: Kind, b: Kind) -> bool {
    match (a, b) {
        (Kind::Spoken, _) | (_, Kind::Spoken) => a == b,
        (Kind::Soft, _) | (_, Kind::Soft) => a == b,
        _ => is_technology(a) == is_technology(b) || is_technology(b),
    }
}
