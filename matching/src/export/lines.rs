//! The lines of an exported resume: what they are, their text in runs, and what stands at the right margin.

/// What a line is; decides its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The name of the person.
    Name,
    /// Headline and contact details.
    Contact,
    /// Heading of a section.
    Heading,
    /// First line of an entry.
    Entry,
    /// Any other line that names something, and a group of a list.
    Detail,
    /// Sentences.
    Paragraph,
    /// Item of a list.
    Bullet,
}

/// Text of one weight, maybe linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) bold: bool,
    pub(super) link: Option<String>,
}

/// A line; on paper it may take several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) runs: Vec<Run>,
    /// What stands at the right margin: dates or a place; may be empty.
    pub(super) aside: String,
}

impl Line {
    /// A line of one run.
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Self {
        let bold = matches!(kind, Kind::Name | Kind::Heading | Kind::Entry);
        Self { kind, runs: vec![Run { text: text.into(), bold, link: None }], aside: String::new() }
    }

    /// The same with text at the right margin.
    pub(super) fn beside(mut self, aside: impl Into<String>) -> Self {
        self.aside = aside.into();
        self
    }

    /// "Label: text"; a web address is linked.
    pub(super) fn labelled(kind: Kind, label: &str, text: &str) -> Self {
        let mut line = Self::new(kind, format!("{label}: "));
        line.runs.push(Run { text: text.to_owned(), bold: false, link: link_of(text) });
        line
    }

    /// A web address alone.
    pub(super) fn address(url: &str) -> Self {
        let mut line = Self::new(Kind::Detail, "");
        line.runs = vec![Run { text: url.to_owned(), bold: false, link: link_of(url) }];
        line
    }

    /// "**Name**" and what follows in plain type.
    pub(super) fn group(name: &str, rest: &str) -> Self {
        let mut line = Self::new(Kind::Detail, "");
        line.runs = vec![Run { text: name.to_owned(), bold: true, link: None }];
        if !rest.is_empty() {
            line.runs.push(Run { text: rest.to_owned(), bold: false, link: None });
        }
        line
    }
}

fn link_of(text: &str) -> Option<String> {
    (text.starts_with("http://") || text.starts_with("https://")).then(|| text.to_owned())
}

/// A value as one line: runs of white space are one space, control characters are gone. None when nothing is left.
pub(super) fn clean(value: Option<&String>) -> Option<String> {
    let plain: String = value?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}
