//! The source of configuration: the process environment, or a list of pairs in tests.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::ConfigError;

/// A snapshot of environment variables. Empty values count as absent, as Kubernetes manifests often leave them empty.
#[derive(Clone)]
pub struct Env {
    variables: BTreeMap<String, String>,
}

impl Env {
    /// Reads the environment of this process. Variables that are not UTF-8 are left out.
    pub fn process() -> Self {
        Self::from_pairs(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Makes a snapshot from pairs of name and value.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self { variables: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }

    /// The value of `variable`, trimmed; `None` when it is absent or empty.
    pub fn optional(&self, variable: &'static str) -> Option<&str> {
        self.variables.get(variable).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value of `variable`; an error that carries `mend` when it is absent or empty.
    pub fn required(&self, variable: &'static str, mend: &'static str) -> Result<&str, ConfigError> {
        self.optional(variable).ok_or(ConfigError::Missing { variable, mend })
    }

    /// The parsed value of `variable`, or `default` when it is absent.
    pub fn parsed_or<T>(
        &self,
        variable: &'static str,
        default: T,
        mend: &'static str,
    ) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match self.optional(variable) {
            None => Ok(default),
            Some(value) => value.parse().map_err(|error: T::Err| ConfigError::Invalid {
                variable,
                reason: error.to_string(),
                mend,
            }),
        }
    }
}

impl std::fmt::Debug for Env {
    /// Names only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env_vars;

    #[test]
    fn an_empty_value_counts_as_absent() {
        let env = Env::from_pairs([(env_vars::REDIS_URL, "  ")]);
        assert_eq!(
            env.required(env_vars::REDIS_URL, "a URL"),
            Err(ConfigError::Missing { variable: "REDIS_URL", mend: "a URL" })
        );
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Env::from_pairs([(env_vars::REDIS_URL, "redis://:hunter2@host")]));
        assert!(shown.contains("REDIS_URL") && !shown.contains("hunter2"), "{shown}");
    }
}
