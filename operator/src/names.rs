//! Names and labels of everything that belongs to an installation.

use std::collections::BTreeMap;
use std::fmt;

use crate::crd::Colour;

/// Field manager of every write of this operator.
pub const FIELD_MANAGER: &str = "resume-matcher-operator";
/// Value of the label `app.kubernetes.io/managed-by`.
pub const MANAGED_BY: &str = "resume-matcher-operator";
/// Label that names the installation an object belongs to.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// Label that names the part of the installation.
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// Label that names the operator.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Annotation with the hash of what the operator last applied.
pub const DESIRED_HASH: &str = "resumematcher.io/desired-hash";
/// Annotation of pod templates with the hash of the configuration that the pods read at start: a change rolls them.
pub const CONFIG_HASH: &str = "resumematcher.io/config-hash";
/// Label that names the place, blue or green, that a pod of the application runs in.
pub const COLOUR_LABEL: &str = "resumematcher.io/colour";
/// Annotation of pod templates with the id of the release that they are of.
pub const RELEASE_ID: &str = "resumematcher.io/release";
/// Annotation of Deployments whose number of pods is someone else's: how many pods they start with.
pub const LEAST_PODS: &str = "resumematcher.io/least-pods";
/// Label of Jobs that back up, prove or restore: which of these they do.
pub const BACKUP_TASK: &str = "resumematcher.io/backup-task";
/// Annotation of a `ResumeMatcher` that is to be closed: name and UID of the restore that wants it so.
pub const MAINTENANCE: &str = "resumematcher.io/maintenance";
/// Finalizer of `ResumeMatcherRestore` objects.
pub const RESTORE_FINALIZER: &str = "resumematcher.io/restore";
/// Finalizer of `ResumeMatcher` objects.
pub const FINALIZER: &str = "resumematcher.io/finalizer";

/// Longest name of an installation: the longest suffix must still fit into a DNS label of 63 characters.
pub const MAX_NAME: usize = 40;

/// A checked name of an installation: a lower-case DNS label that starts with a letter, at most [`MAX_NAME`] long.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallationName(String);

impl InstallationName {
    /// Checks a name.
    ///
    /// # Errors
    /// A sentence that says what a name must look like.
    pub fn parse(name: &str) -> Result<Self, String> {
        let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = name.len() <= MAX_NAME
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && !name.ends_with('-')
            && name.chars().all(label);
        if fits {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!(
                "metadata.name {name:?} must be a lower-case DNS label of at most {MAX_NAME} characters that starts with a letter"
            ))
        }
    }

    /// The name of a part: `NAME-SUFFIX`.
    #[must_use]
    pub fn part(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.0)
    }

    /// The name of a component's objects: `NAME-COMPONENT`.
    #[must_use]
    pub fn component(&self, component: Component) -> String {
        self.part(component.as_str())
    }

    /// The name of a component's objects in one place: `NAME-COMPONENT-COLOUR`.
    #[must_use]
    pub fn coloured(&self, component: Component, colour: Colour) -> String {
        format!("{}-{}-{}", self.0, component.as_str(), colour.as_str())
    }

    /// The bare name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstallationName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A part of an installation that has pods of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// HTTP API and web pages.
    Api,
    /// Queue consumer.
    Worker,
    /// The migration Job.
    Migrate,
    /// Jobs that back up, prove and restore.
    Backup,
    /// What answers while the installation is closed.
    Maintenance,
    /// Embedded database.
    Postgres,
    /// Embedded cache and queue.
    Redis,
    /// Embedded object storage.
    Storage,
}

impl Component {
    /// Value of the component label, and suffix of the names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Migrate => "migrate",
            Self::Backup => "backup",
            Self::Maintenance => "maintenance",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Storage => "storage",
        }
    }
}

/// Labels of an object that belongs to no single component.
#[must_use]
pub fn labels(name: &InstallationName) -> BTreeMap<String, String> {
    [
        ("app.kubernetes.io/name", "resume-matcher"),
        (INSTANCE_LABEL, name.as_str()),
        ("app.kubernetes.io/part-of", "resume-matcher"),
        (MANAGED_BY_LABEL, MANAGED_BY),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// Labels of an object of one component.
#[must_use]
pub fn component_labels(name: &InstallationName, component: Component) -> BTreeMap<String, String> {
    let mut labels = labels(name);
    labels.insert(COMPONENT_LABEL.to_owned(), component.as_str().to_owned());
    labels
}

/// Labels that select one component's pods. They never change, because selectors cannot.
#[must_use]
pub fn selector_labels(name: &InstallationName, component: Component) -> BTreeMap<String, String> {
    [
        ("app.kubernetes.io/name", "resume-matcher"),
        (INSTANCE_LABEL, name.as_str()),
        (COMPONENT_LABEL, component.as_str()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// Labels that select the pods of one component in one place. They never change either.
#[must_use]
pub fn colour_selector(
    name: &InstallationName,
    component: Component,
    colour: Colour,
) -> BTreeMap<String, String> {
    let mut labels = selector_labels(name, component);
    labels.insert(COLOUR_LABEL.to_owned(), colour.as_str().to_owned());
    labels
}

/// Labels of an object of one component in one place.
#[must_use]
pub fn colour_labels(
    name: &InstallationName,
    component: Component,
    colour: Colour,
) -> BTreeMap<String, String> {
    let mut labels = component_labels(name, component);
    labels.insert(COLOUR_LABEL.to_owned(), colour.as_str().to_owned());
    labels
}

/// Writes labels as a selector in the form of a query string: `a=b,c=d`.
#[must_use]
pub fn selector_string(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_services_can_carry_is_accepted() {
        assert_eq!(InstallationName::parse("acme-1").unwrap().component(Component::Api), "acme-1-api");
        assert!(InstallationName::parse(&"a".repeat(MAX_NAME)).is_ok());
    }

    #[test]
    fn names_that_services_cannot_carry_are_refused() {
        for name in ["", "1acme", "Acme", "acme-", "a.b", "a_b", &"a".repeat(MAX_NAME + 1)] {
            let message = InstallationName::parse(name).unwrap_err();
            assert!(message.contains("metadata.name"), "{message}");
        }
    }

    #[test]
    fn the_selector_is_part_of_the_labels() {
        let name = InstallationName::parse("acme").unwrap();
        let labels = component_labels(&name, Component::Worker);
        assert!(
            selector_labels(&name, Component::Worker)
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
        );
        assert_eq!(
            selector_string(&selector_labels(&name, Component::Worker)),
            "app.kubernetes.io/component=worker,app.kubernetes.io/instance=acme,app.kubernetes.io/name=resume-matcher"
        );
    }
}
