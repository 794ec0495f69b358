//! The embeddings agree with a reference computed in 64-bit floats by other code from the same weights.
//!
//! Needs the model (`cargo xtask model`); fails with the message that says so where it is absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which may fail loudly"
)]

mod support;

use matching::embed::{Embedder, Embedding, WIDTH};

use support::embedder;

#[derive(serde::Deserialize)]
struct Golden {
    text: String,
    vector: Vec<f32>,
}

#[test]
fn agrees_with_the_reference() {
    let golden: Vec<Golden> = serde_json::from_str(include_str!("golden/embeddings.json")).unwrap();
    let texts: Vec<&str> = golden.iter().map(|golden| golden.text.as_str()).collect();
    let vectors = embedder().embed(&texts).unwrap();
    assert_eq!(vectors.len(), golden.len());
    for (vector, golden) in vectors.iter().zip(&golden) {
        let mut reference = [0.0; WIDTH];
        reference.copy_from_slice(&golden.vector);
        let cosine = vector.cosine(&Embedding(reference));
        assert!(cosine > 0.99999, "{:?}: cosine {cosine}", golden.text);
    }
}

#[test]
fn a_text_has_the_same_vector_alone_and_among_others() {
    let embedder = embedder();
    let texts = ["Go", "Led a team of twelve welders", "Teaches mathematics to pupils of all ages", ""];
    let together = embedder.embed(&texts).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        assert_eq!(embedder.embed(&[text]).unwrap()[0], *vector, "{text}");
    }
}

#[test]
fn meaning_is_nearer_than_words() {
    let embedder = embedder();
    let texts =
        ["Took care of elderly patients", "Nursing of geriatric inpatients", "Took care of company vehicles"];
    let vectors = embedder.embed(&texts).unwrap();
    assert!(vectors[0].cosine(&vectors[1]) > vectors[0].cosine(&vectors[2]));
}

#[test]
fn an_absent_model_names_the_command_that_gets_it() {
    let error = Embedder::open(std::path::Path::new("/nowhere")).unwrap_err();
    assert!(error.to_string().contains("cargo xtask model"), "{error}");
}
