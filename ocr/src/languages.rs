//! Names of languages as tesseract has them.

/// Languages that a page may be written in, such as `eng+deu`; the default is English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Languages(String);

/// Why a list of languages is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a list of languages: give tesseract's names joined by +, such as eng+deu")]
pub struct LanguageError(String);

impl Default for Languages {
    fn default() -> Self {
        Self("eng".to_owned())
    }
}

impl std::str::FromStr for Languages {
    type Err = LanguageError;

    /// Names have letters, digits and underscores only, so that none can be taken for an option or a path.
    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let is_name = |name: &str| {
            (2..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if text.split('+').all(is_name) && text.len() <= 256 {
            Ok(Self(text.to_owned()))
        } else {
            Err(LanguageError(text.to_owned()))
        }
    }
}

impl std::fmt::Display for Languages {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_languages_and_options_are_not() {
        for good in ["eng", "eng+deu", "chi_sim+jpn"] {
            assert_eq!(good.parse::<Languages>().map(|languages| languages.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-l", "eng+", "../eng", "eng deu", "e"] {
            let error = bad.parse::<Languages>().unwrap_err().to_string();
            assert!(error.contains("such as eng+deu"), "{bad}: {error}");
        }
    }
}
