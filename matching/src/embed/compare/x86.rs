//! Products of bytes by the vector instructions of x86 (AVX-512 VNNI).
//!
//! Each instruction multiplies four codes of one row with four of each of the panel's vectors, so that the sums need no
//! adding up across lanes, and each load of the panel serves all rows of a block.

use std::arch::x86_64::{
    _MM_HINT_T0, _mm_prefetch, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_storeu_si512,
};

use super::{GROUP, Interleaved, LANES};
use crate::embed::WIDTH;

/// Rows of a block: as many sums as hide the instruction's latency, and fewer than there are registers.
const BLOCK: usize = 16;
/// Rows of a smaller block, where there are too few for one.
const SMALL: usize = 4;
/// Bytes that are fetched together.
const LINE: usize = 64;

/// Products of the panel's raised codes with those of each row.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn multiply(panel: &Interleaved, rows: &[[u8; WIDTH]], out: &mut [[i32; LANES]]) {
    let (blocks, rest) = rows.as_chunks::<BLOCK>();
    let (out_blocks, _) = out.as_chunks_mut::<BLOCK>();
    for (block, out) in blocks.iter().zip(out_blocks) {
        multiply_block(panel, block, out);
    }
    if rest.is_empty() {
        return;
    }
    // What is left over is done with rows before it, for a second time.
    if let (Some(block), Some(out)) = (rows.last_chunk::<BLOCK>(), out.last_chunk_mut::<BLOCK>()) {
        return multiply_block(panel, block, out);
    }
    let (blocks, rest) = rest.as_chunks::<SMALL>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<SMALL>();
    for (block, out) in blocks.iter().zip(out_blocks) {
        multiply_block(panel, block, out);
    }
    for (row, out) in rest.iter().zip(out_rest) {
        multiply_block(panel, std::array::from_ref(row), std::array::from_mut(out));
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
#[inline(never)]
#[expect(unsafe_code, reason = "intrinsics read and write through raw pointers")]
fn multiply_block<const ROWS: usize>(
    panel: &Interleaved,
    rows: &[[u8; WIDTH]; ROWS],
    out: &mut [[i32; LANES]; ROWS],
) {
    let mut sums = [_mm512_setzero_si512(); ROWS];
    // The rows behind this block come from memory, and a block reads too many at once for the processor to see where it goes.
    let next = rows.as_ptr_range().end.cast::<i8>();
    for (step, wishes) in panel.iter().enumerate() {
        _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(step * LINE));
        // SAFETY: a step of the panel has the 64 bytes that are read.
        let wishes = unsafe { _mm512_loadu_si512(wishes.as_ptr().cast()) };
        for (sum, row) in sums.iter_mut().zip(rows) {
            // SAFETY: there are as many steps as a row has groups of four bytes.
            let group = unsafe { row.as_ptr().add(GROUP * step).cast::<i32>().read_unaligned() };
            *sum = _mm512_dpbusd_epi32(*sum, wishes, _mm512_set1_epi32(group));
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: a row of the result has the 64 bytes that are written.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
}
