//! Reads the taxonomy's line format (docs/taxonomy.md) into raw entries, naming file and line of every mistake.

use super::Kind;
use super::index::Name;

/// One line of a taxonomy file, names not yet resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawEntry {
    pub(super) domain: &'static str,
    pub(super) file: &'static str,
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// The canonical name first, then the aliases.
    pub(super) names: Vec<Name>,
    pub(super) implies: Vec<&'static str>,
    pub(super) related: Vec<&'static str>,
    pub(super) cues: Vec<&'static str>,
    pub(super) never: Vec<&'static str>,
}

/// A mistake in a taxonomy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("taxonomy/{file}:{line}: {message}")]
pub(super) struct TaxonomyProblem {
    /// Name of the file.
    pub(super) file: String,
    /// Line number, from 1.
    pub(super) line: usize,
    /// What is wrong and how to mend it.
    pub(super) message: String,
}

/// Reads one file. Lines with mistakes are left out and reported.
pub(super) fn read_file(
    domain: &'static str,
    file: &'static str,
    text: &'static str,
    problems: &mut Vec<TaxonomyProblem>,
) -> Vec<RawEntry> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        match read_line(domain, file, index + 1, trimmed) {
            Ok(entry) => entries.push(entry),
            Err(message) => {
                problems.push(TaxonomyProblem { file: file.to_owned(), line: index + 1, message });
            }
        }
    }
    entries
}

fn read_line(
    domain: &'static str,
    file: &'static str,
    line: usize,
    text: &'static str,
) -> Result<RawEntry, String> {
    let mut columns = text.split('|').map(str::trim);
    let name = columns.next().unwrap_or_default();
    let kind = columns.next().unwrap_or_default();
    let aliases = columns.next().unwrap_or_default();
    let implies = columns.next().unwrap_or_default();
    let related = columns.next().unwrap_or_default();
    let rules = columns.next().unwrap_or_default();
    if columns.next().is_some() {
        return Err("more than six columns; remove a `|`".to_owned());
    }
    let kind = Kind::from_name(kind).ok_or_else(|| {
        format!("unknown kind {kind:?} in the second column; use one of {}", Kind::NAMES.join(", "))
    })?;
    let names: Vec<Name> = std::iter::once(name).chain(list(aliases, ',')).map(read_name).collect();
    if names.iter().any(|name| name.text.is_empty()) {
        return Err("an empty name; write the name in the first column".to_owned());
    }
    let (cues, never) = read_rules(rules)?;
    let marked = names.iter().any(|name| name.exact_case || name.needs_support);
    let ruled = !cues.is_empty() || !never.is_empty();
    if ruled && !marked {
        return Err("rules without a marked name; mark the ambiguous name with `?` or `=`".to_owned());
    }
    let entry = RawEntry {
        domain,
        file,
        line,
        kind,
        names,
        implies: list(implies, ',').collect(),
        related: list(related, ',').collect(),
        cues,
        never,
    };
    Ok(entry)
}

fn list(column: &'static str, separator: char) -> impl Iterator<Item = &'static str> {
    column.split(separator).map(str::trim).filter(|item| !item.is_empty())
}

fn read_name(text: &'static str) -> Name {
    let name = text.trim_start_matches(['=', '?']);
    let marks = text.strip_suffix(name).unwrap_or_default();
    Name { text: name.trim(), exact_case: marks.contains('='), needs_support: marks.contains('?') }
}

type Rules = (Vec<&'static str>, Vec<&'static str>);

fn read_rules(column: &'static str) -> Result<Rules, String> {
    let (mut cues, mut never) = (Vec::new(), Vec::new());
    for rule in list(column, ';') {
        match rule.split_once(':') {
            Some(("cues", words)) => cues.extend(list(words, ',')),
            Some(("not", phrases)) => never.extend(list(phrases, ',')),
            _ => return Err(format!("unknown rule {rule:?}; write `cues: a, b` or `not: x y`")),
        }
    }
    Ok((cues, never))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> (Vec<RawEntry>, Vec<TaxonomyProblem>) {
        let mut problems = Vec::new();
        let entries = read_file("software", "software.txt", text, &mut problems);
        (entries, problems)
    }

    #[test]
    fn reads_every_column_and_mark() {
        let (entries, problems) = read(
            "# comment\n\n=?Go | language | golang, =GO | Programming | Rust, C | cues: goroutine, gin; not: go to",
        );
        assert_eq!(problems, []);
        let entry = &entries[0];
        assert_eq!(entry.line, 3);
        assert_eq!(entry.names[0], Name { text: "Go", exact_case: true, needs_support: true });
        assert_eq!(entry.names[1], Name { text: "golang", exact_case: false, needs_support: false });
        assert_eq!(entry.names[2], Name { text: "GO", exact_case: true, needs_support: false });
        assert_eq!(entry.implies, ["Programming"]);
        assert_eq!(entry.related, ["Rust", "C"]);
        assert_eq!(entry.cues, ["goroutine", "gin"]);
        assert_eq!(entry.never, ["go to"]);
    }

    #[test]
    fn names_line_and_mend_of_a_mistake() {
        let (entries, problems) = read(
            "Java | speech\nJava | language | | | | | x\nJava | language | | | | cues: jvm\n?Java | language | | | | huh",
        );
        assert_eq!(entries, []);
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(texts[0].starts_with("taxonomy/software.txt:1: unknown kind \"speech\""), "{texts:?}");
        assert!(texts[1].contains(":2: more than six columns"), "{texts:?}");
        assert!(texts[2].contains(":3: rules without a marked name"), "{texts:?}");
        assert!(texts[3].contains(":4: unknown rule \"huh\""), "{texts:?}");
    }
}
