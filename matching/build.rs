//! Lists the taxonomy's files for the compiler, so that a new domain needs a file and nothing else.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("taxonomy");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    // The order decides the skills' numbers, and the version hash: it must not depend on the file system.
    files.sort();
    let mut list = String::from("&[\n");
    for path in &files {
        let domain = path.file_stem().ok_or("a taxonomy file has no name")?.to_string_lossy().into_owned();
        writeln!(list, "    ({domain:?}, include_str!({:?})),", path.display().to_string())?;
    }
    list.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("taxonomy_files.rs"), list)?;
    Ok(())
}
