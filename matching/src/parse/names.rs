//! The name of the person and the headline under it.

use std::ops::Range;

use super::basics::{Person, label};
use super::contact::find_urls;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::places::place_score;
use super::rows::rows;
use super::sections::Section;
use super::text::{fold, has_cjk, tokens, trim_range, word_count};
use super::values::Value;

impl Person {
    pub(super) fn find_name(
        &mut self,
        layout: &Layout<'_>,
        near: &[&Frag<'_>],
        sections: &[Section<'_, '_>],
    ) {
        let mut candidates: Vec<&Frag<'_>> = near.to_vec();
        if !candidates.iter().any(|frag| could_be_name(frag.text)) {
            // Some templates put the name below a heading of its own.
            candidates.extend(sections.iter().take(2).flat_map(|section| section.frags.iter().copied()));
        }
        let local =
            self.email.as_ref().and_then(|email| email.text.split('@').next().map(fold)).unwrap_or_default();
        let largest = candidates.iter().map(|frag| frag.size).fold(0.0, f32::max);
        let top = candidates.iter().map(|frag| frag.rect.y0).fold(f32::MAX, f32::min);
        let mut best: Option<(f32, Value, usize)> = None;
        for (order, frag) in candidates.iter().enumerate() {
            let labelled = label(frag.text, &["label.name"]);
            let start = labelled.map_or(0, |(_, end)| end);
            let range = name_range(layout, frag.range.start + start..frag.range.end);
            let text = layout.slice(&range);
            if !could_be_name(text) {
                continue;
            }
            let agrees =
                tokens(text).iter().any(|word| word.folded.len() > 2 && local.contains(&word.folded));
            let mut score = 1.0 - 0.05 * order.min(10) as f32;
            score +=
                if frag.size > layout.body_size * 1.15 && frag.size >= largest - 0.1 { 1.5 } else { 0.0 };
            score += if agrees { 1.0 } else { 0.0 } + if labelled.is_some() { 1.5 } else { 0.0 };
            score +=
                if (frag.rect.y0 - top).abs() < 30.0 { 0.3 } else { 0.0 } + if frag.bold { 0.1 } else { 0.0 };
            score -= if lexicon().set("title").occurs(text) { 1.2 } else { 0.0 };
            score -= if lexicon().set("organization").occurs(text) { 0.8 } else { 0.0 };
            score -= if lexicon().heading(text).is_some() { 1.5 } else { 0.0 };
            if place_score(text) >= 0.7 {
                score -= 1.0;
            }
            if score > 0.3 && best.as_ref().is_none_or(|(known, ..)| score > *known + 0.001) {
                let confidence = (0.55 + score * 0.12).min(0.98);
                best = Some((
                    score,
                    Value::new(super::text::collapse(text), range, confidence),
                    frag.range.start,
                ));
            }
        }
        let Some((_, name, start)) = best else { return };
        self.used.push(start);
        let whole = whole_name(layout, &candidates, start).filter(|_| word_count(&name.text) == 1);
        self.name = Some(whole.map_or(name.clone(), |whole| Value { confidence: name.confidence, ..whole }));
    }

    /// The headline stands under the name; it may take two lines.
    pub(super) fn find_headline(&mut self, layout: &Layout<'_>, top: &[&Frag<'_>]) {
        let Some(name) = &self.name else { return };
        let Some(at) =
            top.iter().find(|frag| frag.range.start <= name.range.start && frag.range.end >= name.range.end)
        else {
            return;
        };
        let rest = trim_range(&layout.doc.text, name.range.end..at.range.end, &HEAD_EDGES);
        if is_headline(layout.slice(&rest)) {
            self.label = Some(Value::new(layout.slice(&rest), rest, 0.75));
            return;
        }
        let below: Vec<&Frag<'_>> = top
            .iter()
            .filter(|frag| {
                frag.rect.y0 > at.rect.y0 + 2.0
                    && frag.rect.x1 > at.rect.x0 - 30.0
                    && frag.rect.x0 < at.rect.x1 + 150.0
            })
            .copied()
            .collect();
        let mut lines: Vec<&Frag<'_>> = Vec::new();
        for row in rows(&below).into_iter().take(4) {
            let Some(frag) = row.first() else { continue };
            let contact = self.is_contact(layout, frag);
            match lines.last() {
                None if contact || !is_headline(frag.text) => {
                    if contact || word_count(frag.text) > 14 {
                        break;
                    }
                }
                None => lines.push(frag),
                Some(last) => {
                    let goes_on = !contact
                        && last.same_style(frag)
                        && frag.rect.y0 - last.rect.y0 < 1.9 * frag.size
                        && layout.positioned
                        && word_count(frag.text) <= 6;
                    if !goes_on {
                        break;
                    }
                    lines.push(frag);
                }
            }
        }
        if !lines.is_empty() {
            self.label = Some(Value::joined(super::flow::join(layout, &lines), 0.85));
        }
    }
}

const HEAD_EDGES: [char; 8] = [',', '|', '-', '–', '—', '•', '·', '/'];

/// The name in a line, without what follows a separator or in brackets.
fn name_range(layout: &Layout<'_>, range: Range<usize>) -> Range<usize> {
    let text = layout.slice(&range);
    let end =
        [" | ", " – ", " — ", " - ", ", ", " (", "•", "·"].iter().filter_map(|mark| text.find(mark)).min();
    let mut range =
        trim_range(&layout.doc.text, range.start..range.start + end.unwrap_or(text.len()), &HEAD_EDGES);
    // "Jane Doe Resume"
    if let Some(space) = layout.slice(&range).rfind(' ')
        && lexicon().set("label.name_of").is(layout.slice(&(range.start + space..range.end)))
    {
        range = trim_range(&layout.doc.text, range.start..range.start + space, &HEAD_EDGES);
    }
    range
}

/// A name in two lines of large type, one word each.
fn whole_name(layout: &Layout<'_>, candidates: &[&Frag<'_>], start: usize) -> Option<Value> {
    let at = candidates.iter().position(|frag| frag.range.start == start)?;
    let frag = candidates.get(at)?;
    let pairs = [(at.checked_sub(1)?, at), (at, at + 1)];
    let near = |a: &Frag<'_>, b: &Frag<'_>| {
        a.same_style(b)
            && a.size > layout.body_size * 1.3
            && (b.rect.y0 - a.rect.y0).abs() < 2.0 * a.size
            && could_be_name(a.text)
            && could_be_name(b.text)
            && lexicon().heading(b.text).is_none()
    };
    pairs.into_iter().find_map(|(first, second)| {
        let (a, b) = (candidates.get(first)?, candidates.get(second)?);
        (layout.positioned
            && near(a, b)
            && word_count(a.text) == 1
            && word_count(b.text) == 1
            && frag.page == a.page)
            .then(|| Value::joined(super::flow::join(layout, &[a, b]), 0.9))
    })
}

/// Two to five words of letters, each beginning with a capital; or two to four Chinese or Japanese characters.
fn could_be_name(text: &str) -> bool {
    let text = text.trim();
    if has_cjk(text) {
        let length = text.chars().filter(|c| !c.is_whitespace()).count();
        return (2..=6).contains(&length)
            && lexicon().heading(text).is_none()
            && !lexicon().set("label.name_of").is(text)
            && text.chars().all(|c| c.is_alphabetic() || c.is_whitespace());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let particle = |word: &str| {
        matches!(
            word,
            "de" | "da"
                | "do"
                | "dos"
                | "das"
                | "del"
                | "della"
                | "di"
                | "la"
                | "le"
                | "van"
                | "von"
                | "der"
                | "den"
                | "ter"
                | "ten"
                | "bin"
                | "ibn"
                | "al"
                | "el"
                | "y"
                | "e"
                | "zu"
                | "af"
                | "av"
                | "du"
                | "des"
                | "of"
        )
    };
    (1..=6).contains(&words.len())
        && text.chars().count() <= 48
        && text.chars().all(|c| {
            c.is_alphabetic() || c.is_whitespace() || matches!(c, '.' | '\'' | '’' | '-' | '‐' | '"' | '´')
        })
        && words.iter().any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
        && words.iter().all(|word| particle(word) || word.chars().next().is_some_and(|c| !c.is_lowercase()))
        && !lexicon().set("label.name_of").is(text)
}

/// A few words that are no sentence, no name of a section and no contact detail.
fn is_headline(text: &str) -> bool {
    let words = word_count(text);
    let letters = text.chars().any(char::is_alphabetic);
    letters
        && (1..=14).contains(&words)
        && text.chars().count() <= 110
        && !text.ends_with('.')
        && !text.contains('@')
        && find_urls(text).is_empty()
        && place_score(text) < 0.7
        && lexicon().heading(text).is_none_or(|(_, weak)| weak)
        && text.chars().filter(char::is_ascii_digit).count() < 5
        && (words > 1 || lexicon().set("title").occurs(text) || lexicon().set("title").ends_compound(text))
}
