//! Embeddings: sentences become vectors by a local model.
