//! What the names of elements say.

use super::Open;

impl Open {
    /// What the element's name says about its look.
    pub(super) fn style(&mut self, name: &str) {
        match name {
            "b" | "strong" | "th" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.look.style.bold = true,
            "i" | "em" | "cite" | "dfn" | "var" => self.look.style.italic = true,
            "u" | "ins" => self.look.style.underline = true,
            "code" | "kbd" | "samp" | "tt" => self.look.style.monospace = true,
            "pre" => {
                self.look.style.monospace = true;
                self.preformatted = true;
            }
            "script" | "style" | "template" | "head" | "title" | "noscript" | "textarea" | "iframe"
            | "select" | "object" | "del" | "rt" | "rp" => self.dropped = true,
            "body" => self.dropped = false,
            _ => {}
        }
    }
}

/// Whether an element stands on lines of its own.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "li"
            | "main"
            | "nav"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "caption"
    )
}

/// Whether an element has no content and no end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}
