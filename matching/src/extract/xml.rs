//! XML as the office formats use it: local names, decoded attributes and text, with limits. Entities beyond the
//! predefined ones are never expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::options::ExtractOptions;
use crate::error::ExtractError;

/// What happens next in a part.
pub(crate) enum Node<'a> {
    /// An element begins; one without content ends at once.
    Start(Element<'a>),
    /// An element ends.
    End(String),
    /// Character data.
    Text(String),
}

/// An element's name and attributes.
pub(crate) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// Name without prefix.
    pub(crate) fn name(&self) -> String {
        self.0.local_name().as_ref().to_owned()
    }

    /// Value of the attribute of that local name.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.local_name().as_ref() == name)
            .map(|attribute| match quick_xml::escape::unescape(&attribute.value) {
                Ok(value) => value.into_owned(),
                Err(_) => attribute.value.into_owned(),
            })
    }
}

/// Walks through a part.
///
/// Malformed XML ends the walk and gives `Ok(false)`, after everything before it was seen; `Ok(true)` is the
/// regular end. Errors: those of `visit`, cancelled, over the limits on objects or depth.
pub(crate) fn walk(
    bytes: &[u8],
    options: &ExtractOptions<'_>,
    budget: &mut usize,
    mut visit: impl FnMut(Node<'_>) -> Result<(), ExtractError>,
) -> Result<bool, ExtractError> {
    let text = super::text::decode(bytes).text;
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut depth = 0_usize;
    loop {
        *budget = budget
            .checked_sub(1)
            .ok_or(ExtractError::TooLarge { limit: options.limits.objects as u64, unit: "elements" })?;
        if budget.is_multiple_of(8192) {
            options.check_cancel()?;
        }
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                depth += 1;
                if depth > options.limits.depth {
                    return Err(ExtractError::TooLarge {
                        limit: options.limits.depth as u64,
                        unit: "nested elements",
                    });
                }
                visit(Node::Start(Element(start)))?;
            }
            Ok(Event::Empty(start)) => {
                let name = start.local_name().as_ref().to_owned();
                visit(Node::Start(Element(start)))?;
                visit(Node::End(name))?;
            }
            Ok(Event::End(end)) => {
                depth = depth.saturating_sub(1);
                visit(Node::End(end.local_name().as_ref().to_owned()))?;
            }
            Ok(Event::Text(text)) => visit(Node::Text(text.xml10_content().into_owned()))?,
            Ok(Event::CData(text)) => visit(Node::Text(text.xml10_content().into_owned()))?,
            Ok(Event::GeneralRef(reference)) => {
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    _ => quick_xml::escape::resolve_predefined_entity(&reference.xml10_content())
                        .map(str::to_owned),
                };
                if let Some(character) = character {
                    visit(Node::Text(character))?;
                }
            }
            Ok(Event::Eof) => return Ok(depth == 0),
            Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
            Err(_) => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::options::Limits;

    fn text_of(xml: &str, limits: Limits) -> Result<(String, bool), ExtractError> {
        let options = ExtractOptions { limits, ..ExtractOptions::default() };
        let mut text = String::new();
        let mut budget = limits.objects;
        let whole = walk(xml.as_bytes(), &options, &mut budget, |node| {
            if let Node::Text(part) = node {
                text.push_str(&part);
            }
            Ok(())
        })?;
        Ok((text, whole))
    }

    #[test]
    fn predefined_and_numeric_entities_are_resolved_and_others_dropped() {
        let xml = "<!DOCTYPE x [<!ENTITY lol \"haha\">]><x>a &amp; b &#233; &lol; &#x4e2d;</x>";
        assert_eq!(text_of(xml, Limits::default()), Ok(("a & b é  中".to_owned(), true)));
    }

    #[test]
    fn broken_xml_gives_what_came_before() {
        assert_eq!(text_of("<x><y>one</y><z", Limits::default()), Ok(("one".to_owned(), false)));
    }

    #[test]
    fn deep_and_long_parts_are_refused() {
        let deep = "<x>".repeat(300);
        assert_eq!(text_of(&deep, Limits::default()).unwrap_err().class(), "too_large");
        let long = "<x/>".repeat(50);
        let error = text_of(&long, Limits { objects: 20, ..Limits::default() }).unwrap_err();
        assert_eq!(error.to_string(), "the file is over the limit of 20 elements");
    }
}
