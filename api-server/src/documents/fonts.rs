//! Fonts of the machine or image, for what the standard fonts of PDF lack: Greek, Cyrillic, Chinese …

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use matching::export::Font;

/// Where Debian and others keep fonts.
const FOLDERS: [&str; 2] = ["/usr/local/share/fonts", "/usr/share/fonts"];
/// Most bytes of fonts that are kept in memory; what would go beyond is left out.
const MAX_BYTES: u64 = 48 * 1024 * 1024;
/// Styles that are not for running text.
const STYLED: [&str; 9] =
    ["bold", "italic", "oblique", "light", "thin", "mono", "serif", "condensed", "math"];

/// Fonts, read when the first resume needs them and kept. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Fonts(Arc<OnceLock<Vec<Font>>>);

impl Fonts {
    /// All of them, by name; a machine without fonts has none.
    pub(super) fn all(&self) -> &[Font] {
        self.0.get_or_init(|| read(&FOLDERS.map(PathBuf::from)))
    }
}

fn read(folders: &[PathBuf]) -> Vec<Font> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, &mut files);
    }
    files.sort();
    let mut left = MAX_BYTES;
    let mut fonts = Vec::new();
    for (file, size) in files {
        if size > left {
            tracing::warn!(font = %file.display(), size, "the font is left out: there are {MAX_BYTES} bytes for fonts");
            continue;
        }
        match std::fs::read(&file) {
            // A file that is no font would make every PDF fail.
            Ok(data) => {
                let font = Font { data, index: 0 };
                if font.has('n') || font.has('一') {
                    left -= size;
                    fonts.push(font);
                }
            }
            Err(error) => tracing::warn!(font = %file.display(), %error, "the font cannot be read"),
        }
    }
    fonts
}

/// Font files below `folder` with their sizes, plain styles only.
fn collect(folder: &Path, files: &mut Vec<(PathBuf, u64)>) {
    // A folder that is not there holds no fonts.
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().to_lowercase());
        // Links are not followed, so that no ring of folders is walked for ever.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, files),
            Ok(kind) if kind.is_file() => {
                let font = [".ttf", ".otf", ".ttc"].iter().any(|ending| name.ends_with(ending));
                if font && !STYLED.iter().any(|style| name.contains(style)) {
                    files.push((path, entry.metadata().map_or(0, |data| data.len())));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_fonts_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broken.ttf"), b"no font").unwrap();
        std::fs::write(folder.path().join("readme.txt"), b"text").unwrap();
        assert!(read(&[folder.path().to_owned(), folder.path().join("absent")]).is_empty());
        let mut found = Vec::new();
        collect(folder.path(), &mut found);
        assert_eq!(found, [(folder.path().join("broken.ttf"), 7)]);
    }
}
