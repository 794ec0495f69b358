//! Measures the embedding engine: texts a second of processor time, for `cargo xtask bench matching`.
//!
//! usage: bench_embed MODEL_FOLDER < {"texts": [["text", ...], ...], "rounds": n}

use std::io::Read;

use matching::embed::Embedder;
use serde::Deserialize;
use serde_json::json;

/// Sets of texts, and how often each is embedded.
#[derive(Deserialize)]
struct Request {
    texts: Vec<Vec<String>>,
    rounds: usize,
}

/// Seconds that this thread has computed; other work on the machine does not count.
fn computed() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: bench_embed MODEL_FOLDER < REQUEST")?;
    let mut request = String::new();
    std::io::stdin().read_to_string(&mut request)?;
    let request: Request = serde_json::from_str(&request)?;
    let embedder = Embedder::open(std::path::Path::new(&folder))?;
    let mut results = Vec::new();
    for (set, texts) in request.texts.iter().enumerate() {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        embedder.embed(texts.get(..4).unwrap_or(&texts))?;
        let mut best = f64::INFINITY;
        let mut first = Vec::new();
        for _ in 0..request.rounds {
            let start = computed();
            let vectors = embedder.embed(&texts)?;
            best = best.min(computed() - start);
            first = vectors.first().map(|vector| vector.0.to_vec()).unwrap_or_default();
        }
        results.push(json!({ "set": set, "texts_per_second": texts.len() as f64 / best, "first": first }));
    }
    println!("{}", json!({ "results": results }));
    Ok(())
}
