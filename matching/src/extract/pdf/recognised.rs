//! Recognised lines become blocks, their boxes in points.

use crate::document::{BlockKind, Rect};
use crate::extract::builder::{RawBlock, RawLine, Run};
use crate::extract::options::OcrLine;

/// White over a line, in heights of that line or the one before, that begins a new block.
const BLOCK_GAP: f32 = 0.8;

/// Groups the lines of a page; what stands apart or begins with a bullet is a block of its own.
pub(super) fn blocks(lines: Vec<OcrLine>, dots_per_inch: u32) -> Vec<RawBlock> {
    let scale = 72.0 / dots_per_inch.max(1) as f32;
    let mut blocks: Vec<RawBlock> = Vec::new();
    let mut last: Option<Rect> = None;
    for line in lines {
        let b = line.bbox;
        let bbox = Rect { x0: b.x0 * scale, y0: b.y0 * scale, x1: b.x1 * scale, y1: b.y1 * scale };
        let (text, item) = match without_bullet(&line.text) {
            Some(item) => (format!("- {item}"), true),
            None => (line.text, false),
        };
        let run = Run { bbox: Some(bbox), ..Run::plain(text) };
        let raw = RawLine { runs: vec![run], bbox: Some(bbox) };
        let joins = last.is_some_and(|last| !item && goes_on(&last, &bbox));
        match blocks.last_mut() {
            Some(block) if joins => block.lines.push(raw),
            _ => {
                let kind = if item { BlockKind::ListItem { depth: 0 } } else { BlockKind::Paragraph };
                blocks.push(RawBlock { kind, column: 0, bbox: None, lines: vec![raw] });
            }
        }
        last = Some(bbox);
    }
    blocks
}

/// Whether a line stands right under the one before.
fn goes_on(last: &Rect, next: &Rect) -> bool {
    let white = next.y0 - last.y1;
    let height = last.height().max(next.height());
    let beside = next.x0 > last.x1 || next.x1 < last.x0;
    white < BLOCK_GAP * height && next.y0 > last.y0 && !beside
}

/// The rest of a line that begins with what recognition makes of a bullet.
fn without_bullet(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once(' ')?;
    let mut chars = first.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return None };
    let bullet =
        crate::extract::builder::is_bullet(c) || matches!(c, '*' | '«' | '»' | '¢' | '°' | '-' | '–');
    (bullet && rest.chars().any(char::is_alphabetic)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, y: f32) -> OcrLine {
        OcrLine { text: text.to_owned(), bbox: Rect { x0: 100.0, y0: y, x1: 900.0, y1: y + 40.0 } }
    }

    #[test]
    fn white_and_bullets_part_blocks() {
        let lines = vec![
            line("Jane Doe", 100.0),
            line("Engineer at Acme", 300.0),
            line("since 2019", 350.0),
            line("« built things", 400.0),
            line("of steel", 450.0),
        ];
        let blocks = blocks(lines, 300);
        let texts: Vec<Vec<&str>> = blocks
            .iter()
            .map(|block| block.lines.iter().map(|line| line.runs[0].text.as_str()).collect())
            .collect();
        assert_eq!(
            texts,
            [vec!["Jane Doe"], vec!["Engineer at Acme", "since 2019"], vec!["- built things", "of steel"]]
        );
        assert_eq!(blocks[2].kind, BlockKind::ListItem { depth: 0 });
        assert_eq!(blocks[0].lines[0].bbox.unwrap().x0, 24.0);
    }
}
