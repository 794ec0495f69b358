//! Entries of a section: one job, school, project or award each, with its header lines and its text.

use super::flow::{Flow, Unit, UnitKind, is_meta, shows_address};
use super::labels::{Label, label_of, stated};
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::pieces::{Header, has_date};
use super::values::Value;

/// An entry.
#[derive(Debug)]
pub(super) struct Entry<'a, 'd> {
    /// Lines that name it.
    pub(super) headers: Vec<Unit<'a, 'd>>,
    /// Bullets and paragraphs.
    pub(super) body: Vec<Unit<'a, 'd>>,
    /// What the header lines say, dates and places beside them included.
    pub(super) header: Header,
    /// What its lines say with a label, in order.
    pub(super) stated: Vec<(Label, Value)>,
    pub(super) top: f32,
}

impl Entry<'_, '_> {
    /// An entry without lines.
    pub(super) fn empty(top: f32) -> Self {
        Self { headers: Vec::new(), body: Vec::new(), header: Header::default(), stated: Vec::new(), top }
    }

    /// What is said with a label; the first of several.
    pub(super) fn labelled(&self, label: Label) -> Option<Value> {
        self.stated.iter().find(|(known, _)| *known == label).map(|(_, value)| value.clone())
    }
}

/// What a header line looks to be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Degree,
    Institution,
    Title,
    /// Grades, labels and addresses, which never begin an entry.
    Detail,
    Unknown,
}

fn class(layout: &Layout<'_>, unit: &Unit<'_, '_>, text: &str) -> Class {
    let lexicon = lexicon();
    if unit.frags.iter().all(|frag| shows_address(layout, frag)) {
        return Class::Detail;
    }
    let contact = !super::contact::find_emails(text).is_empty()
        || super::contact::find_phones(text, Some("US"))
            .iter()
            .any(|phone| phone.range.len() * 2 > text.len());
    if contact {
        return Class::Detail;
    }
    if is_fragment(text) {
        return Class::Detail;
    }
    let identified = text.starts_with("10.") && text.contains('/') || text.starts_with(['(', '（']);
    if identified || starts_with_label(text) {
        return Class::Detail;
    }
    if lexicon.set("degree").starts(text).is_some() {
        return Class::Degree;
    }
    if lexicon.set("institution").occurs(text) {
        return Class::Institution;
    }
    if lexicon.set("title").occurs(text) { Class::Title } else { Class::Unknown }
}

/// The middle or the end of a sentence, such as "operations and cost."; never a name.
fn is_fragment(text: &str) -> bool {
    let words = super::text::word_count(text);
    let lower = text.starts_with(char::is_lowercase);
    let last = text.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
    let abbreviated = last.chars().count() <= 4 || last.contains('.');
    (lower && words >= 4) || (text.ends_with('.') && words >= 5 && !abbreviated)
}

/// "GPA: 3.9", "Technologies: Rust", "Thesis: …".
pub(super) fn starts_with_label(text: &str) -> bool {
    let Some(colon) = text.find([':', '：']) else {
        return lexicon().set("score").starts(text).is_some() && text.chars().any(|c| c.is_ascii_digit());
    };
    let head = text.get(..colon).unwrap_or_default();
    label_of(text).is_some()
        || ["label.technologies", "label.thesis"].iter().any(|key| lexicon().set(key).is(head))
}

/// Facts about a header unit that the split looks at.
struct Facts {
    dated: bool,
    class: Class,
    /// Farther from the line before than lines of one entry are.
    gap: bool,
    /// Looks like the first header line of the section, and the line before does not.
    restart: bool,
    /// Only dates or places: never begins an entry when it follows a name.
    meta: bool,
    /// Set apart as the first line of the section is, by its level or by weight and distance.
    opens: bool,
    /// The label it begins with.
    label: Option<Label>,
}

fn facts(layout: &Layout<'_>, flow: &Flow<'_, '_>) -> Vec<Facts> {
    let headers: Vec<&Unit<'_, '_>> =
        flow.units.iter().filter(|unit| unit.kind == UnitKind::Header).collect();
    let style = headers.first().and_then(|unit| unit.first());
    let base = flow
        .units
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if a.kind == UnitKind::Header && b.kind == UnitKind::Header => Some(b.pitch),
            _ => None,
        })
        .fold(f32::MAX, f32::min);
    // A date beside the text belongs to the line nearest to it.
    let beside: Vec<Option<usize>> =
        flow.metas.iter().filter(|meta| has_date(meta.text)).map(|meta| nearest(&flow.units, meta)).collect();
    let mut before: Option<&Unit<'_, '_>> = None;
    flow.units
        .iter()
        .enumerate()
        .map(|(index, unit)| {
            let text = unit.joined(layout).text;
            let beside = beside.contains(&Some(index));
            let like_first = |unit: &Unit<'_, '_>| {
                style
                    .zip(unit.first())
                    .is_some_and(|(style, frag)| style.same_style(frag) && style.caps == frag.caps)
            };
            let gap = unit.pitch > base * 1.25;
            let opens = style.zip(unit.first()).is_some_and(|(style, frag)| {
                let levelled = !layout.positioned && frag.level > 0 && frag.level == style.level;
                let heavy = frag.bold || frag.size > layout.body_size * 1.05;
                levelled || (gap && heavy && frag.looks_like(style))
            });
            let facts = Facts {
                dated: beside || has_date(&text),
                class: class(layout, unit, &text),
                gap,
                restart: like_first(unit) && before.is_some_and(|before| !like_first(before)),
                meta: unit.frags.iter().all(|frag| is_meta(frag)),
                opens,
                label: label_of(&text).map(|(label, _)| label),
            };
            before = Some(unit);
            facts
        })
        .collect()
}

/// The unit whose first line is nearest in height; of two equally near the upper one.
fn nearest(units: &[Unit<'_, '_>], meta: &Frag<'_>) -> Option<usize> {
    let distance = |unit: &Unit<'_, '_>| {
        unit.frags.iter().map(|frag| (frag.rect.y0 - meta.rect.y0).abs()).fold(f32::MAX, f32::min)
    };
    let mut best: Option<(usize, f32)> = None;
    for (index, unit) in units.iter().enumerate() {
        let found = distance(unit);
        if best.is_none_or(|(_, known)| found < known - 0.5) {
            best = Some((index, found));
        }
    }
    best.map(|(index, _)| index)
}

/// Indices of the units that begin entries.
fn starts(flow: &Flow<'_, '_>, facts: &[Facts]) -> Vec<usize> {
    let dates_anywhere =
        facts.iter().zip(&flow.units).any(|(fact, unit)| fact.dated && unit.kind == UnitKind::Header);
    let mut found: Vec<usize> = Vec::new();
    for (index, (unit, fact)) in flow.units.iter().zip(facts).enumerate() {
        let Some(start) = found.last().copied() else {
            found.push(index);
            continue;
        };
        // Each entry may begin with the same label: "Company: Acme".
        let first_label = facts.first().and_then(|first| first.label);
        let again = fact.label.is_some() && fact.label == first_label;
        // Where name and dates are headings of one level, each on its own line, the kind that comes first opens the entry.
        let opens = fact.opens && facts.first().is_some_and(|first| first.meta == fact.meta);
        if unit.kind == UnitKind::Header && (opens || again) {
            found.push(index);
            continue;
        }
        if unit.kind != UnitKind::Header || fact.class == Class::Detail {
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| flow.units.get(before));
        let after_body = before.is_some_and(|before| before.kind != UnitKind::Header);
        let current = facts.get(start..index).unwrap_or_default();
        let only_details = flow.units.get(start).is_some_and(|unit| unit.kind != UnitKind::Header);
        if after_body {
            // A stray line of text inside a body is no new entry unless it looks like one.
            if !fact.meta || only_details {
                found.push(index);
            }
            continue;
        }
        if fact.meta {
            continue;
        }
        let dated_before = current.iter().any(|fact| fact.dated);
        let dated_after = facts
            .iter()
            .zip(&flow.units)
            .skip(index)
            .take_while(|(_, unit)| unit.kind == UnitKind::Header)
            .any(|(fact, _)| fact.dated);
        let again = fact.class != Class::Unknown && current.iter().any(|known| known.class == fact.class);
        let both = dated_before && dated_after;
        let score = 2 * u8::from(fact.gap)
            + 2 * u8::from(both)
            + 2 * u8::from(again && (both || !dates_anywhere))
            + u8::from(fact.restart)
            + u8::from(both && fact.dated);
        if score >= 3 || (fact.gap && !dates_anywhere) {
            found.push(index);
        }
    }
    found
}

/// The entries of a section's columns in reading order.
pub(super) fn entries<'a, 'd>(layout: &'a Layout<'d>, flows: Vec<Flow<'a, 'd>>) -> Vec<Entry<'a, 'd>> {
    let mut found = Vec::new();
    for flow in flows {
        let facts = facts(layout, &flow);
        let begins = starts(&flow, &facts);
        let mut here: Vec<Entry<'a, 'd>> = Vec::new();
        for (index, unit) in flow.units.into_iter().enumerate() {
            if begins.contains(&index) {
                here.push(Entry::empty(unit.top));
            }
            let Some(entry) = here.last_mut() else { continue };
            if let Some(found) = stated(layout, &unit) {
                entry.header.add_stated(layout, &found);
                entry.stated.push(found);
                continue;
            }
            let address = unit.frags.iter().all(|frag| shows_address(layout, frag));
            let trailing = !entry.body.is_empty() && !address;
            let fragment = !entry.headers.is_empty() && is_fragment(&unit.joined(layout).text);
            if unit.kind == UnitKind::Header && !trailing && !fragment {
                entry.headers.push(unit);
            } else {
                entry.body.push(unit);
            }
        }
        place_metas(layout, &mut here, &flow.metas);
        found.extend(here);
    }
    // Columns of equal standing are read row by row.
    found.sort_by(|a, b| {
        if (a.top - b.top).abs() < 3.0 { std::cmp::Ordering::Equal } else { a.top.total_cmp(&b.top) }
    });
    found
}

fn place_metas<'d>(layout: &Layout<'d>, entries: &mut [Entry<'_, 'd>], metas: &[&Frag<'d>]) {
    for entry in entries.iter_mut() {
        for (row, unit) in entry.headers.iter().enumerate() {
            entry.header.add_unit(layout, unit, row);
        }
    }
    for meta in metas {
        let at = entries.iter().rposition(|entry| entry.top <= meta.rect.y0 + 0.6 * meta.size).unwrap_or(0);
        if let Some(entry) = entries.get_mut(at) {
            let row = nearest(&entry.headers, meta).unwrap_or(0);
            entry.header.add_meta(layout, meta, row);
        }
    }
}
