//! What a person, or a program that reads applications, would stumble over: none of it enters the score.

use std::collections::BTreeMap;

use super::resume::Passage;
use crate::document::WarningKind;
use crate::parse::dates::PartialDate;
use crate::{Document, ParsedResume};

/// Mentions of one skill from which it reads as stuffing.
const STUFFED: usize = 15;
/// Words from which a passage that stands twice is a mistake, and not a title or a date.
const REPEATED_WORDS: usize = 6;
/// Words from which a block is too long to be read at a glance.
const LONG_BLOCK: usize = 90;
/// Words of a text that tells too little, and of one that tells more than is read.
const SHORT_TEXT: usize = 60;
const LONG_TEXT: usize = 1800;

/// All that is to be said, the gravest first.
pub(super) fn checks(resume: &ParsedResume, document: &Document, passages: &[Passage]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if !document.hidden.is_empty() {
        found.push(
            "The file holds text that a reader cannot see. It is not scored; employers may take it for a trick."
                .to_owned(),
        );
    }
    found.extend(contact(resume));
    found.extend(employment(resume));
    found.extend(stuffing(passages));
    found.extend(repetition(passages));
    found.extend(length(document));
    let others = document.warnings.iter().filter(|warning| warning.kind != WarningKind::HiddenText);
    found.extend(
        others.map(|warning| format!("Reading the file: {}.", warning.message.trim_end_matches('.'))),
    );
    found
}

fn contact(resume: &ParsedResume) -> Option<String> {
    let basics = &resume.resume.basics;
    let missing = match (&basics.email, &basics.phone) {
        (None, None) => "No e-mail address and no telephone number were found",
        (None, Some(_)) => "No e-mail address was found",
        (Some(_), None) => "No telephone number was found",
        (Some(_), Some(_)) => return None,
    };
    Some(format!("{missing}: write them as plain text at the top, not in an image, a header or a footer."))
}

fn employment(resume: &ParsedResume) -> Vec<String> {
    let work = &resume.resume.work;
    if work.is_empty() {
        let message = "No employment was recognised: use a heading such as \"Experience\" and one line for employer, title and dates.";
        return vec![message.to_owned()];
    }
    let mut found = Vec::new();
    let undated: Vec<&str> = work
        .iter()
        .filter(|position| position.start_date.is_none() && position.end_date.is_none())
        .filter_map(|position| position.position.as_deref().or(position.name.as_deref()))
        .collect();
    if !undated.is_empty() {
        found.push(format!(
            "No dates were found for {}: write them like \"03/2019 - 05/2022\".",
            undated.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
        ));
    }
    for position in work {
        let date = |text: &Option<String>| text.as_deref().and_then(PartialDate::parse_iso);
        if let (Some(start), Some(end)) = (date(&position.start_date), date(&position.end_date))
            && start.month_index(false) > end.month_index(true)
        {
            found.push(format!(
                "A position ends ({end}) before it begins ({start}): one of the dates is wrong."
            ));
        }
    }
    found
}

fn stuffing(passages: &[Passage]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for mention in passages.iter().flat_map(|passage| &passage.mentions) {
        *counts.entry(mention.canonical).or_default() += 1;
    }
    let (name, count) = counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)))?;
    (count > STUFFED).then(|| {
        format!("{name} is named {count} times: repetition adds nothing to the score and reads as keyword stuffing.")
    })
}

fn repetition(passages: &[Passage]) -> Option<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for passage in passages.iter().filter(|passage| passage.words.len() >= REPEATED_WORDS) {
        *seen.entry(passage.text.to_lowercase()).or_default() += 1;
    }
    let twice = passages.iter().find(|passage| seen.get(&passage.text.to_lowercase()) > Some(&1))?;
    let count = seen.values().filter(|count| **count > 1).count();
    let others = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    let start: String = twice.text.chars().take(80).collect();
    Some(format!("A line stands in the resume more than once{others}: \"{start}\". Once is enough."))
}

fn length(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    let words = document.text.split_whitespace().count();
    if words < SHORT_TEXT {
        found.push(format!(
            "The text has only {words} words. If the file shows more, the rest is in images, which programs do not read."
        ));
    } else if words > LONG_TEXT {
        found.push(format!(
            "The text has {words} words; most readers stop after two pages. Shorten what is long ago."
        ));
    }
    let longest = document.text.split("\n\n").map(|block| {
        // Lists have short lines; only running text counts.
        let lines = block.lines().count().max(1);
        let words = block.split_whitespace().count();
        if words / lines >= 8 && !block.contains(['•', '●', '▪']) { words } else { 0 }
    });
    if longest.max().is_some_and(|words| words > LONG_BLOCK) {
        found.push(
            "A block of text is long: lines that begin with what you did are read, blocks are skipped."
                .to_owned(),
        );
    }
    found
}
