//! Maps files that are too large to be read whole: the model's weights and pools of resumes.

use std::fs::File;

use memmap2::Mmap;

/// Maps a file for reading.
///
/// # Errors
/// When the system refuses, for instance because the file is empty.
#[expect(unsafe_code, reason = "mapping a file is unsafe in the binding to mmap(2)")]
pub(crate) fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the files are written whole and put in place by a rename, and nobody writes to them afterwards; they are
    // read as bytes, never as typed memory, so a change could give wrong numbers but no undefined value. A file that is
    // cut short while it is mapped ends the process with SIGBUS, as it would for any program that maps its data files.
    unsafe { Mmap::map(file) }
}
