//! DOCX: the main part with its headers, footers, notes and text boxes; tracked changes as accepted.

mod body;
mod numbering;
mod styles;

use std::collections::HashMap;

use super::builder::{DocumentBuilder, RawBlock};
use super::container::Container;
use super::options::ExtractOptions;
use super::xml::{Node, walk};
use crate::document::{BlockKind, Document, Format, WarningKind};
use crate::error::{ExtractError, FormatName};

use body::Body;

/// Headers, footers and notes parts that are read.
const MAX_PARTS: usize = 64;

/// Targets of a part's relations by their ids.
type Relations = HashMap<String, Relation>;

/// A relation of one part to another or to the outside.
struct Relation {
    kind: String,
    target: String,
    external: bool,
}

/// Reads a DOCX file.
pub(super) fn extract(bytes: &[u8], options: &ExtractOptions<'_>) -> Result<Document, ExtractError> {
    let mut budget = options.limits.objects;
    let mut package =
        Package { container: Container::open(bytes, Format::Docx, options)?, options, budget: &mut budget };
    let main = package.main_part()?;
    let folder = folder_of(&main);
    let relations = package.relations(&main)?;
    let document = package.container.read(&main)?.ok_or_else(|| damaged("its main part is missing"))?;
    let styles = match package.related(&relations, "styles", folder)? {
        Some(bytes) => styles::Styles::read(&bytes, options, package.budget)?,
        None => styles::Styles::default(),
    };
    let numbering = match package.related(&relations, "numbering", folder)? {
        Some(bytes) => numbering::Numbering::read(&bytes, options, package.budget)?,
        None => numbering::Numbering::default(),
    };
    let mut body = Body::new(styles, numbering);
    let whole = body.read(&document, &relations, options, package.budget)?;
    let main_blocks = body.take_blocks();
    let headers = package.side_parts(&mut body, &relations, "header", BlockKind::Header, folder)?;
    let notes = package.notes(&mut body, &relations, folder)?;
    let footers = package.side_parts(&mut body, &relations, "footer", BlockKind::Footer, folder)?;
    let damaged_container = package.container.damaged;
    let mut builder = DocumentBuilder::new(Format::Docx, options.limits);
    for block in [headers, main_blocks, notes, footers].into_iter().flatten() {
        builder.push(block);
    }
    for (text, reason) in &body.hidden {
        builder.hide(text, *reason);
    }
    let broken = damaged_container || !whole;
    if broken {
        builder.warn(WarningKind::Damaged, "the file is damaged; what could be read was read");
    }
    match builder.finish() {
        Err(ExtractError::NoText { .. }) if broken => Err(damaged("nothing of its text can be read")),
        result => result,
    }
}

fn damaged(detail: &str) -> ExtractError {
    ExtractError::Damaged { format: FormatName(Format::Docx), detail: detail.to_owned() }
}

fn folder_of(part: &str) -> &str {
    part.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A part's name from a relation's target.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|piece| !piece.is_empty()).collect();
    for piece in target.split('/') {
        match piece {
            ".." => {
                path.pop();
            }
            "." | "" => {}
            other => path.push(other),
        }
    }
    path.join("/")
}

struct Package<'a> {
    container: Container<'a>,
    options: &'a ExtractOptions<'a>,
    budget: &'a mut usize,
}

impl Package<'_> {
    /// The part that holds the text: as the package says, or the usual one.
    fn main_part(&mut self) -> Result<String, ExtractError> {
        let stated = self.relations("")?;
        let stated = stated.values().find(|relation| relation.kind == "officeDocument" && !relation.external);
        let stated = stated.map(|relation| resolve("", &relation.target));
        let known = |name: &str, container: &Container<'_>| {
            container.names().any(|entry| entry.eq_ignore_ascii_case(name))
        };
        if let Some(name) = stated.filter(|name| known(name, &self.container)) {
            return Ok(name);
        }
        let usual = self.container.names().find(|name| {
            let name = name.to_ascii_lowercase();
            name.ends_with("word/document.xml") || name.ends_with("word/document2.xml")
        });
        usual.map(str::to_owned).ok_or_else(|| damaged("its main part is missing"))
    }

    fn relations(&mut self, part: &str) -> Result<Relations, ExtractError> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let path = if folder.is_empty() {
            format!("_rels/{name}.rels")
        } else {
            format!("{folder}/_rels/{name}.rels")
        };
        let mut relations = Relations::new();
        let Some(bytes) = self.container.read(&path)? else { return Ok(relations) };
        walk(&bytes, self.options, self.budget, |node| {
            if let Node::Start(element) = node
                && element.name() == "Relationship"
                && let (Some(id), Some(target)) = (element.attribute("Id"), element.attribute("Target"))
            {
                let kind = element.attribute("Type").unwrap_or_default();
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                let external = element.attribute("TargetMode").is_some_and(|mode| mode == "External");
                relations.insert(id, Relation { kind, target, external });
            }
            Ok(())
        })?;
        Ok(relations)
    }

    fn related(
        &mut self,
        relations: &Relations,
        kind: &str,
        folder: &str,
    ) -> Result<Option<Vec<u8>>, ExtractError> {
        let target = relations.values().find(|relation| relation.kind == kind && !relation.external);
        match target {
            Some(relation) => self.container.read(&resolve(folder, &relation.target)),
            None => Ok(None),
        }
    }

    /// Blocks of all headers or footers, each text once.
    fn side_parts(
        &mut self,
        body: &mut Body,
        relations: &Relations,
        kind: &str,
        block_kind: BlockKind,
        folder: &str,
    ) -> Result<Vec<RawBlock>, ExtractError> {
        let mut parts: Vec<String> = relations
            .values()
            .filter(|relation| relation.kind == kind && !relation.external)
            .map(|relation| resolve(folder, &relation.target))
            .collect();
        parts.sort();
        parts.truncate(MAX_PARTS);
        let mut blocks: Vec<RawBlock> = Vec::new();
        for part in parts {
            let relations = self.relations(&part)?;
            let Some(bytes) = self.container.read(&part)? else { continue };
            body.read(&bytes, &relations, self.options, self.budget)?;
            for mut block in body.take_blocks() {
                block.kind = block_kind;
                if !blocks.contains(&block) {
                    blocks.push(block);
                }
            }
        }
        Ok(blocks)
    }

    /// Footnotes and endnotes that the text refers to.
    fn notes(
        &mut self,
        body: &mut Body,
        relations: &Relations,
        folder: &str,
    ) -> Result<Vec<RawBlock>, ExtractError> {
        let mut blocks = Vec::new();
        for kind in ["footnotes", "endnotes"] {
            let Some(bytes) = self.related(relations, kind, folder)? else { continue };
            let target = relations.values().find(|relation| relation.kind == kind);
            let part = target.map(|relation| resolve(folder, &relation.target)).unwrap_or_default();
            let own = self.relations(&part)?;
            body.read(&bytes, &own, self.options, self.budget)?;
            blocks.extend(
                body.take_blocks().into_iter().map(|block| RawBlock { kind: BlockKind::Note, ..block }),
            );
        }
        Ok(blocks)
    }
}

#[cfg(test)]
mod tests;
