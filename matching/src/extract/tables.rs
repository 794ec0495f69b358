//! Rows of tables become blocks: cells side by side when they are short, one after the other when they hold text.

use super::builder::{RawBlock, RawLine, Run};
use crate::document::BlockKind;

/// The blocks of a row. Cells of one short block each make one line with tabs between them; a cell with several
/// blocks is a piece of page layout and is read whole.
pub(crate) fn row_blocks(cells: Vec<Vec<RawBlock>>) -> Vec<RawBlock> {
    let mut cells: Vec<Vec<RawBlock>> =
        cells.into_iter().map(visible).filter(|cell| !cell.is_empty()).collect();
    let one_line = |cell: &Vec<RawBlock>| matches!(cell.as_slice(), [block] if block.lines.len() <= 2 && block.kind != BlockKind::TableRow);
    if cells.len() < 2 || !cells.iter().all(one_line) {
        return cells.into_iter().flatten().collect();
    }
    let mut runs: Vec<Run> = Vec::new();
    for block in cells.iter_mut().filter_map(|cell| cell.pop()) {
        if !runs.is_empty() {
            runs.push(Run::plain("\t"));
        }
        for (index, line) in block.lines.into_iter().enumerate() {
            if index > 0 {
                runs.push(Run::plain(" "));
            }
            // A tab inside a cell would look like the border of one.
            runs.extend(line.runs.into_iter().map(|run| Run { text: run.text.replace('\t', " "), ..run }));
        }
    }
    let line = RawLine { runs, bbox: None };
    vec![RawBlock { kind: BlockKind::TableRow, column: 0, bbox: None, lines: vec![line] }]
}

fn visible(cell: Vec<RawBlock>) -> Vec<RawBlock> {
    let has_text = |block: &RawBlock| {
        block.lines.iter().any(|line| line.runs.iter().any(|run| !run.text.trim().is_empty()))
    };
    cell.into_iter().filter(has_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(texts: &[&str]) -> Vec<RawBlock> {
        texts.iter().map(|text| RawBlock::flowing(BlockKind::Paragraph, vec![Run::plain(*text)])).collect()
    }

    fn texts(blocks: &[RawBlock]) -> Vec<String> {
        let text = |line: &RawLine| line.runs.iter().map(|run| run.text.as_str()).collect::<String>();
        blocks.iter().map(|block| block.lines.iter().map(text).collect::<Vec<_>>().join("\n")).collect()
    }

    #[test]
    fn short_cells_make_one_line_with_tabs() {
        let blocks = row_blocks(vec![cell(&["Rust"]), cell(&[""]), cell(&["5 years"])]);
        assert_eq!(texts(&blocks), ["Rust\t5 years"]);
        assert_eq!(blocks[0].kind, BlockKind::TableRow);
    }

    #[test]
    fn cells_of_layout_tables_are_read_whole() {
        let blocks = row_blocks(vec![cell(&["Contact", "a@b.c"]), cell(&["Experience", "Acme"])]);
        assert_eq!(texts(&blocks), ["Contact", "a@b.c", "Experience", "Acme"]);
    }
}
