//! Compares a few vectors with very many: the inner loop of ranking a pool.

#[cfg(target_arch = "x86_64")]
mod x86;

use super::WIDTH;
use super::quantised::{QuantisedEmbedding, cosine};

/// Vectors of a panel, which are compared at once.
pub(crate) const LANES: usize = 16;
/// Codes of one vector that an instruction takes at once.
const GROUP: usize = 4;
/// What is added to the panel's codes, because the instruction takes one of its sides without sign.
const OFFSET: i32 = 128;

/// How products are computed; every way gives the same integers.
#[derive(Debug, Clone, Copy)]
enum Instructions {
    /// Four products of bytes a lane, on 512-bit vectors of x86.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// Plain code, compiled for 256-bit vectors of x86.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the target always has.
    Portable,
}

impl Instructions {
    fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
                return Self::Vnni;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }
}

/// Codes of a panel as instructions take them: four of each vector, then the next four of each, each raised by [`OFFSET`].
type Interleaved = [[u8; LANES * GROUP]; WIDTH / GROUP];

/// Up to [`LANES`] vectors, ready to be compared with many.
pub(crate) struct Panel {
    instructions: Instructions,
    codes: [[i8; WIDTH]; LANES],
    interleaved: Box<Interleaved>,
    scales: [f32; LANES],
}

/// A vector of the many, without its codes.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// What makes its codes a vector of length 1.
    pub(crate) scale: f32,
    /// Sum of its codes.
    pub(crate) sum: i32,
}

/// What is done with the cosines of each row.
pub(crate) trait Fold {
    /// Takes the cosines of the row of this number with all lanes. To be inlined, so that it is compiled for the widest vectors
    /// that the processor has.
    fn add(&mut self, row: usize, cosines: &[f32; LANES]);
}

impl Row {
    pub(crate) fn new(vector: &QuantisedEmbedding) -> Self {
        Self { scale: vector.scale(), sum: vector.codes().iter().map(|code| i32::from(*code)).sum() }
    }
}

impl Panel {
    /// Panels of vectors in their order; what is missing in the last one is like nothing.
    pub(crate) fn pack(vectors: &[&QuantisedEmbedding]) -> Vec<Self> {
        vectors.chunks(LANES).map(Self::new).collect()
    }

    fn new(vectors: &[&QuantisedEmbedding]) -> Self {
        let mut codes = [[0; WIDTH]; LANES];
        let mut scales = [0.0; LANES];
        for ((codes, scale), vector) in codes.iter_mut().zip(&mut scales).zip(vectors) {
            (*codes, *scale) = (*vector.codes(), vector.scale());
        }
        let mut interleaved: Box<Interleaved> = Box::new([[0; LANES * GROUP]; WIDTH / GROUP]);
        for (lane, codes) in codes.iter().enumerate() {
            for (step, group) in interleaved.iter_mut().zip(codes.as_chunks::<GROUP>().0) {
                for (slot, code) in step.iter_mut().skip(lane * GROUP).zip(group) {
                    *slot = code.cast_unsigned().wrapping_add(128);
                }
            }
        }
        Self { instructions: Instructions::detect(), codes, interleaved, scales }
    }

    /// Gives `fold` the cosines of each row, given by its codes, with each vector of the panel.
    pub(crate) fn compare(
        &self,
        codes: &[[u8; WIDTH]],
        rows: impl Iterator<Item = Row>,
        products: &mut Vec<[i32; LANES]>,
        fold: &mut impl Fold,
    ) {
        products.resize(codes.len(), [0; LANES]);
        let offset = self.products(codes, products);
        let rows = products.iter().zip(rows).enumerate();
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            #[expect(
                unsafe_code,
                reason = "calling code compiled for instructions that not every processor has"
            )]
            // SAFETY: `Instructions::detect` is the only source of this value and asked the processor.
            Instructions::Vnni => unsafe { fold_avx512(rows, offset, &self.scales, fold) },
            #[cfg(target_arch = "x86_64")]
            #[expect(
                unsafe_code,
                reason = "calling code compiled for instructions that not every processor has"
            )]
            // SAFETY: as above.
            Instructions::Avx2 => unsafe { fold_avx2(rows, offset, &self.scales, fold) },
            Instructions::Portable => fold_rows(rows, offset, &self.scales, fold),
        }
    }

    /// Scalar products of codes, and how many times a row's sum each is too large.
    fn products(&self, codes: &[[u8; WIDTH]], out: &mut [[i32; LANES]]) -> i32 {
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Vnni => {
                #[expect(
                    unsafe_code,
                    reason = "calling code compiled for instructions that not every processor has"
                )]
                // SAFETY: `Instructions::detect` is the only source of this value and asked the processor.
                unsafe {
                    x86::multiply(&self.interleaved, codes, out);
                }
                OFFSET
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => {
                #[expect(
                    unsafe_code,
                    reason = "calling code compiled for instructions that not every processor has"
                )]
                // SAFETY: as above.
                unsafe {
                    plain_avx2(&self.codes, codes, out);
                }
                0
            }
            Instructions::Portable => {
                plain(&self.codes, codes, out);
                0
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn fold_avx512<'p>(
    rows: impl Iterator<Item = (usize, (&'p [i32; LANES], Row))>,
    offset: i32,
    scales: &[f32; LANES],
    fold: &mut impl Fold,
) {
    fold_rows(rows, offset, scales, fold);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fold_avx2<'p>(
    rows: impl Iterator<Item = (usize, (&'p [i32; LANES], Row))>,
    offset: i32,
    scales: &[f32; LANES],
    fold: &mut impl Fold,
) {
    fold_rows(rows, offset, scales, fold);
}

#[inline(always)]
fn fold_rows<'p>(
    rows: impl Iterator<Item = (usize, (&'p [i32; LANES], Row))>,
    offset: i32,
    scales: &[f32; LANES],
    fold: &mut impl Fold,
) {
    for (number, (products, row)) in rows {
        let mut cosines = [0.0; LANES];
        let excess = offset * row.sum;
        for ((slot, product), scale) in cosines.iter_mut().zip(products).zip(scales) {
            *slot = cosine(*product - excess, *scale, row.scale);
        }
        fold.add(number, &cosines);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn plain_avx2(panel: &[[i8; WIDTH]; LANES], codes: &[[u8; WIDTH]], out: &mut [[i32; LANES]]) {
    plain(panel, codes, out);
}

#[inline(always)]
fn plain(panel: &[[i8; WIDTH]; LANES], codes: &[[u8; WIDTH]], out: &mut [[i32; LANES]]) {
    for (row, out) in codes.iter().zip(out) {
        for (slot, lane) in out.iter_mut().zip(panel) {
            *slot = lane.iter().zip(row).map(|(a, b)| i32::from(*a) * i32::from(b.cast_signed())).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Embedding;

    fn vector(seed: usize) -> QuantisedEmbedding {
        let value = |at: usize| (((at + 1) * 7919 * (seed + 3)) % 1009) as f32 - 504.0;
        QuantisedEmbedding::from(&Embedding(std::array::from_fn(value)))
    }

    struct Kept(Vec<[f32; LANES]>);

    impl Fold for Kept {
        fn add(&mut self, row: usize, cosines: &[f32; LANES]) {
            assert_eq!(row, self.0.len());
            self.0.push(*cosines);
        }
    }

    #[test]
    fn every_way_gives_the_cosines_of_single_vectors() {
        let wishes: Vec<QuantisedEmbedding> = (0..19).map(vector).collect();
        // Every number of rows beside whole blocks, and the extreme codes.
        for count in [0, 1, 3, 5, 16, 23, 37] {
            let mut rows: Vec<QuantisedEmbedding> = (100..100 + count).map(vector).collect();
            rows.extend([
                QuantisedEmbedding::from(&Embedding([1.0; WIDTH])),
                QuantisedEmbedding::from(&Embedding([-1.0; WIDTH])),
            ]);
            let codes: Vec<[u8; WIDTH]> = rows.iter().map(|row| row.codes().map(i8::cast_unsigned)).collect();
            let mut panels = Panel::pack(&wishes.iter().collect::<Vec<_>>());
            assert_eq!(panels.len(), 2);
            let detected = panels[0].instructions;
            let mut ways = vec![Instructions::Portable, detected];
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                ways.push(Instructions::Avx2);
            }
            let mut products = Vec::new();
            for way in ways {
                for (panel, wishes) in panels.iter_mut().zip(wishes.chunks(LANES)) {
                    panel.instructions = way;
                    let mut found = Kept(Vec::new());
                    panel.compare(&codes, rows.iter().map(Row::new), &mut products, &mut found);
                    let Kept(found) = found;
                    assert_eq!(found.len(), rows.len());
                    for (found, row) in found.iter().zip(&rows) {
                        for (lane, found) in found.iter().enumerate() {
                            let expected = wishes.get(lane).map_or(0.0, |wish| row.cosine(wish));
                            assert_eq!(*found, expected, "{way:?}");
                        }
                    }
                }
            }
        }
    }
}
