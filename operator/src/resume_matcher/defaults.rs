//! What each environment sets where the spec leaves it open. docs/environments.md shows the same table; a test
//! compares them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::model::Scale;
use crate::crd::{Environment, Strategy};
use crate::names::Component;

/// The defaults of one environment.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// API pods.
    pub api: Scale,
    /// Worker pods.
    pub workers: i32,
    /// How releases replace each other.
    pub strategy: Strategy,
    /// Bake time of a release, in seconds.
    pub bake: u64,
    /// Rollback window of a release, in seconds.
    pub rollback_window: u64,
    /// What the application logs (`RM_LOG`).
    pub log: &'static str,
    sizes: [(Component, &'static str); 3],
    resources: [(Component, Resources); 5],
}

/// CPU request, memory request, memory limit. There is no CPU limit: it would slow bursts down while cores idle.
type Resources = (&'static str, &'static str, &'static str);

const DEVELOPMENT: Defaults = Defaults {
    api: Scale::Fixed(1),
    workers: 1,
    strategy: Strategy::RollingUpdate,
    bake: 10,
    rollback_window: 0,
    log: "debug",
    sizes: [(Component::Postgres, "1Gi"), (Component::Redis, "1Gi"), (Component::Storage, "1Gi")],
    resources: [
        (Component::Api, ("50m", "128Mi", "512Mi")),
        (Component::Worker, ("100m", "512Mi", "2Gi")),
        (Component::Postgres, ("50m", "128Mi", "512Mi")),
        (Component::Redis, ("25m", "32Mi", "128Mi")),
        (Component::Storage, ("25m", "64Mi", "512Mi")),
    ],
};

const STAGING: Defaults = Defaults {
    api: Scale::Auto { min: 2, max: 4, cpu: 70, requests: None },
    workers: 1,
    strategy: Strategy::BlueGreen,
    bake: 30,
    rollback_window: 300,
    log: "info",
    sizes: [(Component::Postgres, "5Gi"), (Component::Redis, "1Gi"), (Component::Storage, "10Gi")],
    resources: [
        (Component::Api, ("100m", "128Mi", "512Mi")),
        (Component::Worker, ("200m", "512Mi", "2Gi")),
        (Component::Postgres, ("100m", "256Mi", "1Gi")),
        (Component::Redis, ("50m", "64Mi", "256Mi")),
        (Component::Storage, ("50m", "64Mi", "512Mi")),
    ],
};

const PRODUCTION: Defaults = Defaults {
    api: Scale::Auto { min: 2, max: 10, cpu: 70, requests: None },
    workers: 2,
    strategy: Strategy::BlueGreen,
    bake: 60,
    rollback_window: 3600,
    log: "info",
    sizes: [(Component::Postgres, "20Gi"), (Component::Redis, "2Gi"), (Component::Storage, "50Gi")],
    resources: [
        (Component::Api, ("150m", "256Mi", "1Gi")),
        (Component::Worker, ("250m", "768Mi", "3Gi")),
        (Component::Postgres, ("200m", "512Mi", "2Gi")),
        (Component::Redis, ("50m", "64Mi", "512Mi")),
        (Component::Storage, ("100m", "128Mi", "1Gi")),
    ],
};

impl Defaults {
    /// The defaults of an environment.
    #[must_use]
    pub const fn of(environment: Environment) -> &'static Self {
        match environment {
            Environment::Development => &DEVELOPMENT,
            Environment::Staging => &STAGING,
            Environment::Production => &PRODUCTION,
        }
    }

    /// Size of an embedded service's volume.
    #[must_use]
    pub fn size(&self, component: Component) -> &'static str {
        self.sizes.iter().find(|(of, _)| *of == component).map_or("1Gi", |(_, size)| size)
    }

    /// Requests and limits of a component's container. The migration Job takes the worker's.
    #[must_use]
    pub fn resources(&self, component: Component) -> ResourceRequirements {
        let wanted = if component == Component::Migrate { Component::Worker } else { component };
        self.resources.iter().find(|(of, _)| *of == wanted).map_or_else(
            ResourceRequirements::default,
            |(_, of)| {
                let (cpu, memory, limit) = *of;
                ResourceRequirements {
                    requests: Some(quantities(&[("cpu", cpu), ("memory", memory)])),
                    limits: Some(quantities(&[("memory", limit)])),
                    ..ResourceRequirements::default()
                }
            },
        )
    }
}

fn quantities(values: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    values.iter().map(|(name, value)| ((*name).to_owned(), Quantity((*value).to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/environments.md");

    fn scale(scale: Scale) -> String {
        match scale {
            Scale::Fixed(replicas) => replicas.to_string(),
            Scale::Auto { min, max, cpu, .. } => format!("{min} to {max} at {cpu} % CPU"),
        }
    }

    fn row(title: &str, value: impl Fn(&Defaults) -> String) -> String {
        let cells = [Environment::Development, Environment::Staging, Environment::Production]
            .map(|environment| value(Defaults::of(environment)));
        format!("| {title} | {} |", cells.join(" | "))
    }

    fn resources(defaults: &Defaults, component: Component) -> String {
        let of = defaults.resources(component);
        let get = |map: &Option<BTreeMap<String, Quantity>>, key: &str| map.as_ref().unwrap()[key].0.clone();
        format!(
            "{}, {}, {}",
            get(&of.requests, "cpu"),
            get(&of.requests, "memory"),
            get(&of.limits, "memory")
        )
    }

    #[test]
    fn the_page_about_environments_tells_these_values() {
        let mut rows = vec![
            row("API pods", |defaults| scale(defaults.api)),
            row("Worker pods", |defaults| defaults.workers.to_string()),
            row("Release", |defaults| format!("{:?}", defaults.strategy)),
            row("Bake time", |defaults| format!("{} s", defaults.bake)),
            row("Rollback window", |defaults| format!("{} s", defaults.rollback_window)),
            row("Log filter", |defaults| defaults.log.to_owned()),
        ];
        for (title, component) in [
            ("Database", Component::Postgres),
            ("Cache", Component::Redis),
            ("Object storage", Component::Storage),
        ] {
            rows.push(row(&format!("{title} volume"), |defaults| defaults.size(component).to_owned()));
        }
        for (title, component) in [
            ("API", Component::Api),
            ("Worker", Component::Worker),
            ("Database", Component::Postgres),
            ("Cache", Component::Redis),
            ("Object storage", Component::Storage),
        ] {
            rows.push(row(&format!("{title} resources"), |defaults| resources(defaults, component)));
        }
        let missing: Vec<_> = rows.iter().filter(|row| !PAGE.contains(row.as_str())).collect();
        assert!(missing.is_empty(), "docs/environments.md lacks these rows:\n{missing:#?}");
    }
}
