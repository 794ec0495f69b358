//! Sections of small entries: awards, certificates, publications, references, projects.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::entries::{Entry, entries};
use super::flow::{UnitKind, flows, join};
use super::labels::Label;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::pieces::{Header, Piece, split_weak};
use super::positions::{Body, Period, body, entry_link};
use super::text::{trim_range, word_count};
use super::values::Value;

/// An award, certificate, publication, reference or project.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Item {
    pub(super) name: Option<Value>,
    /// Issuer, publisher or organisation.
    pub(super) by: Option<Value>,
    /// Roles in a project.
    pub(super) roles: Vec<Value>,
    pub(super) period: Period,
    pub(super) url: Option<Value>,
    pub(super) body: Body,
    /// Kind of project.
    pub(super) kind: Option<Value>,
    /// Organisation that a project was done for.
    pub(super) entity: Option<Value>,
    /// Header lines that were not used.
    pub(super) rest: Vec<Value>,
}

static DOI: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b10\.\d{4,9}/[^\s(),]+").ok());

/// Entries, where a list without header lines is one entry an item.
fn split<'a, 'd>(layout: &'a Layout<'d>, frags: &[&'a Frag<'d>]) -> Vec<Entry<'a, 'd>> {
    let mut found = Vec::new();
    for entry in entries(layout, flows(layout, frags)) {
        let list = entry.headers.is_empty() && entry.stated.is_empty() && !entry.body.is_empty();
        if !list {
            found.push(entry);
            continue;
        }
        for unit in entry.body {
            let mut header = Header::default();
            header.add_unit(layout, &unit, 0);
            let top = unit.top;
            found.push(Entry { headers: vec![unit], header, ..Entry::empty(top) });
        }
    }
    found
}

/// Awards and certificates.
pub(super) fn honours<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Item> {
    split(layout, frags)
        .iter()
        .map(|entry| honour(layout, entry))
        .filter(|item| item.name.is_some())
        .collect()
}

fn honour(layout: &Layout<'_>, entry: &Entry<'_, '_>) -> Item {
    let mut names: Vec<Value> = whole_names(layout, &entry.header.pieces)
        .into_iter()
        .map(|range| Value::new(super::text::collapse(layout.slice(&range)), range, 0.88))
        .collect();
    // Places are parts of names here: "Berlin" may be who gave the award.
    if names.is_empty() {
        names.extend(
            entry.header.places.iter().map(|range| Value::new(layout.slice(range), range.clone(), 0.6)),
        );
    }
    let mut names = names.into_iter();
    let name = entry.labelled(Label::Name).or_else(|| names.next());
    let by = [Label::Issuer, Label::Organization, Label::Publisher];
    Item {
        name,
        by: by.into_iter().find_map(|label| entry.labelled(label)).or_else(|| names.next()),
        period: Period::best(&entry.header.dates).map(Period::of).unwrap_or_default(),
        url: entry_link(layout, entry),
        body: body(layout, entry),
        rest: names.collect(),
        ..Item::default()
    }
}

/// The names of the first lines; a heavy first line over a light one is one name, whatever dashes it has.
fn whole_names(layout: &Layout<'_>, pieces: &[Piece]) -> Vec<Range<usize>> {
    let first: Vec<&Piece> = pieces.iter().take_while(|piece| piece.row == 0).collect();
    let below = pieces.get(first.len());
    if let (Some(start), Some(end), Some(below)) = (first.first(), first.last(), below) {
        let whole = start.range.start..end.range.end.max(start.range.end);
        let parted = layout.slice(&whole).contains(['|', '\t', '•', '\n']);
        if first.iter().all(|piece| piece.bold) && !below.bold && !parted {
            let rest = pieces.iter().skip(first.len()).map(|piece| piece.range.clone());
            return std::iter::once(whole).chain(rest).collect();
        }
    }
    pieces.iter().map(|piece| piece.range.clone()).collect()
}

/// References: who, and what they say.
pub(super) fn references<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Item> {
    split(layout, frags)
        .iter()
        .map(|entry| {
            let mut item = honour(layout, entry);
            if let Some(by) = item.by.take() {
                item.rest.insert(0, by);
            }
            if let Some(said) = entry.labelled(Label::Reference) {
                item.body.summary = Some(said);
            }
            item
        })
        .filter(|item| item.name.is_some() || item.body.summary.is_some())
        .collect()
}

/// Publications.
pub(super) fn publications<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Item> {
    split(layout, frags)
        .iter()
        .map(|entry| publication(layout, entry))
        .filter(|item| item.name.is_some())
        .collect()
}

fn publication(layout: &Layout<'_>, entry: &Entry<'_, '_>) -> Item {
    let mut item = Item {
        url: entry_link(layout, entry),
        period: Period::best(&entry.header.dates).map(Period::of).unwrap_or_default(),
        body: body(layout, entry),
        ..Item::default()
    };
    let doc = &layout.doc.text;
    let lines = entry.headers.iter().chain(entry.body.iter().filter(|unit| unit.kind != UnitKind::Bullet));
    for (row, unit) in lines.enumerate() {
        let joined = unit.joined(layout);
        if row == 0 {
            let first =
                entry.header.pieces.first().map(|piece| piece.range.start).unwrap_or(joined.range.start);
            let last = entry
                .header
                .pieces
                .iter()
                .rev()
                .find(|piece| piece.row == 0)
                .map_or(joined.range.end, |piece| piece.range.end);
            let name = if last > first { first..last } else { joined.range.clone() };
            let text = super::text::collapse(layout.slice(&name));
            item.name = Some(Value::new(text.replace('\u{ad}', ""), name, 0.85));
            continue;
        }
        let range = joined.range.clone();
        let text = layout.slice(&range);
        let identifier = DOI.as_ref().and_then(|pattern| pattern.find(text)).map(|found| found.range());
        let address = super::contact::find_urls(text).into_iter().next();
        if let Some(found) = identifier.clone().or(address) {
            let at = range.start + found.start..range.start + found.end;
            if identifier.is_some() {
                let linked = layout.links(&at).map(|(target, _)| target.to_owned()).next();
                let url = linked.unwrap_or_else(|| format!("https://doi.org/{}", layout.slice(&at)));
                item.url = Some(Value::new(url, at, 0.97));
            }
            item.by = item.by.or_else(|| named(layout, range.start + found.end..range.end));
        } else if text.starts_with('(') {
            item.by = item.by.or_else(|| named(layout, range));
        } else if !text.is_empty() && unit.kind == UnitKind::Header {
            item.rest.push(Value::new(joined.text, trim_range(doc, range, &[]), 0.6));
        }
    }
    item.name = entry.labelled(Label::Name).or(item.name);
    item.by = entry.labelled(Label::Publisher).or_else(|| entry.labelled(Label::Issuer)).or(item.by);
    item
}

fn named(layout: &Layout<'_>, range: Range<usize>) -> Option<Value> {
    let range = trim_range(&layout.doc.text, range, &['(', ')', ',', '.', '|', '-', '–', '·']);
    (!range.is_empty()).then(|| Value::new(layout.slice(&range), range, 0.85))
}

/// Projects.
pub(super) fn projects<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Item> {
    split(layout, frags)
        .iter()
        .map(|entry| project(layout, entry))
        .filter(|item| item.name.is_some())
        .collect()
}

fn project(layout: &Layout<'_>, entry: &Entry<'_, '_>) -> Item {
    let mut item = Item {
        period: Period::best(&entry.header.dates).map(Period::of).unwrap_or_default(),
        url: entry_link(layout, entry),
        body: body(layout, entry),
        ..Item::default()
    };
    item.url = item.url.or_else(|| item.body.url.clone());
    item.entity = entry.labelled(Label::Organization);
    item.kind = entry.labelled(Label::Kind);
    if let Some(roles) = entry.labelled(Label::Role) {
        item.roles.extend(super::lists::split_list(layout, roles.range, 0.9));
    }
    item.name = entry.labelled(Label::Name);
    let titles = lexicon().set("title");
    let mut pieces = entry.header.pieces.iter().peekable();
    if let Some(first) = pieces.next_if(|_| item.name.is_none()) {
        let mut parts = split_weak(layout, first).into_iter();
        let head = parts.next();
        let tail: Vec<_> = parts.collect();
        // "HackMyResume, contributor": a role after a comma.
        let is_role = tail.len() == 1 && tail.iter().all(|part| titles.occurs(layout.slice(&part.range)));
        let name = head.filter(|_| is_role).map_or_else(|| first.range.clone(), |head| head.range);
        let colon = layout.slice(&name).find(": ");
        if let Some(at) =
            colon.filter(|at| word_count(layout.slice(&name).get(..*at).unwrap_or_default()) <= 6)
        {
            let rest = trim_range(&layout.doc.text, name.start + at + 1..name.end, &[]);
            item.rest.push(Value::new(layout.slice(&rest), rest, 0.7));
            item.name = Some(Value::new(
                layout.slice(&(name.start..name.start + at)),
                name.start..name.start + at,
                0.8,
            ));
        } else {
            item.name = Some(Value::new(layout.slice(&name), name, 0.88));
        }
        if is_role {
            item.roles
                .extend(tail.into_iter().map(|part| Value::new(layout.slice(&part.range), part.range, 0.8)));
        }
    }
    pieces.for_each(|piece| add_piece(layout, &mut item, piece));
    if item.name.is_none() {
        let unit = entry.headers.first().or_else(|| entry.body.first());
        item.name = unit.map(|unit| Value::joined(join(layout, &unit.frags), 0.5));
    }
    item
}

/// A name beside that of the project: technologies, a role, keywords, or something else.
fn add_piece(layout: &Layout<'_>, item: &mut Item, piece: &Piece) {
    let titles = lexicon().set("title");
    let text = layout.slice(&piece.range);
    let value = Value::new(text, piece.range.clone(), 0.75);
    if let Some(keywords) = super::positions::technologies(
        layout,
        &super::flow::Joined { text: text.to_owned(), range: piece.range.clone(), more: Vec::new() },
    ) {
        item.body.keywords.extend(keywords);
    } else if word_count(text) <= 5 && titles.occurs(text) {
        item.roles.push(value);
    } else if text.matches(", ").count() >= 2 || (piece.italic && text.contains(", ")) {
        item.body.keywords.extend(super::lists::split_list(layout, piece.range.clone(), 0.75));
    } else {
        item.rest.push(value);
    }
}
