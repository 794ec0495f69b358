//! Ligatures of fonts that do not say what their glyphs mean.
//!
//! Old TeX fonts draw `fi` by a code without a Unicode value. Such codes come as placeholders, one for each font and
//! code; the words they stand in tell what they are, since one code is one shape wherever its font is used.

use std::collections::BTreeMap;

use crate::extract::builder::{RawBlock, Run};

/// The first of the placeholder characters; the range is private use and never comes from a file unchanged.
const FIRST: u32 = 0x10_0000;
/// Placeholders that one page may have.
const MOST: u32 = 4_096;

/// Stems of common words with each ligature: English first, and what the Romance and Germanic languages share.
const STEMS: &[(&str, &[&str])] = &[
    (
        "fi",
        &[
            "scientif", "specif", "certif", "identif", "defin", "config", "profil", "financ", "finanz",
            "final", "first", "field", "find", "file", "five", "firm", "fix", "qualif", "benefi", "verif",
            "classif", "signif", "artifi", "confirm", "infinit", "fill", "film", "finish", "modif", "notif",
            "simplif", "unif", "fiber", "fiction", "profici", "confid", "fitness", "filter", "ofici",
            "cientif", "grafi", "fich", "defic", "magnif", "justif",
        ],
    ),
    (
        "fl",
        &[
            "flexib", "flow", "reflect", "influen", "conflict", "fluen", "flask", "float", "flag", "flight",
            "floor", "flutter", "flat", "inflat", "flor", "fleet", "reflex", "pfleg", "pflicht", "flüss",
        ],
    ),
    (
        "ff",
        &[
            "differ",
            "effect",
            "effekt",
            "effort",
            "offer",
            "staff",
            "affair",
            "affect",
            "afford",
            "buffer",
            "coffee",
            "suffer",
            "offen",
            "schaff",
            "chauffeur",
            "coiff",
            "offre",
            "effet",
            "tariff",
            "stoff",
            "off-",
        ],
    ),
    (
        "ffi",
        &[
            "efficien",
            "effizien",
            "offic",
            "offiz",
            "traffic",
            "sufficien",
            "difficult",
            "affili",
            "effica",
            "graffiti",
        ],
    ),
    ("ffl", &["affluen", "offline", "waffle", "baffl", "offload"]),
];

/// The placeholder of the `index`th font and code of a page.
pub(super) fn placeholder(index: usize) -> Option<char> {
    u32::try_from(index).ok().filter(|index| *index < MOST).and_then(|index| char::from_u32(FIRST + index))
}

fn is_placeholder(c: char) -> bool {
    (FIRST..FIRST + MOST).contains(&u32::from(c))
}

/// Puts ligatures where the words around placeholders tell them. What stays unknown is left for cleaning to drop.
pub(super) fn resolve(blocks: &mut [RawBlock]) {
    let mut words: BTreeMap<char, Vec<String>> = BTreeMap::new();
    for run in runs(blocks) {
        for word in run.text.split(|c: char| !(c.is_alphabetic() || c == '-' || is_placeholder(c))) {
            if !word.chars().any(char::is_alphabetic) {
                continue;
            }
            for c in word.chars().filter(|c| is_placeholder(*c)) {
                words.entry(c).or_default().push(word.to_lowercase());
            }
        }
    }
    let known: BTreeMap<char, &str> =
        words.iter().filter_map(|(c, words)| Some((*c, best(*c, words)?))).collect();
    if known.is_empty() {
        return;
    }
    for run in runs(blocks) {
        if run.text.contains(|c| known.contains_key(&c)) {
            let mut text = String::with_capacity(run.text.len() + 8);
            for c in run.text.chars() {
                match known.get(&c) {
                    Some(ligature) => text.push_str(ligature),
                    None => text.push(c),
                }
            }
            run.text = text;
        }
    }
}

fn runs(blocks: &mut [RawBlock]) -> impl Iterator<Item = &mut Run> {
    blocks.iter_mut().flat_map(|block| &mut block.lines).flat_map(|line| &mut line.runs)
}

/// The ligature that makes the most known words; `None` when none makes any.
fn best(c: char, words: &[String]) -> Option<&'static str> {
    let score = |ligature: &str, stems: &[&str]| -> usize {
        words
            .iter()
            .map(|word| word.replace(c, ligature))
            .flat_map(|word| stems.iter().filter(|stem| word.contains(**stem)).map(|stem| stem.len()).max())
            .sum()
    };
    let scored = STEMS.iter().map(|(ligature, stems)| (score(ligature, stems), *ligature));
    scored.filter(|(score, _)| *score > 0).max_by_key(|(score, _)| *score).map(|(_, ligature)| ligature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind;

    #[test]
    fn words_tell_which_ligature_a_code_draws() {
        let (a, b, icon) = (placeholder(0).unwrap(), placeholder(1).unwrap(), placeholder(2).unwrap());
        let text = format!("scienti{a}c {a}eld o{b}ce e{b}cient {icon} mail de{a}ned");
        let mut blocks = [RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain(text)])];
        resolve(&mut blocks);
        assert_eq!(
            blocks[0].lines[0].runs[0].text,
            format!("scientific field office efficient {icon} mail defined")
        );
    }
}
