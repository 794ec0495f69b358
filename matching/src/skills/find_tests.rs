//! Tests of finding skills: names, ambiguous names, qualifiers, and every entry by itself.

use super::*;
use crate::skills::Relation;

fn found(text: &str) -> Vec<&'static str> {
    Taxonomy::builtin().find(text).into_iter().map(|mention| mention.canonical).collect()
}

#[test]
fn finds_names_and_aliases_as_whole_words_only() {
    for (text, expected) in [
        ("k8s and Postgres", vec!["Kubernetes", "PostgreSQL"]),
        ("JavaScripting is no word", vec![]),
        ("Java, JavaScript", vec!["Java", "JavaScript"]),
        ("MS SQL Server Reporting Services", vec!["SQL Server Reporting Services"]),
        ("Node.js/NodeJS/node js", vec!["Node.js", "Node.js", "Node.js"]),
        ("C++, C# & .NET", vec!["C++", "C#", ".NET"]),
        ("net income of the company", vec![]),
        ("financial models", vec!["Financial modeling"]),
        ("See https://github.com/kubernetes", vec![]),
        ("MACHINE LEARNING", vec!["Machine learning"]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn ambiguous_names_count_only_where_they_are_meant() {
    for (text, name, expected) in [
        ("Backend services in Go and gRPC", "Go", true),
        ("Languages: Go, R, C", "Go", true),
        ("Languages: Go, R, C", "R", true),
        ("Rust, PostgreSQL, Kubernetes", "Rust", true),
        ("We go to market in spring", "Go", false),
        ("Go to the office every day", "Go", false),
        ("Statistical analysis in R", "R", true),
        ("John R. Smith", "R", false),
        ("Built microservices with Java and Spring", "Spring Framework", true),
        ("Graduated in Spring 2019", "Spring Framework", false),
        ("Executive Chef at the Grand Hotel", "Chef", false),
        ("Automated with Chef and Puppet", "Chef", true),
        ("We excel at service", "Microsoft Excel", false),
        ("Reports in Excel", "Microsoft Excel", true),
        ("Word, Excel, PowerPoint", "Microsoft Word", true),
        ("spread by word of mouth", "Microsoft Word", false),
        ("access to the database", "Microsoft Access", false),
        ("Swift response to customers", "Swift", false),
        ("iOS apps in Swift", "Swift", true),
        ("rust removal and painting", "Rust", false),
        ("Vitamin C supplements", "C", false),
        ("Fluent in French and German", "French", true),
        ("French fries and burgers", "French", false),
        ("lean on me", "Lean manufacturing", false),
        ("Lean, Kaizen, 5S", "Lean manufacturing", true),
    ] {
        assert_eq!(found(text).contains(&name), expected, "{text}: {:?}", found(text));
    }
}

#[test]
fn qualifiers_are_taken_along() {
    let mentions = Taxonomy::builtin().find("5+ years of Java 17, Python3. No experience with Kubernetes.");
    let java = &mentions[0];
    assert_eq!((java.canonical, java.version.as_deref(), java.years), ("Java", Some("17"), Some(5.0)));
    let python = &mentions[1];
    assert_eq!((python.canonical, python.version.as_deref()), ("Python", Some("3")));
    let kubernetes = &mentions[2];
    assert!(kubernetes.negated && !java.negated && !python.negated);
}

#[test]
fn versions_levels_periods_and_waivers_are_taken_along() {
    let first = |text: &str| Taxonomy::builtin().find(text).into_iter().next().unwrap();
    for (text, name, version) in [
        ("Modern C++20 and CMake", "C++", Some("20")),
        ("Services in C#12", "C#", Some("12")),
        ("Java 17, Spring", "Java", Some("17")),
        ("Python 3.11 scripts", "Python", Some("3.11")),
        ("ES2022 modules", "ES2022", None),
    ] {
        let mention = first(text);
        assert_eq!((mention.canonical, mention.version.as_deref()), (name, version), "{text}");
    }
    assert_eq!(first("advanced Python").level, Some(Level::Advanced));
    assert_eq!(first("Python (2015-2019)").period, Some(Period { from: Some(2015), to: Some(2019) }));
    for (text, negated) in [
        ("PHP is not required", true),
        ("PHP experience not necessary.", true),
        ("Keine Erfahrung mit PHP", true),
        ("PHP required", false),
    ] {
        assert_eq!(first(text).negated, negated, "{text}");
    }
}

/// `(right, found, meant)` on a file of labelled sentences.
fn counts(sentences: &str) -> (usize, usize, usize) {
    let (mut right, mut hits, mut all_meant) = (0, 0, 0);
    for line in sentences.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (label, text) = line.split_once(" | ").unwrap();
        let (sign, skill) = label.split_once(' ').unwrap();
        let taxonomy = Taxonomy::builtin();
        let wanted = taxonomy.by_name(skill).unwrap();
        let hit = taxonomy.find(text).iter().any(|mention| {
            matches!(taxonomy.relation(mention.skill, wanted), Relation::Same | Relation::Implies)
        });
        let meant = sign == "+";
        right += usize::from(meant && hit);
        hits += usize::from(hit);
        all_meant += usize::from(meant);
    }
    (right, hits, all_meant)
}

#[test]
fn ambiguous_words_are_told_apart_in_labelled_sentences() {
    for (set, sentences) in [
        ("tuned", include_str!("../../tests/ambiguous/tuned.txt")),
        ("held out", include_str!("../../tests/ambiguous/held-out.txt")),
    ] {
        let (right, hits, meant) = counts(sentences);
        assert!(right * 100 >= hits * 98, "{set}: precision {right}/{hits}");
        assert!(right * 100 >= meant * 90, "{set}: recall {right}/{meant}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_gives_ordered_spans_on_characters_and_the_same_twice(
        text in "(Go|C\\+\\+20|Python3|é|ß|和|R&D|,|\\.|\\n| |-|[a-zA-Z0-9 ]{0,8}|\\PC){0,40}"
    ) {
        let taxonomy = Taxonomy::builtin();
        let mentions = taxonomy.find(&text);
        let mut end = 0;
        for mention in &mentions {
            assert!(mention.span.start >= end && text.get(mention.span.clone()).is_some(), "{mention:?} in {text:?}");
            end = mention.span.end;
        }
        for candidate in taxonomy.find_candidates(&text, &mentions) {
            assert_eq!(text.get(candidate.span.clone()), Some(candidate.text.as_str()));
        }
        assert_eq!(taxonomy.find(&text), mentions);
    }
}

#[test]
fn spans_are_the_names_in_the_text() {
    let text = "• Erfahrung mit Größenordnungen: Postgres, „Docker“";
    let mentions = Taxonomy::builtin().find(text);
    let names: Vec<&str> = mentions.iter().map(|mention| &text[mention.span.clone()]).collect();
    assert_eq!(names, ["Postgres", "Docker"]);
}

#[test]
fn every_unmarked_name_is_found_by_itself() {
    let taxonomy = Taxonomy::builtin();
    let mut missed = Vec::new();
    for pattern in taxonomy.patterns {
        if pattern.name.needs_support || pattern.name.exact_case {
            continue;
        }
        let text = format!("Skills: {}, and others", pattern.name.text);
        let mentions = taxonomy.find(&text);
        if mentions.len() != 1 || mentions[0].skill != pattern.skill {
            missed.push(pattern.name.text);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn every_marked_name_is_found_with_support() {
    let taxonomy = Taxonomy::builtin();
    let mut missed = Vec::new();
    for pattern in taxonomy.patterns {
        if !(pattern.name.needs_support || pattern.name.exact_case) {
            continue;
        }
        let kind = taxonomy.get(pattern.skill).map(|skill| skill.kind).unwrap();
        let text = format!("{} skills: {}, others", kind.cues()[0], pattern.name.text);
        if !taxonomy.find(&text).iter().any(|mention| mention.skill == pattern.skill) {
            missed.push(pattern.name.text);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}

#[cfg(target_os = "linux")]
/// Time that this thread has computed, in nanoseconds: other work on the machine does not count.
fn computed() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn loading_is_quick() {
    let quickest = (0..5)
        .map(|_| {
            let start = computed();
            assert!(!Taxonomy::load().is_empty());
            computed() - start
        })
        .min()
        .unwrap();
    assert!(quickest < 20_000_000, "{} ms", quickest / 1_000_000);
}
