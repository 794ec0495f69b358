//! Where words end: gaps between letters are judged against what is usual for their font on this page.

use super::super::glyphs::{Glyph, GlyphStyle};
use super::chunks::{Chunk, size_of};

/// Gaps needed to trust what a style shows about itself.
const ENOUGH: usize = 24;

/// For each style the gap in ems over which a new word begins.
pub(super) struct Spacing {
    by_style: Vec<f32>,
}

impl Spacing {
    /// Learns from all chunks of a page.
    pub(super) fn learn(chunks: &[Chunk], styles: &[GlyphStyle]) -> Self {
        let mut samples: Vec<Samples> = styles.iter().map(|_| Samples::default()).collect();
        for chunk in chunks {
            for pair in chunk.glyphs.windows(2) {
                let [left, right] = pair else { continue };
                if right.piece || left.style != right.style {
                    continue;
                }
                let Some(sample) = samples.get_mut(usize::from(right.style)) else { continue };
                if left.c == ' ' || right.c == ' ' {
                    sample.spaces += 1;
                } else {
                    sample.gaps.push(gap(left, right) / size_of(right, styles));
                }
            }
        }
        Self { by_style: samples.into_iter().map(Samples::threshold).collect() }
    }

    /// Whether a new word begins at `right`, no space character standing between the two. `tracking` is how many ems
    /// wider than usual the letters of this line are set.
    pub(super) fn splits(&self, left: &Glyph, right: &Glyph, styles: &[GlyphStyle], tracking: f32) -> bool {
        if right.piece {
            return false;
        }
        let limit =
            |glyph: &Glyph| self.by_style.get(usize::from(glyph.style)).copied().unwrap_or(Samples::DEFAULT);
        let em = size_of(left, styles).min(size_of(right, styles));
        gap(left, right) > (limit(left).max(limit(right)) + tracking) * em
    }
}

/// Distance between two glyphs of a line, whichever comes first.
pub(super) fn gap(left: &Glyph, right: &Glyph) -> f32 {
    if right.x0 >= left.x0 { right.x0 - left.x1 } else { left.x0 - right.x1 }
}

#[derive(Default)]
struct Samples {
    gaps: Vec<f32>,
    spaces: usize,
}

impl Samples {
    const DEFAULT: f32 = 0.16;

    fn threshold(mut self) -> f32 {
        if self.gaps.len() < 4 {
            return Self::DEFAULT;
        }
        let middle = self.gaps.len() / 2;
        let median = *self.gaps.select_nth_unstable_by(middle, f32::total_cmp).1;
        // Where spaces are written as characters, a bare gap is tracking or kerning unless it is plainly wide.
        if self.spaces * 12 > self.gaps.len() {
            return (median.max(0.0) + 0.16).min(0.8);
        }
        let fallback = median.max(-0.05) + 0.13;
        if self.gaps.len() < ENOUGH {
            return fallback;
        }
        self.valley(median).unwrap_or(fallback)
    }

    /// The middle of the empty stretch that best parts letter gaps from word gaps: wide for how far out it lies,
    /// since wide gaps are few and leave wide stretches between them.
    fn valley(&self, median: f32) -> Option<f32> {
        let (low, high) = (median + 0.03, median + 0.45);
        let mut points: Vec<f32> = vec![low];
        points.extend(self.gaps.iter().copied().filter(|gap| *gap > low && *gap < high));
        if points.len() < 2 {
            return None;
        }
        points.sort_unstable_by(f32::total_cmp);
        let widest = points
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if b - a > 0.03 => Some(((b - a) / (a + b - 2.0 * median), (a + b) / 2.0)),
                _ => None,
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(widest.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_between_letter_gaps_and_word_gaps_is_found() {
        let mut gaps = vec![0.0; 60];
        gaps.extend([0.02, 0.03, -0.02, -0.04].repeat(5));
        gaps.extend([0.12, 0.13, 0.15, 0.25].repeat(4));
        let threshold = Samples { gaps, spaces: 0 }.threshold();
        assert!((0.04..0.12).contains(&threshold), "{threshold}");
    }

    #[test]
    fn tracked_text_has_its_own_normal() {
        let mut gaps = vec![0.30; 40];
        gaps.extend([0.62; 6]);
        let threshold = Samples { gaps, spaces: 0 }.threshold();
        assert!((0.35..0.60).contains(&threshold), "{threshold}");
    }

    #[test]
    fn written_spaces_make_bare_gaps_mean_little() {
        let threshold = Samples { gaps: vec![0.0; 100], spaces: 18 }.threshold();
        assert!(threshold >= 0.15, "{threshold}");
    }
}
