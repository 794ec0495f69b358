//! The tiles of x86 processors, by their vector instructions.
//!
//! Written with intrinsics: of plain loops the compiler makes code that copies the sums through memory, and nothing but
//! a hint fetches the right side ahead; together they cost a third of the time (docs/decisions/0045-tiles-by-intrinsics.md). Only the
//! encoder names these types, after it has asked the processor.

use std::arch::x86_64::{
    __m256, __m512, _MM_HINT_T0, _mm_prefetch, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps,
    _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
};

use super::{Block, Tile};

/// Steps of the right side that are fetched ahead: its panels come from the second-level cache.
const AHEAD: usize = 12;

/// 512-bit vectors: 12 rows of two vectors leave registers for the right side and one value of the left.
pub(in crate::embed) struct Avx512;
/// 256-bit vectors: 6 rows of two.
pub(in crate::embed) struct Avx2;

impl Tile<32> for Avx512 {
    const ROWS: usize = 12;

    #[inline(always)]
    #[expect(unsafe_code, reason = "vector instructions that not every processor has, on raw pointers")]
    fn add_product(block: &mut Block<'_>, height: usize) {
        if !block.fits(height, 32) {
            return;
        }
        // SAFETY: `Instructions::detect` asked the processor before this type was chosen; `fits` checked that every
        // address below lies inside of its slice.
        unsafe {
            match height {
                1 => avx512::<1>(block),
                2 => avx512::<2>(block),
                3 => avx512::<3>(block),
                4 => avx512::<4>(block),
                5 => avx512::<5>(block),
                6 => avx512::<6>(block),
                7 => avx512::<7>(block),
                8 => avx512::<8>(block),
                9 => avx512::<9>(block),
                10 => avx512::<10>(block),
                11 => avx512::<11>(block),
                _ => avx512::<12>(block),
            }
        }
    }
}

impl Tile<16> for Avx2 {
    const ROWS: usize = 6;

    #[inline(always)]
    #[expect(unsafe_code, reason = "vector instructions that not every processor has, on raw pointers")]
    fn add_product(block: &mut Block<'_>, height: usize) {
        if !block.fits(height, 16) {
            return;
        }
        // SAFETY: as above.
        unsafe {
            match height {
                1 => avx2::<1>(block),
                2 => avx2::<2>(block),
                3 => avx2::<3>(block),
                4 => avx2::<4>(block),
                5 => avx2::<5>(block),
                _ => avx2::<6>(block),
            }
        }
    }
}

/// # Safety
/// The processor has AVX-512F; `block.fits(HEIGHT, 32)`.
#[target_feature(enable = "avx512f")]
#[expect(unsafe_code, reason = "intrinsics read and write through raw pointers")]
#[inline(never)]
unsafe fn avx512<const HEIGHT: usize>(block: &mut Block<'_>) {
    let (a, a_stride) = (block.left.as_ptr(), block.left_stride);
    let (mut b, b_stride) = (block.right.as_ptr(), block.right_stride);
    let (out, out_stride) = (block.out.as_mut_ptr(), block.out_stride);
    // SAFETY: the caller promises that rows, steps and columns lie inside of the slices.
    unsafe {
        let mut sums: [[__m512; 2]; HEIGHT] = std::array::from_fn(|row| match block.initial {
            Some(bias) => [_mm512_loadu_ps(bias.as_ptr()), _mm512_loadu_ps(bias.as_ptr().add(16))],
            None => {
                let out = out.add(row * out_stride);
                [_mm512_loadu_ps(out), _mm512_loadu_ps(out.add(16))]
            }
        });
        for step in 0..block.steps {
            let (low, high) = (_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16)));
            // Beyond the end of the slice it is a hint without effect.
            let ahead = b.wrapping_add(AHEAD * b_stride).cast::<i8>();
            _mm_prefetch::<_MM_HINT_T0>(ahead);
            _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(64));
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = _mm512_set1_ps(*a.add(row * a_stride + step));
                sums[0] = _mm512_fmadd_ps(value, low, sums[0]);
                sums[1] = _mm512_fmadd_ps(value, high, sums[1]);
            }
            b = b.wrapping_add(b_stride);
        }
        for (row, sums) in sums.iter().enumerate() {
            let out = out.add(row * out_stride);
            _mm512_storeu_ps(out, sums[0]);
            _mm512_storeu_ps(out.add(16), sums[1]);
        }
    }
}

/// # Safety
/// The processor has AVX2 and FMA; `block.fits(HEIGHT, 16)`.
#[target_feature(enable = "avx2,fma")]
#[expect(unsafe_code, reason = "intrinsics read and write through raw pointers")]
#[inline(never)]
unsafe fn avx2<const HEIGHT: usize>(block: &mut Block<'_>) {
    let (a, a_stride) = (block.left.as_ptr(), block.left_stride);
    let (mut b, b_stride) = (block.right.as_ptr(), block.right_stride);
    let (out, out_stride) = (block.out.as_mut_ptr(), block.out_stride);
    // SAFETY: the caller promises that rows, steps and columns lie inside of the slices.
    unsafe {
        let mut sums: [[__m256; 2]; HEIGHT] = std::array::from_fn(|row| match block.initial {
            Some(bias) => [_mm256_loadu_ps(bias.as_ptr()), _mm256_loadu_ps(bias.as_ptr().add(8))],
            None => {
                let out = out.add(row * out_stride);
                [_mm256_loadu_ps(out), _mm256_loadu_ps(out.add(8))]
            }
        });
        for step in 0..block.steps {
            let (low, high) = (_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = _mm256_set1_ps(*a.add(row * a_stride + step));
                sums[0] = _mm256_fmadd_ps(value, low, sums[0]);
                sums[1] = _mm256_fmadd_ps(value, high, sums[1]);
            }
            b = b.wrapping_add(b_stride);
        }
        for (row, sums) in sums.iter().enumerate() {
            let out = out.add(row * out_stride);
            _mm256_storeu_ps(out, sums[0]);
            _mm256_storeu_ps(out.add(8), sums[1]);
        }
    }
}
