//! From the chance of text in each cell to boxes.

use std::ops::Range;

use super::TextBox;

/// How much of the extent of two rows must be common to make one box.
const ALIKE: f32 = 0.7;

/// The chance of text in each cell of an image, row by row.
pub(super) struct Cells {
    pub chances: Vec<f32>,
    pub columns: usize,
    pub rows: usize,
}

/// Cells that text has at least: two characters of the least height have more.
const LEAST: usize = 5;

/// Bounds of the chance of text.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// One cell of a part has more.
    pub sure: f32,
    /// All cells of a part have more.
    pub likely: f32,
}

/// Boxes, in cells, around connected cells whose chance is over `likely`, of which one is over `sure`. What has no straight
/// edge, such as text that lies askew, gets several boxes. A part of which all sure cells are `covered` (column, row) by now
/// gets none: small letters, of which the boxes would be too large at this scale.
pub(super) fn boxes(
    cells: &Cells,
    Bounds { sure, likely }: Bounds,
    covered: impl Fn(usize, usize) -> bool,
) -> Vec<TextBox> {
    let mut seen = vec![false; cells.chances.len()];
    let mut found = Vec::new();
    for start in 0..cells.chances.len() {
        if seen[start] || cells.chances[start] <= sure {
            continue;
        }
        // Empty where no cell of the row belongs to the part.
        let mut extents = vec![0..0; cells.rows];
        let (mut open, mut count, mut known) = (vec![start], 0_usize, true);
        seen[start] = true;
        while let Some(cell) = open.pop() {
            let (x, y) = (cell % cells.columns, cell / cells.columns);
            count += 1;
            known &= cells.chances[cell] <= sure || covered(x, y);
            let extent = &extents[y];
            extents[y] =
                if extent.is_empty() { x..x + 1 } else { extent.start.min(x)..extent.end.max(x + 1) };
            for down in y.saturating_sub(1)..(y + 2).min(cells.rows) {
                for across in x.saturating_sub(1)..(x + 2).min(cells.columns) {
                    let next = down * cells.columns + across;
                    if !seen[next] && cells.chances[next] > likely {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        if count >= LEAST && !known {
            found.extend(straight(&extents));
        }
    }
    found
}

/// The pixels of a box of cells with a side of `cell` pixels, grown by a margin: less than a cell across the lines, more along
/// them, where the next letter may be missing.
pub(super) fn pixels(text: &TextBox, cell: usize, [columns, rows]: [usize; 2]) -> TextBox {
    let (width, height) = (text.columns.len() as f32, text.rows.len() as f32);
    let short = width.min(height);
    let (along, across) = (0.75 + (0.5 * short).min(1.5), 0.75 + (0.1 * short).min(0.5));
    let (left, top) = if width >= height { (along, across) } else { (across, along) };
    let grown = |range: &Range<usize>, by: f32, end: usize| {
        let by = (by * cell as f32).round() as usize;
        (range.start * cell).saturating_sub(by).min(end)..(range.end * cell + by).min(end)
    };
    TextBox { columns: grown(&text.columns, left, columns), rows: grown(&text.rows, top, rows) }
}

/// Boxes of rows of which the extents are about the same.
fn straight(extents: &[Range<usize>]) -> Vec<TextBox> {
    let mut found: Vec<TextBox> = Vec::new();
    for (row, extent) in extents.iter().enumerate().filter(|(_, extent)| !extent.is_empty()) {
        if let Some(last) = found.last_mut() {
            let common =
                extent.end.min(last.columns.end).saturating_sub(extent.start.max(last.columns.start));
            let all = extent.end.max(last.columns.end) - extent.start.min(last.columns.start);
            if common as f32 > ALIKE * all as f32 {
                last.columns = extent.start.min(last.columns.start)..extent.end.max(last.columns.end);
                last.rows.end = row + 1;
                continue;
            }
        }
        found.push(TextBox { columns: extent.clone(), rows: row..row + 1 });
    }
    found
}
