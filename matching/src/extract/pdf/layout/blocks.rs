//! Lines become blocks: paragraphs, list items, headings; words broken at line ends are joined.

use std::collections::HashSet;

use super::lines::LaidLine;
use crate::document::{BlockKind, Rect};
use crate::extract::builder::{RawBlock, RawLine, Run};

/// Lines further apart than this many ems never make one paragraph.
const MAX_PITCH: f32 = 1.9;
/// A gap this much wider than the one before it ends a paragraph.
const PITCH_JUMP: f32 = 1.3;
/// A line this much larger than the page's usual size is a heading.
const HEADING_RATIO: f32 = 1.15;

/// First parts of compounds that keep their hyphen when a line ends in it.
const COMPOUND_PARTS: &[&str] = &[
    "all", "anti", "back", "business", "client", "co", "cost", "cross", "cutting", "data", "day", "decision",
    "end", "ever", "event", "fast", "first", "five", "follow", "four", "front", "full", "hands", "high",
    "in", "industry", "large", "long", "low", "mid", "mission", "multi", "non", "object", "of", "off", "on",
    "one", "open", "part", "peer", "post", "pre", "problem", "real", "role", "self", "semi", "server",
    "short", "single", "six", "small", "state", "step", "sub", "ten", "test", "the", "third", "three",
    "time", "to", "two", "up", "user", "well", "world", "year",
];

/// Groups the lines of a writing direction; `body` is the usual font size.
pub(super) fn build(lines: Vec<LaidLine>, body: f32, to_page: impl Fn(&Rect) -> Rect) -> Vec<RawBlock> {
    let words = Words::of(&lines);
    let mut groups: Vec<Vec<LaidLine>> = Vec::new();
    let mut pending_bullet = false;
    for mut line in lines {
        if line.runs.is_empty() {
            // A bullet that stands a little off the baseline of its item.
            pending_bullet = line.bullet;
            continue;
        }
        line.bullet |= std::mem::take(&mut pending_bullet);
        match groups.last_mut() {
            Some(group) if continues(group, &line, body) => group.push(line),
            _ => groups.push(vec![line]),
        }
    }
    let sizes = heading_sizes(&groups, body);
    groups.into_iter().map(|group| block(group, body, &sizes, &words, &to_page)).collect()
}

fn continues(group: &[LaidLine], line: &LaidLine, body: f32) -> bool {
    let Some(last) = group.last() else { return false };
    let step = line.base - last.base;
    let em = last.size.max(line.size);
    let alike = (last.size - line.size).abs() <= 0.12 * em;
    if line.bullet || last.region != line.region || !alike || step <= 0.0 || step > MAX_PITCH * em {
        return false;
    }
    if is_large(last, body) != is_large(line, body) || begins_entry(group, last, line) {
        return false;
    }
    let before = match group {
        [.., a, b] => Some(b.base - a.base),
        _ => None,
    };
    before.is_none_or(|before| step <= before * PITCH_JUMP + 0.5)
}

/// Whether a line looks like the first of a new entry though it stands as close as the next line of this one: it
/// turns bold, it has dates at the margin, or it leaves the indent of a list item.
fn begins_entry(group: &[LaidLine], last: &LaidLine, line: &LaidLine) -> bool {
    let has_tab = |line: &LaidLine| line.runs.iter().any(|run| run.text.contains('\t'));
    let turns_bold = line.bold && !last.bold;
    let dated = has_tab(line) && !has_tab(last) && !last.bold;
    let leaves_item = group.first().is_some_and(|first| {
        let outdent = line.rect.x0 - first.rect.x0;
        first.bullet && (outdent < -0.3 * line.size || (outdent < 0.3 * line.size && (turns_bold || dated)))
    });
    leaves_item || turns_bold || dated
}

fn is_large(line: &LaidLine, body: f32) -> bool {
    line.size >= HEADING_RATIO * body
}

/// Sizes of large lines, largest first: their ranks are the heading levels.
fn heading_sizes(groups: &[Vec<LaidLine>], body: f32) -> Vec<f32> {
    let mut sizes: Vec<f32> =
        groups.iter().flatten().filter(|line| is_large(line, body)).map(|line| line.size).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    sizes.dedup_by(|a, b| (*a - *b).abs() < 0.6);
    sizes
}

fn kind(group: &[LaidLine], body: f32, sizes: &[f32]) -> BlockKind {
    let Some(first) = group.first() else { return BlockKind::Paragraph };
    if first.bullet {
        return BlockKind::ListItem { depth: 0 };
    }
    let chars: usize = group.iter().flat_map(|line| &line.runs).map(|run| run.text.chars().count()).sum();
    if is_large(first, body) && chars < 120 {
        let rank = sizes.iter().position(|size| (size - first.size).abs() < 0.6).unwrap_or(5);
        return BlockKind::Heading { level: (rank as u8 + 1).min(6) };
    }
    let text = first.text();
    if group.len() == 1
        && first.bold
        && chars < 48
        && !text.contains('\t')
        && !text.ends_with(['.', ',', ';'])
    {
        return BlockKind::Heading { level: (sizes.len() as u8 + 1).min(6) };
    }
    BlockKind::Paragraph
}

fn block(
    group: Vec<LaidLine>,
    body: f32,
    sizes: &[f32],
    words: &Words,
    to_page: &impl Fn(&Rect) -> Rect,
) -> RawBlock {
    let kind = kind(&group, body, sizes);
    let column = group.first().map_or(0, |line| line.column);
    let mut lines: Vec<RawLine> = Vec::with_capacity(group.len());
    for mut line in group {
        if line.bullet {
            line.runs.insert(0, Run::plain("- "));
            if let [marker, first, ..] = line.runs.as_mut_slice() {
                marker.style = first.style;
                marker.font_size = first.font_size;
            }
        }
        if let Some(last) = lines.last_mut() {
            words.join_broken(&mut last.runs, &mut line.runs);
        }
        if line.runs.is_empty() {
            continue;
        }
        lines.push(RawLine { runs: line.runs, bbox: Some(to_page(&line.rect)) });
    }
    RawBlock { kind, column, bbox: None, lines }
}

/// The words of a page, by which broken words are judged.
struct Words(HashSet<String>);

impl Words {
    fn of(lines: &[LaidLine]) -> Self {
        let broken = |line: &LaidLine| line.runs.last().is_some_and(|run| ends_in_hyphen(&run.text));
        if !lines.iter().any(broken) {
            return Self(HashSet::new());
        }
        let texts = lines.iter().map(LaidLine::text);
        Self(texts.flat_map(|text| words_of(&text).collect::<Vec<_>>()).collect())
    }

    /// When `upper` ends in a hyphen and `lower` goes on in lower case, moves the rest of the word up.
    fn join_broken(&self, upper: &mut [Run], lower: &mut Vec<Run>) {
        let Some(end) = upper.last_mut() else { return };
        let Some(start) = lower.first_mut() else { return };
        let kept = end.text.trim_end();
        if !ends_in_hyphen(kept) || !start.text.starts_with(char::is_lowercase) {
            return;
        }
        let stem = kept.trim_end_matches(is_hyphen);
        let head: String = stem
            .chars()
            .rev()
            .take_while(|c| c.is_alphabetic())
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let cut = start.text.find(char::is_whitespace).unwrap_or(start.text.len());
        // A word that goes on in another style is not worth cutting runs for.
        if cut == start.text.len() && lower.len() > 1 {
            return;
        }
        let Some(start) = lower.first_mut() else { return };
        let tail: String = start.text.drain(..cut).collect();
        start.text = start.text.trim_start().to_owned();
        let tail_word: String = tail.chars().take_while(|c| c.is_alphabetic()).collect();
        let soft = kept.ends_with(['\u{ad}', '\u{2010}']);
        let joined = if !soft && self.keeps_hyphen(&head, &tail_word) {
            format!("{stem}-{tail}")
        } else {
            format!("{stem}{tail}")
        };
        end.text = joined;
        lower.retain(|run| !run.text.is_empty());
    }

    fn keeps_hyphen(&self, head: &str, tail: &str) -> bool {
        let (head, tail) = (head.to_lowercase(), tail.to_lowercase());
        if self.0.contains(&format!("{head}{tail}")) {
            return false;
        }
        self.0.contains(&format!("{head}-{tail}")) || COMPOUND_PARTS.contains(&head.as_str())
    }
}

fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphabetic() || c == '-'))
        .filter(|word| !word.ends_with('-'))
        .map(str::to_lowercase)
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{ad}' | '\u{2010}')
}

fn ends_in_hyphen(text: &str) -> bool {
    let mut end = text.trim_end().chars().rev();
    end.next().is_some_and(is_hyphen) && end.next().is_some_and(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, base: f32) -> LaidLine {
        LaidLine {
            runs: vec![Run::plain(text)],
            rect: Rect { x0: 0.0, y0: base - 8.0, x1: 100.0, y1: base + 2.0 },
            base,
            size: 10.0,
            bold: false,
            column: 0,
            region: 0,
            bullet: false,
        }
    }

    fn texts(lines: Vec<LaidLine>) -> Vec<Vec<String>> {
        let text = |line: &RawLine| line.runs.iter().map(|run| run.text.as_str()).collect::<String>();
        build(lines, 10.0, |rect| *rect).iter().map(|block| block.lines.iter().map(text).collect()).collect()
    }

    #[test]
    fn a_wider_gap_ends_a_paragraph() {
        let blocks = texts(vec![line("a", 12.0), line("b", 24.0), line("c", 42.0)]);
        assert_eq!(blocks, [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn broken_words_are_joined_and_compounds_keep_their_hyphen() {
        let blocks =
            texts(vec![line("we imple-", 12.0), line("mented a full-", 24.0), line("stack service", 36.0)]);
        assert_eq!(blocks, [vec!["we implemented", "a full-stack", "service"]]);
    }

    #[test]
    fn words_seen_elsewhere_decide_about_the_hyphen() {
        let blocks = texts(vec![line("an e-mail to e-", 12.0), line("mail", 24.0)]);
        assert_eq!(blocks, [vec!["an e-mail to e-mail"]]);
    }

    #[test]
    fn bullets_make_items_also_when_they_stand_apart() {
        let mut bullet = line("", 12.0);
        bullet.runs.clear();
        bullet.bullet = true;
        let mut second = line("two", 36.0);
        second.bullet = true;
        let blocks = build(vec![bullet, line("one", 12.5), line("more", 24.0), second], 10.0, |rect| *rect);
        let kinds: Vec<_> = blocks.iter().map(|block| block.kind).collect();
        assert_eq!(kinds, [BlockKind::ListItem { depth: 0 }; 2]);
        assert_eq!(blocks[0].lines[0].runs[0].text, "- ");
    }
}
