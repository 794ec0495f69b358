//! The page `/docs`: the OpenAPI document as people read it, without scripts of others; and the page `/problems`.

use askama::Template;
use serde_json::Value;

use super::Chrome;
use crate::error::ProblemKind;

/// The reference of the API.
#[derive(Template)]
#[template(path = "reference.html")]
pub struct ReferencePage<'a> {
    /// The frame.
    pub chrome: Chrome,
    /// Operations by tag.
    pub groups: &'a [Group],
}

/// The list of problems.
#[derive(Template)]
#[template(path = "problems.html")]
pub struct ProblemsPage<'a> {
    /// The frame.
    pub chrome: Chrome,
    /// All kinds.
    pub kinds: &'a [ProblemKind],
}

/// The operations of one tag.
#[derive(Debug)]
pub struct Group {
    /// The tag.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Its operations, by address.
    pub operations: Vec<Operation>,
}

/// One method of one address.
#[derive(Debug)]
pub struct Operation {
    /// GET, POST …
    pub method: String,
    /// The address.
    pub path: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// More about it.
    pub description: String,
    /// Whether an access token is needed.
    pub needs_token: bool,
    /// Parameters in path and query.
    pub parameters: Vec<Field>,
    /// Bodies that it takes.
    pub bodies: Vec<Body>,
    /// Answers that it gives.
    pub answers: Vec<Answer>,
}

/// A parameter, or a member of a body.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type in a word or two.
    pub kind: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub description: String,
}

/// A body of one media type.
#[derive(Debug)]
pub struct Body {
    /// The media type.
    pub media_type: String,
    /// Its members.
    pub fields: Vec<Field>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: String,
    /// When it comes.
    pub description: String,
    /// Name of the schema of its body, if it has one.
    pub schema: String,
}

/// Reads the operations of an OpenAPI document, in the order of its tags.
pub fn groups(document: &Value) -> Vec<Group> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let all = operations(document);
    let mut groups: Vec<Group> = tags
        .map(|tag| Group {
            name: text(tag, "name"),
            description: text(tag, "description"),
            operations: Vec::new(),
        })
        .collect();
    for (tag, operation) in all {
        if let Some(group) = groups.iter_mut().find(|group| group.name == tag) {
            group.operations.push(operation);
        }
    }
    groups
}

fn operations(document: &Value) -> Vec<(String, Operation)> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, op)| (path, method, op))
        })
        .map(|(path, method, op)| {
            let tag = op.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default().to_owned();
            (tag, operation(document, path, method, op))
        })
        .collect()
}

fn operation(document: &Value, path: &str, method: &str, op: &Value) -> Operation {
    let parameters = op.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let contents = op.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten();
    let answers = op.get("responses").and_then(Value::as_object).into_iter().flatten();
    // An operation without the entry takes the document's: a bearer token. An empty requirement means none.
    let open = op.get("security").and_then(Value::as_array);
    let needs_token =
        open.is_none_or(|list| list.iter().all(|entry| entry.as_object().is_some_and(|e| !e.is_empty())));
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(op, "summary"),
        description: text(op, "description"),
        needs_token,
        parameters: parameters
            .map(|parameter| Field {
                name: text(parameter, "name"),
                kind: parameter.get("schema").map(type_name).unwrap_or_default(),
                required: parameter.get("required").and_then(Value::as_bool).unwrap_or_default(),
                description: text(parameter, "description"),
            })
            .collect(),
        bodies: contents
            .map(|(media_type, content)| Body {
                media_type: media_type.clone(),
                fields: content.get("schema").map(|schema| fields(document, schema)).unwrap_or_default(),
            })
            .collect(),
        answers: answers
            .map(|(status, answer)| Answer {
                status: status.clone(),
                description: text(answer, "description"),
                schema: answer
                    .get("content")
                    .and_then(Value::as_object)
                    .and_then(|content| content.values().next())
                    .and_then(|content| content.get("schema"))
                    .map(type_name)
                    .unwrap_or_default(),
            })
            .collect(),
    }
}

fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let schema = resolve(document, schema);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties
        .map(|(name, property)| Field {
            name: name.clone(),
            kind: type_name(property),
            required: required.contains(&name.as_str()),
            description: text(property, "description"),
        })
        .collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

// "string (uuid)", "integer or null", "Resume"
fn type_name(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema.get(choice).and_then(Value::as_array) {
            return options
                .iter()
                .map(type_name)
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
                .join(" or ");
        }
    }
    let base = match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    };
    match schema.get("format").and_then(Value::as_str) {
        Some(format) => format!("{base} ({format})"),
        None => base,
    }
}

// Descriptions are Markdown; its marks of code say nothing to a reader of the page.
fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_document_is_in_the_reference() {
        let document: Value = serde_json::from_str(&crate::openapi::document_text().unwrap()).unwrap();
        let expected: usize =
            document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
        let groups = groups(&document);
        assert_eq!(groups.iter().map(|group| group.operations.len()).sum::<usize>(), expected);
        let find = |path: &str, method: &str| {
            let mut all = groups.iter().flat_map(|group| &group.operations);
            all.find(|op| op.path == path && op.method == method).unwrap()
        };
        assert!(!find("/api/v1/sessions", "POST").needs_token);
        let create = find("/api/v1/matches", "POST");
        assert!(create.needs_token);
        let names: Vec<_> =
            create.bodies[0].fields.iter().map(|field| (field.name.as_str(), field.required)).collect();
        assert_eq!(names, [("job_id", true), ("resume_id", true)]);
    }
}
