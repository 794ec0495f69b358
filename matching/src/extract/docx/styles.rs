//! Paragraph and character styles of a DOCX file, their inheritance resolved.

use std::collections::HashMap;

use crate::document::{HiddenReason, Style};
use crate::error::ExtractError;
use crate::extract::options::ExtractOptions;
use crate::extract::xml::{Element, Node, walk};

/// Styles that a style may be based on, one on the other.
const MAX_CHAIN: usize = 16;
/// Text under this size in points cannot be read.
const TINY: f32 = 2.0;

/// Run properties, each unset, or set to a value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Props {
    pub(super) bold: Option<bool>,
    pub(super) italic: Option<bool>,
    pub(super) underline: Option<bool>,
    pub(super) vanish: Option<bool>,
    pub(super) white: Option<bool>,
    pub(super) shaded: Option<bool>,
    pub(super) size: Option<f32>,
}

impl Props {
    /// These properties where they are set, `base` where not.
    pub(super) fn over(&self, base: &Self) -> Self {
        Self {
            bold: self.bold.or(base.bold),
            italic: self.italic.or(base.italic),
            underline: self.underline.or(base.underline),
            vanish: self.vanish.or(base.vanish),
            white: self.white.or(base.white),
            shaded: self.shaded.or(base.shaded),
            size: self.size.or(base.size),
        }
    }

    /// Takes over one child of `w:rPr`.
    pub(super) fn apply(&mut self, name: &str, element: &Element<'_>) {
        match name {
            "b" => self.bold = Some(is_on(element)),
            "i" => self.italic = Some(is_on(element)),
            "u" => self.underline = Some(element.attribute("val").is_none_or(|value| value != "none")),
            "vanish" | "webHidden" | "specVanish" => self.vanish = Some(is_on(element)),
            "color" => self.white = element.attribute("val").map(|value| is_white(&value)),
            "shd" => self.shaded = Some(is_shade(element)),
            "highlight" => {
                self.shaded =
                    Some(element.attribute("val").is_none_or(|value| value != "none" && value != "white"));
            }
            "sz" => {
                self.size = element
                    .attribute("val")
                    .and_then(|value| value.parse::<f32>().ok())
                    .map(|half| half / 2.0);
            }
            _ => {}
        }
    }

    /// Appearance for spans.
    pub(super) fn style(&self) -> Style {
        Style {
            bold: self.bold == Some(true),
            italic: self.italic == Some(true),
            underline: self.underline == Some(true),
            ..Style::default()
        }
    }

    /// Why text with these properties cannot be seen; `on_white` says that the ground is that of the page.
    pub(super) fn hidden(&self, on_white: bool) -> Option<HiddenReason> {
        if self.vanish == Some(true) {
            Some(HiddenReason::Marked)
        } else if self.size.is_some_and(|size| size < TINY) {
            Some(HiddenReason::Tiny)
        } else if self.white == Some(true) && on_white && self.shaded != Some(true) {
            Some(HiddenReason::SameColour)
        } else {
            None
        }
    }
}

fn is_on(element: &Element<'_>) -> bool {
    element.attribute("val").is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"))
}

fn is_white(colour: &str) -> bool {
    let channel = |at| colour.get(at).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (channel(0..2), channel(2..4), channel(4..6)) {
        (Some(r), Some(g), Some(b)) => r > 0xf5 && g > 0xf5 && b > 0xf5,
        _ => false,
    }
}

/// Whether a `w:shd` paints a ground other than white.
pub(super) fn is_shade(element: &Element<'_>) -> bool {
    let fill = element.attribute("fill").is_some_and(|fill| fill != "auto" && !is_white(&fill));
    let pattern = element.attribute("val").is_some_and(|value| !matches!(value.as_str(), "clear" | "nil"));
    fill || pattern || element.attribute("themeFill").is_some()
}

/// A style with what it inherits.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct StyleDef {
    pub(super) name: String,
    based_on: Option<String>,
    pub(super) outline: Option<u8>,
    pub(super) props: Props,
    /// List and level.
    pub(super) list: Option<(String, u8)>,
}

impl StyleDef {
    /// Level of the heading this style makes: 0 for the title, 1 to 6.
    pub(super) fn heading(&self) -> Option<u8> {
        let name = self.name.to_ascii_lowercase();
        if name == "title" {
            return Some(0);
        }
        let numbered = name.strip_prefix("heading ").and_then(|level| level.parse::<u8>().ok());
        numbered
            .or_else(|| self.outline.filter(|level| *level < 9).map(|level| level + 1))
            .map(|level| level.min(6))
    }
}

/// All styles.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, StyleDef>,
    default_paragraph: Option<String>,
    defaults: Props,
}

impl Styles {
    /// Reads `styles.xml`.
    pub(super) fn read(
        bytes: &[u8],
        options: &ExtractOptions<'_>,
        budget: &mut usize,
    ) -> Result<Self, ExtractError> {
        let mut styles = Self::default();
        let mut current: Option<(String, StyleDef)> = None;
        let mut in_defaults = false;
        walk(bytes, options, budget, |node| {
            match node {
                Node::Start(element) => {
                    let name = element.name();
                    match (name.as_str(), &mut current) {
                        ("style", _) => {
                            let id = element.attribute("styleId").unwrap_or_default();
                            let paragraph = element.attribute("type").is_some_and(|kind| kind == "paragraph");
                            if paragraph && element.attribute("default").is_some_and(|value| value != "0") {
                                styles.default_paragraph = Some(id.clone());
                            }
                            current = Some((id, StyleDef::default()));
                        }
                        ("docDefaults", _) => in_defaults = true,
                        (property, None) if in_defaults => styles.defaults.apply(property, &element),
                        (property, Some((_, style))) => style.take(property, &element),
                        _ => {}
                    }
                }
                Node::End(name) if name == "style" => {
                    if let Some((id, style)) = current.take() {
                        styles.by_id.insert(id, style);
                    }
                }
                Node::End(name) if name == "docDefaults" => in_defaults = false,
                _ => {}
            }
            Ok(())
        })?;
        Ok(styles)
    }

    /// The style of a paragraph, document defaults included.
    pub(super) fn paragraph(&self, id: Option<&str>) -> StyleDef {
        let mut style =
            id.or(self.default_paragraph.as_deref()).map(|id| self.resolve(id)).unwrap_or_default();
        style.props = style.props.over(&self.defaults);
        style
    }

    /// A style with what it inherits.
    pub(super) fn resolve(&self, id: &str) -> StyleDef {
        let mut resolved = StyleDef::default();
        let mut next = Some(id);
        for _ in 0..MAX_CHAIN {
            let Some(style) = next.and_then(|id| self.by_id.get(id)) else { break };
            if resolved.name.is_empty() {
                resolved.name.clone_from(&style.name);
            }
            resolved.props = resolved.props.over(&style.props);
            resolved.outline = resolved.outline.or(style.outline);
            resolved.list = resolved.list.or_else(|| style.list.clone());
            next = style.based_on.as_deref();
        }
        resolved
    }
}

impl StyleDef {
    fn take(&mut self, property: &str, element: &Element<'_>) {
        let value = || element.attribute("val");
        match property {
            "name" => self.name = value().unwrap_or_default(),
            "basedOn" => self.based_on = value(),
            "outlineLvl" => self.outline = value().and_then(|level| level.parse().ok()),
            "numId" => {
                let level = self.list.take().map_or(0, |(_, level)| level);
                self.list = value().map(|id| (id, level));
            }
            "ilvl" => {
                let id = self.list.take().map(|(id, _)| id).unwrap_or_default();
                self.list = Some((id, value().and_then(|level| level.parse().ok()).unwrap_or(0)));
            }
            other => self.props.apply(other, element),
        }
    }
}
