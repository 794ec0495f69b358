//! The commands, one a file.

pub(crate) mod backup;
pub(crate) mod dead_letters;
pub(crate) mod extract_child;
pub(crate) mod healthcheck;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod prepare;
pub(crate) mod run;
pub(crate) mod verify;
