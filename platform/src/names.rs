//! Identifiers, each a type of its own so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// A UUID of version 7: those made later sort later.
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
            serde::Serialize, serde::Deserialize, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new identifier from the clock and randomness.
            #[allow(clippy::new_without_default, reason = "a default value that differs each time would mislead")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Takes over an identifier that came from elsewhere.
            pub fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The plain UUID.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant: the owner of rows.
    TenantId
    /// A person's account.
    AccountId
    /// A signed-in session.
    SessionId
    /// An API key.
    ApiKeyId
    /// An uploaded resume.
    ResumeId
    /// A job that resumes are matched with.
    JobId
    /// A match of one resume and one job.
    MatchId
    /// Many matches that were asked for at once.
    BatchId
    /// An application for a job.
    ApplicationId
    /// A unit of work in the queue.
    TaskId
}

/// The name of an installation: 1 to 63 of `a-z`, `0-9` and `-`, as Kubernetes names its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationName(String);

/// Why a text is no [`InstallationName`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a name of 1 to 63 characters a-z, 0-9 and -")]
pub struct InvalidInstallationName(String);

impl InstallationName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstallationName {
    type Err = InvalidInstallationName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidInstallationName(text.to_owned()))
        }
    }
}

impl fmt::Display for InstallationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_later() {
        let ids: Vec<TaskId> = (0..100).map(|_| TaskId::new()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn a_name_that_would_break_a_key_is_refused() {
        for bad in ["", "a:b", "Über", "a b", &"x".repeat(64)] {
            assert_eq!(InstallationName::from_str(bad), Err(InvalidInstallationName(bad.to_owned())));
        }
        assert_eq!(InstallationName::from_str("team-1").unwrap().as_str(), "team-1");
    }
}
