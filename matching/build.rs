//! Compiles the skill taxonomy (docs/taxonomy.md) into tables, and fails with file, line and mend where a line is wrong.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use sha2::{Digest, Sha256};

// The library's own modules: here they read the taxonomy, there they read texts with it.
#[path = "src/skills/compile.rs"]
mod compile;
#[path = "src/skills/format.rs"]
mod format;
#[path = "src/skills/index.rs"]
#[allow(dead_code, reason = "only the library looks names up")]
mod index;
#[path = "src/skills/kind.rs"]
#[allow(dead_code, unreachable_pub, reason = "only the library judges by kind, and offers it to others")]
mod kind;
#[path = "src/skills/normalise.rs"]
#[allow(dead_code, reason = "only the library uses the spans")]
mod normalise;

use compile::{Compiled, compile};
use kind::Kind;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=taxonomy");
    for file in ["compile", "format", "index", "kind", "normalise"] {
        println!("cargo::rerun-if-changed=src/skills/{file}.rs");
    }
    let files = read_files()?;
    let mut hash = Sha256::new();
    for (_, file, text) in &files {
        hash.update(file.as_bytes());
        hash.update(text.as_bytes());
    }
    let version: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut problems = Vec::new();
    let compiled = compile(&files, &mut problems);
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("taxonomy.rs");
    fs::write(out, source(&compiled, &version)?)?;
    Ok(())
}

/// A file's domain, name and text.
type SourceFile = (&'static str, &'static str, &'static str);

/// Every file of the taxonomy. What is read lives as long as this short process.
fn read_files() -> Result<Vec<SourceFile>, Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("taxonomy");
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
    // The order decides the skills' numbers, and the version hash: it must not depend on the file system.
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().ok_or("a taxonomy file has no name")?.to_string_lossy().into_owned();
        let name: &'static str = name.leak();
        let domain = name.trim_end_matches(".txt").split('-').next().unwrap_or(name);
        files.push((domain, name, &*fs::read_to_string(&path)?.leak()));
    }
    Ok(files)
}

/// The tables as Rust, for `src/skills/builtin.rs`.
fn source(compiled: &Compiled, version: &str) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(out, "pub(super) const VERSION: &str = {version:?};")?;
    writeln!(out, "pub(super) static SKILLS: &[Skill] = &[")?;
    for entry in &compiled.entries {
        writeln!(
            out,
            "Skill {{ name: {:?}, domain: {:?}, kind: Kind::{:?}, implies: &{}, related: &{}, cues: &{:?}, never: &{:?} }},",
            entry.name,
            entry.domain,
            entry.kind,
            ids(&entry.implies),
            ids(&entry.related),
            entry.cues,
            entry.never,
        )?;
    }
    writeln!(out, "];\npub(super) static PATTERNS: &[Pattern] = &[")?;
    for pattern in &compiled.patterns {
        writeln!(
            out,
            "Pattern {{ skill: SkillId({}), name: Name {{ text: {:?}, exact_case: {}, needs_support: {} }} }},",
            pattern.skill, pattern.name.text, pattern.name.exact_case, pattern.name.needs_support
        )?;
    }
    let index = &compiled.index;
    writeln!(out, "];\npub(super) static INDEX: NameIndex = NameIndex {{ words: &{:?},", index.words)?;
    for (name, table) in [
        ("slots", &index.slots),
        ("root", &index.root),
        ("edge_starts", &index.edge_starts),
        ("edge_words", &index.edge_words),
        ("edge_nodes", &index.edge_nodes),
        ("output_starts", &index.output_starts),
        ("outputs", &index.outputs),
    ] {
        writeln!(out, "{name}: &{table:?},")?;
    }
    writeln!(out, "}};")?;
    Ok(out)
}

fn ids(numbers: &[u32]) -> String {
    let ids: Vec<String> = numbers.iter().map(|number| format!("SkillId({number})")).collect();
    format!("[{}]", ids.join(", "))
}
