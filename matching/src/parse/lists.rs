//! Sections that are lists: skills, spoken languages, interests.

use std::ops::Range;

use super::flow::{Flow, Unit, UnitKind, flows};
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::text::{trim_range, word_count};
use super::values::Value;

/// A skill or a group of them; also an interest.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Group {
    pub(super) name: Option<Value>,
    pub(super) level: Option<Value>,
    pub(super) keywords: Vec<Value>,
}

/// A spoken language.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tongue {
    pub(super) language: Value,
    pub(super) fluency: Option<Value>,
}

const ITEM_EDGES: [char; 14] = ['.', ',', ';', ':', '-', '–', '—', '|', '•', '·', '：', '、', '，', '*'];
/// Quotation marks around an item.
const QUOTES: [char; 2] = ['“', '”'];

/// Splits a range at commas, semicolons, bars and bullets outside brackets.
pub(super) fn split_list(layout: &Layout<'_>, range: Range<usize>, confidence: f32) -> Vec<Value> {
    let text = layout.slice(&range);
    let mut depth = 0_i32;
    let mut parts = Vec::new();
    let mut at = 0;
    let mut cut = |from: usize, to: usize| {
        let part = trim_range(&layout.doc.text, range.start + from..range.start + to, &ITEM_EDGES);
        let part = trim_range(&layout.doc.text, part, &QUOTES);
        if layout.slice(&part).chars().any(char::is_alphanumeric) {
            parts.push(Value::new(super::text::collapse(layout.slice(&part)), part, confidence));
        }
    };
    for (index, c) in text.char_indices() {
        match c {
            // What stands in quotation marks is one item.
            '(' | '（' | '“' => depth += 1,
            ')' | '）' | '”' => depth -= 1,
            ',' | ';' | '|' | '•' | '·' | '、' | '，' | '；' | '\t' | '▪' | '∙' if depth <= 0 => {
                cut(at, index);
                at = index + c.len_utf8();
            }
            _ => {}
        }
    }
    cut(at, text.len());
    parts
}

fn is_list(text: &str) -> bool {
    text.contains([',', ';', '|', '•', '、', '，', '；', '·', '\t'])
}

/// The first colon outside brackets.
fn outer_colon(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth -= 1,
            ':' | '：' if depth <= 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where a label such as "Languages:" ends and its list begins: after a colon, or where bold type ends.
fn label_end(layout: &Layout<'_>, unit: &Unit<'_, '_>) -> Option<(Range<usize>, Range<usize>)> {
    let first = unit.first()?;
    let last = unit.frags.last()?;
    // Fragments that other text stands between, or that stand in another order, are no label and list.
    let apart = |pair: &[&Frag<'_>]| match pair {
        [a, b] if a.range.end <= b.range.start => {
            layout.slice(&(a.range.end..b.range.start)).chars().any(char::is_alphanumeric)
        }
        _ => true,
    };
    if unit.frags.windows(2).any(apart) {
        return None;
    }
    let range = first.range.start..last.range.end.max(first.range.end);
    let text = layout.slice(&range);
    let label = |end: usize, next: usize| {
        let name = trim_range(&layout.doc.text, range.start..range.start + end, &ITEM_EDGES);
        let rest = trim_range(&layout.doc.text, range.start + next..range.end, &ITEM_EDGES);
        let fits = !name.is_empty() && !rest.is_empty() && word_count(layout.slice(&name)) <= 6;
        fits.then_some((name, rest))
    };
    if let Some(colon) = outer_colon(text)
        && !text.get(colon..).is_some_and(|rest| rest.starts_with("://"))
        && !text.get(..colon).is_some_and(is_list)
    {
        return label(colon, colon + text.get(colon..)?.chars().next()?.len_utf8());
    }
    if let Some(second) = unit.frags.get(1)
        && second.rect.y0 < first.rect.y1 - 2.0
        && (is_list(second.text) && !is_list(first.text) || first.bold && !second.bold)
    {
        return label(first.range.end - range.start, second.range.start - range.start);
    }
    let bold_end = first.runs.iter().take_while(|run| run.bold).last()?.range.end;
    // "**Python** (Advanced)" has a level and no list.
    let level = layout.slice(&(bold_end..range.end)).trim_start().starts_with('(');
    (bold_end < first.range.end && !level).then(|| label(bold_end - range.start, bold_end - range.start))?
}

/// "Python (Advanced)" or "Python – Advanced": the level at the end.
fn split_level(layout: &Layout<'_>, item: Value) -> Group {
    let levels = lexicon().set("level");
    let text = layout.slice(&item.range);
    for mark in ["(", " – ", " — ", " - ", ": "] {
        let Some(at) = text.rfind(mark) else { continue };
        let tail =
            trim_range(&layout.doc.text, item.range.start + at + mark.len()..item.range.end, &[')', '(']);
        let stated = mark == "(" && after_level(layout.slice(&tail)).is_some();
        if levels.is(layout.slice(&tail)) || stated {
            let said = after_level(layout.slice(&tail)).unwrap_or_default();
            let tail = if stated { tail.end - said.len()..tail.end } else { tail };
            let name = trim_range(&layout.doc.text, item.range.start..item.range.start + at, &ITEM_EDGES);
            let name = Value::new(layout.slice(&name), name, item.confidence);
            let level = Value::new(layout.slice(&tail), tail, 0.9);
            return Group { name: Some(name), level: Some(level), keywords: Vec::new() };
        }
    }
    Group { name: Some(item), level: None, keywords: Vec::new() }
}

/// What "level: ten years" says after its label.
fn after_level(text: &str) -> Option<&str> {
    let (head, rest) = text.split_once(':')?;
    lexicon().set("label.level").is(head).then(|| rest.trim()).filter(|rest| !rest.is_empty())
}

/// The groups of a skills or interests section.
pub(super) fn groups<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Group> {
    let mut found = Vec::new();
    for flow in flows(layout, frags) {
        found.extend(flow_groups(layout, &flow));
    }
    found
}

fn flow_groups(layout: &Layout<'_>, flow: &Flow<'_, '_>) -> Vec<Group> {
    let mut found: Vec<Group> = Vec::new();
    // Size of the names and of the keywords under them, once both were seen.
    let mut sizes: Option<(f32, f32)> = None;
    let mut open = false;
    let mut name_size = 0.0;
    let mut unfinished = false;
    for unit in &flow.units {
        let Some(first) = unit.first() else { continue };
        let joined = unit.joined(layout);
        let continued = std::mem::take(&mut unfinished);
        unfinished = joined.text.ends_with(',');
        if let Some((name, rest)) = label_end(layout, unit) {
            let keywords = split_list(layout, rest, 0.92);
            let named = split_level(layout, Value::new(layout.slice(&name), name, 0.95));
            let name = named.name.filter(|name| !lexicon().set("label.keywords").is(&name.text));
            found.push(Group { name, level: named.level, keywords });
            open = true;
            continue;
        }
        if lexicon().set("level").is(&joined.text) && found.last().is_some_and(|group| group.level.is_none())
        {
            if let Some(group) = found.last_mut() {
                group.level = Some(Value::joined(joined, 0.92));
            }
            continue;
        }
        // "Design, UX:" is a name, whatever separators it has.
        if joined.text.ends_with([':', '：']) {
            let end = trim_range(&layout.doc.text, joined.range.clone(), &ITEM_EDGES);
            let name = super::text::collapse(layout.slice(&end));
            found.push(split_level(layout, Value::new(name, end, 0.9)));
            (open, name_size) = (true, first.size);
            continue;
        }
        let smaller = sizes.is_some_and(|(_, keyword): (f32, f32)| (keyword - first.size).abs() < 0.2)
            && sizes.is_some_and(|(name, keyword)| (name - keyword).abs() > 0.4);
        let listed = is_list(&joined.text);
        if (open && (listed || smaller || unit.kind == UnitKind::Bullet) && unit_goes_on(unit, listed))
            || continued
        {
            if let Some(group) = found.last_mut() {
                sizes = Some((name_size, first.size));
                group.keywords.extend(items(layout, unit, 0.92));
            }
        } else if listed || unit.kind == UnitKind::Bullet || unit.frags.len() > 1 {
            found.extend(items(layout, unit, 0.85).into_iter().map(|item| split_level(layout, item)));
            open = false;
        } else {
            found.push(split_level(layout, Value::joined(joined, 0.85)));
            open = true;
            name_size = first.size;
        }
    }
    found
}

fn unit_goes_on(unit: &Unit<'_, '_>, listed: bool) -> bool {
    unit.kind != UnitKind::Bullet || !listed || unit.first().is_some_and(|frag| !frag.bullet)
}

/// The items of a unit: of its list, or of its fragments side by side.
fn items(layout: &Layout<'_>, unit: &Unit<'_, '_>, confidence: f32) -> Vec<Value> {
    let stacked = unit.frags.windows(2).all(|pair| matches!(pair, [a, b] if b.rect.y0 > a.rect.y0 + 2.0));
    if unit.kind == UnitKind::Prose {
        return vec![Value::joined(unit.joined(layout), 0.6)];
    }
    let joined = unit.joined(layout);
    if stacked {
        let slice = super::text::collapse(layout.slice(&joined.range));
        if slice == joined.text {
            return split_list(layout, joined.range, confidence);
        }
    }
    unit.frags.iter().flat_map(|frag| split_list(layout, frag.range.clone(), confidence)).collect()
}

/// The spoken languages of a section.
pub(super) fn tongues<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Tongue> {
    let lexicon = lexicon();
    let mut found: Vec<Tongue> = Vec::new();
    for flow in flows(layout, frags) {
        for unit in &flow.units {
            let joined = unit.joined(layout);
            let text = layout.slice(&joined.range);
            let names = lexicon.set("language").find(text);
            if names.is_empty() {
                unnamed(layout, &mut found, Value::joined(joined, 0.6));
                continue;
            }
            let base = joined.range.start;
            let ends: Vec<usize> = names.iter().skip(1).map(|next| next.start).chain([text.len()]).collect();
            for (name, end) in names.iter().zip(ends) {
                let start = extend_name(text, name);
                let rest = trim_range(&layout.doc.text, base + name.end..base + end, &FLUENCY_EDGES);
                let said = layout.slice(&rest);
                let fluent = lexicon.set("fluency").occurs(said) || (word_count(said) <= 4 && said.len() > 1);
                let range = base + start..base + name.end;
                found.push(Tongue {
                    language: Value::new(layout.slice(&range), range, 0.95),
                    fluency: (fluent && !matches!(said, "and" | "&")).then(|| fluency(layout, rest)),
                });
            }
        }
    }
    found
}

/// How well, without a label.
fn fluency(layout: &Layout<'_>, range: Range<usize>) -> Value {
    let said = layout.slice(&range);
    let kept = after_level(said).unwrap_or(said);
    Value::new(kept, range.end - kept.len()..range.end, 0.9)
}

const FLUENCY_EDGES: [char; 16] =
    ['(', ')', ',', ';', ':', '-', '–', '—', '|', '•', '·', '/', '：', '，', '（', '）'];

/// "Brazilian Portuguese": a capitalised word before the name belongs to it.
fn extend_name(text: &str, name: &Range<usize>) -> usize {
    let before = text.get(..name.start).unwrap_or_default();
    let word = before.trim_end().rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
    let plain = !word.is_empty()
        && word.chars().all(char::is_alphabetic)
        && before.ends_with(' ')
        && before.trim_end().len() == word.len();
    if plain && word.chars().next().is_some_and(char::is_uppercase) && !lexicon().set("fluency").is(word) {
        0
    } else {
        name.start
    }
}

/// A line without the name of a known language: how well the last one is known, or a language we do not know.
fn unnamed(layout: &Layout<'_>, found: &mut Vec<Tongue>, value: Value) {
    let fluent = lexicon().set("fluency").occurs(&value.text);
    if let Some(last) = found.last_mut().filter(|last| fluent && last.fluency.is_none()) {
        last.fluency = Some(Value { confidence: 0.9, ..value });
    } else if !fluent && word_count(&value.text) <= 6 {
        let group = split_level(layout, value);
        if let Some(language) = group.name {
            found.push(Tongue { language, fluency: group.level });
        }
    }
}
