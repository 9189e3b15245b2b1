//! Text that is burned into an image: names, dates and numbers in any script, at any place and turned by any quarter.
//!
//! A small convolutional network, fitted to generated images (`tools/train/burned_in`), gives the chance of text for each cell of
//! 4 × 4 pixels. It sees each pixel relative to its surroundings, so that brightness, window and depth of an image do not count,
//! and it looks at the image at full size and halved again and again, so that it finds large letters as well as small ones.
//! Cells that hang together become boxes with a margin; a coarser look adds only what a finer one has not covered.
//!
//! No detector is perfect: whoever blanks these boxes has to look at the images as well.

mod boxes;
mod normalised;

use std::ops::Range;
use std::sync::LazyLock;

use rayon::prelude::*;

use crate::network::{Network, NetworkError};
use boxes::{Bounds, Cells, boxes, pixels};
use normalised::{Plane, normalised};

/// A box around text, in pixels of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextBox {
    /// Columns, from the left.
    pub columns: Range<usize>,
    /// Rows, from the top.
    pub rows: Range<usize>,
}

/// How ready an image is taken to have text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Images that rarely have any, such as slices of CT and MR.
    Slow,
    /// Images that often have some, such as ultrasound, captures, and what says so itself.
    Quick,
}

/// Side of a cell in pixels.
const CELL: usize = 4;

/// The network halves an image five times.
const STEP: usize = 32;

/// Greatest side of a tile that the network sees at once, and how much of it lies outside what it decides on.
const TILE: usize = 768;
const MARGIN: usize = 64;

/// Least side of an image worth a look, in pixels: letters are at least 8 high.
const LEAST: usize = 8;

/// An image is halved while its longer side exceeds this: letters are looked for up to a fifth of it.
const SMALLEST: usize = 128;

static NETWORK: LazyLock<Result<Network, NetworkError>> =
    LazyLock::new(|| Network::read(include_bytes!("burned_in/text.onnx")));

/// The boxes around text in an image of `size` columns by rows; they may overlap. Values have no unit: only how they differ
/// counts. Letters from 8 pixels high up are looked for; one letter alone, such as the marker of a side, is mostly left.
///
/// Gives nothing for an image whose values are not one for each pixel.
///
/// # Errors
/// The network does not run.
pub fn burned_in_text(
    values: &[u16],
    [columns, rows]: [usize; 2],
    readiness: Readiness,
) -> Result<Vec<TextBox>, NetworkError> {
    // Anatomy looks like text more often where the image was halved.
    let (mut bounds, halved) = match readiness {
        Readiness::Slow => (Bounds { sure: 0.7, likely: 0.3 }, Bounds { sure: 0.95, likely: 0.4 }),
        Readiness::Quick => (Bounds { sure: 0.2, likely: 0.15 }, Bounds { sure: 0.8, likely: 0.4 }),
    };
    if columns.min(rows) < LEAST || values.len() != columns * rows {
        return Ok(Vec::new());
    }
    let network = NETWORK.as_ref().map_err(NetworkError::clone)?;
    let mut plane = Plane { values: values.iter().copied().map(f32::from).collect(), columns, rows };
    let mut covered = vec![false; values.len()];
    // Pixels of the image that make the side of a cell.
    let (mut cell, mut found) = (CELL, Vec::new());
    loop {
        let middle = |n: usize, end: usize| (n * cell + cell / 2).min(end - 1);
        let known = |x: usize, y: usize| covered[middle(y, rows) * columns + middle(x, columns)];
        let new: Vec<TextBox> = boxes(&cells(network, &plane)?, bounds, known)
            .iter()
            .map(|text| pixels(text, cell, [columns, rows]))
            .collect();
        for text in &new {
            for row in text.rows.clone() {
                covered[row * columns..][text.columns.clone()].fill(true);
            }
        }
        found.extend(new);
        if plane.columns.max(plane.rows) <= SMALLEST || plane.columns.min(plane.rows) < 2 * LEAST {
            return Ok(found);
        }
        plane = plane.half();
        cell *= 2;
        bounds = halved;
    }
}

/// The chance of text in each cell of an image, tile by tile.
fn cells(network: &Network, plane: &Plane) -> Result<Cells, NetworkError> {
    let (columns, rows) = (plane.columns.div_ceil(CELL), plane.rows.div_ceil(CELL));
    let span = plane.span();
    let tiles: Vec<[Tile; 2]> = tiles(plane.rows)
        .into_iter()
        .flat_map(|down| tiles(plane.columns).into_iter().map(move |across| [across, down.clone()]))
        .collect();
    let seen = tiles.into_par_iter().map(|[across, down]| {
        let side = |range: &Range<usize>| range.len().next_multiple_of(STEP);
        let size = [side(&across.seen), side(&down.seen)];
        let output = network.run(normalised(plane, [across.seen.clone(), down.seen.clone()], size, span))?;
        Ok(([across, down], output))
    });
    let seen: Vec<_> = seen.collect::<Result<_, NetworkError>>()?;
    let mut chances = vec![0.0_f32; columns * rows];
    for ([across, down], output) in seen {
        let [_, _, width] = output.shape;
        for y in down.kept.start / CELL..down.kept.end.div_ceil(CELL) {
            for x in across.kept.start / CELL..across.kept.end.div_ceil(CELL) {
                let at = (y - down.seen.start / CELL) * width + x - across.seen.start / CELL;
                chances[y * columns + x] = 1.0 / (1.0 + (-output.values[at]).exp());
            }
        }
    }
    Ok(Cells { chances, columns, rows })
}

/// A stretch of an image that the network sees, and the part of it that counts.
#[derive(Clone)]
struct Tile {
    seen: Range<usize>,
    kept: Range<usize>,
}

/// Stretches that cover a length, of which those that count do not overlap.
fn tiles(length: usize) -> Vec<Tile> {
    if length <= TILE {
        return vec![Tile { seen: 0..length, kept: 0..length }];
    }
    let step = TILE - 2 * MARGIN;
    (0..length.div_ceil(step))
        .map(|n| {
            let kept = n * step..((n + 1) * step).min(length);
            Tile { seen: kept.start.saturating_sub(MARGIN)..(kept.end + MARGIN).min(length), kept }
        })
        .collect()
}
