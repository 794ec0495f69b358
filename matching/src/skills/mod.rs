//! Skills: a taxonomy of named skills and where a text mentions them.
