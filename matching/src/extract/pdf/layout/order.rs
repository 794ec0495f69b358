//! Reading order: a page of chunks is cut into lines, column by column.
//!
//! Two kinds of evidence are weighed. Geometry: white gutters that run down between lines which do not share
//! baselines are columns, whatever order the file paints in. Content order: where the file paints a whole side before
//! the other, that is how it was written; where it paints line after line across a gap, the gap is a tab and not a
//! gutter (a job title and, at the right margin, its dates).

use super::chunks::Chunk;

/// Cuts inside cuts; deeper nesting is read row by row.
const MAX_DEPTH: u8 = 24;
/// Pages with more chunks than this are drawings: row by row.
const MAX_CHUNKS: usize = 12_000;
/// Places for gutters that are tried in one region.
const MAX_CANDIDATES: usize = 24;

/// Chunks that make one line, by index, and the column that they stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) chunks: Vec<usize>,
    /// Number of gutters to the left.
    pub(super) column: u16,
    /// Equal for the leaves of one region; lines of different regions never make one paragraph.
    pub(super) region: u32,
}

/// Orders the chunks of one writing direction.
pub(super) fn arrange(chunks: &[Chunk], rtl: bool) -> Vec<Leaf> {
    let all: Vec<usize> = (0..chunks.len()).collect();
    let mut order = Order { chunks, rtl, leaves: Vec::new(), regions: 0 };
    let place = Place { column: 0, region: 0, depth: 0 };
    if chunks.len() > MAX_CHUNKS {
        order.by_rows(&all, place);
    } else {
        order.region(all, place);
    }
    order.leaves
}

#[derive(Clone, Copy)]
struct Place {
    column: u16,
    region: u32,
    depth: u8,
}

struct Order<'a> {
    chunks: &'a [Chunk],
    rtl: bool,
    leaves: Vec<Leaf>,
    regions: u32,
}

/// Two sides of a gutter and what stands above and below them.
struct Gutter {
    above: Vec<usize>,
    left: Vec<usize>,
    right: Vec<usize>,
    below: Vec<usize>,
}

impl Order<'_> {
    fn chunk(&self, index: usize) -> Option<&Chunk> {
        self.chunks.get(index)
    }

    fn of<'b>(&'b self, indices: &'b [usize]) -> impl Iterator<Item = &'b Chunk> + Clone {
        indices.iter().filter_map(|index| self.chunks.get(*index))
    }

    fn region(&mut self, indices: Vec<usize>, place: Place) {
        if indices.is_empty() {
            return;
        }
        if indices.len() == 1 || place.depth >= MAX_DEPTH {
            return self.by_rows(&indices, place);
        }
        let deeper = Place { depth: place.depth + 1, ..place };
        if let Some(gutter) = self.gutter(&indices, true) {
            return self.gutter_regions(gutter, deeper);
        }
        let bands = self.content_bands(&indices);
        if bands.len() > 1 {
            for band in bands {
                self.region(band, deeper);
            }
            return;
        }
        if self.rows(&indices).len() == 1 {
            self.leaf(indices, place);
            return;
        }
        if let Some((left, right)) = self.content_sides(&indices) {
            return self.sides(left, right, deeper);
        }
        if let Some(gutter) = self.gutter(&indices, false) {
            return self.gutter_regions(gutter, deeper);
        }
        self.by_rows(&indices, place);
    }

    fn gutter_regions(&mut self, gutter: Gutter, place: Place) {
        self.region(gutter.above, place);
        self.sides(gutter.left, gutter.right, place);
        self.region(gutter.below, place);
    }

    /// Reads two columns: the one that the file writes first, or else from the left (in right-to-left text from
    /// the right).
    fn sides(&mut self, left: Vec<usize>, right: Vec<usize>, place: Place) {
        let range = |side: &[usize]| {
            let first = self.of(side).map(|chunk| chunk.first).min().unwrap_or_default();
            let last = self.of(side).map(|chunk| chunk.last).max().unwrap_or_default();
            (first, last)
        };
        let (left_range, right_range) = (range(&left), range(&right));
        let right_first = if right_range.1 < left_range.0 {
            true
        } else if left_range.1 < right_range.0 {
            false
        } else {
            self.rtl
        };
        let left_place = self.side_place(place, 0);
        let right_place = self.side_place(place, 1);
        let mut order = [(left, left_place), (right, right_place)];
        if right_first {
            order.reverse();
        }
        for (side, place) in order {
            self.region(side, place);
        }
        // What follows below is a region of its own again.
        self.regions += 1;
    }

    fn side_place(&mut self, place: Place, gutters: u16) -> Place {
        self.regions += 1;
        Place { column: place.column + gutters, region: self.regions, ..place }
    }

    fn leaf(&mut self, mut chunks: Vec<usize>, place: Place) {
        let x0 = |index: &usize| self.chunk(*index).map_or(0.0, |chunk| chunk.x0);
        chunks.sort_by(|a, b| x0(a).total_cmp(&x0(b)));
        self.leaves.push(Leaf { chunks, column: place.column, region: place.region });
    }

    fn by_rows(&mut self, indices: &[usize], place: Place) {
        for row in self.rows(indices) {
            self.leaf(row, place);
        }
    }

    /// Chunks that share a baseline, from top to bottom.
    fn rows(&self, indices: &[usize]) -> Vec<Vec<usize>> {
        let mut sorted = indices.to_vec();
        let base = |index: &usize| self.chunk(*index).map_or(0.0, |chunk| chunk.base);
        sorted.sort_by(|a, b| base(a).total_cmp(&base(b)));
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for index in sorted {
            let Some(chunk) = self.chunk(index) else { continue };
            // Only the last rows can reach down this far.
            let fitting = rows.iter_mut().rev().take(4).find(|row| {
                let mut members = row.iter().filter_map(|member| self.chunks.get(*member));
                members.clone().any(|other| chunk.core_overlap(other) >= 0.5)
                    && members.all(|other| chunk.x_overlap(other) < 0.3)
            });
            match fitting {
                Some(row) => row.push(index),
                None => rows.push(vec![index]),
            }
        }
        rows
    }

    /// Cuts between lines that content order confirms: all above is painted before all below.
    fn content_bands(&self, indices: &[usize]) -> Vec<Vec<usize>> {
        let mut sorted = indices.to_vec();
        let top = |index: &usize| self.chunk(*index).map_or(0.0, Chunk::core_top);
        sorted.sort_by(|a, b| top(a).total_cmp(&top(b)));
        // The first chunk painted at or below each place.
        let mut first_below = vec![u32::MAX; sorted.len() + 1];
        for (place, index) in sorted.iter().enumerate().rev() {
            let below = first_below.get(place + 1).copied().unwrap_or(u32::MAX);
            let first = self.chunk(*index).map_or(u32::MAX, |chunk| chunk.first);
            if let Some(slot) = first_below.get_mut(place) {
                *slot = below.min(first);
            }
        }
        let mut bands: Vec<Vec<usize>> = Vec::new();
        let (mut bottom, mut last) = (f32::NEG_INFINITY, 0);
        for (place, index) in sorted.into_iter().enumerate() {
            let Some(chunk) = self.chunk(index) else { continue };
            let painted_later = first_below.get(place).is_some_and(|first| *first > last);
            match bands.last_mut() {
                Some(band) if chunk.core_top() < bottom || !painted_later => band.push(index),
                _ => bands.push(vec![index]),
            }
            bottom = bottom.max(chunk.base);
            last = last.max(chunk.last);
        }
        bands
    }

    /// A cut between sides that content order confirms: one side is painted before the other.
    fn content_sides(&self, indices: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        let mut sorted = indices.to_vec();
        let x0 = |index: &usize| self.chunk(*index).map_or(0.0, |chunk| chunk.x0);
        sorted.sort_by(|a, b| x0(a).total_cmp(&x0(b)));
        let mut best: Option<(f32, usize)> = None;
        let mut edge = f32::NEG_INFINITY;
        for (place, index) in sorted.iter().enumerate() {
            let chunk = self.chunk(*index)?;
            let width = chunk.x0 - edge;
            if place > 0 && width > 0.4 * chunk.size && best.is_none_or(|(widest, _)| width > widest) {
                let (left, right) = sorted.split_at(place);
                if self.painted_apart(left, right) && !self.is_rows(left, right) {
                    best = Some((width, place));
                }
            }
            edge = edge.max(chunk.x1);
        }
        let (_, place) = best?;
        let right = sorted.split_off(place);
        Some((sorted, right))
    }

    fn painted_apart(&self, left: &[usize], right: &[usize]) -> bool {
        let first = |side| self.of(side).map(|chunk| chunk.first).min();
        let last = |side| self.of(side).map(|chunk| chunk.last).max();
        last(left) < first(right) || last(right) < first(left)
    }

    /// Whether two sides are rows of one table (labels, dates, bullets beside their lines) and no columns.
    fn is_rows(&self, left: &[usize], right: &[usize]) -> bool {
        let (left_rows, right_rows) = (self.rows(left), self.rows(right));
        let (few, few_rows, many) = if left_rows.len() <= right_rows.len() {
            (left, &left_rows, right)
        } else {
            (right, &right_rows, left)
        };
        let paired = self.paired(few_rows, many);
        let chars = self.of(few).map(|chunk| chunk.chars).sum::<usize>() / few_rows.len().max(1);
        let bullets = chars <= 3;
        let sparse = few_rows.len() * 2 <= left_rows.len().max(right_rows.len());
        paired >= 0.8 && (bullets || sparse || (few_rows.len() > 1 && chars < 16 && self.pitch(few) > 2.2))
    }

    /// Share of rows that stand on the same line as something on the other side.
    fn paired(&self, rows: &[Vec<usize>], other: &[usize]) -> f32 {
        let paired = rows
            .iter()
            .filter(|row| {
                self.of(row).any(|chunk| self.of(other).any(|other| chunk.core_overlap(other) >= 0.5))
            })
            .count();
        paired as f32 / rows.len().max(1) as f32
    }

    /// Median distance of lines in ems.
    fn pitch(&self, side: &[usize]) -> f32 {
        let mut bases: Vec<(f32, f32)> = self.of(side).map(|chunk| (chunk.base, chunk.size)).collect();
        bases.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut steps: Vec<f32> = bases
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if b.0 - a.0 > 0.3 * b.1 => Some((b.0 - a.0) / b.1),
                _ => None,
            })
            .collect();
        steps.sort_by(f32::total_cmp);
        steps.get(steps.len() / 2).copied().unwrap_or_default()
    }

    /// The best gutter of a region. `strict` asks for proof by geometry alone; otherwise the content order has
    /// already shown that it says nothing.
    fn gutter(&self, indices: &[usize], strict: bool) -> Option<Gutter> {
        let least = if strict { 4 } else { 2 };
        if indices.len() < 2 * least {
            return None;
        }
        let mut by_top = indices.to_vec();
        let top = |index: &usize| self.chunk(*index).map_or(0.0, Chunk::core_top);
        by_top.sort_by(|a, b| top(a).total_cmp(&top(b)));
        let mut best: Option<(usize, Gutter)> = None;
        for edge in self.gutter_edges(indices, least) {
            if let Some((score, gutter)) = self.gutter_at(&by_top, edge, strict, least)
                && best.as_ref().is_none_or(|(known, _)| score > *known)
            {
                best = Some((score, gutter));
            }
        }
        best.map(|(_, gutter)| gutter)
    }

    /// Left edges that several chunks share and that may be where a right column begins.
    fn gutter_edges(&self, indices: &[usize], least: usize) -> Vec<f32> {
        let mut edges: Vec<f32> = self.of(indices).map(|chunk| chunk.x0).collect();
        edges.sort_by(f32::total_cmp);
        let mut groups: Vec<(f32, usize)> = Vec::new();
        for edge in edges {
            match groups.last_mut() {
                Some((start, count)) if edge - *start < 3.0 => *count += 1,
                _ => groups.push((edge, 1)),
            }
        }
        // The leftmost edge has nothing to its left.
        let mut groups: Vec<(f32, usize)> =
            groups.into_iter().skip(1).filter(|(_, count)| *count >= least.min(3)).collect();
        groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        groups.truncate(MAX_CANDIDATES);
        groups.into_iter().map(|(edge, _)| edge).collect()
    }

    /// The tallest stretch in which nothing crosses the white strip left of `edge`.
    fn gutter_at(&self, by_top: &[usize], edge: f32, strict: bool, least: usize) -> Option<(usize, Gutter)> {
        let crosses = |chunk: &Chunk| chunk.x0 < edge - 0.5 && chunk.x1 > edge - 0.7 * chunk.size;
        let mut best: Option<(usize, Gutter)> = None;
        let mut start = 0;
        for end in 0..=by_top.len() {
            let blocked = match by_top.get(end).and_then(|index| self.chunk(*index)) {
                Some(chunk) => crosses(chunk),
                None => true,
            };
            if !blocked {
                continue;
            }
            let band = by_top.get(start..end).unwrap_or_default();
            let (left, right): (Vec<usize>, Vec<usize>) =
                band.iter().partition(|index| self.chunk(**index).is_some_and(|chunk| chunk.x0 < edge - 0.5));
            if let Some(score) = self.are_columns(&left, &right, strict, least)
                && best.as_ref().is_none_or(|(known, _)| score > *known)
            {
                let above = by_top.get(..start).unwrap_or_default().to_vec();
                let below = by_top.get(end..).unwrap_or_default().to_vec();
                best = Some((score, Gutter { above, left, right, below }));
            }
            start = end + 1;
            // The blocking chunk itself belongs above the next stretch.
        }
        best
    }

    /// How many lines two sides have if they are columns of text.
    fn are_columns(&self, left: &[usize], right: &[usize], strict: bool, least: usize) -> Option<usize> {
        if left.len() < least || right.len() < least {
            return None;
        }
        let (left_rows, right_rows) = (self.rows(left), self.rows(right));
        let fewest = left_rows.len().min(right_rows.len());
        if fewest < least || self.is_rows(left, right) {
            return None;
        }
        let extent = |side: &[usize]| {
            let top = self.of(side).map(Chunk::core_top).fold(f32::INFINITY, f32::min);
            (top, self.of(side).map(|chunk| chunk.base).fold(f32::NEG_INFINITY, f32::max))
        };
        let ((left_top, left_end), (right_top, right_end)) = (extent(left), extent(right));
        let shared = left_end.min(right_end) - left_top.max(right_top);
        if shared < 0.5 * (left_end - left_top).min(right_end - right_top) {
            return None;
        }
        if strict {
            let (few_rows, many) =
                if left_rows.len() <= right_rows.len() { (&left_rows, right) } else { (&right_rows, left) };
            if self.paired(few_rows, many) > 0.6 {
                return None;
            }
        }
        Some(left_rows.len() + right_rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk of ten points from `x0` to `x1` on a baseline, painted at `order`.
    fn chunk(x0: f32, x1: f32, base: f32, order: u32) -> Chunk {
        let chars = ((x1 - x0) / 5.0) as usize;
        Chunk { glyphs: Vec::new(), x0, x1, base, size: 10.0, chars, first: order, last: order }
    }

    fn lines(chunks: &[Chunk]) -> Vec<Vec<usize>> {
        arrange(chunks, false).into_iter().map(|leaf| leaf.chunks).collect()
    }

    #[test]
    fn dates_at_the_right_margin_stay_on_their_line() {
        let chunks = [
            chunk(50.0, 200.0, 100.0, 0),
            chunk(480.0, 540.0, 100.0, 1),
            chunk(50.0, 400.0, 112.0, 2),
            chunk(50.0, 210.0, 140.0, 3),
            chunk(480.0, 540.0, 140.0, 4),
            chunk(50.0, 400.0, 152.0, 5),
        ];
        assert_eq!(lines(&chunks), [vec![0, 1], vec![2], vec![3, 4], vec![5]]);
    }

    #[test]
    fn dates_painted_after_all_else_still_stay_on_their_line() {
        let mut chunks = Vec::new();
        for row in 0..6_u16 {
            chunks.push(chunk(50.0, 300.0, 100.0 + 36.0 * f32::from(row), u32::from(row) * 2));
            chunks.push(chunk(50.0, 380.0, 112.0 + 36.0 * f32::from(row), u32::from(row) * 2 + 1));
        }
        for row in 0..6_u16 {
            chunks.push(chunk(480.0, 540.0, 100.0 + 36.0 * f32::from(row), 100 + u32::from(row)));
        }
        assert_eq!(lines(&chunks).first(), Some(&vec![0, 12]));
    }

    #[test]
    fn a_side_painted_first_is_read_first_and_whole() {
        let mut chunks = vec![chunk(50.0, 540.0, 60.0, 0)];
        chunks.extend(
            (0..5_u16).map(|row| chunk(50.0, 180.0, 100.0 + 12.0 * f32::from(row), 1 + u32::from(row))),
        );
        chunks.extend(
            (0..5_u16).map(|row| chunk(220.0, 540.0, 100.0 + 12.0 * f32::from(row), 10 + u32::from(row))),
        );
        let expected: Vec<Vec<usize>> = (0..11).map(|index| vec![index]).collect();
        assert_eq!(lines(&chunks), expected);
    }

    #[test]
    fn columns_painted_line_by_line_are_read_one_after_the_other() {
        let mut chunks = Vec::new();
        for row in 0..8_u16 {
            let y = 100.0 + 14.0 * f32::from(row);
            chunks.push(chunk(50.0, 200.0, y, u32::from(row) * 2));
            // The right column has another line pitch.
            chunks.push(chunk(230.0, 540.0, y + 5.5 + f32::from(row), u32::from(row) * 2 + 1));
        }
        let order: Vec<usize> = lines(&chunks).into_iter().flatten().collect();
        assert_eq!(order, [0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15]);
    }

    #[test]
    fn bullets_painted_before_their_items_join_them() {
        let mut chunks: Vec<Chunk> =
            (0..5_u16).map(|row| chunk(50.0, 54.0, 100.0 + 12.0 * f32::from(row), u32::from(row))).collect();
        chunks.extend(
            (0..5_u16).map(|row| chunk(70.0, 400.0, 100.0 + 12.0 * f32::from(row), 10 + u32::from(row))),
        );
        assert_eq!(lines(&chunks), [[0, 5], [1, 6], [2, 7], [3, 8], [4, 9]]);
    }

    #[test]
    fn scrambled_painting_is_read_by_geometry() {
        let chunks =
            [chunk(50.0, 300.0, 124.0, 0), chunk(50.0, 300.0, 100.0, 1), chunk(50.0, 300.0, 112.0, 2)];
        assert_eq!(lines(&chunks), [[1], [2], [0]]);
    }
}
