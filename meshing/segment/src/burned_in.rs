//! Text that is burned into an image: names, dates and numbers in any script, found by what letters have in common.
//!
//! The image is cut at many levels, once for bright and once for dark letters. The connected parts above a level are
//! measured: letters have one grey value, steep edges and thin strokes. Parts that stand beside each other with the same
//! value, height and width of stroke make a line; what speaks for and against text in a line is weighed by trees that were
//! fitted to generated images and real slices ([`trees`]). Lines beside a sure one in its colour need to convince less, and
//! whole boxes with a margin are given back, so that what was not found at the end of a line is covered too.
//!
//! No detector is perfect: whoever blanks these boxes has to look at the images as well.

mod choose;
mod lines;
mod parts;
mod trees;

use std::ops::Range;

use rayon::prelude::*;

use lines::Line;
use parts::Plane;

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

/// The boxes around text in an image of `size` columns by rows, row by row from the top; they may overlap. Values have no
/// unit: only how they differ counts. Letters between 8 and about 90 pixels high are looked for, in lines from left to right.
///
/// Gives nothing for an image whose values are not one for each pixel.
#[must_use]
pub fn burned_in_text(values: &[u16], size: [usize; 2], readiness: Readiness) -> Vec<TextBox> {
    let (sure, likely) = match readiness {
        Readiness::Slow => (0.95, 0.4),
        Readiness::Quick => (0.85, 0.3),
    };
    choose::choose(&candidates(values, size), sure, likely, size)
}

/// Every group of parts that may be a line.
fn candidates(values: &[u16], [columns, rows]: [usize; 2]) -> Vec<Line> {
    if columns == 0 || values.len() != columns * rows {
        return Vec::new();
    }
    let top = values.iter().max().copied().unwrap_or(0);
    let inverted: Vec<u16> = values.iter().map(|&v| top - v).collect();
    let cuts: Vec<(bool, &[u16], u16)> = [(false, values), (true, inverted.as_slice())]
        .into_iter()
        .flat_map(|(dark, values)| levels(values).into_iter().map(move |level| (dark, values, level)))
        .collect();
    let found = cuts.par_iter().flat_map_iter(|&(dark, values, level)| {
        let plane = Plane { values, columns, rows };
        let lines = lines::lines(plane, level, parts::parts(plane, level));
        lines.into_iter().map(move |line| Line { dark, ..line })
    });
    let mut lines: Vec<Line> = found.collect();
    choose::vote(&mut lines);
    lines
}

/// Rows of a band in which boxes are compared.
const BAND: usize = 32;

/// Calls `meet` once with each pair of boxes (left, top, right, bottom) that have a row in common and of which the second one,
/// in their order from left to right, begins at most at the column `reach` of the first. Noise has a hundred thousand boxes:
/// only those of one band of rows are compared.
fn meeting(boxes: &[[usize; 4]], reach: impl Fn(usize) -> usize, mut meet: impl FnMut(usize, usize)) {
    let last = |b: &[usize; 4]| b[3].max(b[1] + 1) - 1;
    let mut bands = vec![Vec::new(); boxes.iter().map(last).max().unwrap_or(0) / BAND + 1];
    for (n, place) in boxes.iter().enumerate() {
        for band in &mut bands[place[1] / BAND..=last(place) / BAND] {
            band.push(n);
        }
    }
    for (number, band) in bands.iter().enumerate() {
        for (at, &i) in band.iter().enumerate() {
            let (a, reach) = (boxes[i], reach(i));
            for &j in band[at + 1..].iter().take_while(|&&j| boxes[j][0] <= reach) {
                // The first row they have in common lies in one band only.
                let (top, bottom) = (a[1].max(boxes[j][1]), a[3].min(boxes[j][3]));
                if top < bottom && top / BAND == number {
                    meet(i, j);
                }
            }
        }
    }
}

/// The levels at which an image is cut: even steps over all values and over the usual ones, and equal shares of pixels.
fn levels(values: &[u16]) -> Vec<u16> {
    let mut counts = vec![0_u32; 1 << 16];
    for &value in values {
        counts[usize::from(value)] += 1;
    }
    let total = values.len() as f64;
    let mut sums: Vec<(u16, f64)> = Vec::new();
    let mut sum = 0.0;
    for (value, &count) in (0..=u16::MAX).zip(&counts) {
        if count > 0 {
            sum += f64::from(count);
            sums.push((value, sum / total));
        }
    }
    let quantile = |share: f64| sums.iter().find(|(_, s)| *s >= share).map_or(0, |&(v, _)| v);
    let (low, high) = (quantile(0.0005), sums.last().map_or(0, |&(v, _)| v));
    let mut levels = Vec::new();
    for to in [high, quantile(0.998)] {
        let span = f64::from(to.saturating_sub(low));
        levels.extend((0..14).map(|n| (f64::from(low) + span * (f64::from(n) + 0.5) / 14.0) as u16));
    }
    levels.extend((1..10).map(|n| quantile(f64::from(n) / 10.0)));
    levels.extend([0.95, 0.98, 0.99, 0.995].map(quantile));
    levels.sort_unstable();
    // Levels between which no value lies cut the same.
    levels.dedup_by_key(|level| sums.partition_point(|(v, _)| v <= level));
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_common_rows_meet_once() {
        let mut dice = 7_u32;
        let mut roll = |below: usize| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (dice >> 8) as usize % below
        };
        let mut boxes: Vec<[usize; 4]> = (0..300)
            .map(|_| {
                let (left, top) = (roll(200), roll(200));
                [left, top, left + 1 + roll(30), top + 1 + roll(90)]
            })
            .collect();
        boxes.sort_by_key(|place| place[0]);
        let reach = |n: usize| boxes[n][2] + 4;
        let mut found = Vec::new();
        meeting(&boxes, reach, |i, j| found.push((i, j)));
        found.sort_unstable();
        let meet = |i: usize, j: usize| {
            let (a, b) = (boxes[i], boxes[j]);
            b[0] <= reach(i) && a[1].max(b[1]) < a[3].min(b[3])
        };
        let all = (0..300).flat_map(|i| (i + 1..300).map(move |j| (i, j)));
        let expected: Vec<_> = all.filter(|&(i, j)| meet(i, j)).collect();
        assert!(expected.len() > 1000 && found == expected);
    }
}
