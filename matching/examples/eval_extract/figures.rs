//! Figures as every measuring program prints them.

use std::collections::BTreeMap;

use serde::Serialize;

/// One figure beside those of other tools and the target.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    name: String,
    value: Option<f64>,
    unit: String,
    baselines: BTreeMap<String, Option<f64>>,
    target: Option<f64>,
    met: Option<bool>,
}

impl Figure {
    /// A figure without a target.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            value: Some(round(value)),
            unit: unit.to_owned(),
            baselines: BTreeMap::new(),
            target: None,
            met: None,
        }
    }

    /// What another tool reaches.
    pub(crate) fn beside(mut self, tool: &str, value: f64) -> Self {
        self.baselines.insert(tool.to_owned(), Some(round(value)));
        self
    }

    /// The value wanted at least.
    pub(crate) fn at_least(mut self, target: f64) -> Self {
        let target = round(target);
        self.target = Some(target);
        self.met = self.value.map(|value| value >= target);
        self
    }

    /// The value wanted at most.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        let target = round(target);
        self.target = Some(target);
        self.met = self.value.map(|value| value <= target);
        self
    }
}

/// Four decimals: what differs less is noise.
fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// The report of a program.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
}
