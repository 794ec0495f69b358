//! Precision and recall on sentences with ambiguous words (`matching/tests/ambiguous`).

use std::error::Error;
use std::fs;
use std::path::Path;

use matching::skills::{Relation, Taxonomy};

use crate::Figure;

/// A labelled sentence.
#[derive(Debug)]
struct Sentence<'a> {
    /// The skill that an ambiguous word of the sentence may name.
    skill: &'a str,
    /// Whether it does.
    meant: bool,
    text: &'a str,
}

/// Figures for the sentences that rules were written with and those that were held out.
pub(crate) fn figures(details: bool) -> Result<Vec<Figure>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ambiguous");
    let taxonomy = Taxonomy::builtin();
    let mut figures = Vec::new();
    let mut total = (0, 0, 0, 0);
    for set in ["tuned", "held-out"] {
        let path = folder.join(format!("{set}.txt"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (mut right, mut found, mut meant, mut sentences) = (0, 0, 0, 0);
        for sentence in text.lines().filter_map(read) {
            let hit = finds(taxonomy, sentence.text, sentence.skill);
            right += usize::from(hit && sentence.meant);
            found += usize::from(hit);
            meant += usize::from(sentence.meant);
            sentences += 1;
            if details && hit != sentence.meant && set == "tuned" {
                eprintln!("{} {}: {}", if hit { "wrong" } else { "missed" }, sentence.skill, sentence.text);
            }
        }
        figures.push(Figure::share(&format!("ambiguous-{set}-precision"), ratio(right, found), Some(0.98)));
        figures.push(Figure::share(&format!("ambiguous-{set}-recall"), ratio(right, meant), None));
        total = (total.0 + right, total.1 + found, total.2 + meant, total.3 + sentences);
    }
    figures.push(Figure::share("ambiguous-precision", ratio(total.0, total.1), Some(0.98)));
    figures.push(Figure::share("ambiguous-recall", ratio(total.0, total.2), None));
    if details {
        eprintln!("{} labelled sentences", total.3);
    }
    Ok(figures)
}

/// Whether the skill is found, or one that implies it ("SAP MM" is SAP).
fn finds(taxonomy: &Taxonomy, text: &str, skill: &str) -> bool {
    let wanted = taxonomy.by_name(skill);
    taxonomy.find(text).iter().any(|mention| {
        wanted.is_some_and(|wanted| {
            matches!(taxonomy.relation(mention.skill, wanted), Relation::Same | Relation::Implies)
        })
    })
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// `+ Skill | sentence` or `- Skill | sentence`.
fn read(line: &str) -> Option<Sentence<'_>> {
    let (label, text) = line.split_once(" | ")?;
    let (sign, skill) = label.split_once(' ')?;
    Some(Sentence { skill, meant: sign == "+", text })
}
