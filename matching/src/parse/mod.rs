//! Parse: a [`crate::Document`] becomes a JSON Resume document with a span and a confidence for each value.
