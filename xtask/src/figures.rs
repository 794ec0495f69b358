//! Figures of quality and speed: read from the programs that measure, shown as one table, written as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// What was measured, such as `parse.rendercv.f1`.
    pub(crate) name: String,
    /// The result; absent when it could not be measured.
    pub(crate) value: Option<f64>,
    /// Unit of the value, the baselines and the target.
    #[serde(default)]
    pub(crate) unit: String,
    /// What others reach on the same data, by name.
    #[serde(default)]
    pub(crate) baselines: BTreeMap<String, Option<f64>>,
    /// What we want to reach.
    #[serde(default)]
    pub(crate) target: Option<f64>,
    /// Whether it is reached; absent for a figure without a target. The program that measures says so, because it knows
    /// whether more or less is better.
    #[serde(default)]
    pub(crate) met: Option<bool>,
}

/// What one measuring program prints.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Its figures, in its order.
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Reads what a program printed. Lines before the JSON object are passed over: they are for people.
    ///
    /// # Errors
    /// When there is no JSON object with `figures`, or one of them is malformed.
    pub(crate) fn parse(printed: &str) -> anyhow::Result<Self> {
        let start = if printed.starts_with('{') { Some(0) } else { printed.find("\n{").map(|at| at + 1) };
        let json = start.and_then(|start| printed.get(start..)).context("it printed no JSON object")?;
        serde_json::from_str(json.trim_end()).context("its JSON is not a list of figures")
    }
}

/// The figures of several programs, with those programs that failed.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Figures by program, in the order in which they ran.
    pub(crate) parts: Vec<Part>,
}

/// One program's figures.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Part {
    /// The program.
    pub(crate) source: String,
    /// What it measured.
    pub(crate) figures: Vec<Figure>,
    /// Why it measured nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Summary {
    /// Adds what a program printed, or why it failed.
    pub(crate) fn add(&mut self, source: &str, report: anyhow::Result<Report>) {
        let (figures, error) = match report {
            Ok(report) => (report.figures, None),
            Err(error) => (Vec::new(), Some(format!("{error:#}"))),
        };
        self.parts.push(Part { source: source.to_owned(), figures, error });
    }

    /// The programs that failed.
    pub(crate) fn failed(&self) -> Vec<&str> {
        self.parts.iter().filter(|part| part.error.is_some()).map(|part| part.source.as_str()).collect()
    }

    /// A table in Markdown, as wide as its widest cells, so that it reads well in a terminal too.
    pub(crate) fn table(&self) -> String {
        let mut rows = vec![["figure", "value", "unit", "baselines", "target", "met"].map(str::to_owned)];
        for part in &self.parts {
            if let Some(error) = &part.error {
                let first = error.lines().next().unwrap_or_default().replace('|', "/");
                rows.push([
                    part.source.clone(),
                    "failed".into(),
                    String::new(),
                    first,
                    String::new(),
                    "no".into(),
                ]);
            }
            rows.extend(part.figures.iter().map(row));
        }
        let widths: [usize; 6] = std::array::from_fn(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        });
        let mut table = String::new();
        for (number, row) in rows.iter().enumerate() {
            table.push('|');
            for (cell, width) in row.iter().zip(widths) {
                // Writing to a String cannot fail.
                let _ = write!(table, " {cell:<width$} |");
            }
            table.push('\n');
            if number == 0 {
                for width in widths {
                    let _ = write!(table, "|{}", "-".repeat(width + 2));
                }
                table.push_str("|\n");
            }
        }
        table
    }

    /// Writes everything as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        std::fs::write(path, json).with_context(|| format!("write {}", path.display()))
    }
}

fn row(figure: &Figure) -> [String; 6] {
    let baselines: Vec<String> =
        figure.baselines.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
    let met = match figure.met {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    [
        figure.name.clone(),
        number(figure.value),
        figure.unit.clone(),
        baselines.join(", "),
        figure.target.map_or_else(String::new, |target| number(Some(target))),
        met.to_owned(),
    ]
}

/// Four significant digits at least, no exponent; a dash for what was not measured.
fn number(value: Option<f64>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let decimals = match value.abs() {
        size if value.fract() == 0.0 && size < 1e9 => 0,
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if (0.99..1.0).contains(&size) => 6,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"reading 12 files
{"figures":[
 {"name":"a.f1","value":0.5,"unit":"","baselines":{"plain":0.25,"none":null},"target":0.95,"met":false},
 {"name":"a.count","value":12.0,"unit":"files"}]}
"#;

    #[test]
    fn figures_are_read_from_behind_lines_for_people() {
        let report = Report::parse(PRINTED).unwrap();
        assert_eq!(report.figures.len(), 2);
        assert_eq!(report.figures[0].baselines["plain"], Some(0.25));
        assert_eq!(report.figures[0].met, Some(false));
        assert_eq!(report.figures[1].target, None);
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        for (printed, message) in [
            ("", "no JSON object"),
            ("12 files", "no JSON object"),
            ("{\"score\":1}", "not a list of figures"),
        ] {
            let error = Report::parse(printed).unwrap_err().to_string();
            assert!(error.contains(message), "{printed:?}: {error}");
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_figure_and_each_failure() {
        let mut summary = Summary::default();
        summary.add("eval_a", Report::parse(PRINTED));
        summary.add("eval_b", Err(anyhow::anyhow!("it ended | badly")));
        let table = summary.table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 5, "{table}");
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{table}");
        assert_eq!(
            lines[2].split('|').map(str::trim).collect::<Vec<_>>(),
            ["", "a.f1", "0.5000", "", "none -, plain 0.2500", "0.9500", "no", ""]
        );
        assert!(lines[4].contains("failed") && lines[4].contains("it ended / badly"), "{table}");
        assert_eq!(summary.failed(), ["eval_b"]);
    }

    #[test]
    fn the_json_keeps_figures_and_failures() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figures.json");
        let mut summary = Summary::default();
        summary.add("eval_a", Report::parse(PRINTED));
        summary.add("eval_b", Err(anyhow::anyhow!("away")));
        summary.write(&path).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(read["parts"][0]["figures"][0]["value"], 0.5);
        assert_eq!(read["parts"][1]["error"], "away");
        let missing = summary.write(&folder.path().join("no/such/figures.json")).unwrap_err().to_string();
        assert!(missing.contains("figures.json"), "{missing}");
    }

    #[test]
    fn numbers_keep_what_matters() {
        for (value, shown) in
            [(12.0, "12"), (0.999_997, "0.999997"), (0.5, "0.5000"), (20.384, "20.38"), (12_345.6, "12346")]
        {
            assert_eq!(number(Some(value)), shown);
        }
    }
}
