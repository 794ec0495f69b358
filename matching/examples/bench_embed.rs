//! Measures the embeddings: texts of about 232 tokens a second of processor time, and the time to open the model.
//!
//! `cargo run --release -p matching --example bench_embed -- MODEL_FOLDER`

use std::time::Instant;

use matching::embed::Embedder;

/// Seconds that this thread has computed; other work on the machine does not count.
fn computed() -> Result<f64, Box<dyn std::error::Error>> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = statistics.split_whitespace().next().ok_or("no figures")?.parse()?;
    Ok(nanoseconds / 1e9)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: bench_embed MODEL_FOLDER")?;
    let (start, clock) = (computed()?, Instant::now());
    let embedder = Embedder::open(std::path::Path::new(&folder))?;
    println!(
        "open: {:.3} s of processor, {:.3} s by the clock",
        computed()? - start,
        clock.elapsed().as_secs_f64()
    );
    let sentence =
        "Planned and supervised the construction of two bridges, keeping cost and safety records in order. ";
    let long = sentence.repeat(14);
    for (name, text, count) in
        [("232 tokens", long.get(..1260).unwrap_or(&long), 40), ("18 tokens", sentence, 500)]
    {
        let texts = vec![text; count];
        embedder.embed(texts.get(..4).unwrap_or(&texts))?;
        let start = computed()?;
        let vectors = embedder.embed(&texts)?;
        println!("{name}: {:.1} texts/s of processor", vectors.len() as f64 / (computed()? - start));
    }
    let start = computed()?;
    println!("weights {}: {:.3} s of processor to hash", embedder.version(), computed()? - start);
    Ok(())
}
