//! The only module that calls the `matching` crate: files become documents, documents and jobs become scores.

use std::path::PathBuf;

use matching::{Document, ExtractError, ExtractOptions};
use serde::{Deserialize, Serialize};

/// What a file turned out to be, or why it could not be read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reading {
    /// The file's text with positions.
    Document(Box<Document>),
    /// The file is at fault; the message is for the person who uploaded it.
    Refused {
        /// A stable, bounded name for metrics.
        class: String,
        /// One sentence.
        message: String,
    },
    /// This installation is at fault; the message is for the people who run it.
    Broken {
        /// One sentence.
        message: String,
    },
}

/// Reads a file. Runs in the sandbox's child, never in the worker itself.
pub(crate) fn read_file(bytes: &[u8], name: &str, pdfium: Option<PathBuf>) -> Reading {
    let options = ExtractOptions { pdfium, ..ExtractOptions::default() };
    match matching::extract(bytes, Some(name), &options) {
        Ok(document) => Reading::Document(Box::new(document)),
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &ExtractError) -> Reading {
    if error.is_about_the_file() {
        Reading::Refused { class: error.class().to_owned(), message: error.to_string() }
    } else {
        Reading::Broken { message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read() {
        match read_file(b"Ada Lovelace\nProgrammer\n", "ada.txt", None) {
            Reading::Document(document) => assert_eq!(document.text, "Ada Lovelace\nProgrammer"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_file_is_refused_in_words_for_people() {
        match read_file(b"", "empty.pdf", None) {
            Reading::Refused { class, message } => {
                assert_eq!((class.as_str(), message.as_str()), ("empty", "the file is empty"));
            }
            other => panic!("{other:?}"),
        }
    }
}
