//! Markdown: headings, bold names, bullets.

use crate::parse::json_resume::Resume;

use super::content::lines;
use super::lines::{Kind, Line};

/// A resume as CommonMark.
///
/// Characters that have a meaning in Markdown are escaped. The text ends with a newline.
pub fn to_markdown(resume: &Resume) -> String {
    joined(&lines(resume))
}

/// Lines as Markdown.
pub(super) fn joined(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut before: Option<Kind> = None;
    for line in lines {
        // Bullets stand together; anything else is a block of its own.
        let apart = before.is_some_and(|before| before != line.kind || line.kind != Kind::Bullet);
        if apart {
            out.push('\n');
        }
        out.push_str(&written(line));
        out.push('\n');
        before = Some(line.kind);
    }
    out
}

fn written(line: &Line) -> String {
    let marker = match line.kind {
        Kind::Name => "# ",
        Kind::Heading => "## ",
        Kind::Entry => "### ",
        Kind::Bullet => "- ",
        Kind::Contact | Kind::Detail | Kind::Paragraph => "",
    };
    let titled = matches!(line.kind, Kind::Name | Kind::Heading | Kind::Entry);
    let runs: String = line
        .runs
        .iter()
        .map(|run| match &run.link {
            Some(link) if *link == run.text => format!("<{link}>"),
            _ if run.bold && !titled => format!("**{}**", escaped(&run.text)),
            _ => escaped(&run.text),
        })
        .collect();
    let aside = if line.aside.is_empty() { String::new() } else { format!(" | {}", escaped(&line.aside)) };
    format!("{marker}{runs}{aside}")
}

/// Backslashes before what Markdown would take for markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let leading = at == 0 && matches!(c, '#' | '-' | '+' | '>');
        // A number and a full stop at the start of a line would be a list.
        let numbered = matches!(c, '.' | ')')
            && at > 0
            && text.get(..at).is_some_and(|head| head.bytes().all(|b| b.is_ascii_digit()));
        if leading
            || numbered
            || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|')
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
