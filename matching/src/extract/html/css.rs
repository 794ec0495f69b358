//! As much of style sheets as tells whether text can be seen.

use std::collections::HashMap;

use crate::document::HiddenReason;

/// Rules that are kept.
const MAX_RULES: usize = 5_000;

/// What styles say about an element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) hidden: Option<HiddenReason>,
    /// A ground that is not white.
    pub(super) ground: bool,
    pub(super) bold: bool,
}

/// Rules of classes and ids.
#[derive(Debug, Default)]
pub(super) struct Rules(HashMap<String, Found>);

impl Rules {
    /// Takes in a style sheet: rules of one class or id each, outside of media queries.
    pub(super) fn read(&mut self, sheet: &str) {
        let sheet = sheet.to_ascii_lowercase();
        let (mut depth, mut start) = (0_usize, 0);
        let mut selector = "";
        for (at, c) in sheet.char_indices() {
            match c {
                '{' => {
                    if depth == 0 {
                        selector = sheet.get(start..at).unwrap_or_default();
                    }
                    depth += 1;
                    start = at + 1;
                }
                '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && !selector.trim_start().starts_with('@') {
                        self.add(selector, declarations(sheet.get(start..at).unwrap_or_default()));
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, selectors: &str, found: Found) {
        if found == Found::default() || self.0.len() >= MAX_RULES {
            return;
        }
        for selector in selectors.split(',').map(str::trim) {
            let simple = selector
                .strip_prefix(['.', '#'])
                .is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)));
            if simple {
                self.0.insert(selector.to_owned(), found);
            }
        }
    }

    /// What classes, id, own styles and the `hidden` attribute say together.
    pub(super) fn look_up(
        &self,
        class: Option<&str>,
        id: Option<&str>,
        style: Option<&str>,
        hidden: bool,
    ) -> Found {
        let mut found = style.map(|style| declarations(&style.to_ascii_lowercase())).unwrap_or_default();
        let classes = class
            .unwrap_or_default()
            .split_whitespace()
            .map(|class| format!(".{}", class.to_ascii_lowercase()));
        let id = id.map(|id| format!("#{}", id.to_ascii_lowercase()));
        for rule in classes.chain(id).filter_map(|selector| self.0.get(&selector)) {
            found.hidden = found.hidden.or(rule.hidden);
            found.ground |= rule.ground;
            found.bold |= rule.bold;
        }
        if hidden {
            found.hidden = Some(HiddenReason::Marked);
        }
        found
    }
}

/// What a list of declarations, in lower case, says.
fn declarations(text: &str) -> Found {
    let mut found = Found::default();
    let mut absolute = false;
    for declaration in text.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value = value.trim().trim_end_matches("!important").trim();
        match property.trim() {
            "display" if value == "none" => found.hidden = Some(HiddenReason::Marked),
            "visibility" if value == "hidden" || value == "collapse" => {
                found.hidden = Some(HiddenReason::Marked);
            }
            "opacity" if value.parse::<f32>().is_ok_and(|opacity| opacity < 0.05) => {
                found.hidden = Some(HiddenReason::Invisible);
            }
            "font-size" if length(value).is_some_and(|size| size < 2.0) => {
                found.hidden = Some(HiddenReason::Tiny);
            }
            "color" if is_white(value) => found.hidden = found.hidden.or(Some(HiddenReason::SameColour)),
            "color" if value == "transparent" => found.hidden = Some(HiddenReason::Invisible),
            "background" | "background-color" | "background-image" => {
                found.ground =
                    !is_white(value) && !matches!(value, "none" | "transparent" | "inherit" | "initial");
            }
            "position" => absolute = matches!(value, "absolute" | "fixed"),
            "left" | "top" | "right" if absolute && length(value).is_some_and(|at| at < -500.0) => {
                found.hidden = Some(HiddenReason::OffPage);
            }
            "text-indent" if length(value).is_some_and(|at| at < -500.0) => {
                found.hidden = Some(HiddenReason::OffPage);
            }
            "font-weight" => found.bold = matches!(value, "bold" | "bolder" | "600" | "700" | "800" | "900"),
            _ => {}
        }
    }
    if found.ground && found.hidden == Some(HiddenReason::SameColour) {
        found.hidden = None;
    }
    found
}

/// A length in pixels or points; `None` for relative ones.
fn length(value: &str) -> Option<f32> {
    if value == "0" {
        return Some(0.0);
    }
    let number = value.strip_suffix("px").or_else(|| value.strip_suffix("pt"))?;
    number.trim().parse().ok()
}

fn is_white(value: &str) -> bool {
    let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(
        compact.as_str(),
        "white" | "#fff" | "#ffffff" | "#fefefe" | "rgb(255,255,255)" | "rgba(255,255,255,1)"
    )
}
