//! Matrix products in tiles that fit the registers.
//!
//! Each output is one chain of fused multiply-adds in the order of `k`, so every instruction set gives the same bits.

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

/// How many steps of `k` are done before the next tile, so that a panel of the right side stays in the second-level
/// cache. By measurement; half and double of it are slower.
const STEPS: usize = 384;

/// One tile of a product, seen inside its matrices.
pub(super) struct Block<'a> {
    /// Rows of the left side, from the tile's first row and step on.
    left: &'a [f32],
    left_stride: usize,
    /// Steps of the right side, from the tile's first step and column on.
    right: &'a [f32],
    right_stride: usize,
    steps: usize,
    /// What the sums begin with; what stands in `out` if there is nothing.
    initial: Option<&'a [f32]>,
    /// Rows of the product, from the tile's first row and column on.
    out: &'a mut [f32],
    out_stride: usize,
}

impl Block<'_> {
    /// Whether a tile of this size lies inside of all slices.
    #[inline(always)]
    fn fits(&self, height: usize, width: usize) -> bool {
        height > 0
            && self.steps > 0
            && (height - 1) * self.left_stride + self.steps <= self.left.len()
            && (self.steps - 1) * self.right_stride + width <= self.right.len()
            && (height - 1) * self.out_stride + width <= self.out.len()
            && self.initial.is_none_or(|initial| initial.len() >= width)
    }
}

/// The tile of one instruction set. It stays a function of its own: inlined into the whole forward pass the compiler
/// gives up holding the sums in registers.
pub(super) trait Tile<const COLUMNS: usize> {
    /// Rows of a tile.
    const ROWS: usize;

    /// `out = initial + left * right` for the first `height` rows, at most [`Self::ROWS`], and `COLUMNS` columns.
    fn add_product(block: &mut Block<'_>, height: usize);
}

/// Whatever the target always has.
pub(super) struct Portable;

impl Tile<8> for Portable {
    const ROWS: usize = 4;

    #[inline(never)]
    fn add_product(block: &mut Block<'_>, height: usize) {
        if !block.fits(height, 8) {
            return;
        }
        let lefts = block.left.chunks(block.left_stride.max(1));
        for (left, out) in lefts.zip(block.out.chunks_mut(block.out_stride.max(1))).take(height) {
            let mut sums = [0.0_f32; 8];
            let initial = block.initial.unwrap_or(out);
            for (sum, value) in sums.iter_mut().zip(initial) {
                *sum = *value;
            }
            for (a, b) in left.iter().take(block.steps).zip(block.right.chunks(block.right_stride.max(1))) {
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = a.mul_add(*b, *sum);
                }
            }
            for (value, sum) in out.iter_mut().zip(&sums) {
                *value = *sum;
            }
        }
    }
}

/// A matrix seen inside a larger one: rows of `stride` values, of which `width` from `offset` on are meant.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) offset: usize,
    pub(super) width: usize,
}

impl<'a> View<'a> {
    /// A whole matrix.
    #[inline(always)]
    pub(super) fn whole(values: &'a [f32], width: usize) -> Self {
        Self { values, stride: width, offset: 0, width }
    }

    #[inline(always)]
    fn rows(self) -> impl Iterator<Item = &'a [f32]> {
        let range = self.offset..self.offset + self.width;
        self.values.chunks(self.stride.max(1)).filter_map(move |row| row.get(range.clone()))
    }
}

/// The right side of a product.
#[derive(Clone, Copy)]
pub(super) enum Right<'a> {
    /// Panels of `COLUMNS` columns, made by [`pack`].
    Panels(&'a [f32]),
    /// A matrix as it stands, its rows being the steps of `k`; its width is a multiple of `COLUMNS`.
    Rows(View<'a>),
}

/// Packs rows that are columns of a product's right side (keys, or the weights of a linear layer, which are stored by
/// output): panels of `COLUMNS` rows, inside a panel one step of `k` after the other, each value scaled. Missing rows
/// of the last panel are zero.
#[inline(always)]
pub(super) fn pack<const COLUMNS: usize>(view: View<'_>, scale: f32, packed: &mut Vec<f32>) {
    let rows = view.values.len().div_ceil(view.stride.max(1));
    let panels = rows.div_ceil(COLUMNS);
    packed.resize(panels * COLUMNS * view.width, 0.0);
    let mut rows = view.rows();
    for panel in packed.chunks_exact_mut((COLUMNS * view.width).max(1)) {
        for lane in 0..COLUMNS {
            let row = rows.next();
            for (at, step) in panel.as_chunks_mut::<COLUMNS>().0.iter_mut().enumerate() {
                if let Some(slot) = step.get_mut(lane) {
                    *slot = row.and_then(|row| row.get(at)).map_or(0.0, |value| value * scale);
                }
            }
        }
    }
}

/// `out = a * b + bias`; `out` has rows of `stride` values, at least as many as `b` has columns. Without bias the sums begin at zero.
#[inline(always)]
pub(super) fn multiply<T: Tile<COLUMNS>, const COLUMNS: usize>(
    a: View<'_>,
    b: Right<'_>,
    bias: Option<&[f32]>,
    (out, stride): (&mut [f32], usize),
) {
    let k = a.width;
    let (values, right_stride, offset, next_panel, panels) = match b {
        Right::Panels(panels) => (panels, COLUMNS, 0, k * COLUMNS, panels.len() / (k * COLUMNS).max(1)),
        Right::Rows(view) => (view.values, view.stride, view.offset, COLUMNS, view.width / COLUMNS),
    };
    let rows = a.values.len().div_ceil(a.stride.max(1));
    let zeros = [0.0; COLUMNS];
    for start in (0..k).step_by(STEPS) {
        let steps = STEPS.min(k - start);
        for panel in 0..panels {
            let right = values.get(offset + panel * next_panel + start * right_stride..).unwrap_or_default();
            let bias = bias.and_then(|bias| bias.get(panel * COLUMNS..)).unwrap_or(&zeros);
            for row in (0..rows).step_by(T::ROWS) {
                let mut block = Block {
                    left: a.values.get(row * a.stride + a.offset + start..).unwrap_or_default(),
                    left_stride: a.stride,
                    right,
                    right_stride,
                    steps,
                    initial: (start == 0).then_some(bias),
                    out: out.get_mut(row * stride + panel * COLUMNS..).unwrap_or_default(),
                    out_stride: stride,
                };
                T::add_product(&mut block, T::ROWS.min(rows - row));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values without a pattern that a wrong index would keep.
    fn values(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| (((i * 7919 + seed * 104_729) % 1009) as f32 - 504.0) / 256.0).collect()
    }

    fn naive(a: &[f32], b: &[f32], (m, k, n): (usize, usize, usize), bias: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        for i in 0..m {
            for j in 0..n {
                let mut sum = bias[j];
                for step in 0..k {
                    sum = a[i * k + step].mul_add(b[j * k + step], sum);
                }
                out.push(sum);
            }
        }
        out
    }

    fn product<T: Tile<COLUMNS>, const COLUMNS: usize>(m: usize, k: usize, n: usize) {
        let width = n.next_multiple_of(COLUMNS);
        let (a, b, mut bias) = (values(m * k, 1), values(n * k, 2), values(n, 3));
        let expected = naive(&a, &b, (m, k, n), &bias);
        bias.resize(width, 0.0);
        let mut panels = Vec::new();
        pack::<COLUMNS>(View::whole(&b, k), 1.0, &mut panels);
        // The same right side as it stands, in a larger matrix, its rows being the steps.
        let mut rows = values(k * (width + 5), 4);
        for step in 0..k {
            for column in 0..width {
                rows[step * (width + 5) + 3 + column] = if column < n { b[column * k + step] } else { 0.0 };
            }
        }
        let strided = View { values: &rows, stride: width + 5, offset: 3, width };
        for right in [Right::Panels(&panels), Right::Rows(strided)] {
            let mut out = vec![f32::NAN; m * width];
            multiply::<T, COLUMNS>(View::whole(&a, k), right, Some(&bias), (&mut out, width));
            let found: Vec<f32> = out.chunks(width).flat_map(|row| &row[..n]).copied().collect();
            assert_eq!(found, expected, "{COLUMNS} columns, {m}x{k}x{n}");
        }
    }

    #[test]
    fn every_tile_shape_gives_the_bits_of_the_plain_loop() {
        // Every height of a tile, a width that is no multiple of a vector, and more steps than are done at a time.
        for (m, k, n) in [(1, 1, 1), (13, 32, 45), (12, 384, 64), (25, 385, 33), (7, 800, 40)]
            .into_iter()
            .chain((1..=24).map(|m| (m, 5, 32)))
        {
            product::<Portable, 8>(m, k, n);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                product::<Avx2, 16>(m, k, n);
                if is_x86_feature_detected!("avx512f") {
                    product::<Avx512, 32>(m, k, n);
                }
            }
        }
    }

    #[test]
    fn a_tile_that_does_not_fit_its_slices_is_refused() {
        let (left, right) = (values(8, 1), values(16, 2));
        let fits = |left_stride, steps, height, room| {
            let mut out = vec![0.0; room];
            let block = Block {
                left: &left,
                left_stride,
                right: &right,
                right_stride: 8,
                steps,
                initial: None,
                out: &mut out,
                out_stride: 8,
            };
            block.fits(height, 8)
        };
        assert!(fits(4, 2, 2, 16));
        assert!(!fits(4, 2, 0, 16));
        assert!(!fits(4, 3, 2, 16), "too few steps of the right side");
        assert!(!fits(7, 2, 2, 16), "too few rows of the left side");
        assert!(!fits(4, 2, 2, 15), "too little room");
    }
}
