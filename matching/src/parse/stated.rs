//! What the lines around the name say with a label: "Name: Jane Doe", "City: Berlin", "Behance: jane (https://…)".

use std::ops::Range;

use super::basics::{Account, Person};
use super::contact::{address, find_urls, network_name};
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::places::country_code;
use super::text::{trim_range, word_count};
use super::values::Value;

/// A part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlacePart {
    Address,
    City,
    Region,
    PostalCode,
    Country,
}

impl Person {
    /// Takes the fragments that say what they are and hands back the others.
    pub(super) fn find_stated<'a, 'd>(
        &mut self,
        layout: &Layout<'d>,
        near: &[&'a Frag<'d>],
    ) -> Vec<&'a Frag<'d>> {
        let only_of_addresses = |part: &(PlacePart, Range<usize>)| {
            matches!(part.0, PlacePart::Region | PlacePart::PostalCode | PlacePart::Country)
        };
        let parted = near
            .iter()
            .any(|frag| place_parts(layout, frag).is_some_and(|parts| parts.iter().any(only_of_addresses)));
        near.iter()
            .copied()
            .filter(|frag| {
                let taken = self.take_place(layout, frag, parted)
                    || self.take_line(layout, frag)
                    || self.take_account(layout, frag);
                if taken {
                    self.used.push(frag.range.start);
                }
                !taken
            })
            .collect()
    }

    /// "Address: 12 Main St | City: Berlin | Country: DE". `parted` says that some line states a part that only an address
    /// has; a town alone is read as any other place.
    fn take_place(&mut self, layout: &Layout<'_>, frag: &Frag<'_>, parted: bool) -> bool {
        let Some(parts) = place_parts(layout, frag) else { return false };
        if !(parted || parts.len() > 1) {
            return false;
        }
        for (part, range) in parts {
            let text = layout.slice(&range);
            let text = match part {
                PlacePart::Country => country_code(text).unwrap_or(text),
                _ => text,
            };
            if !self.place.iter().any(|(known, _)| *known == part) {
                self.place.push((part, Value::new(text, range, 0.95)));
            }
        }
        true
    }

    fn take_line(&mut self, layout: &Layout<'_>, frag: &Frag<'_>) -> bool {
        let range = &frag.range;
        let mut take = |key: &str, into: fn(&mut Self) -> &mut Option<Value>| {
            let Some(found) = after_label(layout, range, key) else { return false };
            let slot = into(self);
            if slot.is_some() {
                return false;
            }
            *slot = Some(Value::new(layout.slice(&found), found, 0.95));
            true
        };
        let text = layout.slice(range);
        let addressed = !find_urls(text).is_empty();
        take("label.headline", |person| &mut person.label)
            || (addressed && take("label.photo", |person| &mut person.image))
            || (addressed && take("label.website", |person| &mut person.url))
            || (!text.contains(['|', '@'])
                && word_count(text) <= 8
                && take("label.name", |person| &mut person.name))
    }

    /// "SoundCloud: jane (https://…)" or "SoundCloud: https://…", whether the network is known or not.
    fn take_account(&mut self, layout: &Layout<'_>, frag: &Frag<'_>) -> bool {
        const OTHERS: [&str; 9] = [
            "label.email",
            "label.phone",
            "label.address",
            "label.url",
            "label.website",
            "label.name",
            "label.birth",
            "label.technologies",
            "label.photo",
        ];
        let text = layout.slice(&frag.range);
        let Some(colon) = text.find(": ") else { return false };
        let head = text.get(..colon).unwrap_or_default();
        let other = OTHERS.iter().any(|key| lexicon().set(key).is(head));
        if other || !(1..=3).contains(&word_count(head)) || head.contains(['(', '/', '.', ',']) {
            return false;
        }
        let doc = &layout.doc.text;
        let rest = trim_range(doc, frag.range.start + colon + 1..frag.range.end, &[]);
        let said = layout.slice(&rest);
        let bracket = said.strip_suffix(')').and_then(|inner| inner.rfind(" (http"));
        let (user, url) = match bracket {
            Some(at) => (rest.start..rest.start + at, rest.start + at + 2..rest.end - 1),
            None if said.starts_with("http") && !said.contains(' ') => (rest.start..rest.start, rest.clone()),
            None => return false,
        };
        let found = address(layout.slice(&url));
        let known = found.account.as_ref().is_some_and(|(network, _)| network_name(head) == Some(*network));
        if known && user.is_empty() {
            return false;
        }
        let network: Range<usize> = frag.range.start..frag.range.start + colon;
        let username = layout.slice(&user);
        self.accounts.push(Account {
            network: Value::new(head, network, 0.93),
            username: (!username.is_empty()).then(|| Value::new(username, user, 0.93)),
            url: Some(Value::new(found.url, url, 0.95)),
        });
        true
    }
}

/// The parts of an address that a line states, when it states nothing else.
fn place_parts(layout: &Layout<'_>, frag: &Frag<'_>) -> Option<Vec<(PlacePart, Range<usize>)>> {
    const KEYS: [(&str, PlacePart); 5] = [
        ("label.city", PlacePart::City),
        ("label.region", PlacePart::Region),
        ("label.postcode", PlacePart::PostalCode),
        ("label.country", PlacePart::Country),
        ("label.address", PlacePart::Address),
    ];
    bars(layout, &frag.range)
        .into_iter()
        .map(|range| KEYS.iter().find_map(|(key, part)| Some((*part, after_label(layout, &range, key)?))))
        .collect()
}

/// The parts of a line between bars.
fn bars(layout: &Layout<'_>, range: &Range<usize>) -> Vec<Range<usize>> {
    let text = layout.slice(range);
    let mut parts = Vec::new();
    let mut at = 0;
    for (end, _) in text.match_indices('|').chain([(text.len(), "")]) {
        parts.push(trim_range(&layout.doc.text, range.start + at..range.start + end, &[]));
        at = end + 1;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// What follows a label of the given set and its colon; `None` when nothing does.
fn after_label(layout: &Layout<'_>, range: &Range<usize>, key: &str) -> Option<Range<usize>> {
    let text = layout.slice(range);
    let colon = text.find([':', '：'])?;
    let mark = text.get(colon..)?.chars().next()?.len_utf8();
    let fits = lexicon().set(key).is(text.get(..colon)?);
    let rest = trim_range(&layout.doc.text, range.start + colon + mark..range.end, &[]);
    (fits && !rest.is_empty()).then_some(rest)
}
