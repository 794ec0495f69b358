//! Who the resume is about: contact details and accounts; the name is looked for in [`super::names`].

use std::ops::Range;

use super::contact::{self, Address, find_emails, find_phones, find_urls, network_name};
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::places::{parse_location, place_score};
use super::sections::Section;
use super::stated::PlacePart;
use super::text::{is_icon, trim_range, word_count};
use super::values::Value;

/// An account in a network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    pub(super) network: Value,
    pub(super) username: Option<Value>,
    pub(super) url: Option<Value>,
}

/// What was found about the person.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) name: Option<Value>,
    pub(super) label: Option<Value>,
    pub(super) email: Option<Value>,
    pub(super) phone: Option<Value>,
    /// The telephone number in E.164.
    pub(super) phone_e164: Option<String>,
    pub(super) url: Option<Value>,
    /// Address of a picture.
    pub(super) image: Option<Value>,
    pub(super) location: Option<Value>,
    /// The parts of the address, where each is said with a label; these count before `location`.
    pub(super) place: Vec<(PlacePart, Value)>,
    pub(super) accounts: Vec<Account>,
    /// Fragments that were used, by their start.
    pub(super) used: Vec<usize>,
}

/// Reads the person from what stands before the first heading and from contact and profile sections.
pub(super) fn person<'d>(layout: &Layout<'d>, top: &[&Frag<'d>], sections: &[Section<'_, 'd>]) -> Person {
    use super::lexicon::SectionKind::{Contact, Profiles};
    let mut person = Person::default();
    let aside: Vec<&Frag<'d>> = sections
        .iter()
        .filter(|section| section.heading.is_some() && matches!(section.kind, Contact | Profiles))
        .flat_map(|section| section.frags.iter().copied())
        .collect();
    let near: Vec<&Frag<'d>> = top.iter().chain(&aside).copied().collect();
    let near = person.find_stated(layout, &near);
    person.find_location(layout, &near);
    person.find_contact(layout, &near);
    if person.email.is_none() || person.phone.is_none() {
        let all: Vec<&Frag<'d>> = layout.frags.iter().collect();
        person.find_contact_anywhere(layout, &all);
    }
    person.find_labelled(layout, &near);
    let from_profiles: Vec<&Frag<'d>> = sections
        .iter()
        .filter(|section| section.kind == Profiles)
        .flat_map(|section| section.frags.iter().copied())
        .collect();
    person.pair_networks(&from_profiles);
    person.accounts.sort_by_key(|account| account.network.range.start);
    if person.name.is_none() {
        person.find_name(layout, &near, sections);
    }
    if person.label.is_none() {
        person.find_headline(layout, &near);
    }
    person
}

/// A label such as "E-mail:" at the start of a text, of the given keys.
pub(super) fn label<'t>(text: &'t str, keys: &[&str]) -> Option<(&'t str, usize)> {
    let colon = text.find([':', '：'])?;
    let head = text.get(..colon)?;
    let lexicon = lexicon();
    keys.iter().any(|key| lexicon.set(key).is(head)).then(|| {
        let end = colon + text.get(colon..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        (head, end)
    })
}

impl Person {
    fn find_location(&mut self, layout: &Layout<'_>, near: &[&Frag<'_>]) {
        for frag in near {
            for range in parts(layout, frag) {
                let text = layout.slice(&range);
                let range = match label(text, &["label.address"]) {
                    Some((_, end)) => range.start + end..range.end,
                    None => range,
                };
                // Pictures of icon fonts come out as odd signs.
                let range = trim_range(
                    &layout.doc.text,
                    range,
                    &['½', '(', '*', '@', '#', '§', '¶', '®', '+', '&', '¥', '»'],
                );
                let text = layout.slice(&range);
                let score = place_score(text);
                let address = looks_like_address(text);
                if self.location.is_none() && self.place.is_empty() && (score >= 0.7 || address) {
                    self.used.push(frag.range.start);
                    self.location = Some(Value::new(text, range, score.max(0.8)));
                }
            }
        }
    }

    fn find_contact(&mut self, layout: &Layout<'_>, near: &[&Frag<'_>]) {
        let home = self.location.as_ref().and_then(|place| parse_location(&place.text).country_code);
        for frag in near {
            let text = layout.slice(&frag.range);
            let at = |range: Range<usize>| frag.range.start + range.start..frag.range.start + range.end;
            for range in find_emails(text) {
                self.add_email(layout, at(range), 0.99);
            }
            for phone in find_phones(text, home.as_deref().or(Some("US"))) {
                self.add_phone(layout, at(phone.range), phone.e164, 0.97);
            }
            for range in find_urls(text) {
                let found = contact::address(layout.slice(&at(range.clone())));
                self.add_address(layout, found, at(range));
            }
            for (target, range) in layout.links(&frag.reach) {
                let shown = if range.start < frag.range.start { frag.range.clone() } else { range };
                self.add_link(layout, target, shown);
            }
        }
    }

    /// E-mail and telephone may stand at the end of the document too.
    fn find_contact_anywhere(&mut self, layout: &Layout<'_>, all: &[&Frag<'_>]) {
        for frag in all {
            let text = layout.slice(&frag.range);
            let at = |range: Range<usize>| frag.range.start + range.start..frag.range.start + range.end;
            if self.email.is_none()
                && let Some(range) = find_emails(text).into_iter().next()
            {
                self.add_email(layout, at(range), 0.8);
            }
            if self.phone.is_none()
                && label(text, &["label.phone"]).is_some()
                && let Some(phone) = find_phones(text, Some("US")).into_iter().next()
            {
                self.add_phone(layout, at(phone.range), phone.e164, 0.8);
            }
        }
        if self.email.is_none() {
            let linked = layout.doc.links.iter().find_map(|link| {
                Some((link.target.strip_prefix("mailto:")?, link.range.clone().unwrap_or(0..0)))
            });
            self.email = linked.map(|(email, range)| Value::new(email, range, 0.9));
        }
    }

    fn add_email(&mut self, layout: &Layout<'_>, range: Range<usize>, confidence: f32) {
        let text: String = layout.slice(&range).chars().filter(|c| !c.is_whitespace()).collect();
        self.email.get_or_insert_with(|| Value::new(text, range, confidence));
    }

    fn add_phone(&mut self, layout: &Layout<'_>, range: Range<usize>, e164: Option<String>, confidence: f32) {
        if self.phone.is_none() {
            let sure = if e164.is_some() { confidence } else { confidence - 0.1 };
            self.phone = Some(Value::new(layout.slice(&range), range, sure));
            self.phone_e164 = e164;
        }
    }

    fn add_link(&mut self, layout: &Layout<'_>, target: &str, range: Range<usize>) {
        if let Some(email) = target.strip_prefix("mailto:") {
            let email = email.split('?').next().unwrap_or(email);
            self.email.get_or_insert_with(|| Value::new(email, range, 0.97));
        } else if let Some(number) = target.strip_prefix("tel:") {
            let shown = layout.slice(&range);
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
            if self.phone.is_none() && digits(shown) >= 6 {
                self.phone = Some(Value::new(shown, range, 0.95));
            } else if self.phone.is_none() {
                self.phone = Some(Value::new(number, range, 0.9));
            }
        } else if target.starts_with("http") {
            self.add_address(layout, contact::address(target), range);
        }
    }

    fn add_address(&mut self, layout: &Layout<'_>, found: Address, range: Range<usize>) {
        let url = Value::new(found.url.clone(), range.clone(), 0.95);
        if let Some((network, username)) = found.account {
            let same = |account: &&mut Account| {
                account.network.text == network
                    && account.username.as_ref().is_none_or(|known| known.text == username)
            };
            if let Some(known) = self.accounts.iter_mut().find(same) {
                known.url.get_or_insert(url);
                return;
            }
            self.accounts.push(Account {
                network: Value::new(network, range.clone(), 0.97),
                username: Some(Value::new(username, range, 0.97)),
                url: Some(url),
            });
        } else if contact::is_network_front(&url.text) {
            // The front page of a network says nothing about the person.
        } else if let Some(known) = &mut self.url {
            // The link says what the text only shortens.
            if plain_url(&known.text) == plain_url(&url.text) && layout.slice(&range) != url.text {
                known.text = url.text;
            }
        } else {
            self.url = Some(url);
        }
    }

    /// Lines such as "LinkedIn: jane-doe" and "GitHub" under or over a user name.
    fn find_labelled(&mut self, layout: &Layout<'_>, near: &[&Frag<'_>]) {
        for frag in near {
            for range in parts(layout, frag) {
                let text = layout.slice(&range);
                let Some(colon) = text.find([':', '：']) else { continue };
                let Some(network) = text.get(..colon).and_then(network_name) else { continue };
                let name = trim_range(&layout.doc.text, range.start + colon + 1..range.end, &[':', '：']);
                let user = layout.slice(&name);
                let simple = !user.is_empty() && !user.contains(['/', ' ']);
                if simple && !self.accounts.iter().any(|account| account.network.text == network) {
                    self.accounts.push(Account {
                        network: Value::new(network, range.start..range.start + colon, 0.9),
                        username: Some(Value::new(user.trim_start_matches('@'), name, 0.85)),
                        url: None,
                    });
                }
            }
        }
    }

    fn pair_networks(&mut self, frags: &[&Frag<'_>]) {
        for (index, frag) in frags.iter().enumerate() {
            let Some(network) = network_name(frag.text) else { continue };
            if self.accounts.iter().any(|account| account.network.text == network) {
                continue;
            }
            // The user name stands over the network, or after it.
            let above = frags
                .iter()
                .filter(|other| other.rect.y0 < frag.rect.y0 && (other.rect.x0 - frag.rect.x0).abs() < 40.0)
                .max_by(|a, b| a.rect.y0.total_cmp(&b.rect.y0));
            let user = above
                .copied()
                .or_else(|| frags.get(index + 1).copied())
                .filter(|other| network_name(other.text).is_none() && !other.text.contains(' '));
            self.accounts.push(Account {
                network: Value::new(network, frag.range.clone(), 0.95),
                username: user
                    .map(|user| Value::new(user.text.trim_start_matches('@'), user.range.clone(), 0.85)),
                url: None,
            });
        }
    }

    pub(super) fn is_contact(&self, layout: &Layout<'_>, frag: &Frag<'_>) -> bool {
        let text = layout.slice(&frag.range);
        self.used.contains(&frag.range.start)
            || !find_emails(text).is_empty()
            || !find_urls(text).is_empty()
            || layout.links(&frag.reach).next().is_some()
            || !find_phones(text, Some("US")).is_empty()
            || place_score(text) >= 0.7
            || label(text, &["label.email", "label.phone", "label.address", "label.url", "label.birth"])
                .is_some()
    }
}

/// What stands before the first heading and is neither name nor contact: sentences are a summary.
pub(super) fn is_leftover_prose(person: &Person, layout: &Layout<'_>, frag: &Frag<'_>) -> bool {
    let in_label = person
        .label
        .as_ref()
        .is_some_and(|label| frag.range.start >= label.range.start && frag.range.end <= label.range.end);
    !in_label && !person.is_contact(layout, frag)
}

/// The parts of a line between bars, bullets, addresses and telephone numbers.
fn parts(layout: &Layout<'_>, frag: &Frag<'_>) -> Vec<Range<usize>> {
    let text = layout.slice(&frag.range);
    let mut holes: Vec<Range<usize>> = find_emails(text).into_iter().chain(find_urls(text)).collect();
    holes.extend(find_phones(text, None).into_iter().map(|phone| phone.range));
    holes.extend(
        text.char_indices()
            .filter(|(_, c)| matches!(c, '|' | '•' | '·' | '◆' | '⋄' | '∙' | '｜') || is_icon(*c))
            .map(|(at, c)| at..at + c.len_utf8()),
    );
    holes.push(text.len()..text.len());
    holes.sort_by_key(|hole| hole.start);
    let mut found = Vec::new();
    let mut at = 0;
    for hole in holes {
        if hole.start >= at {
            let part = frag.range.start + at..frag.range.start + hole.start;
            found.push(trim_range(&layout.doc.text, part, &[',', '-', '–']));
        }
        at = at.max(hole.end);
    }
    found.retain(|range| !range.is_empty());
    found
}

/// A street, number and town.
fn looks_like_address(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let places = text
        .split([',', '|'])
        .filter(|part| {
            place_score(part) >= 0.7 || place_score(&part.replace(|c: char| c.is_ascii_digit(), "")) >= 0.7
        })
        .count();
    (1..=9).contains(&digits)
        && places > 0
        && word_count(text) <= 12
        && !text.contains('@')
        && text.contains([',', ' '])
        && super::dates::find_dates(text).is_empty()
        && find_phones(text, Some("US")).is_empty()
}

fn plain_url(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.trim_start_matches("www.").trim_end_matches('/').to_lowercase()
}
