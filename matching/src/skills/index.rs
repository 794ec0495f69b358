//! The index of names: a trie over words, walked from each word of a text.
//!
//! Names are sequences of whole words, so the alphabet is the names' vocabulary: a word of the text is hashed once, and most
//! words end the search at once. All tables are made at build time.

use super::normalise::{Gap, Token};

/// Stands in a key where an item ends: names that hold a bracket or comma match only where the text has one too.
pub(super) const BREAK: &str = "\u{1}";

/// A name with its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: &'static str,
    /// `=`: only in this spelling.
    pub(super) exact_case: bool,
    /// `?`: only with support from the words around it.
    pub(super) needs_support: bool,
}

/// Words between single spaces, [`BREAK`] where an item ends.
pub(super) fn key(tokens: &[Token]) -> String {
    let mut key = String::new();
    for (position, token) in tokens.iter().enumerate() {
        if position > 0 && token.gap > Gap::None {
            key.push(' ');
            key.push_str(BREAK);
        }
        key.push(' ');
        key.push_str(&token.text);
    }
    key.push(' ');
    key
}

/// The trie's tables. Node 0 is the root; a node of 0 elsewhere means "none".
#[derive(Debug, Clone, Copy)]
pub(super) struct NameIndex {
    /// The vocabulary; words are named by their position.
    pub(super) words: &'static [&'static str],
    /// Hash table with linear probing: word + 1, or 0 where empty. Its length is a power of two.
    pub(super) slots: &'static [u32],
    /// By word: the root's child.
    pub(super) root: &'static [u32],
    /// By node: where its edges begin; one more at the end.
    pub(super) edge_starts: &'static [u32],
    /// The edges' words, ascending within a node.
    pub(super) edge_words: &'static [u32],
    /// The edges' ends.
    pub(super) edge_nodes: &'static [u32],
    /// By node: where its outputs begin; one more at the end.
    pub(super) output_starts: &'static [u32],
    /// Numbers of the patterns that end at a node.
    pub(super) outputs: &'static [u32],
}

impl NameIndex {
    /// The number of a word, if a name holds it.
    pub(super) fn word(&self, text: &str) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = hash(text) as usize & mask;
        loop {
            let word = self.slots.get(slot)?.checked_sub(1)?;
            if self.words.get(word as usize).is_some_and(|known| *known == text) {
                return Some(word);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The node that `word` leads to from the root.
    pub(super) fn first(&self, word: u32) -> Option<u32> {
        self.root.get(word as usize).copied().filter(|node| *node != 0)
    }

    /// The node that `word` leads to from `node`.
    pub(super) fn next(&self, node: u32, word: u32) -> Option<u32> {
        let range = range(self.edge_starts, node)?;
        let position = self.edge_words.get(range.clone())?.binary_search(&word).ok()?;
        self.edge_nodes.get(range.start + position).copied()
    }

    /// Numbers of the patterns that end at `node`.
    pub(super) fn outputs(&self, node: u32) -> &'static [u32] {
        range(self.output_starts, node).and_then(|range| self.outputs.get(range)).unwrap_or_default()
    }

    /// Whether a name is this one word.
    pub(super) fn is_name(&self, text: &str) -> bool {
        let node = self.word(text).and_then(|word| self.first(word));
        node.is_some_and(|node| !self.outputs(node).is_empty())
    }
}

fn range(starts: &[u32], node: u32) -> Option<std::ops::Range<usize>> {
    let node = node as usize;
    Some(*starts.get(node)? as usize..*starts.get(node + 1)? as usize)
}

/// FNV-1a, 32 bits: words are short, and the table must be the same on every machine.
fn hash(text: &str) -> u32 {
    let mixed =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // The low bits alone decide the slot.
    mixed ^ (mixed >> 15)
}

/// The hash table of a vocabulary, at most half full.
#[allow(dead_code, reason = "the build script and the tests make tables, the library only reads them")]
pub(super) fn hash_slots(words: &[&str]) -> Vec<u32> {
    let size = (2 * words.len()).next_power_of_two();
    let mut slots = vec![0_u32; size];
    for (number, word) in (1..).zip(words) {
        let mut slot = hash(word) as usize & (size - 1);
        while slots.get(slot).is_some_and(|taken| *taken != 0) {
            slot = (slot + 1) & (size - 1);
        }
        if let Some(free) = slots.get_mut(slot) {
            *free = number;
        }
    }
    slots
}
