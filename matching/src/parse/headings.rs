//! Which fragments are headings of sections: by their words, and by looking like those that are.

use std::collections::BTreeMap;

use super::layout::{Frag, Layout};
use super::lexicon::{SectionKind, lexicon};
use super::text::{has_cjk, word_count};
use crate::document::Format;

/// A heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    /// Index of the fragment.
    pub(super) frag: usize,
    /// What it announces; [`SectionKind::Other`] when only its looks say that it is one.
    pub(super) kind: SectionKind,
}

/// How a heading looks: size in half points, bold, capitals, level, ends with a colon or a rule.
type Looks = (i32, bool, bool, u8, bool);

fn looks(layout: &Layout<'_>, frag: &Frag<'_>) -> Looks {
    let level = if layout.doc.format == Format::Pdf { 0 } else { frag.level };
    let caps = frag.caps || has_cjk(frag.text);
    ((frag.size * 2.0).round() as i32, frag.bold, caps, level, frag.decorated)
}

/// Short, and not the end of a sentence.
fn could_be(frag: &Frag<'_>) -> bool {
    let text = frag.text.trim_end_matches([':', '：', '-', '=', '_', ' ']);
    !text.is_empty()
        && word_count(text) <= 7
        && text.chars().count() <= 60
        && !text.ends_with(['.', ',', ';', '!', '?'])
        && !text.contains(['@', '\t'])
        && text.chars().any(char::is_alphabetic)
}

/// The headings of a document in the order of its fragments.
pub(super) fn find_headings(layout: &Layout<'_>) -> Vec<Heading> {
    let lexicon = lexicon();
    let mut known: Vec<(usize, SectionKind, bool)> = Vec::new();
    for (index, frag) in layout.frags.iter().enumerate() {
        let listed = frag.bullet && !frag.caps;
        if listed || !could_be(frag) || (frag.cell > 0 && !layout.positioned) {
            continue;
        }
        if let Some((kind, weak)) = lexicon.heading(frag.text) {
            known.push((index, kind, weak));
        }
    }
    let Some(style) = dominant(layout, &known) else { return Vec::new() };
    let pure = purity(layout, &known, style);
    let mut found: Vec<Heading> = known
        .iter()
        .filter(|(index, _, weak)| {
            layout.frags.get(*index).is_some_and(|frag| accepts(layout, frag, *weak, style, pure))
        })
        .map(|(frag, kind, _)| Heading { frag: *frag, kind: *kind })
        .collect();
    if pure >= 0.5 && distinct(layout, style) {
        found.extend(alike(layout, &found, style));
        found.sort_by_key(|heading| heading.frag);
    }
    found
}

/// The look that most sure headings share; of equals the largest.
fn dominant(layout: &Layout<'_>, known: &[(usize, SectionKind, bool)]) -> Option<Looks> {
    let mut counts: BTreeMap<Looks, usize> = BTreeMap::new();
    let any_sure = known.iter().any(|(_, _, weak)| !weak);
    for (index, _, weak) in known {
        if let Some(frag) = layout.frags.get(*index)
            && (!weak || !any_sure)
        {
            *counts.entry(looks(layout, frag)).or_default() += 1;
        }
    }
    // A larger or heavier look counts more: entries of a list may carry the words of headings.
    counts
        .into_iter()
        .max_by_key(|(look, count)| {
            (*count * 2 + usize::from(look.1 || look.2 || look.3 > 0) * *count + usize::from(look.4), *look)
        })
        .map(|(look, _)| look)
}

/// Of the short fragments that look so, the share whose words are those of headings.
fn purity(layout: &Layout<'_>, known: &[(usize, SectionKind, bool)], style: Looks) -> f32 {
    let alike: Vec<usize> = layout
        .frags
        .iter()
        .enumerate()
        .filter(|(_, frag)| !frag.bullet && looks(layout, frag) == style)
        .map(|(index, _)| index)
        .collect();
    let hits = alike.iter().filter(|index| known.iter().any(|(known, ..)| known == *index)).count();
    if alike.is_empty() { 0.0 } else { hits as f32 / alike.len() as f32 }
}

/// Whether the look differs from that of running text.
fn distinct(layout: &Layout<'_>, style: Looks) -> bool {
    style.0 as f32 / 2.0 > layout.body_size * 1.08 || style.1 || style.2 || style.3 > 0 || style.4
}

fn accepts(layout: &Layout<'_>, frag: &Frag<'_>, weak: bool, style: Looks, pure: f32) -> bool {
    let look = looks(layout, frag);
    if look == style {
        return !weak || (pure >= 0.5 && distinct(layout, style));
    }
    if weak {
        return false;
    }
    let size_ok = look.0 as f32 >= style.0 as f32 * 0.93;
    let heavy = |look: Looks| u8::from(look.1) + u8::from(look.2) + u8::from(look.3 > 0);
    // Where headings stand out, something lighter or smaller is a word of the text, such as a group of skills.
    size_ok && (!distinct(layout, style) || heavy(look) >= heavy(style) || (look.4 && style.4))
}

/// Fragments that look like headings but whose words are unknown.
fn alike(layout: &Layout<'_>, found: &[Heading], style: Looks) -> Vec<Heading> {
    let known: Vec<&Frag<'_>> = found.iter().filter_map(|heading| layout.frags.get(heading.frag)).collect();
    let largest = layout.frags.iter().map(|frag| frag.size).fold(0.0, f32::max);
    layout
        .frags
        .iter()
        .enumerate()
        .filter(|(index, frag)| {
            let aligned = known.iter().any(|other| {
                (other.rect.x0 - frag.rect.x0).abs() < 2.5
                    || (other.centre() - frag.centre()).abs() < 3.0
                    || (other.rect.x1 - frag.rect.x1).abs() < 2.5
            });
            let is_name = frag.page == 0 && *index < 3 && frag.size >= largest - 0.1;
            let broken = layout.frags.get(index.wrapping_sub(1)).is_some_and(|before| {
                before.block == frag.block && before.same_style(frag) && frag.rect.y0 > before.rect.y0
            });
            !frag.bullet
                && !is_name
                && !broken
                && aligned
                && could_be(frag)
                && looks(layout, frag) == style
                && !found.iter().any(|heading| heading.frag == *index)
        })
        .map(|(frag, _)| Heading { frag, kind: SectionKind::Other })
        .collect()
}
