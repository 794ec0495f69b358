//! What every fuzz target checks.

/// Reads bytes under the name of a file and checks what must hold of any document.
pub fn read(bytes: &[u8], name: &str) {
    let Ok(document) = matching::extract(bytes, Some(name), &matching::ExtractOptions::default()) else {
        return;
    };
    assert!(!document.text.trim().is_empty(), "a document has text");
    for line in document.lines() {
        assert!(document.text.get(line.range.clone()).is_some(), "ranges are of the text");
    }
}
