//! E-mail addresses as account names: checked and brought to one spelling.

use std::fmt;

/// Most bytes of an address (RFC 5321, 4.5.3.1.3).
const MAX_BYTES: usize = 254;
/// Most bytes before the `@` (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// Why a text is no e-mail address; the text is for the person who typed it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidEmail {
    /// Nothing was given.
    #[error("Give an e-mail address.")]
    Empty,
    /// Longer than mail servers take.
    #[error("The e-mail address is longer than {MAX_BYTES} bytes.")]
    TooLong,
    /// Not of the form name@domain.
    #[error("The e-mail address must look like name@example.org.")]
    Shape,
}

/// An e-mail address in lower case without surrounding spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address as a person types it.
    ///
    /// The whole address is lowered: servers that tell `Ann@` from `ann@` are not in use, people who type both are.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Shape)?;
        let local_fits = (1..=MAX_LOCAL_BYTES).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if !local_fits || !domain.contains('.') || !domain.split('.').all(label_fits) {
            return Err(InvalidEmail::Shape);
        }
        Ok(Self(text))
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// An address is personal data: it must not reach a log by `{:?}`.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_normalised() {
        assert_eq!(Email::parse("  Ann.Lee+cv@Example.ORG ").unwrap().as_str(), "ann.lee+cv@example.org");
        assert_eq!(Email::parse("jürgen@münchen.example").unwrap().as_str(), "jürgen@münchen.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert_eq!(Email::parse("  "), Err(InvalidEmail::Empty));
        assert_eq!(Email::parse(&format!("{}@example.org", "a".repeat(250))), Err(InvalidEmail::TooLong));
        for text in [
            "ann",
            "@example.org",
            "ann@",
            "ann@localhost",
            "a b@example.org",
            "a@-x.org",
            "a@x..org",
            ".a@x.org",
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail::Shape), "{text}");
        }
    }

    #[test]
    fn the_address_is_not_in_its_debug_text() {
        assert!(!format!("{:?}", Email::parse("ann@example.org").unwrap()).contains("ann"));
    }
}
