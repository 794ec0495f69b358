//! Widths of Helvetica and Helvetica-Bold in thousandths of the font size, by the code of Windows-1252 (Adobe's metrics
//! of the standard fonts), and which characters that code has.

use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization as _;

/// Widths of the printable characters of ASCII, from the space on.
const REGULAR: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278,
    556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584,
    556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556,
    333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

/// The code of a character in Windows-1252, when it has one that can be seen.
pub(super) fn code(c: char) -> Option<u8> {
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    let code = bytes.first().copied().filter(|_| !unmappable && bytes.len() == 1)?;
    // Control characters, and the soft hyphen that readers drop.
    let seen =
        (0x20..0x7f).contains(&code) || (code >= 0x80 && c as u32 > 0x9f && code != 0xad && code != 0xa0);
    seen.then_some(code)
}

/// The width of a code.
pub(super) fn width(code: u8, bold: bool) -> u16 {
    let ascii = |c: char| {
        let index = usize::try_from(u32::from(c).checked_sub(0x20)?).ok()?;
        if bold { &BOLD } else { &REGULAR }.get(index).copied()
    };
    let bytes = [code];
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    let Some(c) = text.chars().next() else { return 556 };
    match c {
        '–' => 556,
        '—' | '…' | 'Æ' | 'Œ' | '‰' | '™' => 1000,
        '•' => 350,
        '‘' | '’' | '‚' => {
            if bold {
                278
            } else {
                222
            }
        }
        '“' | '”' | '„' => {
            if bold {
                500
            } else {
                333
            }
        }
        'æ' => 889,
        'œ' => 944,
        'ß' | 'ø' | 'þ' | 'µ' => 611,
        'Ø' => 778,
        '©' | '®' => 737,
        '°' => 400,
        '·' | '¨' | '´' | '¸' | '¯' => 333,
        // A letter with an accent is as wide as the letter.
        other => other.nfd().next().and_then(ascii).unwrap_or(556),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_letters_have_codes_and_others_have_none() {
        assert_eq!(code('A'), Some(0x41));
        assert_eq!(code('é'), Some(0xe9));
        assert_eq!(code('–'), Some(0x96));
        assert_eq!(code('•'), Some(0x95));
        for c in ['я', 'Ω', '李', '\u{301}', '\n', '\u{ad}'] {
            assert_eq!(code(c), None, "{c:?}");
        }
    }

    #[test]
    fn widths_are_those_of_the_standard_fonts() {
        assert_eq!((width(b'A', false), width(b'A', true)), (667, 722));
        assert_eq!(width(0xe9, false), width(b'e', false));
        assert_eq!(width(b'~', false), 584);
    }
}
