//! Right-to-left text: from the order on the page to the order in which it is read.

use unicode_bidi::{BidiClass, bidi_class};

/// Whether a character is of a right-to-left script.
pub(in super::super) fn is_rtl(c: char) -> bool {
    c > '\u{58f}' && matches!(bidi_class(c), BidiClass::R | BidiClass::AL)
}

/// Puts items that stand from left to right into reading order. `class_of` gives the character that decides an
/// item's direction. Without right-to-left characters nothing changes.
pub(super) fn to_logical<T>(items: &mut [T], class_of: impl Fn(&T) -> char) {
    // Nearly all lines end here: finding a character's class takes a search.
    if !items.iter().any(|item| is_rtl(class_of(item))) {
        return;
    }
    let levels: Vec<BidiClass> = items.iter().map(|item| bidi_class(class_of(item))).collect();
    let rtl = levels.iter().filter(|class| matches!(class, BidiClass::R | BidiClass::AL)).count();
    let ltr = levels.iter().filter(|class| matches!(class, BidiClass::L)).count();
    let base_is_rtl = rtl >= ltr;
    let resolved = resolve(&levels, base_is_rtl);
    if base_is_rtl {
        items.reverse();
        let reversed: Vec<bool> = resolved.iter().rev().copied().collect();
        reverse_runs(items, &reversed, false);
    } else {
        reverse_runs(items, &resolved, true);
    }
}

/// For each item in visual order whether it reads right to left.
fn resolve(classes: &[BidiClass], base_is_rtl: bool) -> Vec<bool> {
    let strong = |class: &BidiClass| match class {
        BidiClass::R | BidiClass::AL => Some(true),
        // Digits read left to right everywhere.
        BidiClass::L | BidiClass::EN | BidiClass::AN => Some(false),
        _ => None,
    };
    let mut resolved = vec![base_is_rtl; classes.len()];
    let mut start = 0;
    let mut before = None;
    for (index, class) in classes.iter().enumerate() {
        let Some(rtl) = strong(class) else { continue };
        if let Some(slot) = resolved.get_mut(index) {
            *slot = rtl;
        }
        // Neutral characters between two of the same direction take it; others take the line's.
        if before == Some(rtl) && index > start {
            resolved.iter_mut().take(index).skip(start).for_each(|slot| *slot = rtl);
        }
        before = Some(rtl);
        start = index + 1;
    }
    resolved
}

/// Reverses each maximal run of items whose flag is `which`.
fn reverse_runs<T>(items: &mut [T], flags: &[bool], which: bool) {
    let mut start = 0;
    while start < flags.len() {
        let run = flags.iter().skip(start).take_while(|flag| **flag == which).count();
        if run > 1
            && let Some(slice) = items.get_mut(start..start + run)
        {
            slice.reverse();
        }
        start += run.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logical(visual: &str) -> String {
        let mut chars: Vec<char> = visual.chars().collect();
        to_logical(&mut chars, |c| *c);
        chars.into_iter().collect()
    }

    #[test]
    fn hebrew_is_turned_and_latin_inside_it_is_not() {
        // On the page from left to right: "Rust" then the Hebrew word backwards.
        assert_eq!(logical("Rust םלוע"), "עולם Rust");
        assert_eq!(logical("2019 תנש"), "שנת 2019");
    }

    #[test]
    fn a_hebrew_word_in_latin_text_is_turned_in_place() {
        assert_eq!(logical("the word םולש means peace"), "the word שלום means peace");
    }

    #[test]
    fn latin_text_is_left_alone() {
        assert_eq!(logical("plain text (1)"), "plain text (1)");
    }
}
