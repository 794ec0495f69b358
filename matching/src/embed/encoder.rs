//! The forward pass: token numbers in, one vector of length 1 a text out.

use super::Embedding;
#[cfg(target_arch = "x86_64")]
use super::kernel::{Avx2, Avx512};
use super::kernel::{Portable, Right, Tile, View, multiply, pack};
use super::math::{add_and_normalise, gelu, normalise_length, softmax};
use super::weights::{HEAD, HEADS, HIDDEN, Layer, Linear, Norm, WIDTH, Weights};

/// The vector instructions that this processor has, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instructions {
    /// 512-bit vectors of x86.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors of x86.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the target always has (Neon on ARM).
    Portable,
}

impl Instructions {
    /// Asks the processor.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Opens the weights, packed as [`encode`] wants them for these instructions.
    pub(super) fn open(self, folder: &std::path::Path) -> Result<Weights, super::ModelError> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Weights::open::<32>(folder),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Weights::open::<16>(folder),
            Self::Portable => Weights::open::<8>(folder),
        }
    }
}

/// Vectors of some texts, given as their token numbers.
pub(super) fn encode(instructions: Instructions, weights: &Weights, texts: &[&[u32]]) -> Vec<Embedding> {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "calling code compiled for instructions that not every processor has")]
        // SAFETY: `Instructions::detect` is the only source of these values and asked the processor.
        Instructions::Avx512 => unsafe { encode_avx512(weights, texts) },
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "calling code compiled for instructions that not every processor has")]
        // SAFETY: as above.
        Instructions::Avx2 => unsafe { encode_avx2(weights, texts) },
        Instructions::Portable => forward::<Portable, 8>(weights, texts),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn encode_avx512(weights: &Weights, texts: &[&[u32]]) -> Vec<Embedding> {
    forward::<Avx512, 32>(weights, texts)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn encode_avx2(weights: &Weights, texts: &[&[u32]]) -> Vec<Embedding> {
    forward::<Avx2, 16>(weights, texts)
}

/// Buffers that the layers share.
#[derive(Default)]
struct Scratch {
    keys: Vec<f32>,
    projected: Vec<f32>,
    scores: Vec<f32>,
    context: Vec<f32>,
    hidden: Vec<f32>,
    output: Vec<f32>,
}

/// All texts' tokens stand below each other in one matrix, so nothing is padded; only attention goes text by text.
#[inline(always)]
fn forward<T: Tile<COLUMNS>, const COLUMNS: usize>(weights: &Weights, texts: &[&[u32]]) -> Vec<Embedding> {
    let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
    let mut states = vec![0.0; lengths.iter().sum::<usize>() * WIDTH];
    let tokens = texts.iter().flat_map(|text| text.iter().enumerate());
    let Norm { weight, bias } = &weights.embedding_norm;
    for (row, (position, token)) in states.chunks_exact_mut(WIDTH).zip(tokens) {
        weights.embed_token(*token, position, row);
        add_and_normalise(row, &[], weight, bias);
    }
    let mut scratch = Scratch::default();
    for layer in &weights.layers {
        run_layer::<T, COLUMNS>(layer, &lengths, &mut states, &mut scratch);
    }
    pool(&states, &lengths)
}

#[inline(always)]
fn run_layer<T: Tile<COLUMNS>, const COLUMNS: usize>(
    layer: &Layer,
    lengths: &[usize],
    states: &mut [f32],
    scratch: &mut Scratch,
) {
    let Scratch { keys, projected, scores, context, hidden, output } = scratch;
    apply::<T, COLUMNS>(&layer.attention_in, states, 3 * WIDTH, projected);
    context.resize(states.len(), 0.0);
    let mut start = 0;
    for length in lengths {
        let rows = projected.get(start * 3 * WIDTH..(start + length) * 3 * WIDTH).unwrap_or_default();
        for head in 0..HEADS {
            let out =
                context.get_mut(start * WIDTH + head * HEAD..(start + length) * WIDTH).unwrap_or_default();
            attend::<T, COLUMNS>(rows, *length, head, out, (keys, scores));
        }
        start += length;
    }
    apply::<T, COLUMNS>(&layer.attention_out, context, WIDTH, output);
    normalise_rows(states, output, &layer.attention_norm);
    apply::<T, COLUMNS>(&layer.hidden, states, HIDDEN, hidden);
    gelu(hidden);
    apply::<T, COLUMNS>(&layer.output, hidden, WIDTH, output);
    normalise_rows(states, output, &layer.output_norm);
}

/// `out = linear(input)`, where `input` has rows of the layer's inputs.
#[inline(always)]
fn apply<T: Tile<COLUMNS>, const COLUMNS: usize>(
    linear: &Linear,
    input: &[f32],
    outputs: usize,
    out: &mut Vec<f32>,
) {
    out.resize(input.len() / linear.inputs * outputs, 0.0);
    let input = View::whole(input, linear.inputs);
    multiply::<T, COLUMNS>(
        input,
        Right::Panels(linear.panels.as_slice()),
        Some(&linear.bias),
        (out, outputs),
    );
}

/// One head of attention over one text: `rows` are its queries, keys and values side by side.
#[inline(always)]
fn attend<T: Tile<COLUMNS>, const COLUMNS: usize>(
    rows: &[f32],
    length: usize,
    head: usize,
    out: &mut [f32],
    (keys, scores): (&mut Vec<f32>, &mut Vec<f32>),
) {
    let part = |index: usize| View {
        values: rows,
        stride: 3 * WIDTH,
        offset: index * WIDTH + head * HEAD,
        width: HEAD,
    };
    let stride = length.next_multiple_of(COLUMNS);
    pack::<COLUMNS>(part(1), 1.0 / (HEAD as f32).sqrt(), keys);
    scores.resize(length * stride, 0.0);
    multiply::<T, COLUMNS>(part(0), Right::Panels(keys), None, (scores, stride));
    for row in scores.chunks_exact_mut(stride) {
        softmax(row, length);
    }
    let weights = View { values: scores, stride, offset: 0, width: length };
    multiply::<T, COLUMNS>(weights, Right::Rows(part(2)), None, (out, WIDTH));
}

#[inline(always)]
fn normalise_rows(states: &mut [f32], added: &[f32], norm: &Norm) {
    for (row, added) in states.chunks_exact_mut(WIDTH).zip(added.chunks_exact(WIDTH)) {
        add_and_normalise(row, added, &norm.weight, &norm.bias);
    }
}

/// The mean of each text's tokens, scaled to length 1.
#[inline(always)]
fn pool(states: &[f32], lengths: &[usize]) -> Vec<Embedding> {
    let mut rows = states.chunks_exact(WIDTH);
    let mut vectors = Vec::with_capacity(lengths.len());
    for length in lengths {
        let mut vector = [0.0; WIDTH];
        for row in rows.by_ref().take(*length) {
            for (sum, value) in vector.iter_mut().zip(row) {
                *sum += *value;
            }
        }
        // The length makes the division by the count unnecessary.
        normalise_length(&mut vector);
        vectors.push(Embedding(vector));
    }
    vectors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detection_is_stable() {
        assert_eq!(Instructions::detect(), Instructions::detect());
    }
}
