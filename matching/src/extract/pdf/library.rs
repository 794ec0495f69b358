//! Where the PDFium library is looked for.

use std::path::PathBuf;

/// The file's name on this platform.
const FILE: &str = if cfg!(target_os = "macos") {
    "libpdfium.dylib"
} else if cfg!(windows) {
    "pdfium.dll"
} else {
    "libpdfium.so"
};

/// The places in the order they are tried: `RM_PDFIUM` (then nothing else), beside the executable, the image's
/// place, the user's data folder.
pub(super) fn candidates() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os("RM_PDFIUM").filter(|path| !path.is_empty()) {
        return vec![PathBuf::from(path)];
    }
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|folder| folder.join(FILE)));
    let image = PathBuf::from("/usr/lib/resume-matcher").join(FILE);
    let data = std::env::var_os("XDG_DATA_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    let user = data.map(|folder| folder.join("resume-matcher/lib").join(FILE));
    beside.into_iter().chain(std::iter::once(image)).chain(user).collect()
}
