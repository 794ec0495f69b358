//! Span F1 on SkillSpan (Zhang et al., NAACL 2022): job-advertisement sentences with spans of skills and knowledge.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use matching::skills::Taxonomy;
use serde::Deserialize;

use crate::Figure;

/// A sentence in SkillSpan's JSON lines; the tags are B, I or O.
#[derive(Debug, Deserialize)]
struct Sentence {
    tokens: Vec<String>,
    tags_skill: Vec<String>,
    tags_knowledge: Vec<String>,
}

/// Counts for precision and recall.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    right: usize,
    found: usize,
    wanted: usize,
}

impl Counts {
    fn add(
        &mut self,
        found: &[Range<usize>],
        wanted: &[Range<usize>],
        same: fn(&Range<usize>, &Range<usize>) -> bool,
    ) {
        // Each wanted span can be found once.
        self.right += wanted.iter().filter(|wanted| found.iter().any(|found| same(found, wanted))).count();
        self.found += found.len();
        self.wanted += wanted.len();
    }

    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.wanted).max(1) as f64
    }
}

/// F1 of exact and of overlapping spans of knowledge, and of knowledge and skills together.
pub(crate) fn figures(folder: &Path) -> Result<Vec<Figure>, Box<dyn Error>> {
    let taxonomy = Taxonomy::builtin();
    let path = folder.join("skills/skillspan/test.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let exact: fn(&Range<usize>, &Range<usize>) -> bool = |a, b| a == b;
    let overlap: fn(&Range<usize>, &Range<usize>) -> bool = |a, b| a.start < b.end && b.start < a.end;
    let mut ours = [Counts::default(); 4];
    let mut plain = [Counts::default(); 4];
    for line in text.lines() {
        let sentence: Sentence = serde_json::from_str(line)?;
        let (words, joined) = join(&sentence.tokens);
        let knowledge = spans(&sentence.tags_knowledge, &words);
        let mut both = spans(&sentence.tags_skill, &words);
        both.extend(knowledge.iter().cloned());
        let found: Vec<Range<usize>> =
            taxonomy.find(&joined).into_iter().map(|mention| mention.span).collect();
        let dictionary = taxonomy.find_names(&joined);
        for (counts, found) in [(&mut ours, &found), (&mut plain, &dictionary)] {
            let [knowledge_exact, knowledge_overlap, both_exact, both_overlap] = counts;
            knowledge_exact.add(found, &knowledge, exact);
            knowledge_overlap.add(found, &knowledge, overlap);
            both_exact.add(found, &both, exact);
            both_overlap.add(found, &both, overlap);
        }
    }
    let names = [
        "skillspan-knowledge-f1-exact",
        "skillspan-knowledge-f1-overlap",
        "skillspan-f1-exact",
        "skillspan-f1-overlap",
    ];
    Ok(names
        .iter()
        .zip(ours.iter().zip(&plain))
        .map(|(name, (ours, plain))| {
            Figure::share(name, ours.f1(), None).beside("plain dictionary", plain.f1())
        })
        .collect())
}

/// The sentence with single spaces, and where each token is in it.
fn join(tokens: &[String]) -> (Vec<Range<usize>>, String) {
    let mut text = String::new();
    let mut words = Vec::with_capacity(tokens.len());
    for token in tokens {
        if !text.is_empty() {
            text.push(' ');
        }
        // "<ORGANIZATION>" stands for a name that was taken out; as a word it would be a skill.
        let token = if token.starts_with('<') && token.ends_with('>') { "Xx" } else { token.as_str() };
        words.push(text.len()..text.len() + token.len());
        text.push_str(token);
    }
    (words, text)
}

/// Byte ranges of the tagged spans, punctuation at their ends left out as our names leave it out.
fn spans(tags: &[String], words: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (tag, word) in tags.iter().zip(words) {
        match (tag.as_str(), spans.last_mut()) {
            ("I", Some(last)) if open => last.end = word.end,
            ("B" | "I", _) => {
                spans.push(word.clone());
                open = true;
            }
            _ => open = false,
        }
    }
    spans
}
