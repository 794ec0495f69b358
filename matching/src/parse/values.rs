//! Values on their way into the result: text, where it came from, and how sure it is.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::flow::Joined;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// First byte of the text in [`crate::Document::text`].
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
    /// Further stretches of the text, in reading order, when the value was put together from lines that other text stands
    /// between (a column beside it, for instance).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Stretch>,
    /// How sure the parser is that the value is right and in the right field, from 0 to 1.
    pub confidence: f32,
}

/// A stretch of [`crate::Document::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// First byte.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
}

impl Evidence {
    /// All stretches of the text that the value came from, in reading order.
    pub fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        std::iter::once(self.start..self.end).chain(self.more.iter().map(|more| more.start..more.end))
    }
}

/// A value found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) range: Range<usize>,
    /// Where the rest of it stands, when other text stands between its lines.
    pub(super) more: Vec<Range<usize>>,
    pub(super) confidence: f32,
}

impl Value {
    pub(super) fn new(text: impl Into<String>, range: Range<usize>, confidence: f32) -> Self {
        Self { text: text.into(), range, more: Vec::new(), confidence }
    }

    /// This value and another after it, with a space between them.
    pub(super) fn followed_by(self, next: Self) -> Self {
        let more = self.more.into_iter().chain([next.range]).chain(next.more).collect();
        Self {
            text: format!("{} {}", self.text, next.text),
            range: self.range,
            more,
            confidence: self.confidence.min(next.confidence),
        }
    }

    pub(super) fn joined(joined: Joined, confidence: f32) -> Self {
        Self { text: joined.text, range: joined.range, more: joined.more, confidence }
    }
}

/// Collects evidence while a resume is put together.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) evidence: BTreeMap<String, Evidence>,
}

impl Sink {
    /// Notes where the value of the JSON pointer came from and hands its text on. Empty text is no value.
    pub(super) fn put(&mut self, pointer: &str, value: Option<Value>) -> Option<String> {
        let value = value.filter(|value| !value.text.trim().is_empty())?;
        let confidence = (value.confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0;
        let more = value.more.iter().map(|range| Stretch { start: range.start, end: range.end }).collect();
        self.evidence.insert(
            pointer.to_owned(),
            Evidence { start: value.range.start, end: value.range.end, more, confidence },
        );
        Some(value.text)
    }

    /// [`Sink::put`] for a list, one pointer an item.
    pub(super) fn put_all(&mut self, pointer: &str, values: Vec<Value>) -> Vec<String> {
        let mut texts = Vec::new();
        for value in values {
            let at = format!("{pointer}/{}", texts.len());
            texts.extend(self.put(&at, Some(value)));
        }
        texts
    }
}
