//! Whether O*NET's technologies are known by the names that O*NET gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use matching::skills::Taxonomy;

use crate::Figure;

/// The figures; with `details` the unknown names go to standard error.
pub(crate) fn figures(folder: &Path, details: bool) -> Result<Vec<Figure>, Box<dyn Error>> {
    let taxonomy = Taxonomy::builtin();
    let path = folder.join("onet/Technology Skills.txt");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (mut wanted, mut all) = (BTreeSet::new(), BTreeSet::new());
    // Of each major group (the first two digits of the occupation's code): rows, and rows recognised.
    let mut groups: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [code, name, _, _, hot, demanded] = columns.as_slice() else { continue };
        all.insert(*name);
        if *hot == "Y" || *demanded == "Y" {
            wanted.insert(*name);
        }
        let group = groups.entry(code.get(..2).unwrap_or_default()).or_default();
        group.0 += 1;
        group.1 += u32::from(recognised(taxonomy, name));
    }
    let unknown: Vec<&str> = wanted.iter().copied().filter(|name| !recognised(taxonomy, name)).collect();
    if details {
        for name in &unknown {
            eprintln!("not recognised: {name}");
        }
    }
    let share = |known: usize, of: usize| known as f64 / of.max(1) as f64;
    let lowest =
        groups.values().map(|(rows, known)| f64::from(*known) / f64::from(*rows)).fold(1.0, f64::min);
    Ok(vec![
        Figure::share(
            "onet-hot-and-in-demand",
            share(wanted.len() - unknown.len(), wanted.len()),
            Some(0.95),
        ),
        Figure::share(
            "onet-all-technologies",
            share(all.iter().filter(|name| recognised(taxonomy, name)).count(), all.len()),
            None,
        ),
        Figure::share("onet-lowest-of-the-major-groups", lowest, None),
        Figure {
            name: "skills.entries".to_owned(),
            value: taxonomy.len() as f64,
            unit: "entries",
            baselines: BTreeMap::new(),
            target: Some(6000.0),
            met: Some(taxonomy.len() >= 6000),
        },
        Figure {
            name: "skills.onet-major-groups".to_owned(),
            value: groups.len() as f64,
            // The 23rd, military, has no technologies in O*NET's file.
            unit: "groups",
            baselines: BTreeMap::new(),
            target: None,
            met: None,
        },
    ])
}

/// Whether a plain list of skills that holds the name gives a skill for it: one that covers the name's distinctive part, that is,
/// most of its letters when words like "software" are left out.
fn recognised(taxonomy: &Taxonomy, name: &str) -> bool {
    const PLAIN: [&str; 9] = [
        "software",
        "system",
        "systems",
        "program",
        "programs",
        "services",
        "application",
        "technologies",
        "the",
    ];
    let introduction = "Skills: ";
    let text = format!("{introduction}{name}");
    let mentions = taxonomy.find(&text);
    let mut letters = 0;
    let mut covered = 0;
    for word in text.get(introduction.len()..).unwrap_or_default().split_whitespace() {
        if PLAIN.contains(&word.to_ascii_lowercase().as_str()) {
            continue;
        }
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        letters += word.len();
        if mentions.iter().any(|mention| mention.span.start < start + word.len() && mention.span.end > start)
        {
            covered += word.len();
        }
    }
    2 * covered >= letters && !mentions.is_empty()
}
