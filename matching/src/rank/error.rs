//! Why an index of a pool cannot be written or used.

/// Kinds of trouble with an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file cannot be read or written.
    #[error("the index cannot be read or written")]
    Io(#[from] std::io::Error),
    /// The file is no index.
    #[error("this is no index of a pool of resumes; make one by `rmctl index`")]
    NoIndex,
    /// The index was written in another form.
    #[error(
        "the index has the format {found}, this program reads {expected}; make it again by `rmctl index`"
    )]
    OtherFormat {
        /// Number of the file's format.
        found: u32,
        /// Number of the format that this program reads.
        expected: u32,
    },
    /// The index was made with another algorithm, taxonomy or model, which would give other scores.
    #[error(
        "the index was made with {what} {found}, this program has {expected}; make it again by `rmctl index`"
    )]
    OtherVersion {
        /// "algorithm", "taxonomy" or "model".
        what: &'static str,
        /// The version in the index.
        found: String,
        /// The version of this program.
        expected: String,
    },
    /// The file was cut short or changed.
    #[error("the index is damaged at {part}; make it again by `rmctl index`")]
    Damaged {
        /// What is damaged: "its table", or the name of a resume.
        part: String,
    },
    /// A resume cannot be put into the form of the index.
    #[error("{name} cannot be put into the index: {message}")]
    Encode {
        /// The resume's name.
        name: String,
        /// What is wrong.
        message: String,
    },
}
