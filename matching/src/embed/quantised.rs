//! Vectors in one byte a value: a quarter of the size, compared by exact integer products.
//!
//! Scores are defined on these, so one resume alone and 10,000 from an index get the same bits on every processor
//! (docs/decisions/0047-scores-on-quantised-vectors.md).

use super::{Embedding, WIDTH};

/// The largest code. -128 is not used, so that a vector and its opposite have opposite codes.
const LARGEST: f32 = 127.0;

/// The direction of a text's vector, each value rounded to one of 255 steps. Serialised as the bytes of its codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantisedEmbedding {
    codes: [i8; WIDTH],
    /// What makes the codes a vector of length 1; 0 where all codes are.
    scale: f32,
}

impl QuantisedEmbedding {
    /// The vector of no text: its cosine with every other is 0.
    pub const ZERO: Self = Self { codes: [0; WIDTH], scale: 0.0 };

    fn from_codes(codes: [i8; WIDTH]) -> Self {
        let square = product(&codes, &codes);
        let scale = if square > 0 { 1.0 / (square as f32).sqrt() } else { 0.0 };
        Self { codes, scale }
    }

    /// Cosine of the angle to another: 1 for the same meaning, about 0 for unrelated texts.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        cosine(product(&self.codes, &other.codes), self.scale, other.scale)
    }

    /// The vector of length 1 that the codes stand for.
    #[must_use]
    pub fn to_embedding(&self) -> Embedding {
        Embedding(self.codes.map(|code| f32::from(code) * self.scale))
    }

    pub(crate) fn codes(&self) -> &[i8; WIDTH] {
        &self.codes
    }

    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }
}

impl From<&Embedding> for QuantisedEmbedding {
    fn from(vector: &Embedding) -> Self {
        let largest = vector.0.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        if largest == 0.0 {
            return Self::ZERO;
        }
        let step = LARGEST / largest;
        Self::from_codes(vector.0.map(|value| (value * step).round() as i8))
    }
}

impl serde::Serialize for QuantisedEmbedding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.codes.map(i8::cast_unsigned))
    }
}

impl<'de> serde::Deserialize<'de> for QuantisedEmbedding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        let wrong = || serde::de::Error::invalid_length(bytes.len(), &"384 codes of a byte");
        let codes: [u8; WIDTH] = bytes.try_into().map_err(|_| wrong())?;
        Ok(Self::from_codes(codes.map(u8::cast_signed)))
    }
}

/// The cosine that a scalar product of codes stands for. A product is below 2^23, which an `f32` holds exactly.
#[inline(always)]
pub(super) fn cosine(product: i32, scale: f32, other: f32) -> f32 {
    product as f32 * (scale * other)
}

/// Scalar product of codes; the sum is of integers, so its order does not matter.
#[inline(always)]
pub(super) fn product(a: &[i8; WIDTH], b: &[i8; WIDTH]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(seed: u32) -> Embedding {
        let mut state = seed;
        let mut values = [0.0; WIDTH];
        for value in &mut values {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *value = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
        }
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        Embedding(values.map(|value| value / length))
    }

    #[test]
    fn cosines_stay_what_they_were() {
        for seed in 0..50 {
            let (a, b) = (vector(seed), vector(seed + 1000));
            let near = Embedding(std::array::from_fn(|at| a.0[at] + 0.3 * b.0[at]));
            let near = Embedding(near.0.map(|value| value / near.cosine(&near).sqrt()));
            for (one, other) in [(&a, &b), (&a, &near), (&a, &a)] {
                let exact = one.cosine(other);
                let found = QuantisedEmbedding::from(one).cosine(&QuantisedEmbedding::from(other));
                assert!((exact - found).abs() < 0.002, "{exact} became {found}");
            }
        }
    }

    #[test]
    fn a_vector_is_itself_and_nothing_is_like_none() {
        let vector = QuantisedEmbedding::from(&vector(7));
        assert!((vector.cosine(&vector) - 1.0).abs() < 1e-6);
        assert_eq!(QuantisedEmbedding::from(&vector.to_embedding()), vector);
        assert_eq!(QuantisedEmbedding::ZERO.cosine(&vector), 0.0);
        assert_eq!(QuantisedEmbedding::from(&Embedding([0.0; WIDTH])), QuantisedEmbedding::ZERO);
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let vector = QuantisedEmbedding::from(&vector(9));
        let bytes = postcard::to_stdvec(&vector).unwrap();
        assert_eq!(bytes.len(), WIDTH + 2, "a byte a value behind the length");
        assert_eq!(postcard::from_bytes::<QuantisedEmbedding>(&bytes).unwrap(), vector);
        assert!(postcard::from_bytes::<QuantisedEmbedding>(&[3, 1, 2, 3]).is_err());
    }
}
