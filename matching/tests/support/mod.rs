//! The model that tests read. They need it (`cargo xtask model`), and fail with the message that says so where it is absent.

#![allow(
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    dead_code,
    reason = "helpers of tests, which may fail loudly; not every test uses each"
)]

use std::path::PathBuf;
use std::sync::OnceLock;

use matching::skills::Taxonomy;
use matching::{Embedder, Matcher};

/// The model, read anew.
pub fn embedder() -> Embedder {
    let data = || {
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).unwrap_or_else(|| {
            PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".local/share")
        })
    };
    let folder =
        std::env::var_os("RM_MODEL_DIR").map_or_else(|| data().join("resume-matcher/model"), PathBuf::from);
    Embedder::open(&folder).unwrap_or_else(|error| panic!("{error}"))
}

/// The matcher, one for all tests of a program.
pub fn matcher() -> &'static Matcher {
    static MATCHER: OnceLock<Matcher> = OnceLock::new();
    MATCHER.get_or_init(|| Matcher::new(embedder(), Taxonomy::builtin()))
}
