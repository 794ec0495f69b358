//! Glyphs that follow each other become chunks: pieces of one line without a wide gap.

use super::super::glyphs::{Glyph, GlyphStyle};

/// A gap over this many ems ends a chunk: wider than justified text spaces words, narrower than gutters.
const CHUNK_GAP: f32 = 1.0;

/// A piece of one line. Glyphs are in content order.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) x0: f32,
    pub(super) x1: f32,
    pub(super) base: f32,
    /// Largest font size in it.
    pub(super) size: f32,
    /// Characters that are not spaces.
    pub(super) chars: usize,
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Chunk {
    fn new(glyph: Glyph, size: f32) -> Self {
        // Most chunks are most of a line: asking for that much at once saves growing in steps.
        let mut glyphs = Vec::with_capacity(64);
        glyphs.push(glyph);
        Self {
            glyphs,
            x0: glyph.x0,
            x1: glyph.x1,
            base: glyph.base,
            size,
            chars: 1,
            first: glyph.order,
            last: glyph.order,
        }
    }

    fn push(&mut self, glyph: Glyph, size: f32) {
        self.x0 = self.x0.min(glyph.x0);
        self.x1 = self.x1.max(glyph.x1);
        self.size = self.size.max(size);
        self.chars += 1;
        self.last = glyph.order;
        self.glyphs.push(glyph);
    }

    /// Top of the band that stands for the line: above it only ascenders and accents.
    pub(super) fn core_top(&self) -> f32 {
        self.base - 0.7 * self.size
    }

    /// Share of the smaller of two bands that both cover.
    pub(super) fn core_overlap(&self, other: &Self) -> f32 {
        let shared = self.base.min(other.base) - self.core_top().max(other.core_top());
        shared / (0.7 * self.size.min(other.size)).max(0.1)
    }

    /// Share of the narrower one's width that both cover.
    pub(super) fn x_overlap(&self, other: &Self) -> f32 {
        let shared = self.x1.min(other.x1) - self.x0.max(other.x0);
        shared / (self.x1 - self.x0).min(other.x1 - other.x0).max(0.1)
    }
}

/// Cuts glyphs in content order into chunks.
pub(super) fn build(glyphs: &[Glyph], styles: &[GlyphStyle]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut spaces: Vec<Glyph> = Vec::new();
    for glyph in glyphs {
        if glyph.c == ' ' {
            spaces.push(*glyph);
            continue;
        }
        let size = size_of(glyph, styles);
        let joined = chunks.last().and_then(|chunk| chunk.glyphs.last()).is_some_and(|last| {
            let previous_size = size_of(last, styles);
            // The letters of one ligature share a box, however wide it is.
            glyph.piece || continues(last, glyph, size.max(previous_size))
        });
        if joined && let Some(chunk) = chunks.last_mut() {
            // Only spaces that stand between the two belong to the line.
            chunk.glyphs.extend(spaces.drain(..).filter(|space| (space.base - glyph.base).abs() < size));
            chunk.push(*glyph, size);
        } else {
            spaces.clear();
            chunks.push(Chunk::new(*glyph, size));
        }
    }
    drop_repeats(chunks)
}

/// Drops chunks that are painted again in the same place, as shadows and poor man's bold are.
fn drop_repeats(chunks: Vec<Chunk>) -> Vec<Chunk> {
    let mut kept: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let near = 0.12 * chunk.size;
        let repeats = kept.iter().rev().take(8).any(|other| {
            (other.base - chunk.base).abs() < near
                && (other.x0 - chunk.x0).abs() < near
                && other.chars == chunk.chars
                && other.glyphs.iter().map(|glyph| glyph.c).eq(chunk.glyphs.iter().map(|glyph| glyph.c))
        });
        if !repeats {
            kept.push(chunk);
        }
    }
    kept
}

pub(super) fn size_of(glyph: &Glyph, styles: &[GlyphStyle]) -> f32 {
    styles.get(usize::from(glyph.style)).map_or(10.0, |style| style.size).max(0.1)
}

fn continues(last: &Glyph, next: &Glyph, em: f32) -> bool {
    if (last.base - next.base).abs() > 0.2 * em {
        return false;
    }
    let forward = next.x0 - last.x1;
    let backward = last.x0 - next.x1;
    let near = |gap: f32| gap > -0.6 * em && gap < CHUNK_GAP * em;
    // A step back to the left continues right-to-left text only.
    near(forward) || (near(backward) && (super::bidi::is_rtl(last.c) || super::bidi::is_rtl(next.c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Style;

    #[test]
    fn the_letters_of_a_wide_ligature_stay_in_one_chunk() {
        let styles = [GlyphStyle { size: 10.0, style: Style::default() }];
        let glyph = |c, x0, x1, order, piece| Glyph {
            c,
            x0,
            x1,
            top: 0.0,
            bottom: 10.0,
            base: 8.0,
            style: 0,
            link: 0,
            order,
            piece,
        };
        let glyphs = [
            glyph('o', 0.0, 5.0, 0, false),
            glyph('f', 5.0, 13.0, 1, false),
            glyph('t', 5.0, 13.0, 2, true),
            glyph('w', 13.0, 20.0, 3, false),
        ];
        let chunks = build(&glyphs, &styles);
        assert_eq!(chunks.iter().map(|chunk| chunk.chars).collect::<Vec<_>>(), [4]);
    }
}
