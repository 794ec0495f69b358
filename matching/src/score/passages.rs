//! Cuts text into passages: bullets, lines, sentences, as byte ranges without bullet marks.

use std::ops::Range;

use crate::skills::normalise::WRAPPED_LINE_CHARS;

/// Marks that open a list item.
const BULLETS: &[char] =
    &['•', '●', '▪', '■', '◦', '‣', '·', '–', '—', '-', '*', '»', '→', '✓', '○', '\u{f0b7}', '§', '+'];

/// Longest piece of text that is one duty, in words; longer ones are cut at sentences.
const LONGEST_PIECE_WORDS: usize = 45;

/// The lines of a text; wrapped lines are joined, empty ones left out.
pub(crate) fn lines(text: &str) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    let mut offset = 0;
    for raw in text.split_inclusive('\n') {
        let start = offset;
        offset += raw.len();
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            open = false;
            continue;
        }
        let begin = start + (raw.len() - raw.trim_start().len());
        let (bulleted, body) = without_bullet(trimmed);
        let range = begin + (trimmed.len() - body.len())..begin + trimmed.len();
        let continues = !bulleted && !is_labelled(body) && (open || body.starts_with(char::is_lowercase));
        match lines.last_mut() {
            Some(last) if continues && adjacent(text, last.end, begin) => last.end = range.end,
            _ if !body.is_empty() => lines.push(range),
            _ => {}
        }
        let visible = trimmed.chars().filter(|c| !c.is_whitespace()).count();
        open = visible >= WRAPPED_LINE_CHARS && !trimmed.ends_with(['.', ':', '!', '?', ';']);
    }
    lines
}

/// Whether only one line end stands between.
fn adjacent(text: &str, end: usize, start: usize) -> bool {
    text.get(end..start).is_some_and(|between| between.matches('\n').count() == 1)
}

/// "Experience: …": a form's next entry, however long the one before was.
fn is_labelled(line: &str) -> bool {
    line.split_once(':').is_some_and(|(label, _)| {
        label.starts_with(char::is_uppercase) && (1..=3).contains(&label.split_whitespace().count())
    })
}

fn without_bullet(line: &str) -> (bool, &str) {
    let body = line.trim_start_matches(BULLETS).trim_start();
    if body.len() < line.len() {
        return (true, body);
    }
    // "1." or "2)" as a number of an item.
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = line.get(digits..).unwrap_or_default();
    match rest.strip_prefix(['.', ')']).filter(|rest| (1..=2).contains(&digits) && rest.starts_with(' ')) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, line),
    }
}

/// The sentences of a range; a full stop ends one only before a space and a capital.
pub(crate) fn sentences(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let slice = text.get(range.clone()).unwrap_or_default();
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, end) in slice.match_indices(['.', '!', '?', ';']) {
        let next = at + end.len();
        let mut rest = slice.get(next..).unwrap_or_default().chars();
        let ends = rest.next().is_some_and(char::is_whitespace)
            && rest
                .find(|c| !c.is_whitespace())
                .is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || "$€£¥".contains(c) || end == ";");
        if ends && next - start >= 20 {
            push_trimmed(slice, start..next, range.start, &mut sentences);
            start = next;
        }
    }
    push_trimmed(slice, start..slice.len(), range.start, &mut sentences);
    sentences
}

fn push_trimmed(slice: &str, range: Range<usize>, base: usize, sentences: &mut Vec<Range<usize>>) {
    let part = slice.get(range.clone()).unwrap_or_default();
    let trimmed = part.trim();
    if !trimmed.is_empty() {
        let start = base + range.start + (part.len() - part.trim_start().len());
        sentences.push(start..start + trimmed.len());
    }
}

/// Lines of the text, wrapped ones joined and long ones cut at sentences, as byte ranges without bullets.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    for line in lines(text) {
        let slice = text.get(line.clone()).unwrap_or_default();
        if slice.split_whitespace().count() <= LONGEST_PIECE_WORDS && slice.matches(". ").count() == 0 {
            pieces.push(line);
        } else {
            pieces.extend(sentences(text, line));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        lines(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn bullets_and_wrapped_lines_become_passages() {
        let text = "Jane Doe\n\n• Led a team of five people that built the new warehouse in the north\n  of the town\n- Sold it\n1. First\nSkills";
        assert_eq!(
            texts(text),
            [
                "Jane Doe",
                "Led a team of five people that built the new warehouse in the north\n  of the town",
                "Sold it",
                "First",
                "Skills"
            ]
        );
    }

    #[test]
    fn sentences_end_before_capitals_only() {
        let text = "Worked with approx. five nurses on the ward. Led the night shift, e.g. at weekends.";
        let found: Vec<&str> = sentences(text, 0..text.len()).into_iter().map(|range| &text[range]).collect();
        assert_eq!(
            found,
            ["Worked with approx. five nurses on the ward.", "Led the night shift, e.g. at weekends."]
        );
        let priced = "Location: Dayton, Ohio. $34 per hour.";
        assert_eq!(sentences(priced, 0..priced.len()).len(), 2);
    }
}
