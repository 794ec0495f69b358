//! Compiles the taxonomy's lines into the tables that finding reads (docs/decisions/0037). The build script runs it, so that
//! loading costs nothing and a mistake in a file fails the build; the tests run it on small taxonomies.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Kind;
use super::format::{RawEntry, TaxonomyProblem, read_file};
use super::index::{self, Name, key};
use super::normalise::tokenise;

/// A taxonomy as tables.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) entries: Vec<Entry>,
    pub(super) patterns: Vec<CompiledPattern>,
    pub(super) index: Tables,
}

/// One skill; skills are named by their position.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
    pub(super) kind: Kind,
    /// Everything implied at any distance, in order.
    pub(super) implies: Vec<u32>,
    /// Neighbours, in order.
    pub(super) related: Vec<u32>,
    /// Normalised keys, see [`index::key`].
    pub(super) cues: Vec<String>,
    /// Normalised keys.
    pub(super) never: Vec<String>,
}

/// One name of a skill.
#[derive(Debug)]
pub(super) struct CompiledPattern {
    pub(super) skill: u32,
    pub(super) name: Name,
}

/// The trie of names; see [`index::NameIndex`] for what each table holds.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) words: Vec<String>,
    pub(super) slots: Vec<u32>,
    pub(super) root: Vec<u32>,
    pub(super) edge_starts: Vec<u32>,
    pub(super) edge_words: Vec<u32>,
    pub(super) edge_nodes: Vec<u32>,
    pub(super) output_starts: Vec<u32>,
    pub(super) outputs: Vec<u32>,
}

/// Compiles `(domain, file, text)`; mistakes are added to `problems` and their lines left out.
pub(super) fn compile(
    files: &[(&'static str, &'static str, &'static str)],
    problems: &mut Vec<TaxonomyProblem>,
) -> Compiled {
    let mut raw = Vec::new();
    for (domain, file, text) in files {
        raw.extend(read_file(domain, file, text, problems));
    }
    let by_name = index_names(&raw, problems);
    let entries = resolve(&raw, &by_name, problems);
    let (keys, patterns) = patterns(&raw, &by_name, problems);
    Compiled { entries, patterns, index: build_tables(&keys) }
}

fn problem(entry: &RawEntry, message: String) -> TaxonomyProblem {
    TaxonomyProblem { file: entry.file.to_owned(), line: entry.line, message }
}

fn index_names(entries: &[RawEntry], problems: &mut Vec<TaxonomyProblem>) -> HashMap<&'static str, u32> {
    let mut by_name = HashMap::with_capacity(entries.len());
    for (id, entry) in (0..).zip(entries) {
        let Some(name) = entry.names.first() else { continue };
        if by_name.insert(name.text, id).is_some() {
            let message = format!("{:?} is the name of an earlier entry; merge the two lines", name.text);
            problems.push(problem(entry, message));
        }
    }
    by_name
}

fn resolve(
    raw: &[RawEntry],
    by_name: &HashMap<&'static str, u32>,
    problems: &mut Vec<TaxonomyProblem>,
) -> Vec<Entry> {
    let mut lookup = |entry: &RawEntry, names: &[&'static str]| -> BTreeSet<u32> {
        let mut ids = BTreeSet::new();
        for name in names {
            match by_name.get(name) {
                Some(id) => drop(ids.insert(*id)),
                None => problems
                    .push(problem(entry, format!("{name:?} is no entry; add one or use the canonical name"))),
            }
        }
        ids
    };
    let nearest: Vec<BTreeSet<u32>> = raw.iter().map(|entry| lookup(entry, &entry.implies)).collect();
    let mut related: Vec<BTreeSet<u32>> = raw.iter().map(|entry| lookup(entry, &entry.related)).collect();
    for (id, neighbours) in (0..).zip(related.clone()) {
        for neighbour in neighbours {
            if let Some(back) = related.get_mut(neighbour as usize) {
                back.insert(id);
            }
        }
    }
    let mut entries = Vec::with_capacity(raw.len());
    for ((id, entry), related) in (0..).zip(raw).zip(related) {
        let implies = closure(id, &nearest);
        if implies.contains(&id) {
            problems.push(problem(entry, "implies itself by a circle; remove one of the links".to_owned()));
        }
        entries.push(Entry {
            name: entry.names.first().map_or("", |name| name.text),
            domain: entry.domain,
            kind: entry.kind,
            implies: implies.into_iter().filter(|implied| *implied != id).collect(),
            related: related.into_iter().filter(|neighbour| *neighbour != id).collect(),
            cues: entry.cues.iter().map(|cue| key(&tokenise(cue))).collect(),
            never: entry.never.iter().map(|phrase| key(&tokenise(phrase))).collect(),
        });
    }
    entries
}

/// Everything reachable from `id`, itself included only by a circle.
fn closure(id: u32, nearest: &[BTreeSet<u32>]) -> BTreeSet<u32> {
    let mut reached = BTreeSet::new();
    let mut open = vec![id];
    while let Some(at) = open.pop() {
        for next in nearest.get(at as usize).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(*next);
            }
        }
    }
    reached
}

fn patterns(
    entries: &[RawEntry],
    by_name: &HashMap<&'static str, u32>,
    problems: &mut Vec<TaxonomyProblem>,
) -> (Vec<(String, u32)>, Vec<CompiledPattern>) {
    let (mut keys, mut patterns) = (Vec::new(), Vec::new());
    let mut owners: HashMap<String, (u32, bool)> = HashMap::new();
    for entry in entries {
        let Some(id) = entry.names.first().and_then(|name| by_name.get(name.text)) else { continue };
        for name in strictest(&entry.names) {
            let number = patterns.len() as u32;
            let mut used = false;
            for key in spellings(&name) {
                if let Some((owner, ambiguous)) = owners.get(&key) {
                    if owner == id && !name.exact_case {
                        continue;
                    }
                    if owner != id && !(*ambiguous && name.needs_support) {
                        let message = format!(
                            "{:?} is also a name of another entry; mark it with `?` in both or remove one",
                            name.text
                        );
                        problems.push(problem(entry, message));
                    }
                }
                if name.text.chars().count() < 2 && !name.needs_support {
                    let message = format!("{:?} is one letter; mark it with `=?`", name.text);
                    problems.push(problem(entry, message));
                }
                owners.insert(key.clone(), (*id, name.needs_support));
                keys.push((key, number));
                used = true;
            }
            if used {
                patterns.push(CompiledPattern { skill: *id, name });
            }
        }
    }
    (keys, patterns)
}

/// The names, each once, with the marks of all that differ from it in spelling only: in `Zoom | tool | =?Zoom` the canonical
/// name needs support as well.
fn strictest(names: &[Name]) -> Vec<Name> {
    let mut marks: HashMap<String, (bool, bool)> = HashMap::new();
    for name in names {
        let own = marks.entry(key(&tokenise(name.text))).or_default();
        *own = (own.0 || name.exact_case, own.1 || name.needs_support);
    }
    let mut strictest: Vec<Name> = Vec::with_capacity(names.len());
    for name in names {
        let (exact_case, needs_support) = marks.get(&key(&tokenise(name.text))).copied().unwrap_or_default();
        if !strictest.iter().any(|known| known.text == name.text) {
            strictest.push(Name { text: name.text, exact_case, needs_support });
        }
    }
    strictest
}

/// The key of a name, and of its plural where the last word is written as a common noun.
fn spellings(name: &Name) -> Vec<String> {
    let tokens = tokenise(name.text);
    let mut spellings = vec![key(&tokens)];
    let last = name.text.rsplit([' ', '-', '/']).next().unwrap_or_default();
    let common = last.len() > 2 && last.chars().all(|c| c.is_ascii_lowercase());
    if common && !name.exact_case && !last.ends_with('s') && !last.ends_with("ing") {
        let base = key(&tokens);
        let base = base.trim_end();
        let plural = match base.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies "),
            _ if base.ends_with(['x', 'z']) || base.ends_with("ch") || base.ends_with("sh") => {
                format!("{base}es ")
            }
            _ => format!("{base}s "),
        };
        spellings.push(plural);
    }
    spellings
}

/// The trie of `(key, number of the pattern)`.
fn build_tables(keys: &[(String, u32)]) -> Tables {
    let words: BTreeSet<&str> = keys.iter().flat_map(|(key, _)| key.split_whitespace()).collect();
    let ids: HashMap<&str, u32> = words.iter().copied().zip(0..).collect();
    let mut children: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new()];
    let mut outputs: Vec<Vec<u32>> = vec![Vec::new()];
    for (key, pattern) in keys {
        let mut node = 0_usize;
        for word in key.split_whitespace() {
            let (Some(id), next) = (ids.get(word), children.len()) else { continue };
            let Some(own) = children.get_mut(node) else { continue };
            node = *own.entry(*id).or_insert(next as u32) as usize;
            if node == next {
                children.push(BTreeMap::new());
                outputs.push(Vec::new());
            }
        }
        if let Some(own) = outputs.get_mut(node) {
            own.push(*pattern);
        }
    }
    let mut tables = Tables {
        slots: index::hash_slots(&words.iter().copied().collect::<Vec<_>>()),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Tables::default()
    };
    let first = children.first().cloned().unwrap_or_default();
    tables.root = (0..words.len() as u32).map(|word| first.get(&word).copied().unwrap_or_default()).collect();
    for (node, (children, outputs)) in children.iter().zip(&outputs).enumerate() {
        tables.edge_starts.push(tables.edge_words.len() as u32);
        tables.output_starts.push(tables.outputs.len() as u32);
        tables.outputs.extend(outputs);
        // The first words have a table of their own, by word.
        for (word, child) in children.iter().filter(|_| node > 0) {
            tables.edge_words.push(*word);
            tables.edge_nodes.push(*child);
        }
    }
    tables.edge_starts.push(tables.edge_words.len() as u32);
    tables.output_starts.push(tables.outputs.len() as u32);
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::index::NameIndex;
    use crate::skills::taxonomy::{Pattern, Skill};
    use crate::skills::{Relation, SkillId, Taxonomy};

    fn read(text: &'static str) -> (Taxonomy, Vec<String>) {
        let mut problems = Vec::new();
        let compiled = compile(&[("test", "test.txt", text)], &mut problems);
        (taxonomy(compiled), problems.iter().map(ToString::to_string).collect())
    }

    /// A taxonomy of tables that live as long as the test process.
    fn taxonomy(compiled: Compiled) -> Taxonomy {
        let ids = |ids: Vec<u32>| &*ids.into_iter().map(SkillId).collect::<Vec<_>>().leak();
        let texts = |texts: Vec<String>| {
            &*texts.into_iter().map(|text| &*text.leak()).collect::<Vec<&'static str>>().leak()
        };
        let skills = compiled.entries.into_iter().map(|entry| Skill {
            name: entry.name,
            domain: entry.domain,
            kind: entry.kind,
            implies: ids(entry.implies),
            related: ids(entry.related),
            cues: texts(entry.cues),
            never: texts(entry.never),
        });
        let patterns = compiled
            .patterns
            .into_iter()
            .map(|pattern| Pattern { skill: SkillId(pattern.skill), name: pattern.name });
        let tables = compiled.index;
        let index = NameIndex {
            words: texts(tables.words),
            slots: tables.slots.leak(),
            root: tables.root.leak(),
            edge_starts: tables.edge_starts.leak(),
            edge_words: tables.edge_words.leak(),
            edge_nodes: tables.edge_nodes.leak(),
            output_starts: tables.output_starts.leak(),
            outputs: tables.outputs.leak(),
        };
        Taxonomy::new(skills.collect::<Vec<_>>().leak(), patterns.collect::<Vec<_>>().leak(), index, "test")
    }

    #[test]
    fn implication_is_followed_all_the_way_up() {
        let (taxonomy, problems) =
            read("EKS | tool | | Kubernetes\nKubernetes | tool | k8s | Containers\nContainers | domain");
        assert_eq!(problems, Vec::<String>::new());
        let id = |name| taxonomy.by_name(name).unwrap();
        assert_eq!(taxonomy.relation(id("EKS"), id("Containers")), Relation::Implies);
        assert_eq!(taxonomy.relation(id("Containers"), id("EKS")), Relation::ImpliedBy);
        assert_eq!(taxonomy.relation(id("EKS"), id("EKS")), Relation::Same);
    }

    #[test]
    fn neighbours_work_both_ways() {
        let (taxonomy, _) = read("MySQL | tool | | | Postgres\nPostgres | tool\nRedis | tool");
        let id = |name| taxonomy.by_name(name).unwrap();
        assert_eq!(taxonomy.relation(id("Postgres"), id("MySQL")), Relation::Related);
        assert_eq!(taxonomy.relation(id("Postgres"), id("Redis")), Relation::None);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            ("A b | tool\nA b | tool", "name of an earlier entry"),
            ("Aa | tool | Bb\nCc | tool | bb", "also a name of another entry"),
            ("Aa | tool | | Zz", "\"Zz\" is no entry"),
            ("Aa | tool | | Bb\nBb | tool | | Aa", "implies itself"),
            ("A | tool", "is one letter"),
        ] {
            let (_, problems) = read(text);
            assert!(problems.iter().any(|problem| problem.contains(message)), "{text:?}: {problems:?}");
        }
        let (_, problems) = read("Aa | tool | ?Bb\nCc | tool | ?Bb");
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn names_run_over_several_words_and_share_their_beginnings() {
        let (taxonomy, _) = read("Data | domain\nData base | domain\nData base design | domain");
        let names: Vec<&str> =
            taxonomy.find("data base designs, data").iter().map(|mention| mention.canonical).collect();
        assert_eq!(names, ["Data base design", "Data"]);
    }
}
