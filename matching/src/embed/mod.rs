//! Embeddings: sentences become vectors by all-MiniLM-L6-v2, run from its published weights.
//!
//! The forward pass is written here and needs no runtime: [`kernel`] multiplies, [`math`] does the rest, [`encoder`]
//! puts them together. It gives the same bits on every processor that has fused multiply-add.

pub(crate) mod compare;
mod encoder;
mod kernel;
mod math;
mod quantised;
mod weights;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use encoder::{Instructions, encode};
pub use quantised::QuantisedEmbedding;
pub use weights::WIDTH;
use weights::Weights;

/// Tokens that are read of one text at most, as the model was trained; the rest of a longer text is ignored.
pub const LONGEST_TEXT: usize = 256;
/// Tokens of all texts that go through the layers together. More do not fit into the second-level cache.
const BATCH_TOKENS: usize = 256;

/// A text as a vector of length 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embedding(pub [f32; WIDTH]);

impl Embedding {
    /// Cosine of the angle to another: 1 for the same meaning, about 0 for unrelated texts.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        math::dot(&self.0, &other.0)
    }
}

/// Why the model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file of the model is not there or cannot be opened.
    #[error(
        "the model's file {} cannot be opened; run `cargo xtask model`, or name the model's folder by --model or RM_MODEL_DIR",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the model cannot be read.
    #[error("the model's file {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the model is not what it should be.
    #[error("the model's file {} is damaged or of another model: {message}; run `cargo xtask model`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A text cannot be split into the model's tokens.
    #[error("a text cannot be split into tokens: {message}")]
    Tokenise {
        /// What the tokenizer said.
        message: String,
    },
}

/// The model, ready for use. It can be shared between threads.
pub struct Embedder {
    instructions: Instructions,
    weights: Weights,
    tokenizer: Tokenizer,
    version: OnceLock<String>,
}

impl std::fmt::Debug for Embedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Embedder").field("weights", &self.weights.path()).finish_non_exhaustive()
    }
}

impl Embedder {
    /// Opens the model in `folder`: `model.safetensors` and `tokenizer.json` of all-MiniLM-L6-v2.
    ///
    /// # Errors
    /// When a file is missing or is not of this model.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let instructions = Instructions::detect();
        let weights = instructions.open(folder)?;
        let path = folder.join("tokenizer.json");
        let bytes =
            std::fs::read(&path).map_err(|source| ModelError::Missing { path: path.clone(), source })?;
        let wrong = |message: String| ModelError::Format { path: path.clone(), message };
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| wrong(error.to_string()))?;
        let truncation = TruncationParams {
            max_length: LONGEST_TEXT.min(weights.longest()),
            ..TruncationParams::default()
        };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| wrong(error.to_string()))?;
        tokenizer.with_padding(None);
        if tokenizer.get_vocab_size(true) > weights.vocabulary() {
            return Err(wrong(format!("it has more words than the weights ({})", weights.vocabulary())));
        }
        Ok(Self { instructions, weights, tokenizer, version: OnceLock::new() })
    }

    /// First 16 hexadecimal digits of the SHA-256 of the weights; worked out at the first call.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let digest = Sha256::digest(self.weights.bytes());
            digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// How rare a word is in English, 0 for "the" to about 1: the model's vocabulary is in order of frequency, and words
    /// outside of it are rarer than all inside.
    pub(crate) fn rarity(&self, word: &str) -> f32 {
        /// The first word of the vocabulary that is neither a mark nor a single letter or digit.
        const FIRST_WORD: u32 = 1996;
        let size = self.weights.vocabulary() as f32;
        let rank = match self.tokenizer.token_to_id(word) {
            Some(id) => (id.saturating_sub(FIRST_WORD) + 1) as f32,
            None => size,
        };
        rank.ln() / size.ln()
    }

    /// As [`Self::embed`], the vectors as they are kept and compared.
    ///
    /// # Errors
    /// As [`Self::embed`].
    pub fn embed_quantised(&self, texts: &[&str]) -> Result<Vec<QuantisedEmbedding>, ModelError> {
        Ok(self.embed(texts)?.iter().map(QuantisedEmbedding::from).collect())
    }

    /// One vector a text, in the order of the texts, on this thread.
    ///
    /// # Errors
    /// When the tokenizer refuses a text, which it does for no text known.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Embedding>, ModelError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for text in texts {
            let encoding = self
                .tokenizer
                .encode_fast(*text, true)
                .map_err(|error| ModelError::Tokenise { message: error.to_string() })?;
            tokens.push(encoding.get_ids().to_vec());
        }
        let mut vectors = Vec::with_capacity(texts.len());
        let mut batch: Vec<&[u32]> = Vec::new();
        let mut size = 0;
        for ids in &tokens {
            if size + ids.len() > BATCH_TOKENS && !batch.is_empty() {
                vectors.extend(encode(self.instructions, &self.weights, &batch));
                batch.clear();
                size = 0;
            }
            size += ids.len();
            batch.push(ids);
        }
        if !batch.is_empty() {
            vectors.extend(encode(self.instructions, &self.weights, &batch));
        }
        Ok(vectors)
    }
}
