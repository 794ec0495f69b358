//! Characters as files state them become characters as people read them.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// What [`clean`] took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Zero-width characters inside words of a script that has no use for them.
    pub(crate) zero_width: usize,
    /// Characters without a meaning: U+FFFD, private use, unassigned controls.
    pub(crate) unmapped: usize,
}

/// Appends `input` to `output`: ligatures and presentation forms taken apart, every kind of space made one, soft
/// hyphens, zero-width characters, bidi controls and other controls dropped, the whole in NFC.
/// `\t` and `\n` stay.
pub(crate) fn clean(input: &str, output: &mut String) -> Removed {
    let mut removed = Removed::default();
    if input.bytes().all(|byte| matches!(byte, b'\t' | b'\n' | 0x20..=0x7e)) {
        output.push_str(input);
        return removed;
    }
    let mut plain = String::with_capacity(input.len());
    let mut previous = None;
    let mut chars = input.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' | '\n' => plain.push(c),
            '\u{20}'..='\u{7e}' => plain.push(c),
            '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2061}'..='\u{206f}' => {}
            '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                plain.push(' ');
            }
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' | '\r' => plain.push('\n'),
            '\u{200c}' | '\u{200d}' => {
                if previous.is_some_and(uses_joiners) && chars.peek().copied().is_some_and(uses_joiners) {
                    plain.push(c);
                } else {
                    removed.zero_width += 1;
                }
            }
            '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{180e}' => {
                removed.zero_width += usize::from(previous.is_some_and(char::is_alphanumeric));
            }
            // Ligatures, Arabic and Hebrew presentation forms, radicals that stand for the characters they look like.
            '\u{fb00}'..='\u{fb06}'
            | '\u{fb13}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{2e80}'..='\u{2fdf}' => {
                plain.extend(std::iter::once(c).nfkc());
            }
            '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => removed.unmapped += 1,
            _ if c.is_control() => removed.unmapped += 1,
            _ => plain.push(c),
        }
        previous = Some(c);
    }
    if is_nfc(&plain) {
        output.push_str(&plain);
    } else {
        output.extend(plain.nfc());
    }
    removed
}

/// Whether joiners carry meaning beside this character: Arabic, Indic and South-East Asian scripts, and emoji.
fn uses_joiners(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{200d}'
        | '\u{2190}'..='\u{2bff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe0f}' | '\u{fe70}'..='\u{fefc}'
        | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(input: &str) -> (String, Removed) {
        let mut output = String::new();
        let removed = clean(input, &mut output);
        (output, removed)
    }

    #[test]
    fn ligatures_and_presentation_forms_are_taken_apart() {
        assert_eq!(cleaned("of\u{fb01}ce e\u{fb03}cient").0, "office efficient");
        assert_eq!(cleaned("\u{fefb}").0, "\u{644}\u{627}");
        assert_eq!(cleaned("硕\u{2f20}").0, "硕士");
    }

    #[test]
    fn spaces_become_one_kind_and_soft_hyphens_go() {
        assert_eq!(cleaned("a\u{a0}b\u{2003}c\u{ad}d").0, "a b cd");
    }

    #[test]
    fn composed_characters_are_nfc() {
        assert_eq!(cleaned("Jose\u{301}").0, "José");
    }

    #[test]
    fn zero_width_characters_in_words_are_counted_and_dropped() {
        let (text, removed) = cleaned("Py\u{200b}thon \u{feff}x");
        assert_eq!(text, "Python x");
        assert_eq!(removed.zero_width, 1);
    }

    #[test]
    fn joiners_stay_where_scripts_need_them() {
        assert_eq!(cleaned("می\u{200c}خواهم").0, "می\u{200c}خواهم");
        assert_eq!(cleaned("a\u{200c}b").0, "ab");
    }

    #[test]
    fn icons_of_private_use_are_dropped_and_counted() {
        let (text, removed) = cleaned("\u{f0e0} jane@example.org");
        assert_eq!(text, " jane@example.org");
        assert_eq!(removed.unmapped, 1);
    }
}
