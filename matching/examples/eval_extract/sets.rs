//! The sets of files with a truth, and how the texts of tools compare with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::baselines::TOOLS;
use crate::figures::Figure;
use crate::metrics::{character_error_rate, order_similarity, pairs, recall, tokens};

/// The texts that one tool made of the files.
pub(crate) struct Texts {
    pub(crate) tool: String,
    pub(crate) of: BTreeMap<PathBuf, String>,
}

impl Texts {
    /// What this library makes of them.
    pub(crate) fn ours(paths: &[PathBuf]) -> Self {
        let of = paths.iter().map(|path| (path.clone(), extract(path))).collect();
        Self { tool: String::new(), of }
    }

    fn get(&self, path: &Path) -> &str {
        self.of.get(path).map(String::as_str).unwrap_or_default()
    }
}

/// Every page is read, however many there are: the page limit is a matter of uploads.
pub(crate) fn options() -> matching::ExtractOptions<'static> {
    let limits = matching::extract::Limits { pages: 10_000, ..Default::default() };
    matching::ExtractOptions { limits, ..Default::default() }
}

fn extract(path: &Path) -> String {
    let Ok(bytes) = std::fs::read(path) else { return String::new() };
    let hint = path.to_string_lossy();
    matching::extract(&bytes, Some(&hint), &options()).map(|document| document.text).unwrap_or_default()
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

    fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).map(|(sum, count)| sum / *count as f64)
    }
}

/// What is better: more or less.
#[derive(Clone, Copy)]
enum Better {
    More,
    Less,
}

/// Turns means, ours first, into figures whose target is the first tool's value.
fn compared(means: &[(String, Means)], names: &[(&str, Better)], prefix: &str) -> Vec<Figure> {
    let Some(((_, ours), others)) = means.split_first() else { return Vec::new() };
    let mut figures = Vec::new();
    for (name, better) in names {
        let Some(value) = ours.get(name) else { continue };
        let mut figure = Figure::new(format!("{prefix}.{name}"), value, "");
        for (tool, means) in others {
            let Some(theirs) = means.get(name) else { continue };
            figure = figure.beside(tool, theirs);
            if tool == TOOLS[0] {
                figure = match better {
                    Better::More => figure.at_least(theirs),
                    Better::Less => figure.at_most(theirs),
                };
            }
        }
        figures.push(figure);
    }
    figures
}

/// Token recall, precision and order on PDFs with the document that they were made from. `each` gets the four for
/// every file.
pub(crate) fn pdf_truth(data: &Path, tools: &[Texts], each: bool) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for (set, truths) in [("reactive-resume", reactive_truths(data)?), ("rendercv", rendercv_truths(data)?)] {
        let mut means = Vec::new();
        for texts in tools {
            let mut mean = Means::default();
            for (path, truth) in &truths {
                let found = tokens(texts.get(path));
                let values = [
                    ("recall", recall(truth, &found)),
                    ("precision", recall(&found, truth)),
                    ("local_order", recall(&pairs(truth), &pairs(&found))),
                    ("order", order_similarity(truth, &found)),
                ];
                values.iter().for_each(|(name, value)| mean.add(name, *value));
                if each {
                    eprintln!("{:12} {values:.3?} {}", texts.tool, path.display());
                }
            }
            means.push((texts.tool.clone(), mean));
        }
        let mut names =
            vec![("recall", Better::More), ("precision", Better::More), ("local_order", Better::More)];
        // The JSON of the first set is not in the order of its pages.
        if set == "rendercv" {
            names.push(("order", Better::More));
        }
        figures.extend(compared(&means, &names, &format!("extract.pdf_truth.{set}")));
    }
    Ok(figures)
}

type Truths = Vec<(PathBuf, Vec<String>)>;

fn reactive_truths(data: &Path) -> Result<Truths, String> {
    let folder = data.join("pdf-truth/reactive-resume");
    let mut truths = Vec::new();
    for path in files(&folder.join("json"), &[".json"]) {
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let value: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut strings = String::new();
        flatten(&value, &mut strings);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        truths.push((folder.join(format!("pdf/{name}.pdf")), tokens(&strings)));
    }
    Ok(truths)
}

fn rendercv_truths(data: &Path) -> Result<Truths, String> {
    let folder = data.join("pdf-truth/rendercv/testdata");
    let mut truths = Vec::new();
    for path in files(&folder, &[".pdf"]) {
        let kind = if path.to_string_lossy().contains("_full") { "full.md" } else { "minimal.md" };
        let text = std::fs::read_to_string(folder.join(kind)).map_err(|error| error.to_string())?;
        truths.push((path, tokens(&without_targets(&text))));
    }
    Ok(truths)
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
pub(crate) fn text_truth(data: &Path, tools: &[Texts], each: bool) -> Vec<Figure> {
    let mut means = Vec::new();
    for texts in tools {
        let mut mean = Means::default();
        for path in files(&data.join("text-truth"), &[".pdf"]) {
            let text = texts.get(&path);
            let found = tokens(text);
            let (mut rate, mut hit, mut order) = (1.0_f64, 0.0_f64, 0.0_f64);
            for ending in [".txt", "-sorted.txt"] {
                let Ok(bytes) = std::fs::read(format!("{}{ending}", path.display())) else { continue };
                let truth = String::from_utf8_lossy(&bytes);
                let truth_tokens = tokens(&truth);
                rate = rate.min(character_error_rate(&truth, text));
                hit = hit.max(recall(&truth_tokens, &found));
                order = order.max(order_similarity(&truth_tokens, &found));
            }
            let values = [("character_error_rate", rate), ("recall", hit), ("order", order)];
            values.iter().for_each(|(name, value)| mean.add(name, *value));
            if each {
                eprintln!("{:12} {values:.3?} {}", texts.tool, path.display());
            }
        }
        means.push((texts.tool.clone(), mean));
    }
    let names = [("character_error_rate", Better::Less), ("recall", Better::More), ("order", Better::More)];
    compared(&means, &names, "extract.text_truth")
}

/// Token F1 between formats of one resume: the mean over pairs.
pub(crate) fn formats(data: &Path) -> Vec<Figure> {
    let f1 = |a: &Path, b: &Path| {
        let (a, b) = (tokens(&extract(a)), tokens(&extract(b)));
        let (recall, precision) = (recall(&a, &b), recall(&b, &a));
        2.0 * recall * precision / (recall + precision).max(1e-9)
    };
    let mut values = Vec::new();
    for docx in files(&data.join("pairs"), &[".docx"]) {
        let pdf = docx.with_extension("pdf");
        if pdf.is_file() {
            values.push(f1(&docx, &pdf));
        }
    }
    let resume = data.join("formats/hackmyresume/resume.txt");
    if resume.is_file() {
        values.extend(["pdf", "md"].map(|ending| f1(&resume, &resume.with_extension(ending))));
    }
    if values.is_empty() {
        return Vec::new();
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    vec![Figure::new("extract.formats.token_f1", mean, "")]
}
