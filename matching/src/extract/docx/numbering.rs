//! Lists of a DOCX file: which marker the next item of a list has.

use std::collections::HashMap;

use crate::error::ExtractError;
use crate::extract::numerals::{NumberFormat, format_number};
use crate::extract::options::ExtractOptions;
use crate::extract::xml::{Node, walk};

/// Levels that lists have.
const LEVELS: usize = 9;

#[derive(Debug, Clone, Default)]
struct Level {
    format: String,
    text: String,
    start: u32,
}

/// All lists and where their counting stands.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    definitions: HashMap<String, Vec<Level>>,
    /// List to definition and overridden starts.
    lists: HashMap<String, (String, HashMap<u8, u32>)>,
    /// Current numbers by definition; lists of one definition count on together.
    counters: HashMap<String, Vec<Option<u32>>>,
    /// Lists whose overridden starts were used.
    started: HashMap<(String, u8), ()>,
}

impl Numbering {
    /// Reads `numbering.xml`.
    pub(super) fn read(
        bytes: &[u8],
        options: &ExtractOptions<'_>,
        budget: &mut usize,
    ) -> Result<Self, ExtractError> {
        let mut numbering = Self::default();
        let mut definition = String::new();
        let mut list = None;
        let mut level = 0_u8;
        walk(bytes, options, budget, |node| {
            let element = match node {
                Node::Start(element) => element,
                Node::End(name) => {
                    if name == "num" {
                        list = None;
                    }
                    return Ok(());
                }
                Node::Text(_) => return Ok(()),
            };
            let value = || element.attribute("val");
            let name = element.name();
            match name.as_str() {
                "abstractNum" => definition = element.attribute("abstractNumId").unwrap_or_default(),
                "num" => list = element.attribute("numId"),
                "abstractNumId" => {
                    if let Some(list) = &list {
                        numbering.lists.entry(list.clone()).or_default().0 = value().unwrap_or_default();
                    }
                }
                "lvl" | "lvlOverride" => {
                    level = element.attribute("ilvl").and_then(|level| level.parse().ok()).unwrap_or(0);
                }
                "startOverride" => {
                    if let (Some(list), Some(start)) = (&list, value().and_then(|start| start.parse().ok())) {
                        numbering.lists.entry(list.clone()).or_default().1.insert(level, start);
                    }
                }
                // Levels inside a list override looks only.
                "numFmt" | "lvlText" | "start" if list.is_none() => {
                    let levels = numbering.definitions.entry(definition.clone()).or_default();
                    let at = usize::from(level).min(LEVELS - 1);
                    if levels.len() <= at {
                        levels.resize(at + 1, Level { start: 1, ..Level::default() });
                    }
                    if let Some(level) = levels.get_mut(at) {
                        match name.as_str() {
                            "numFmt" => level.format = value().unwrap_or_default(),
                            "lvlText" => level.text = value().unwrap_or_default(),
                            _ => level.start = value().and_then(|start| start.parse().ok()).unwrap_or(1),
                        }
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(numbering)
    }

    /// The marker of the next item, with a space after it; `None` when the list is unknown or shows none.
    pub(super) fn next(&mut self, list: &str, level: u8) -> Option<String> {
        let (definition, overrides) = self.lists.get(list)?;
        let levels = self.definitions.get(definition)?;
        let at = usize::from(level).min(LEVELS - 1);
        let current = levels.get(at)?;
        let counters = self.counters.entry(definition.clone()).or_insert_with(|| vec![None; LEVELS]);
        let override_start = overrides.get(&level).copied();
        let fresh = override_start.is_some() && self.started.insert((list.to_owned(), level), ()).is_none();
        let number = match counters.get(at).copied().flatten() {
            Some(number) if !fresh => number.saturating_add(1),
            _ => override_start.unwrap_or(current.start),
        };
        for (index, counter) in counters.iter_mut().enumerate().skip(at) {
            *counter = (index == at).then_some(number);
        }
        match current.format.as_str() {
            "bullet" => return Some("- ".to_owned()),
            "none" => return None,
            _ => {}
        }
        let mut marker = String::new();
        let mut pieces = current.text.split('%');
        marker.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let mut chars = piece.chars();
            let wanted = chars.next().and_then(|digit| digit.to_digit(10)).unwrap_or(1).max(1) as usize - 1;
            let shown = levels.get(wanted);
            let number =
                counters.get(wanted).copied().flatten().or(shown.map(|level| level.start)).unwrap_or(1);
            let format = NumberFormat::of_office(shown.map_or("decimal", |level| level.format.as_str()));
            marker.push_str(&format_number(number, format));
            marker.push_str(chars.as_str());
        }
        (!marker.trim().is_empty()).then(|| format!("{} ", marker.trim()))
    }
}
