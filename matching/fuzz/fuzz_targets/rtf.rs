//! Whatever the bytes, reading them as `resume.rtf` ends with a document or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    matching_fuzz::read(bytes, "resume.rtf");
});
