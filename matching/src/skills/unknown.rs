//! Candidates: phrases that look like skills and that the taxonomy does not know.
//!
//! They are found by shape alone: an item of a list under a heading of skills, a word in mixed case, an abbreviation, or what follows
//! "experience with" and the like. They are kept apart from skills: nothing is known of them but their text.

use std::ops::Range;

use serde::Serialize;

use super::context::HEADINGS;
use super::normalise::{Gap, Token, tokenise};
use super::{SkillMention, Taxonomy};

/// Phrases with more words are sentences, not names.
const LONGEST_WORDS: usize = 4;

/// A phrase that may be a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkillCandidate {
    /// The phrase as it is written.
    pub text: String,
    /// The same in lower case without accents and punctuation: two candidates with one key are the same phrase.
    pub key: String,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// What it was found by.
    pub shape: Shape,
}

/// What made a phrase look like a skill, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// An item of a list of skills.
    Item,
    /// It follows "experience with", "knowledge of" and the like.
    Introduced,
    /// Capitals inside the word: "OpenTofu".
    Mixed,
    /// Capitals and digits only: "EBITDA".
    Abbreviation,
}

/// Words that introduce a skill, by the word before the name.
const INTRODUCTIONS: [(&str, &str); 10] = [
    ("experience", "with"),
    ("experience", "in"),
    ("knowledge", "of"),
    ("proficient", "in"),
    ("proficiency", "in"),
    ("skilled", "in"),
    ("familiar", "with"),
    ("familiarity", "with"),
    ("expertise", "in"),
    ("kenntnisse", "in"),
];
/// Words that no name begins or ends with.
const PLAIN: [&str; 40] = [
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "with", "by", "from", "as", "or", "&", "is",
    "are", "be", "our", "your", "their", "its", "this", "that", "these", "we", "you", "other", "various",
    "all", "new", "such", "etc", "more", "und", "mit", "die", "der", "et", "y",
];

impl Taxonomy {
    /// Phrases of `text` that look like skills and overlap none of `known`, the mentions that [`Taxonomy::find`] gave for the same
    /// text; in order, each key once.
    #[must_use]
    pub fn find_candidates(&self, text: &str, known: &[SkillMention]) -> Vec<SkillCandidate> {
        let tokens = tokenise(text);
        let mut candidates: Vec<SkillCandidate> = Vec::new();
        for phrase in phrases(&tokens) {
            let Some(candidate) = judge(text, &tokens, &phrase) else { continue };
            let free = !known.iter().any(|mention| {
                mention.span.start < candidate.span.end && candidate.span.start < mention.span.end
            });
            if free && !candidates.iter().any(|earlier| earlier.key == candidate.key) {
                candidates.push(candidate);
            }
        }
        candidates
    }
}

/// Ranges of tokens between separators, cut at `and`, `or` and introductions.
fn phrases(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut phrases = Vec::new();
    let mut start = 0;
    for (index, token) in tokens.iter().enumerate() {
        let introduced = index >= 2
            && tokens.get(index - 2).zip(tokens.get(index - 1)).is_some_and(|(before, last)| {
                INTRODUCTIONS.contains(&(before.text.as_str(), last.text.as_str()))
            });
        if token.gap > Gap::None || introduced {
            phrases.push(start..index);
            start = index;
        } else if matches!(token.text.as_str(), "&" | "or") {
            phrases.push(start..index);
            start = index + 1;
        }
    }
    phrases.push(start..tokens.len());
    phrases.retain(|phrase| !phrase.is_empty());
    phrases
}

fn judge(text: &str, tokens: &[Token], phrase: &Range<usize>) -> Option<SkillCandidate> {
    let short = phrase.len() <= LONGEST_WORDS && !edges_are_plain(tokens, phrase);
    if short && is_introduced(tokens, phrase.start) {
        return candidate(text, tokens, phrase.clone(), Shape::Introduced);
    }
    if short && is_under_heading(tokens, phrase.start) {
        return candidate(text, tokens, phrase.clone(), Shape::Item);
    }
    // Inside a sentence: single words of an unusual shape.
    phrase.clone().find_map(|index| {
        let written = tokens.get(index).and_then(|token| text.get(token.span.clone()))?;
        let shape = shape(written)?;
        candidate(text, tokens, index..index + 1, shape)
    })
}

fn candidate(text: &str, tokens: &[Token], range: Range<usize>, shape: Shape) -> Option<SkillCandidate> {
    let words = tokens.get(range)?;
    let span = words.first()?.span.start..words.last()?.span.end;
    let written = text.get(span.clone())?;
    let letters = written.chars().filter(|c| c.is_alphabetic()).count();
    let key = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    (letters >= 2).then(|| SkillCandidate { text: written.to_owned(), key, span, shape })
}

fn edges_are_plain(tokens: &[Token], phrase: &Range<usize>) -> bool {
    let plain = |index: usize| tokens.get(index).is_none_or(|token| PLAIN.contains(&token.text.as_str()));
    plain(phrase.start) || plain(phrase.end.saturating_sub(1))
}

fn is_introduced(tokens: &[Token], first: usize) -> bool {
    let word = |back: usize| {
        first.checked_sub(back).and_then(|at| tokens.get(at)).map_or("", |token| token.text.as_str())
    };
    INTRODUCTIONS.contains(&(word(2), word(1)))
}

/// Whether the line begins with a heading of skills ("Skills: a, b"), and the phrase is one of the items behind it.
fn is_under_heading(tokens: &[Token], first: usize) -> bool {
    let mut start = first;
    while start > 0 && tokens.get(start).is_some_and(|token| token.gap < Gap::Sentence) {
        start -= 1;
    }
    let heading = tokens
        .iter()
        .enumerate()
        .skip(start)
        .take(3)
        .take_while(|(index, token)| *index == start || token.gap == Gap::None)
        .any(|(_, token)| HEADINGS.contains(&token.text.as_str()));
    heading && first > start && tokens.get(first).is_some_and(|token| token.gap == Gap::Item)
}

/// The shape of one word, where it is an unusual one.
fn shape(written: &str) -> Option<Shape> {
    let capitals = written.chars().filter(|c| c.is_uppercase()).count();
    let small = written.chars().filter(|c| c.is_lowercase()).count();
    let inner = written.chars().skip(1).any(char::is_uppercase);
    let plural = written.ends_with('s') && capitals + 1 == written.chars().count();
    if capitals >= 2 && small >= 2 && inner && !plural {
        return Some(Shape::Mixed);
    }
    (3..=6).contains(&written.chars().count()).then_some(())?;
    (small == 0 && capitals >= 3).then_some(Shape::Abbreviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Shape)> {
        let taxonomy = Taxonomy::builtin();
        let known = taxonomy.find(text);
        taxonomy
            .find_candidates(text, &known)
            .into_iter()
            .map(|candidate| {
                assert_eq!(&text[candidate.span.clone()], candidate.text);
                (candidate.text, candidate.shape)
            })
            .collect()
    }

    #[test]
    fn unknown_items_of_a_skill_list_are_candidates() {
        let item = |text: &str| (text.to_owned(), Shape::Item);
        assert_eq!(
            found("Skills: Python, Zorbacat, ombrous tarvelling, Docker"),
            [item("Zorbacat"), item("ombrous tarvelling")]
        );
    }

    #[test]
    fn an_introduction_and_an_unusual_shape_make_candidates() {
        assert_eq!(
            found("You have experience with Zorbacat and a driving heart."),
            [("Zorbacat".to_owned(), Shape::Introduced)]
        );
        assert_eq!(
            found("We run everything on QuuxFlow and measure the XQZV each week."),
            [("QuuxFlow".to_owned(), Shape::Mixed), ("XQZV".to_owned(), Shape::Abbreviation)]
        );
    }

    #[test]
    fn known_skills_and_plain_words_are_none() {
        assert_eq!(found("Skills: Python, Docker, Kubernetes"), []);
        assert_eq!(found("We offer a warm welcome and fair pay in a growing town."), []);
        assert_eq!(found("Skills: Zorbacat, zorbacat").len(), 1);
    }
}
