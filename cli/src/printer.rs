//! All that is written to standard output and standard error.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use jiff::civil::Date;
use matching::ParsedResume;
use matching::parse::experience::Experience;
use matching::score::job::RequirementKind;
use matching::score::{Evidence, Importance, MatchResult, RequirementResult, Status};
use serde::Serialize;

use crate::commands::rank::Entry;

/// Width of the bar of a score, in characters.
const BAR: usize = 40;
/// Longest line of running text, in characters.
const WIDTH: usize = 110;
/// Longest line of a quotation, in characters.
const QUOTE: usize = 100;

/// Whether an error only says that the reader of the output has gone.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// An error with its causes, on standard error.
pub(crate) fn error(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // When standard error is closed there is nowhere left to say so.
    let _ = writeln!(io::stderr(), "rmctl: {}", causes.join(": "));
}

/// A remark, on standard error.
pub(crate) fn note(text: &str) {
    // As above.
    let _ = writeln!(io::stderr(), "rmctl: note: {text}");
}

/// Text and a newline.
pub(crate) fn line(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// A value as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// A resume in short, for people.
pub(crate) fn resume(parsed: &ParsedResume, experience: &Experience) -> Result<()> {
    let mut out = io::stdout().lock();
    let resume = &parsed.resume;
    let basics = &resume.basics;
    for value in
        [&basics.name, &basics.label, &basics.email, &basics.phone, &basics.url].into_iter().flatten()
    {
        writeln!(out, "{value}")?;
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let span = |from: &Option<String>, to: &Option<String>| match from {
        Some(from) => format!("{from} - {}", to.as_deref().unwrap_or("today")),
        None => text(to),
    };
    section(&mut out, "Work", &resume.work, |work| {
        (span(&work.start_date, &work.end_date), [text(&work.position), text(&work.name)])
    })?;
    section(&mut out, "Education", &resume.education, |school| {
        (
            span(&school.start_date, &school.end_date),
            [format!("{} {}", text(&school.study_type), text(&school.area)), text(&school.institution)],
        )
    })?;
    section(&mut out, "Skills", &resume.skills, |skill| {
        (text(&skill.name), [skill.keywords.join(", "), String::new()])
    })?;
    section(&mut out, "Languages", &resume.languages, |language| {
        (text(&language.language), [text(&language.fluency), String::new()])
    })?;
    section(&mut out, "Certificates", &resume.certificates, |certificate| {
        (text(&certificate.date), [text(&certificate.name), text(&certificate.issuer)])
    })?;
    if let Some(years) = experience.years {
        let seniority =
            experience.seniority.map(|seniority| format!(", {}", seniority.name())).unwrap_or_default();
        writeln!(out, "\nExperience as of {}: {years:.1} years{seniority}", experience.as_of)?;
    }
    section(&mut out, "Skills in dated work", &experience.skills, |skill| {
        let last = skill.last_used.as_ref().map_or("to this day".to_owned(), |last| format!("last {last}"));
        (skill.name.clone(), [format!("{:.1} years", skill.years), last])
    })
}

fn section<T>(
    out: &mut impl Write,
    title: &str,
    entries: &[T],
    show: impl Fn(&T) -> (String, [String; 2]),
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for entry in entries {
        let (lead, parts) = show(entry);
        let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
        writeln!(out, "  {lead:<22} {}", parts.join(", "))?;
    }
    Ok(())
}

/// The list of a ranking.
pub(crate) fn ranking(entries: &[Entry<'_>]) -> Result<()> {
    let mut out = io::stdout().lock();
    for (place, entry) in (1..).zip(entries) {
        writeln!(out, "{place:>4}  {:>5.1}  {}", entry.score, entry.file)?;
    }
    Ok(())
}

/// A match, for people: the verdict, what to change, then requirement by requirement.
pub(crate) fn match_result(result: &MatchResult) -> Result<()> {
    let mut out = io::stdout().lock();
    let colours = Colours::of(io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    let filled = (result.score / 100.0 * BAR as f64).round() as usize;
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR.saturating_sub(filled)));
    writeln!(out, "{}Score {:.1} of 100{}  {bar}", colours.bold, result.score, colours.plain)?;
    paragraph(&mut out, "", &result.summary)?;
    advice(&mut out, result, &colours)?;
    if !result.warnings.is_empty() {
        writeln!(out, "\n{}About the file{}", colours.bold, colours.plain)?;
    }
    for warning in &result.warnings {
        paragraph(&mut out, "  - ", warning)?;
    }
    for (status, title) in
        [(Status::Met, "Met"), (Status::Partly, "Partly met"), (Status::Unmet, "Not shown")]
    {
        let of_status: Vec<&RequirementResult> = result
            .requirements
            .iter()
            .filter(|requirement| requirement.status == status && requirement.weight > 0.0)
            .collect();
        if of_status.is_empty() {
            continue;
        }
        writeln!(out, "\n{}{title}{}", colours.bold, colours.plain)?;
        for requirement in of_status {
            requirement_lines(&mut out, requirement, result.as_of, &colours)?;
        }
    }
    let unscored = [RequirementKind::Place, RequirementKind::WorkPermit];
    for found in result.requirements.iter().filter(|found| unscored.contains(&found.kind)) {
        writeln!(out, "\nNot scored: the advertisement says \"{}\".", shorten(&found.text))?;
    }
    Ok(())
}

/// Text wrapped at [`WIDTH`]; the lead stands before the first line, and the others begin below its end.
fn paragraph(out: &mut impl Write, lead: &str, text: &str) -> Result<()> {
    let indent = " ".repeat(lead.chars().count());
    let mut line = lead.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line.clone_from(&indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    Ok(writeln!(out, "{line}")?)
}

fn requirement_lines(
    out: &mut impl Write,
    requirement: &RequirementResult,
    as_of: Date,
    colours: &Colours,
) -> Result<()> {
    let (mark, colour) = match requirement.status {
        Status::Met => ("✓", colours.green),
        Status::Partly => ("~", colours.yellow),
        Status::Unmet => ("✗", colours.red),
    };
    let importance = match requirement.importance {
        Importance::Must => " (must)",
        Importance::Normal => "",
        Importance::Nice => " (a plus)",
    };
    let points = format!("{:.1}/{:.1}", requirement.points, requirement.weight);
    writeln!(
        out,
        "  {colour}{mark}{} {points:>10}  {}{importance}",
        colours.plain,
        shorten(&requirement.text)
    )?;
    if let Some(evidence) = requirement.evidence.first() {
        let said = level_and_last_use(evidence, as_of);
        writeln!(
            out,
            "                  {}\"{}\"{said}{}",
            colours.dim,
            shorten(&evidence.text),
            colours.plain
        )?;
    }
    if let Some(note) = &requirement.note {
        writeln!(out, "                  {}{note}{}", colours.dim, colours.plain)?;
    }
    Ok(())
}

/// What a passage says of a skill besides naming it: " (advanced, last used 2022-11)".
fn level_and_last_use(evidence: &Evidence, as_of: Date) -> String {
    let today = as_of.strftime("%Y-%m").to_string();
    let used = evidence
        .last_used
        .as_ref()
        .map(|last| if *last == today { "used to this day".to_owned() } else { format!("last used {last}") });
    let level = evidence.level.map(|level| level.name().to_owned());
    let parts: Vec<String> = level.into_iter().chain(used).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn advice(out: &mut impl Write, result: &MatchResult, colours: &Colours) -> Result<()> {
    if result.advice.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}What to change{}, what adds most first", colours.bold, colours.plain)?;
    for (number, advice) in (1..).zip(&result.advice) {
        let gain = if advice.gain > 0.0 { format!(" [+{:.1}]", advice.gain) } else { String::new() };
        paragraph(out, &format!("{number:>3}. "), &format!("{}{gain}", advice.text))?;
    }
    Ok(())
}

/// One line, cut where it is too long.
fn shorten(text: &str) -> String {
    if text.chars().count() <= QUOTE {
        return text.to_owned();
    }
    let short: String = text.chars().take(QUOTE - 1).collect();
    format!("{}…", short.trim_end())
}

/// Terminal colours; empty where the output is no terminal.
struct Colours {
    bold: &'static str,
    dim: &'static str,
    green: &'static str,
    yellow: &'static str,
    red: &'static str,
    plain: &'static str,
}

impl Colours {
    fn of(wanted: bool) -> Self {
        if wanted {
            Self {
                bold: "\x1b[1m",
                dim: "\x1b[2m",
                green: "\x1b[32m",
                yellow: "\x1b[33m",
                red: "\x1b[31m",
                plain: "\x1b[0m",
            }
        } else {
            Self { bold: "", dim: "", green: "", yellow: "", red: "", plain: "" }
        }
    }
}
