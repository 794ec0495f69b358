//! Reads a label selector in the form of a query string, as the API conventions have it: `a=b,c!=d,e in (f,g),!h`.

use std::collections::BTreeSet;

use kube::core::{Expression, Selector};

/// Reads it. None: it has another form.
pub(super) fn parse(text: &str) -> Option<Selector> {
    let text = text.trim();
    let mut selector = Selector::default();
    if !text.is_empty() {
        selector.extend(split(text)?.into_iter().map(expression).collect::<Option<Vec<_>>>()?);
    }
    Some(selector)
}

/// At the commas outside parentheses.
fn split(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut is_inside) = (Vec::new(), 0, false);
    for (index, character) in text.char_indices() {
        match character {
            '(' if is_inside => return None,
            '(' => is_inside = true,
            ')' if !is_inside => return None,
            ')' => is_inside = false,
            ',' if !is_inside => {
                parts.push(text.get(start..index)?);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (!is_inside).then_some(parts)
}

fn expression(text: &str) -> Option<Expression> {
    let text = text.trim();
    if let Some(key) = text.strip_prefix('!') {
        return Some(Expression::DoesNotExist(word(key)?));
    }
    if let Some((head, values)) = text.split_once('(') {
        let values: Option<BTreeSet<String>> = values.strip_suffix(')')?.split(',').map(value).collect();
        return match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            [key, "in"] => Some(Expression::In(word(key)?, values?)),
            [key, "notin"] => Some(Expression::NotIn(word(key)?, values?)),
            _ => None,
        };
    }
    if let Some((key, other)) = text.split_once("!=") {
        return Some(Expression::NotEqual(word(key)?, value(other)?));
    }
    match text.split_once('=') {
        Some((key, other)) => {
            Some(Expression::Equal(word(key)?, value(other.strip_prefix('=').unwrap_or(other))?))
        }
        None => Some(Expression::Exists(word(text)?)),
    }
}

/// A key, which is not empty.
fn word(text: &str) -> Option<String> {
    value(text).filter(|word| !word.is_empty())
}

/// Letters, digits and what may stand between them.
fn value(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.chars().all(fits).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kube::core::SelectorExt;

    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> Option<bool> {
        let labels: BTreeMap<String, String> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        parse(selector).map(|selector| selector.matches(&labels))
    }

    #[test]
    fn every_form_is_read() {
        let labels = [("app.kubernetes.io/instance", "acme"), ("tier", "worker")];
        for (selector, expected) in [
            ("", true),
            ("app.kubernetes.io/instance=acme", true),
            ("app.kubernetes.io/instance==acme,tier", true),
            ("app.kubernetes.io/instance=other", false),
            ("tier!=worker", false),
            ("tier in (api, worker),!absent", true),
            ("tier notin (api,worker)", false),
            ("absent", false),
        ] {
            assert_eq!(matches(selector, &labels), Some(expected), "{selector}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for selector in ["=a", "a in b", "a in (b", "a)b", "a like (b)", "a=b c", "a=b,,c=d"] {
            assert!(parse(selector).is_none(), "{selector}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["a=b", "a!=b", "a in (b,c)", "a notin (b)", "a", "!a", "a=b,c,!d,e in (f,g)"] {
            assert_eq!(parse(text).map(|selector| selector.to_string()).as_deref(), Some(text));
        }
    }
}
