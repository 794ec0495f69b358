//! Measures the embedding engine's quality: nearness to the reference, time and memory of a cold start.
//!
//! usage: eval_engine DATA_FOLDER [--output json]
//!
//! Prints figures as JSON for `cargo xtask eval`; none of them needs the data. RM_MODEL_DIR names the model's folder.

use matching::embed::{Embedder, Embedding, WIDTH};
use serde::Deserialize;
use serde_json::{Value, json};

/// A text with its vector, computed in 64-bit floats by other code from the same weights.
#[derive(Deserialize)]
struct Golden {
    text: String,
    vector: Vec<f32>,
}

/// Peak of the resident memory of this process so far, in megabytes; mapped files count as far as they were read.
fn peak_megabytes() -> Result<f64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: f64 = line.split_whitespace().next().ok_or("no number")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

/// Seconds that this thread has computed; other work on the machine does not count.
fn computed() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn most(name: &str, value: f64, unit: &str, target: f64) -> Value {
    json!({ "name": name, "value": value, "unit": unit, "baselines": {}, "target": target, "met": value <= target })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::var_os("RM_MODEL_DIR").ok_or("set RM_MODEL_DIR to the model's folder")?;
    let (start, clock) = (computed(), std::time::Instant::now());
    let embedder = Embedder::open(std::path::Path::new(&folder))?;
    embedder.embed(&["One text, so that everything has been touched."])?;
    let (seconds, elapsed, megabytes) = (computed() - start, clock.elapsed(), peak_megabytes()?);
    let golden: Vec<Golden> = serde_json::from_str(include_str!("../tests/golden/embeddings.json"))?;
    let texts: Vec<&str> = golden.iter().map(|golden| golden.text.as_str()).collect();
    let mut lowest = f32::INFINITY;
    for (vector, golden) in embedder.embed(&texts)?.iter().zip(&golden) {
        let reference: [f32; WIDTH] = golden.vector.as_slice().try_into()?;
        lowest = lowest.min(vector.cosine(&Embedding(reference)));
    }
    let cosine = f64::from(lowest);
    let figures = [
        json!({
            "name": "embed.cosine_with_reference.lowest", "value": cosine, "unit": "cosine", "baselines": {},
            "target": 0.9999, "met": cosine >= 0.9999,
        }),
        most("embed.cold_start", seconds, "s of processor", 0.3),
        most("embed.cold_start.elapsed", elapsed.as_secs_f64(), "s by the clock", 0.3),
        most("embed.cold_start.peak_memory", megabytes, "MB", 150.0),
    ];
    println!("{}", json!({ "figures": figures }));
    Ok(())
}
