//! Skills that the text of a resume names, wherever they stand.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Evidence;
use crate::document::Document;
use crate::skills::{FoundSkill, Taxonomy, found};

/// Values in which an unknown phrase may be a skill; elsewhere it is the name of a person, an employer or a place.
const OF_WORK: [&str; 5] = ["/skills/", "/basics/summary", "/highlights/", "/projects/", "/certificates/"];

/// All of them, in the order of the text; phrases that the taxonomy does not know at the end.
pub(super) fn named_skills(document: &Document, evidence: &BTreeMap<String, Evidence>) -> Vec<FoundSkill> {
    let taxonomy = Taxonomy::builtin();
    let mentions = taxonomy.find(&document.text);
    let (mut of_work, mut of_names): (Vec<Range<usize>>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    for (pointer, found) in evidence {
        let ranges = if OF_WORK.iter().any(|part| pointer.contains(part)) || pointer.ends_with("/summary") {
            &mut of_work
        } else {
            &mut of_names
        };
        ranges.extend(found.stretches());
    }
    let mut candidates = taxonomy.find_candidates(&document.text, &mentions);
    candidates.retain(|candidate| {
        let span = &candidate.span;
        let within = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
        let touches = |range: &Range<usize>| range.start < span.end && span.start < range.end;
        of_work.iter().any(within) && !of_names.iter().any(touches)
    });
    found::gather(&mentions, candidates)
}

#[cfg(test)]
mod tests {
    use crate::Document;

    #[test]
    fn unknown_phrases_count_in_work_and_not_in_names() {
        let text = "Jane McQuux\njane@example.org\n\nExperience\nEngineer, QuuxWorks Ltd\n03/2018 - 06/2023\n- Ran the plant on ZorbaFlow and Kubernetes\n\nSkills\nPython (advanced), Docker\n";
        let parsed = crate::parse(&Document::from_text(text));
        let names: Vec<&str> = parsed.named_skills.iter().map(|skill| skill.name.as_str()).collect();
        for known in ["Kubernetes", "Python", "Docker"] {
            assert!(names.contains(&known), "{names:?}");
        }
        assert_eq!(names.last(), Some(&"ZorbaFlow"), "{names:?}");
        for name in ["McQuux", "QuuxWorks"] {
            assert!(!names.contains(&name), "{names:?}");
        }
    }
}
