//! Small tools for text: folding of case and accents, words with their places, scripts without spaces.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A word of a text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Bytes in the text.
    pub(super) range: Range<usize>,
    /// The word without case and accents.
    pub(super) folded: String,
}

/// Lower case without accents, so that "Université" and "UNIVERSITE" are equal.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ł' | 'Ł' => out.push('l'),
            'ø' | 'Ø' => out.push('o'),
            'đ' | 'Đ' => out.push('d'),
            'ı' => out.push('i'),
            'ß' | 'ẞ' => out.push_str("ss"),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            '’' | '‘' | 'ʼ' | '´' => out.push('\''),
            '‐' | '‑' => out.push('-'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// [`fold`] with each run of spaces as one.
pub(super) fn fold_phrase(text: &str) -> String {
    collapse(&fold(text))
}

/// Each run of white space as one space, none at the ends.
pub(super) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character belongs to a script that is written without spaces between words.
pub(crate) fn is_cjk(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF)
}

/// Whether the first letter of a text is of the Latin script; true without letters.
pub(super) fn is_latin(text: &str) -> bool {
    text.chars()
        .find(|c| c.is_alphabetic())
        .is_none_or(|c| c < '\u{250}' || ('\u{1e00}'..'\u{1f00}').contains(&c))
}

/// Whether any character is of such a script.
pub(super) fn has_cjk(text: &str) -> bool {
    text.chars().any(is_cjk)
}

/// The words of a text: runs of letters and digits.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut push = |range: Range<usize>| {
        if let Some(word) = text.get(range.clone()) {
            found.push(Token { folded: fold(word), range });
        }
    };
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() || is_combining_mark(c) {
            start.get_or_insert(at);
        } else if let Some(from) = start.take() {
            push(from..at);
        }
    }
    if let Some(from) = start {
        push(from..text.len());
    }
    found
}

/// Whether a character is a picture of an icon font, or invisible.
pub(super) fn is_icon(c: char) -> bool {
    matches!(u32::from(c), 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFD | 0x200B..=0x200F | 0xFEFF | 0xFFFD)
}

/// The sub-range of `range` without white space and the given characters at its ends.
pub(super) fn trim_range(text: &str, range: Range<usize>, strip: &[char]) -> Range<usize> {
    let Some(slice) = text.get(range.clone()) else { return range.start..range.start };
    let cut = |c: char| c.is_whitespace() || is_icon(c) || strip.contains(&c);
    let from = slice.len() - slice.trim_start_matches(cut).len();
    let to = slice.trim_end_matches(cut).len();
    if from >= to { range.start..range.start } else { range.start + from..range.start + to }
}

/// Number of words; in scripts without spaces two characters count as one word.
pub(super) fn word_count(text: &str) -> usize {
    let unspaced = text.chars().filter(|c| is_cjk(*c)).count();
    let spaced = text
        .split(|c: char| c.is_whitespace() || is_cjk(c))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count();
    spaced + unspaced.div_ceil(2)
}

/// Whether the text has letters and all that have a case are capitals.
pub(super) fn is_caps(text: &str) -> bool {
    let mut upper = 0_usize;
    for c in text.chars() {
        if c.is_lowercase() {
            return false;
        }
        upper += usize::from(c.is_uppercase());
    }
    upper >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_removes_case_and_accents() {
        assert_eq!(fold("Łódź – Große ÉTÉ"), "lodz – grosse ete");
    }

    #[test]
    fn tokens_keep_their_places() {
        let text = "Ph.D. in Café";
        let words: Vec<_> = tokens(text).into_iter().map(|token| (token.range, token.folded)).collect();
        assert_eq!(
            words,
            [(0..2, "ph".into()), (3..4, "d".into()), (6..8, "in".into()), (9..14, "cafe".into())]
        );
    }

    #[test]
    fn ranges_are_trimmed_on_character_boundaries() {
        assert_eq!(trim_range("x – é – y", 1..12, &['–']), 6..8);
        assert_eq!(trim_range("x", 5..9, &[]), 5..5);
    }
}
