//! Where things that are fetched or built once are kept, outside the checkout, and how they get there whole.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// What may be deleted at any time: downloads, base images, archives, tools.
///
/// # Errors
/// When neither `XDG_CACHE_HOME` nor `HOME` is set, or the folder cannot be made.
pub(crate) fn cache_dir() -> anyhow::Result<PathBuf> {
    test_cluster::cache_dir().context("find the cache folder")
}

/// What programs outside of images read: the model and libpdfium.
///
/// # Errors
/// When neither `XDG_DATA_HOME` nor `HOME` is set.
pub(crate) fn data_dir() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    Ok(base
        .context("set HOME or XDG_DATA_HOME to an absolute path: one of them is needed")?
        .join("resume-matcher"))
}

/// Waits for, then holds, the lock of this name, until the returned file is dropped.
///
/// # Errors
/// When the lock file cannot be made.
pub(crate) fn lock(name: &str) -> anyhow::Result<File> {
    let folder = cache_dir()?.join("locks");
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let path = folder.join(name);
    let file = File::create(&path).with_context(|| format!("make {}", path.display()))?;
    file.lock().with_context(|| format!("lock {}", path.display()))?;
    Ok(file)
}

/// The SHA-256 of a file, as lower-case hexadecimal digits.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn sha256_file(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).with_context(|| format!("read {}", path.display()))?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
    }
    Ok(hex(&hash.finalize()))
}

/// A short name for a set of inputs: 16 hexadecimal digits of the SHA-256 over all of them, each with its length, so
/// that moving a byte from one input to the next makes another key.
pub(crate) fn key<T: AsRef<[u8]>>(inputs: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new();
    for input in inputs {
        let bytes = input.as_ref();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    let mut digits = hex(&hash.finalize());
    digits.truncate(16);
    digits
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Fills a new folder by `fill` and puts it at `place` in one step, so that nobody ever sees half of it. What was
/// there before is replaced.
///
/// # Errors
/// When `fill` fails or a folder cannot be made or renamed; then `place` is as it was.
pub(crate) fn place_folder(
    place: &Path,
    fill: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let parent = place.parent().with_context(|| format!("{} has no parent folder", place.display()))?;
    fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
    let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
    fill(fresh.path())?;
    // tempdir makes folders that only their owner may enter; these are for everybody, images copy them as they are.
    fs::set_permissions(fresh.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    if place.exists() {
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(parent)?;
        fs::rename(place, old.path().join("was"))?;
    }
    fs::rename(fresh.keep(), place).with_context(|| format!("place {}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_depends_on_where_one_input_ends() {
        assert_ne!(key(["ab", "c"]), key(["a", "bc"]));
        assert_eq!(key(["ab", "c"]), key(["ab", "c"]));
        assert_eq!(key(["ab"]).len(), 16);
    }

    #[test]
    fn sha256_of_a_known_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, "abc").unwrap();
        assert_eq!(
            sha256_file(&path).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_failed_fill_leaves_the_old_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("x/place");
        place_folder(&place, |new| Ok(fs::write(new.join("a"), "1")?)).unwrap();
        place_folder(&place, |_| anyhow::bail!("no")).unwrap_err();
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "1");
        place_folder(&place, |new| Ok(fs::write(new.join("b"), "2")?)).unwrap();
        assert!(!place.join("a").exists());
        assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 1, "no leftovers");
    }
}
