//! The table that tesseract prints: a row for each page, block, paragraph, line and word.

use matching::document::Rect;
use matching::extract::OcrLine;

/// Words that tesseract is less sure of than this (0 to 100) are mostly stains, borders and icons.
const LEAST_CONFIDENCE: f32 = 30.0;

/// Level of a row that holds a word.
const WORD: u32 = 5;

/// The lines of the table in its order, which is the reading order.
pub(crate) fn lines(table: &str) -> Vec<OcrLine> {
    let mut lines: Vec<(Key, OcrLine)> = Vec::new();
    for row in table.lines() {
        let Some((key, text, bbox)) = word(row) else { continue };
        match lines.last_mut() {
            Some((last, line)) if *last == key => {
                line.text.push(' ');
                line.text.push_str(text);
                line.bbox = line.bbox.union(&bbox);
            }
            _ => lines.push((key, OcrLine { text: text.to_owned(), bbox })),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Page, block, paragraph and line.
type Key = [u32; 4];

/// The word of a row; `None` for other rows, the head, and words that are no words.
fn word(row: &str) -> Option<(Key, &str, Rect)> {
    let mut cells = row.splitn(12, '\t');
    let mut number = || cells.next()?.parse::<u32>().ok();
    let level = number()?;
    let key = [number()?, number()?, number()?, number()?];
    let _word = number()?;
    let [x, y, width, height] = [number()?, number()?, number()?, number()?].map(|pixels| pixels as f32);
    let confidence: f32 = cells.next()?.parse().ok()?;
    let text = cells.next()?.trim();
    (level == WORD && confidence >= LEAST_CONFIDENCE && !text.is_empty()).then_some((
        key,
        text,
        Rect { x0: x, y0: y, x1: x + width, y1: y + height },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_line_are_joined_and_doubtful_ones_dropped() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                     4\t1\t1\t1\t1\t0\t10\t20\t200\t30\t-1\t\n\
                     5\t1\t1\t1\t1\t1\t10\t20\t80\t30\t96.5\tJane\n\
                     5\t1\t1\t1\t1\t2\t100\t22\t110\t28\t95\tDoe\n\
                     5\t1\t1\t1\t1\t3\t300\t22\t5\t5\t3\t~\n\
                     5\t1\t1\t1\t2\t1\t10\t60\t80\t30\t91\tEngineer\n";
        let found = lines(table);
        let texts: Vec<&str> = found.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["Jane Doe", "Engineer"]);
        assert_eq!(found[0].bbox, Rect { x0: 10.0, y0: 20.0, x1: 210.0, y1: 50.0 });
    }

    #[test]
    fn broken_tables_are_no_words() {
        assert!(lines("5\t1\t1\nnonsense\n5\ta\tb\tc").is_empty());
    }
}
