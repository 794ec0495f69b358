//! Tests of finding skills: names, ambiguous names, qualifiers, and every entry by itself.

use super::*;

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
