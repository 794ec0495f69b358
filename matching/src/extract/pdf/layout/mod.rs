//! From the glyphs of a page to its blocks in reading order.

mod bidi;
mod blocks;
mod chunks;
mod lines;
mod order;
mod spacing;

use super::glyphs::{Direction, PageText};
use super::ligatures;
use crate::extract::builder::RawBlock;

/// The blocks of a page: first the direction in which most is written, then the others.
pub(super) fn lay_out(page: &PageText) -> Vec<RawBlock> {
    let mut directions: Vec<&Direction> = page.directions.iter().collect();
    directions.sort_by_key(|direction| std::cmp::Reverse(direction.glyphs.len()));
    let mut blocks: Vec<RawBlock> =
        directions.into_iter().flat_map(|direction| lay_out_direction(page, direction)).collect();
    if page.has_placeholders {
        ligatures::resolve(&mut blocks);
    }
    blocks
}

fn lay_out_direction(page: &PageText, direction: &Direction) -> Vec<RawBlock> {
    let styles = &page.styles;
    let chunks = chunks::build(&direction.glyphs, styles);
    let spacing = spacing::Spacing::learn(&chunks, styles);
    let rtl = direction.glyphs.iter().filter(|glyph| bidi::is_rtl(glyph.c)).count();
    let leaves = order::arrange(&chunks, rtl * 2 > direction.glyphs.len());
    let context = lines::Context { page, direction, spacing: &spacing };
    let lines: Vec<_> = leaves.iter().filter_map(|leaf| lines::build(leaf, &chunks, &context)).collect();
    let body = body_size(&lines);
    blocks::build(lines, body, |rect| direction.to_page(rect))
}

/// The font size of most characters.
fn body_size(lines: &[lines::LaidLine]) -> f32 {
    let mut weights: Vec<(f32, usize)> = Vec::new();
    for line in lines {
        let chars = line.runs.iter().map(|run| run.text.len()).sum::<usize>();
        match weights.iter_mut().find(|(size, _)| (*size - line.size).abs() < 0.3) {
            Some((_, weight)) => *weight += chars,
            None => weights.push((line.size, chars)),
        }
    }
    weights.iter().max_by_key(|(_, weight)| *weight).map_or(10.0, |(size, _)| *size)
}
