//! Fonts of the system, for the characters that the standard fonts of PDF lack.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use matching::export::Font;

/// Reads the fonts that the command line names.
pub(crate) fn read(files: &[PathBuf]) -> Result<Vec<Font>> {
    files
        .iter()
        .map(|file| {
            let data =
                std::fs::read(file).with_context(|| format!("the font {} cannot be read", file.display()))?;
            Ok(Font { data, index: 0 })
        })
        .collect()
}

/// As few of the system's fonts as have the given characters, plain styles first; characters that none has stay missing.
///
/// The folders are those of the XDG base directories and of macOS. Files are looked at in order of their names, so the
/// same system gives the same fonts.
pub(crate) fn of_system(missing: &[char]) -> Vec<Font> {
    let mut files = Vec::new();
    for folder in folders() {
        collect(&folder, &mut files);
    }
    files.sort_by_key(|file| (is_styled(file), file.clone()));
    let mut missing = missing.to_vec();
    let mut fonts = Vec::new();
    for file in files {
        if missing.is_empty() {
            break;
        }
        // A font that cannot be read is as good as none: another one may have the characters.
        let Ok(data) = std::fs::read(&file) else { continue };
        let font = Font { data, index: 0 };
        let before = missing.len();
        missing.retain(|c| !font.has(*c));
        if missing.len() < before {
            fonts.push(font);
        }
    }
    fonts
}

fn folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let data = std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = data.or_else(|| home.as_ref().map(|home| home.join(".local/share")));
    let mut folders: Vec<PathBuf> = data.map(|data| data.join("fonts")).into_iter().collect();
    folders.extend(home.map(|home| home.join(".fonts")));
    for fixed in ["/usr/local/share/fonts", "/usr/share/fonts", "/Library/Fonts", "/System/Library/Fonts"] {
        folders.push(PathBuf::from(fixed));
    }
    folders
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    // A folder that is not there or not readable holds no fonts for us.
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let kind =
            path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        if path.is_dir() {
            collect(&path, files);
        } else if matches!(kind.as_str(), "ttf" | "otf" | "ttc") {
            files.push(path);
        }
    }
}

/// Whether the name speaks of a weight, slant or width that is not for running text.
fn is_styled(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [
        "bold",
        "italic",
        "oblique",
        "light",
        "thin",
        "black",
        "mono",
        "serif",
        "condensed",
        "narrow",
        "math",
        "symbol",
    ]
    .iter()
    .any(|style| name.contains(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_styles_come_first() {
        assert!(!is_styled(Path::new("/fonts/DejaVuSans.ttf")));
        assert!(is_styled(Path::new("/fonts/DejaVuSans-Bold.ttf")));
        assert!(is_styled(Path::new("/fonts/LiberationMono-Regular.ttf")));
    }

    #[test]
    fn nothing_is_looked_for_when_nothing_is_missing() {
        assert!(of_system(&[]).is_empty());
    }
}
