//! The functions between the matrix products: softmax, GELU, layer normalisation. Sums run in 16 fixed lanes, so they
//! give the same bits with every instruction set.

/// Lanes of every sum.
const LANES: usize = 16;

/// Adds the lanes pairwise, in a fixed order.
#[inline(always)]
fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        width /= 2;
    }
    let [sum, ..] = lanes;
    sum
}

/// Sum of `f(x)` over the values.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f(*value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += f(*value);
    }
    total(lanes)
}

/// e^x to about 2 units in the last place; exactly 0 below -87. After Cephes' `expf`.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the published coefficients")]
pub(super) fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to an integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.0, 88.0);
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_359_375, clamped);
    let r = n.mul_add(2.121_944_4e-4, r);
    let mut p = 1.987_569_15e-4_f32;
    for coefficient in [1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_55e-1, 5.000_000_1e-1] {
        p = p.mul_add(r, coefficient);
    }
    let value = (r * r).mul_add(p, r) + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    let result = value * f32::from_bits(exponent);
    if x < -87.0 { 0.0 } else { result }
}

/// The error function to about 1e-7, as a rational function of x. After Eigen's `erf`.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the published coefficients")]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let mut p = -2.726_142_258_013_06e-10_f32;
    for coefficient in [
        2.770_681_424_959_02e-8,
        -2.101_024_020_825_08e-6,
        -5.692_506_394_623_46e-5,
        -7.349_906_303_268_55e-4,
        -2.954_599_808_540_25e-3,
        -1.609_603_332_624_15e-2,
    ] {
        p = p.mul_add(square, coefficient);
    }
    let mut q = -1.456_607_184_649_96e-5_f32;
    for coefficient in [
        -2.133_740_552_789_05e-4,
        -1.682_826_974_382_03e-3,
        -7.373_329_167_204_68e-3,
        -1.426_473_905_141_89e-2,
    ] {
        q = q.mul_add(square, coefficient);
    }
    x * p / q
}

/// The exact GELU of BERT, in place: x * (1 + erf(x / sqrt 2)) / 2.
#[inline(always)]
pub(super) fn gelu(values: &mut [f32]) {
    for value in values {
        let half = 0.5 * *value;
        *value = half.mul_add(erf(*value * std::f32::consts::FRAC_1_SQRT_2), half);
    }
}

/// Softmax of the first `len` values in place; those behind become 0.
#[inline(always)]
pub(super) fn softmax(row: &mut [f32], len: usize) {
    let (row, padding) = row.split_at_mut(len.min(row.len()));
    padding.fill(0.0);
    let mut peaks = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (peak, value) in peaks.iter_mut().zip(chunk) {
            *peak = peak.max(*value);
        }
    }
    let peak = peaks.iter().chain(rest).fold(f32::NEG_INFINITY, |peak, value| peak.max(*value));
    for value in row.iter_mut() {
        *value = exp(*value - peak);
    }
    let scale = 1.0 / sum(row, |value| value);
    for value in row {
        *value *= scale;
    }
}

/// `row = normalise(row + added) * weight + bias`, with BERT's epsilon of 1e-12.
#[inline(always)]
pub(super) fn add_and_normalise(row: &mut [f32], added: &[f32], weight: &[f32], bias: &[f32]) {
    for (value, added) in row.iter_mut().zip(added) {
        *value += *added;
    }
    let count = row.len() as f32;
    let mean = sum(row, |value| value) / count;
    let variance = sum(row, |value| (value - mean) * (value - mean)) / count;
    let scale = 1.0 / (variance + 1e-12).sqrt();
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = ((*value - mean) * scale).mul_add(*weight, *bias);
    }
}

/// Scales a vector to length 1; a vector of zeros stays.
#[inline(always)]
pub(super) fn normalise_length(vector: &mut [f32]) {
    let length = sum(vector, |value| value * value).sqrt();
    if length > 0.0 {
        for value in vector {
            *value /= length;
        }
    }
}

/// Scalar product in the fixed order of lanes.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    total(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_exact_one() {
        for step in -8600..8700 {
            let x = step as f32 / 100.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 3e-7, "exp({x}) is off by {error}");
        }
        assert_eq!(exp(-100.0), 0.0);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn gelu_agrees_with_known_values() {
        // From the definition with 12 digits of erf.
        for (x, expected) in
            [(-3.0, -0.004_049_7), (-1.0, -0.158_655_26), (0.0, 0.0), (0.5, 0.345_731_23), (2.0, 1.954_499_7)]
        {
            let mut values = [x];
            gelu(&mut values);
            assert!((values[0] - expected).abs() < 3e-7, "gelu({x}) = {}", values[0]);
        }
    }

    #[test]
    fn softmax_sums_to_one_and_clears_the_padding() {
        let mut row: Vec<f32> = (0..40).map(|i| (i % 7) as f32).collect();
        softmax(&mut row, 33);
        let total: f32 = row.iter().sum();
        assert!((total - 1.0).abs() < 1e-6);
        assert!(row[33..].iter().all(|value| *value == 0.0));
        assert!(row[6] > row[5]);
    }

    #[test]
    fn normalised_rows_have_mean_zero_and_variance_one() {
        let mut row: Vec<f32> = (0..384).map(|i| (i % 13) as f32 * 0.3 + 5.0).collect();
        let (ones, zeros) = (vec![1.0; 384], vec![0.0; 384]);
        add_and_normalise(&mut row, &zeros, &ones, &zeros);
        let mean: f32 = row.iter().sum::<f32>() / 384.0;
        let variance: f32 = row.iter().map(|value| value * value).sum::<f32>() / 384.0;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        normalise_length(&mut row);
        assert!((dot(&row, &row) - 1.0).abs() < 1e-5);
    }
}
