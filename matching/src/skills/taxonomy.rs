//! The taxonomy in memory: entries with their names resolved, and the automaton that finds them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use sha2::{Digest, Sha256};

use super::Kind;
use super::format::{RawEntry, RawName, TaxonomyProblem, read_file};
use super::normalise::{Gap, Token, tokenise};

/// Number of a skill within one version of the taxonomy; across versions use [`Skill::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SkillId(pub(super) u32);

/// One skill.
#[derive(Debug)]
pub struct Skill {
    /// Canonical name, unique.
    pub name: &'static str,
    /// The file that lists it, without `.txt`.
    pub domain: &'static str,
    /// What kind of skill it is.
    pub kind: Kind,
    /// Everything that it implies, at any distance, in order of number.
    pub implies: Vec<SkillId>,
    /// Its neighbours, named in either of the two lines.
    pub related: Vec<SkillId>,
    pub(super) cues: Vec<String>,
    pub(super) never: Vec<String>,
}

/// How one skill stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They are one.
    Same,
    /// Whoever has the first has the second.
    Implies,
    /// Whoever has the second has the first: the first is the wider one.
    ImpliedBy,
    /// Neighbours.
    Related,
    /// Nothing is said about them.
    None,
}

/// A name as the automaton knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    pub(super) skill: SkillId,
    pub(super) name: RawName,
}

/// All skills, and the means to find them.
#[derive(Debug)]
pub struct Taxonomy {
    pub(super) skills: Vec<Skill>,
    pub(super) by_name: HashMap<&'static str, SkillId>,
    pub(super) automaton: Option<AhoCorasick>,
    pub(super) patterns: Vec<Pattern>,
    /// Names of one word, to tell "python3" (Python, version 3) from names that end in a digit.
    pub(super) single_words: HashSet<String>,
    version: String,
}

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/taxonomy_files.rs"));

impl Taxonomy {
    /// The taxonomy that this version of the crate carries; read at the first call.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Taxonomy> = OnceLock::new();
        // Mistakes in the files fail the tests; a line with a mistake would be left out here.
        BUILTIN.get_or_init(|| Self::read(FILES, &mut Vec::new()))
    }

    #[cfg(test)]
    pub(super) fn read_builtin() -> Self {
        Self::read(FILES, &mut Vec::new())
    }

    /// Reads `(domain, text)` files; mistakes are added to `problems` and their lines left out.
    pub(super) fn read(files: &[(&'static str, &'static str)], problems: &mut Vec<TaxonomyProblem>) -> Self {
        let mut entries = Vec::new();
        let mut hash = Sha256::new();
        for (domain, text) in files {
            hash.update(domain.as_bytes());
            hash.update(text.as_bytes());
            entries.extend(read_file(domain, text, problems));
        }
        let digest = hash.finalize();
        let version = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let by_name = index_names(&entries, problems);
        let skills = resolve(&entries, &by_name, problems);
        let (keys, patterns) = patterns(&entries, &by_name, problems);
        let single_words =
            keys.iter().filter(|key| !key.trim().contains(' ')).map(|key| key.trim().to_owned()).collect();
        // Building fails only beyond limits that the tests would show: too many or too long names.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&keys)
            .map_err(|error| problems.push(problem("", 0, format!("names cannot be indexed: {error}"))))
            .ok();
        Self { skills, by_name, automaton, patterns, single_words, version }
    }

    /// First 16 hexadecimal digits of the SHA-256 of the files.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many skills there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.skills.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    /// The skill of that number, if this taxonomy gave the number.
    #[must_use]
    pub fn get(&self, id: SkillId) -> Option<&Skill> {
        self.skills.get(id.0 as usize)
    }

    /// The skill of that canonical name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<SkillId> {
        self.by_name.get(name).copied()
    }

    /// Every skill with its number, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SkillId, &Skill)> {
        (0..).map(SkillId).zip(&self.skills)
    }

    /// How `a` stands to `b`.
    #[must_use]
    pub fn relation(&self, a: SkillId, b: SkillId) -> Relation {
        if a == b {
            return Relation::Same;
        }
        let (Some(first), Some(second)) = (self.get(a), self.get(b)) else { return Relation::None };
        if first.implies.binary_search(&b).is_ok() {
            Relation::Implies
        } else if second.implies.binary_search(&a).is_ok() {
            Relation::ImpliedBy
        } else if first.related.binary_search(&b).is_ok() {
            Relation::Related
        } else {
            Relation::None
        }
    }
}

fn problem(domain: &str, line: usize, message: String) -> TaxonomyProblem {
    TaxonomyProblem { domain: domain.to_owned(), line, message }
}

fn index_names(entries: &[RawEntry], problems: &mut Vec<TaxonomyProblem>) -> HashMap<&'static str, SkillId> {
    let mut by_name = HashMap::with_capacity(entries.len());
    for (id, entry) in (0..).map(SkillId).zip(entries) {
        let Some(name) = entry.names.first() else { continue };
        if by_name.insert(name.text, id).is_some() {
            let message = format!("{:?} is the name of an earlier entry; merge the two lines", name.text);
            problems.push(problem(entry.domain, entry.line, message));
        }
    }
    by_name
}

fn resolve(
    entries: &[RawEntry],
    by_name: &HashMap<&'static str, SkillId>,
    problems: &mut Vec<TaxonomyProblem>,
) -> Vec<Skill> {
    let mut lookup = |entry: &RawEntry, names: &[&'static str]| -> BTreeSet<SkillId> {
        let mut ids = BTreeSet::new();
        for name in names {
            match by_name.get(name) {
                Some(id) => drop(ids.insert(*id)),
                None => problems.push(problem(
                    entry.domain,
                    entry.line,
                    format!("{name:?} is no entry; add one or use the canonical name"),
                )),
            }
        }
        ids
    };
    let nearest: Vec<BTreeSet<SkillId>> = entries.iter().map(|entry| lookup(entry, &entry.implies)).collect();
    let mut related: Vec<BTreeSet<SkillId>> =
        entries.iter().map(|entry| lookup(entry, &entry.related)).collect();
    for (id, neighbours) in (0..).map(SkillId).zip(related.clone()) {
        for neighbour in neighbours {
            if let Some(back) = related.get_mut(neighbour.0 as usize) {
                back.insert(id);
            }
        }
    }
    let mut skills = Vec::with_capacity(entries.len());
    for ((id, entry), related) in (0..).map(SkillId).zip(entries).zip(related) {
        let implies = closure(id, &nearest);
        if implies.contains(&id) {
            let message = "implies itself by a circle; remove one of the links".to_owned();
            problems.push(problem(entry.domain, entry.line, message));
        }
        skills.push(Skill {
            name: entry.names.first().map_or("", |name| name.text),
            domain: entry.domain,
            kind: entry.kind,
            implies: implies.into_iter().filter(|implied| *implied != id).collect(),
            related: related.into_iter().filter(|neighbour| *neighbour != id).collect(),
            cues: entry.cues.iter().map(|cue| key(&tokenise(cue))).collect(),
            never: entry.never.iter().map(|phrase| key(&tokenise(phrase))).collect(),
        });
    }
    skills
}

/// Everything reachable from `id`, itself included only by a circle.
fn closure(id: SkillId, nearest: &[BTreeSet<SkillId>]) -> BTreeSet<SkillId> {
    let mut reached = BTreeSet::new();
    let mut open = vec![id];
    while let Some(at) = open.pop() {
        for next in nearest.get(at.0 as usize).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(*next);
            }
        }
    }
    reached
}

/// The automaton's key of some tokens: words between single spaces, `\u{1}` where an item ends.
pub(super) fn key(tokens: &[Token]) -> String {
    let mut key = String::new();
    for (index, token) in tokens.iter().enumerate() {
        if index > 0 && token.gap > Gap::None {
            key.push_str(" \u{1}");
        }
        key.push(' ');
        key.push_str(&token.text);
    }
    key.push(' ');
    key
}

fn patterns(
    entries: &[RawEntry],
    by_name: &HashMap<&'static str, SkillId>,
    problems: &mut Vec<TaxonomyProblem>,
) -> (Vec<String>, Vec<Pattern>) {
    let (mut keys, mut patterns) = (Vec::new(), Vec::new());
    let mut owners: HashMap<String, (SkillId, bool)> = HashMap::new();
    for entry in entries {
        let Some(id) = entry.names.first().and_then(|name| by_name.get(name.text)) else { continue };
        for name in &entry.names {
            for key in spellings(name) {
                if let Some((owner, ambiguous)) = owners.get(&key) {
                    if owner == id {
                        continue;
                    }
                    if !(*ambiguous && name.needs_support) {
                        let message = format!(
                            "{:?} is also a name of another entry; mark it with `?` in both or remove one",
                            name.text
                        );
                        problems.push(problem(entry.domain, entry.line, message));
                    }
                }
                if name.text.chars().count() < 2 && !name.needs_support {
                    let message = format!("{:?} is one letter; mark it with `=?`", name.text);
                    problems.push(problem(entry.domain, entry.line, message));
                }
                owners.insert(key.clone(), (*id, name.needs_support));
                keys.push(key);
                patterns.push(Pattern { skill: *id, name: *name });
            }
        }
    }
    (keys, patterns)
}

/// The key of a name, and of its plural where the last word is written as a common noun.
fn spellings(name: &RawName) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> (Taxonomy, Vec<String>) {
        let mut problems = Vec::new();
        let taxonomy = Taxonomy::read(&[("test", text)], &mut problems);
        (taxonomy, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_builtin_files_are_without_mistakes() {
        let mut problems = Vec::new();
        let taxonomy = Taxonomy::read(FILES, &mut problems);
        assert_eq!(problems, []);
        assert!(taxonomy.len() > 500, "{} skills", taxonomy.len());
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
    fn the_version_changes_with_the_text() {
        assert_ne!(read("Aa | tool").0.version(), read("Ab | tool").0.version());
        assert_eq!(Taxonomy::builtin().version().len(), 16);
    }
}
