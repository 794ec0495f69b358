//! Matrix products in tiles that fit the registers.
//!
//! Everything is plain safe Rust over fixed-size arrays, inlined into one entry point for each instruction set
//! ([`super::encoder`]); there the compiler turns the loops of [`tile`] into vector instructions. Each output is one
//! chain of fused multiply-adds in the order of `k`, so every instruction set gives the same bits.

/// How many steps of `k` are done before the next tile, so that both operands stay in the first-level cache.
const STEPS: usize = 192;

/// The tile of one instruction set. It stays a function of its own: inlined into the whole forward pass the compiler
/// gives up holding the sums in registers, which costs a factor of fifteen.
pub(super) trait Tile<const ROWS: usize, const COLUMNS: usize> {
    /// `sums += a * b`.
    fn add_product(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]], sums: &mut [[f32; COLUMNS]; ROWS]);
}

/// Whatever the target always has.
pub(super) struct Portable;

impl Tile<4, 8> for Portable {
    #[inline(never)]
    fn add_product(a: &[[f32; 4]], b: &[[f32; 8]], sums: &mut [[f32; 8]; 4]) {
        tile(a, b, sums);
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

/// Tiles for processors that were asked for the instructions: only `super::encoder` names these types, after asking.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Tile, tile};

    /// 512-bit vectors.
    pub(in crate::embed) struct Avx512;
    /// 256-bit vectors.
    pub(in crate::embed) struct Avx2;

    #[target_feature(enable = "avx512f,avx2,fma")]
    #[inline(never)]
    fn tile_avx512(a: &[[f32; 12]], b: &[[f32; 32]], sums: &mut [[f32; 32]; 12]) {
        tile(a, b, sums);
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline(never)]
    fn tile_avx2(a: &[[f32; 6]], b: &[[f32; 16]], sums: &mut [[f32; 16]; 6]) {
        tile(a, b, sums);
    }

    impl Tile<12, 32> for Avx512 {
        #[inline(always)]
        #[expect(unsafe_code, reason = "calling code compiled for instructions that not every processor has")]
        fn add_product(a: &[[f32; 12]], b: &[[f32; 32]], sums: &mut [[f32; 32]; 12]) {
            // SAFETY: `Instructions::detect` asked the processor before this type was chosen.
            unsafe { tile_avx512(a, b, sums) }
        }
    }

    impl Tile<6, 16> for Avx2 {
        #[inline(always)]
        #[expect(unsafe_code, reason = "calling code compiled for instructions that not every processor has")]
        fn add_product(a: &[[f32; 6]], b: &[[f32; 16]], sums: &mut [[f32; 16]; 6]) {
            // SAFETY: as above.
            unsafe { tile_avx2(a, b, sums) }
        }
    }
}

/// `sums += a * b` for a tile: `a` holds `ROWS` values a step, `b` holds `COLUMNS`.
#[inline(always)]
fn tile<const ROWS: usize, const COLUMNS: usize>(
    a: &[[f32; ROWS]],
    b: &[[f32; COLUMNS]],
    sums: &mut [[f32; COLUMNS]; ROWS],
) {
    // A local copy lets the compiler hold the sums in registers.
    let mut local = *sums;
    for (a, b) in a.iter().zip(b) {
        for (row, a) in local.iter_mut().zip(a) {
            for (sum, b) in row.iter_mut().zip(b) {
                *sum = a.mul_add(*b, *sum);
            }
        }
    }
    *sums = local;
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
    #[inline(always)]
    fn rows(self) -> impl Iterator<Item = &'a [f32]> {
        let range = self.offset..self.offset + self.width;
        self.values.chunks(self.stride).filter_map(move |row| row.get(range.clone()))
    }
}

/// Packs rows for the left side of [`multiply`]: blocks of `ROWS` rows, inside a block one step of `k` after the
/// other. Missing rows of the last block are zero.
#[inline(always)]
pub(super) fn pack_rows<const ROWS: usize>(view: View<'_>, packed: &mut Vec<f32>) {
    let rows = view.values.len().div_ceil(view.stride.max(1));
    packed.clear();
    packed.resize(rows.div_ceil(ROWS) * ROWS * view.width, 0.0);
    for (index, row) in view.rows().enumerate() {
        let block = packed.chunks_exact_mut(ROWS * view.width).nth(index / ROWS).unwrap_or_default();
        let lane = index % ROWS;
        for (step, value) in block.as_chunks_mut::<ROWS>().0.iter_mut().zip(row) {
            if let Some(slot) = step.get_mut(lane) {
                *slot = *value;
            }
        }
    }
}

/// Packs rows that are columns of the product's right side (keys, or the weights of a linear layer, which are stored
/// by output): panels of `COLUMNS` rows, inside a panel one step of `k` after the other. Each value is scaled.
#[inline(always)]
pub(super) fn pack_transposed<const COLUMNS: usize>(view: View<'_>, scale: f32, packed: &mut Vec<f32>) {
    pack_rows::<COLUMNS>(view, packed);
    for value in packed.iter_mut() {
        *value *= scale;
    }
}

/// Packs a right side that is stored by steps of `k`: panels of `COLUMNS` columns.
#[inline(always)]
pub(super) fn pack_columns<const COLUMNS: usize>(view: View<'_>, packed: &mut Vec<f32>) {
    packed.clear();
    for panel in 0..view.width.div_ceil(COLUMNS) {
        for row in view.rows() {
            let values = row.chunks(COLUMNS).nth(panel).unwrap_or_default();
            packed.extend_from_slice(values);
            packed.extend(std::iter::repeat_n(0.0, COLUMNS - values.len()));
        }
    }
}

/// `out = a * b + bias`. `a` has `rows` rows, packed by [`pack_rows`] with `k` steps; `b` is packed in panels; `out`
/// has rows of `stride` values. Without bias the sums begin at zero.
#[inline(always)]
pub(super) fn multiply<T: Tile<ROWS, COLUMNS>, const ROWS: usize, const COLUMNS: usize>(
    (a, rows): (&[f32], usize),
    k: usize,
    b: &[f32],
    bias: Option<&[f32]>,
    (out, stride): (&mut [f32], usize),
) {
    for start in (0..k).step_by(STEPS) {
        let end = (start + STEPS).min(k);
        for (panel, b) in b.chunks_exact(k * COLUMNS).enumerate() {
            let b = b.get(start * COLUMNS..end * COLUMNS).unwrap_or_default().as_chunks::<COLUMNS>().0;
            let initial = initial_sums::<COLUMNS>(bias, panel);
            for (block, a) in a.chunks_exact(k * ROWS).enumerate() {
                let a = a.get(start * ROWS..end * ROWS).unwrap_or_default().as_chunks::<ROWS>().0;
                let height = ROWS.min(rows.saturating_sub(block * ROWS));
                let out = out.get_mut(block * ROWS * stride..).unwrap_or_default();
                let mut sums = [initial; ROWS];
                if start > 0 {
                    for (row, sums) in out.chunks(stride).zip(&mut sums).take(height) {
                        let row = row.get(panel * COLUMNS..).unwrap_or_default();
                        for (sum, value) in sums.iter_mut().zip(row) {
                            *sum = *value;
                        }
                    }
                }
                T::add_product(a, b, &mut sums);
                for (row, sums) in out.chunks_mut(stride).zip(&sums).take(height) {
                    let row = row.get_mut(panel * COLUMNS..).unwrap_or_default();
                    for (value, sum) in row.iter_mut().zip(sums) {
                        *value = *sum;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn initial_sums<const COLUMNS: usize>(bias: Option<&[f32]>, panel: usize) -> [f32; COLUMNS] {
    let mut sums = [0.0; COLUMNS];
    let bias = bias.and_then(|bias| bias.chunks(COLUMNS).nth(panel)).unwrap_or_default();
    for (sum, bias) in sums.iter_mut().zip(bias) {
        *sum = *bias;
    }
    sums
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

    fn product<T: Tile<ROWS, COLUMNS>, const ROWS: usize, const COLUMNS: usize>(
        m: usize,
        k: usize,
        n: usize,
    ) {
        let (a, b, bias) = (values(m * k, 1), values(n * k, 2), values(n, 3));
        let view = |values, width| View { values, stride: width, offset: 0, width };
        let (mut packed_a, mut packed_b) = (Vec::new(), Vec::new());
        pack_rows::<ROWS>(view(&a, k), &mut packed_a);
        pack_transposed::<COLUMNS>(view(&b, k), 1.0, &mut packed_b);
        let mut out = vec![0.0; m * n];
        multiply::<T, ROWS, COLUMNS>((&packed_a, m), k, &packed_b, Some(&bias), (&mut out, n));
        assert_eq!(out, naive(&a, &b, (m, k, n), &bias), "{ROWS}x{COLUMNS} {m}x{k}x{n}");
        // The same right side stored the other way gives the same packing.
        let transposed: Vec<f32> = (0..k * n).map(|i| b[(i % n) * k + i / n]).collect();
        let mut packed_columns = Vec::new();
        pack_columns::<COLUMNS>(view(&transposed, n), &mut packed_columns);
        assert_eq!(packed_columns, packed_b);
    }

    #[test]
    fn every_tile_shape_gives_the_bits_of_the_plain_loop() {
        for (m, k, n) in [(1, 1, 1), (13, 32, 45), (12, 384, 64), (25, 385, 33)] {
            product::<Portable, 4, 8>(m, k, n);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                product::<Avx2, 6, 16>(m, k, n);
                if is_x86_feature_detected!("avx512f") {
                    product::<Avx512, 12, 32>(m, k, n);
                }
            }
        }
    }
}
