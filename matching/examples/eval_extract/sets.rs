//! The sets of files with a truth, and what is measured on each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::metrics::{character_error_rate, order_similarity, pairs, recall, tokens};

/// A source of texts to measure.
pub(crate) struct Tool {
    name: String,
    /// Folder of texts that another tool made; `None` for this library.
    folder: Option<PathBuf>,
}

impl Tool {
    pub(crate) fn ours() -> Self {
        Self { name: "resume-matcher".to_owned(), folder: None }
    }

    pub(crate) fn texts(name: &str, folder: PathBuf) -> Self {
        Self { name: name.to_owned(), folder: Some(folder) }
    }

    /// The text of a data file; empty when there is none.
    fn text(&self, data: &Path, relative: &Path) -> String {
        match &self.folder {
            None => extract(&data.join(relative)),
            Some(folder) => {
                let path = folder.join(format!("{}.txt", relative.display()));
                std::fs::read(path)
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                    .unwrap_or_default()
            }
        }
    }
}

fn extract(path: &Path) -> String {
    let Ok(bytes) = std::fs::read(path) else { return String::new() };
    let hint = path.to_string_lossy();
    matching::extract(&bytes, Some(&hint), &matching::ExtractOptions::default())
        .map(|document| document.text)
        .unwrap_or_default()
}

/// All files under a folder with one of these endings, sorted.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.to_string_lossy().to_lowercase();
            if path.is_dir() {
                open.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Writes our text of every PDF and DOCX below `data` into `folder`, named as `--texts` reads them.
pub(crate) fn dump(data: &Path, folder: &Path) -> Result<(), String> {
    for path in files(data, &[".pdf", ".docx", ".docm"]) {
        let relative = path.strip_prefix(data).map_err(|error| error.to_string())?;
        let target = folder.join(format!("{}.txt", relative.display()));
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        }
        std::fs::write(&target, extract(&path)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Collects means of figures by name.
#[derive(Default)]
struct Means(BTreeMap<String, (f64, usize)>);

impl Means {
    fn add(&mut self, name: &str, value: f64) {
        let entry = self.0.entry(name.to_owned()).or_default();
        entry.0 += value;
        entry.1 += 1;
    }

    fn report(&self) -> Value {
        let mean = |(sum, count): &(f64, usize)| json!((sum / *count as f64 * 10_000.0).round() / 10_000.0);
        self.0
            .iter()
            .map(|(name, entry)| (name.clone(), mean(entry)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// Token recall, precision and order on PDFs with the document that they were made from.
pub(crate) fn pdf_truth(data: &Path, tools: &[Tool]) -> Result<Value, String> {
    let mut truths: Vec<(PathBuf, Vec<String>, bool)> = Vec::new();
    let reactive = data.join("pdf-truth/reactive-resume");
    for path in files(&reactive.join("json"), &[".json"]) {
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let value: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut strings = String::new();
        flatten(&value, &mut strings);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        truths.push((reactive.join(format!("pdf/{name}.pdf")), tokens(&strings), false));
    }
    let rendercv = data.join("pdf-truth/rendercv/testdata");
    for path in files(&rendercv, &[".pdf"]) {
        let kind = if path.to_string_lossy().contains("_full") { "full.md" } else { "minimal.md" };
        let text = std::fs::read_to_string(rendercv.join(kind)).map_err(|error| error.to_string())?;
        truths.push((path, tokens(&without_targets(&text)), true));
    }
    let mut report = serde_json::Map::new();
    for tool in tools {
        let mut means = BTreeMap::<&str, Means>::new();
        let mut files = serde_json::Map::new();
        for (path, truth, ordered) in &truths {
            let relative = path.strip_prefix(data).map_err(|error| error.to_string())?;
            let found = tokens(&tool.text(data, relative));
            let set = means.entry(if *ordered { "rendercv" } else { "reactive-resume" }).or_default();
            let (hit, exact) = (recall(truth, &found), recall(&found, truth));
            set.add("recall", hit);
            set.add("precision", exact);
            let local = recall(&pairs(truth), &pairs(&found));
            set.add("local_order", local);
            let order = order_similarity(truth, &found);
            set.add("order", order);
            let round = |value: f64| (value * 1000.0).round() / 1000.0;
            files.insert(
                relative.display().to_string(),
                json!([round(hit), round(exact), round(local), round(order)]),
            );
        }
        let means: serde_json::Map<_, _> =
            means.iter().map(|(set, means)| ((*set).to_owned(), means.report())).collect();
        report.insert(tool.name.clone(), json!({ "mean": means, "files": files }));
    }
    Ok(report.into())
}

/// All texts of a resume's JSON, without what no template renders.
fn flatten(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            if map.get("visible") == Some(&Value::Bool(false)) {
                return;
            }
            for (key, value) in map {
                if !matches!(key.as_str(), "id" | "icon" | "picture" | "metadata" | "href" | "network") {
                    flatten(value, out);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(item, out)),
        Value::String(text) => {
            let mut tag = false;
            for c in text.chars() {
                match c {
                    '<' => tag = true,
                    '>' => {
                        tag = false;
                        out.push(' ');
                    }
                    c if !tag => out.push(c),
                    _ => {}
                }
            }
            out.push('\n');
        }
        _ => {}
    }
}

/// Markdown without the targets of links.
fn without_targets(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("](") {
        out.push_str(rest.get(..start).unwrap_or_default());
        out.push(' ');
        let target = rest.get(start..).unwrap_or_default();
        rest = target.find(')').and_then(|end| target.get(end + 1..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Character error rate against the nearer of two expected texts (content order and sorted by position).
pub(crate) fn text_truth(data: &Path, tools: &[Tool]) -> Result<Value, String> {
    let mut report = serde_json::Map::new();
    for tool in tools {
        let mut means = Means::default();
        let mut each = serde_json::Map::new();
        for path in files(&data.join("text-truth/pdfbox"), &[".pdf"]) {
            let relative = path.strip_prefix(data).map_err(|error| error.to_string())?;
            let text = tool.text(data, relative);
            let found = tokens(&text);
            let (mut rate, mut hit, mut order) = (1.0_f64, 0.0_f64, 0.0_f64);
            for ending in [".txt", "-sorted.txt"] {
                let Ok(bytes) = std::fs::read(format!("{}{ending}", path.display())) else { continue };
                let truth = String::from_utf8_lossy(&bytes);
                let truth_tokens = tokens(&truth);
                rate = rate.min(character_error_rate(&truth, &text));
                hit = hit.max(recall(&truth_tokens, &found));
                order = order.max(order_similarity(&truth_tokens, &found));
            }
            means.add("character_error_rate", rate);
            means.add("recall", hit);
            means.add("order", order);
            let round = |value: f64| (value * 1000.0).round() / 1000.0;
            each.insert(relative.display().to_string(), json!([round(rate), round(hit), round(order)]));
        }
        report.insert(tool.name.clone(), json!({ "mean": means.report(), "files": each }));
    }
    Ok(report.into())
}

/// Token F1 between formats of one resume.
pub(crate) fn formats(data: &Path) -> Result<Value, String> {
    let mut report = serde_json::Map::new();
    let f1 = |a: &Path, b: &Path| {
        let (a, b) = (tokens(&extract(a)), tokens(&extract(b)));
        let (recall, precision) = (recall(&a, &b), recall(&b, &a));
        ((2.0 * recall * precision / (recall + precision).max(1e-9)) * 10_000.0).round() / 10_000.0
    };
    for docx in files(&data.join("pairs"), &[".docx"]) {
        let pdf = docx.with_extension("pdf");
        if pdf.is_file() {
            let name = docx.file_name().unwrap_or_default().to_string_lossy().into_owned();
            report.insert(name, json!(f1(&docx, &pdf)));
        }
    }
    let resume = data.join("formats/hackmyresume/resume.txt");
    for ending in ["pdf", "md"] {
        report.insert(format!("resume.{ending}"), json!(f1(&resume, &resume.with_extension(ending))));
    }
    Ok(report.into())
}
