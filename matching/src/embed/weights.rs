//! The model's weights: mapped from the safetensors file, the linear layers packed for [`super::kernel`].

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};

use super::ModelError;
use super::kernel::{View, pack};

/// Values of a token's vector.
pub const WIDTH: usize = 384;
/// Attention heads of a layer.
pub(super) const HEADS: usize = 12;
/// Values of a head.
pub(super) const HEAD: usize = WIDTH / HEADS;
/// Values of the hidden layer of the feed-forward part.
pub(super) const HIDDEN: usize = 1536;
const LAYERS: usize = 6;

/// A linear layer, packed in panels.
pub(super) struct Linear {
    pub(super) inputs: usize,
    pub(super) panels: Aligned,
    pub(super) bias: Vec<f32>,
}

/// Values that begin at a cache line, so that no vector of them lies across two.
pub(super) struct Aligned {
    values: Vec<f32>,
    start: usize,
}

impl Aligned {
    fn new(values: &[f32]) -> Self {
        const LINE: usize = 64;
        let mut padded: Vec<f32> = Vec::with_capacity(values.len() + LINE / size_of::<f32>());
        // Where it cannot be told (never outside of constant evaluation), the values are just not aligned.
        let start = padded.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        padded.resize(start, 0.0);
        padded.extend_from_slice(values);
        Self { values: padded, start }
    }

    pub(super) fn as_slice(&self) -> &[f32] {
        self.values.get(self.start..).unwrap_or_default()
    }
}

/// Scale and shift of a layer normalisation.
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// One layer of the encoder. Query, key and value are one product.
pub(super) struct Layer {
    pub(super) attention_in: Linear,
    pub(super) attention_out: Linear,
    pub(super) attention_norm: Norm,
    pub(super) hidden: Linear,
    pub(super) output: Linear,
    pub(super) output_norm: Norm,
}

/// All weights. The embeddings of words stay in the mapped file.
pub(super) struct Weights {
    map: Mmap,
    path: PathBuf,
    words: std::ops::Range<usize>,
    positions: Vec<f32>,
    pub(super) embedding_norm: Norm,
    pub(super) layers: Vec<Layer>,
}

impl Weights {
    /// Maps `model.safetensors` in `folder` and packs the layers in panels of `COLUMNS` outputs.
    pub(super) fn open<const COLUMNS: usize>(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("model.safetensors");
        let file = File::open(&path).map_err(|source| ModelError::Missing { path: path.clone(), source })?;
        let map =
            crate::mapped::map(&file).map_err(|source| ModelError::Read { path: path.clone(), source })?;
        let reader = Reader { path: &path, tensors: parse(&map, &path)?, map: &map };
        let words = reader.range("embeddings.word_embeddings.weight")?;
        let mut positions = reader.values("embeddings.position_embeddings.weight")?;
        // The type embedding is the same for every token, so it is added once here.
        let kind = reader.values("embeddings.token_type_embeddings.weight")?;
        for row in positions.chunks_mut(WIDTH) {
            for (value, kind) in row.iter_mut().zip(&kind) {
                *value += *kind;
            }
        }
        let embedding_norm = reader.norm("embeddings.LayerNorm")?;
        let layers =
            (0..LAYERS).map(|index| reader.layer::<COLUMNS>(index)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { words, positions, embedding_norm, layers, path, map })
    }

    /// The bytes of the weights' file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The weights' file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many words the model knows.
    pub(super) fn vocabulary(&self) -> usize {
        self.words.len() / (WIDTH * size_of::<f32>())
    }

    /// How many tokens a text may have at most.
    pub(super) fn longest(&self) -> usize {
        self.positions.len() / WIDTH
    }

    /// Adds the vector of a token to `row`, which holds nothing yet.
    pub(super) fn embed_token(&self, token: u32, position: usize, row: &mut [f32]) {
        let size = WIDTH * size_of::<f32>();
        let start = self.words.start + token as usize * size;
        let bytes = self.map.get(start..start + size).unwrap_or_default();
        let position = self.positions.chunks_exact(WIDTH).nth(position).unwrap_or_default();
        for ((value, bytes), position) in row.iter_mut().zip(bytes.as_chunks::<4>().0).zip(position) {
            *value = f32::from_le_bytes(*bytes) + *position;
        }
    }
}

fn parse<'a>(map: &'a Mmap, path: &Path) -> Result<SafeTensors<'a>, ModelError> {
    SafeTensors::deserialize(map)
        .map_err(|error| ModelError::Format { path: path.to_owned(), message: error.to_string() })
}

/// Reads tensors by name, checking type and size.
struct Reader<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
    map: &'a Mmap,
}

impl Reader<'_> {
    fn bytes(&self, name: &str) -> Result<&[u8], ModelError> {
        let wrong = |message: String| ModelError::Format { path: self.path.to_owned(), message };
        let tensor = self.tensors.tensor(name).map_err(|_| wrong(format!("there is no tensor {name}")))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(wrong(format!("tensor {name} is not of 32-bit floats")));
        }
        // The expected sizes follow from the last dimension, which is a multiple of 384 for every tensor read here.
        if tensor.shape().last().is_none_or(|last| last % WIDTH != 0) {
            return Err(wrong(format!("tensor {name} has the shape {:?}", tensor.shape())));
        }
        let range = tensor.data().as_ptr() as usize - self.map.as_ptr() as usize;
        self.map
            .get(range..range + tensor.data().len())
            .ok_or_else(|| wrong(format!("tensor {name} lies outside of the file")))
    }

    fn range(&self, name: &str) -> Result<std::ops::Range<usize>, ModelError> {
        let bytes = self.bytes(name)?;
        let start = bytes.as_ptr() as usize - self.map.as_ptr() as usize;
        Ok(start..start + bytes.len())
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        Ok(self.bytes(name)?.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn sized(&self, name: &str, count: usize) -> Result<Vec<f32>, ModelError> {
        let values = self.values(name)?;
        if values.len() == count {
            return Ok(values);
        }
        let message = format!("tensor {name} has {} values, expected {count}", values.len());
        Err(ModelError::Format { path: self.path.to_owned(), message })
    }

    fn norm(&self, name: &str) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.sized(&format!("{name}.weight"), WIDTH)?,
            bias: self.sized(&format!("{name}.bias"), WIDTH)?,
        })
    }

    /// Linear layers with the same input, one after the other in the output.
    fn linear<const COLUMNS: usize>(
        &self,
        names: &[&str],
        inputs: usize,
        outputs: usize,
    ) -> Result<Linear, ModelError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.sized(&format!("{name}.weight"), inputs * outputs)?);
            bias.extend(self.sized(&format!("{name}.bias"), outputs)?);
        }
        let mut panels = Vec::new();
        pack::<COLUMNS>(View::whole(&weights, inputs), 1.0, &mut panels);
        Ok(Linear { inputs, panels: Aligned::new(&panels), bias })
    }

    fn layer<const COLUMNS: usize>(&self, index: usize) -> Result<Layer, ModelError> {
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let (query, key, value) =
            (name("attention.self.query"), name("attention.self.key"), name("attention.self.value"));
        Ok(Layer {
            attention_in: self.linear::<COLUMNS>(&[&query, &key, &value], WIDTH, WIDTH)?,
            attention_out: self.linear::<COLUMNS>(&[&name("attention.output.dense")], WIDTH, WIDTH)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            hidden: self.linear::<COLUMNS>(&[&name("intermediate.dense")], WIDTH, HIDDEN)?,
            output: self.linear::<COLUMNS>(&[&name("output.dense")], HIDDEN, WIDTH)?,
            output_norm: self.norm(&name("output.LayerNorm"))?,
        })
    }
}
