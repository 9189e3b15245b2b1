//! Morphology in millimetres.

use meshing_volume::{LabelMap, Progress};
use rayon::prelude::*;

use crate::SegmentError;

/// Farther than any voxel, squared; finite so that the parabolas of the transform stay numbers.
const FAR: f32 = 1e12;

/// Closes gaps, notches and channels narrower than twice `radius_mm`: a dilation and an erosion by a ball, with exact
/// Euclidean distances between voxel centres (Felzenszwalb & Huttenlocher 2012). Nothing is taken away.
///
/// Works in the box around the label only; four bytes of memory for each voxel of it.
///
/// # Errors
/// [`SegmentError::Cancelled`].
pub fn close(
    mask: &mut LabelMap,
    label: u8,
    radius_mm: f64,
    progress: &dyn Progress,
) -> Result<(), SegmentError> {
    let Some(bounds) = mask.bounds(label) else { return Ok(()) };
    if radius_mm <= 0.0 {
        return Ok(());
    }
    let (size, spacing_mm) = (mask.grid().size(), mask.grid().spacing_mm());
    // The box reaches a radius beyond the label, over the border of the volume too: there is nothing out there.
    let margin: [usize; 3] = core::array::from_fn(|n| (radius_mm / spacing_mm[n]).ceil() as usize + 1);
    let low: [usize; 3] = bounds.min.to_array().map(|x| x as usize);
    let high: [usize; 3] = bounds.max.to_array().map(|x| x as usize);
    let inner: [usize; 3] = core::array::from_fn(|n| high[n] - low[n] + 1);
    let area = Area { size: core::array::from_fn(|n| inner[n] + 2 * margin[n]), spacing_mm };
    let [si, sj, _] = size;
    let index = |at: [usize; 3]| {
        let [i, j, k]: [usize; 3] = core::array::from_fn(|n| (at[n] + low[n]).wrapping_sub(margin[n]));
        let inside = [i, j, k].iter().zip(&size).all(|(x, n)| x < n);
        inside.then(|| i + si * (j + sj * k))
    };
    let squared = (radius_mm * radius_mm) as f32 * (1.0 + 1e-6);
    let labels = mask.labels();
    let from_label = area.squared_distances(|at| index(at).is_some_and(|n| labels[n] == label));
    progress.step(1, 2)?;
    let from_gap = area.squared_distances(|at| from_label[area.place(at)] > squared);
    let labels = mask.labels_mut();
    for k in 0..area.size[2] {
        for j in 0..area.size[1] {
            for i in 0..area.size[0] {
                if from_gap[area.place([i, j, k])] > squared
                    && let Some(n) = index([i, j, k])
                {
                    labels[n] = label;
                }
            }
        }
    }
    Ok(())
}

/// A box of voxels whose results lie with k fastest, then i, then j.
pub(crate) struct Area {
    pub(crate) size: [usize; 3],
    pub(crate) spacing_mm: [f64; 3],
}

impl Area {
    fn place(&self, [i, j, k]: [usize; 3]) -> usize {
        k + self.size[2] * (i + self.size[0] * j)
    }

    /// For each voxel the squared distance, mm², to the nearest voxel for which `source` holds.
    pub(crate) fn squared_distances(&self, source: impl Fn([usize; 3]) -> bool + Sync) -> Vec<f32> {
        let [si, sj, sk] = self.size;
        let [mi, mj, mk] = self.spacing_mm.map(|mm| mm as f32);
        let mut slices = vec![0.0_f32; si * sj * sk];
        slices.par_chunks_mut(si * sj).enumerate().for_each(|(k, slice)| {
            let mut line = Envelope::default();
            for (j, row) in slice.chunks_mut(si).enumerate() {
                for (i, value) in row.iter_mut().enumerate() {
                    *value = if source([i, j, k]) { 0.0 } else { FAR };
                }
                line.lower(row, mi);
            }
            let mut column = vec![0.0; sj];
            for i in 0..si {
                for j in 0..sj {
                    column[j] = slice[i + si * j];
                }
                line.lower(&mut column, mj);
                for j in 0..sj {
                    slice[i + si * j] = column[j];
                }
            }
        });
        let mut turned = vec![0.0_f32; slices.len()];
        turned.par_chunks_mut(sk).enumerate().for_each_init(Envelope::default, |line, (column, values)| {
            for (k, value) in values.iter_mut().enumerate() {
                *value = slices[column + si * sj * k];
            }
            line.lower(values, mk);
        });
        turned
    }
}

/// The lower envelope of parabolas along a line.
#[derive(Default)]
struct Envelope {
    heights: Vec<f32>,
    apex: Vec<usize>,
    from: Vec<f32>,
}

impl Envelope {
    /// Replaces each value by the smallest of value + squared distance over the line.
    fn lower(&mut self, line: &mut [f32], step_mm: f32) {
        if line.iter().all(|&value| value >= FAR) || line.iter().all(|&value| value == 0.0) {
            return;
        }
        self.heights.clear();
        self.heights.extend_from_slice(line);
        self.apex.clear();
        self.from.clear();
        let square = step_mm * step_mm;
        for (q, &height) in self.heights.iter().enumerate().filter(|(_, height)| **height < FAR) {
            let mut start = f32::NEG_INFINITY;
            while let (Some(&p), Some(&begin)) = (self.apex.last(), self.from.last()) {
                let (x, y) = (q as f32, p as f32);
                start = ((height - self.heights[p]) / square + x * x - y * y) / (2.0 * (x - y));
                if start > begin {
                    break;
                }
                self.apex.pop();
                self.from.pop();
                start = f32::NEG_INFINITY;
            }
            self.apex.push(q);
            self.from.push(start);
        }
        let mut n = 0;
        for (x, value) in line.iter_mut().enumerate() {
            while n + 1 < self.apex.len() && self.from[n + 1] < x as f32 {
                n += 1;
            }
            let away = (x as f32 - self.apex[n] as f32) * step_mm;
            *value = self.heights[self.apex[n]] + away * away;
        }
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent};

    use super::*;

    #[test]
    fn distances_agree_with_trying_every_voxel() {
        let area = Area { size: [7, 9, 5], spacing_mm: [0.5, 1.0, 2.5] };
        let source = |[i, j, k]: [usize; 3]| (i * 7 + j * 5 + k * 3) % 29 == 0;
        let all = || (0..7 * 9 * 5).map(|n| [n % 7, n / 7 % 9, n / 63]);
        let got = area.squared_distances(source);
        for at in all() {
            let to = |other: [usize; 3]| -> f64 {
                (0..3).map(|n| ((at[n] as f64 - other[n] as f64) * area.spacing_mm[n]).powi(2)).sum()
            };
            let nearest = all().filter(|other| source(*other)).map(to).fold(f64::INFINITY, f64::min);
            assert!((f64::from(got[area.place(at)]) - nearest).abs() < 1e-3, "{at:?}");
        }
    }

    #[test]
    fn a_slit_is_closed_and_a_gap_stays() {
        let grid = Grid::axis_aligned([30, 12, 12], Point::origin(), [0.5, 1.0, 1.0]).expect("grid");
        let mut mask = LabelMap::empty(&grid);
        for (n, label) in mask.labels_mut().iter_mut().enumerate() {
            let i = n % 30;
            *label = u8::from(i < 8 || (10..16).contains(&i) || i >= 26);
        }
        let before = mask.clone();
        close(&mut mask, 1, 2.0, &Silent).expect("runs");
        assert!(before.labels().iter().zip(mask.labels()).all(|(before, after)| before <= after));
        assert_eq!((mask.get(8, 6, 6), mask.get(9, 6, 6)), (1, 1), "a slit of 1 mm");
        assert_eq!(mask.get(20, 6, 6), 0, "a gap of 5 mm");
        let mut none = LabelMap::empty(&grid);
        close(&mut none, 1, 2.0, &Silent).expect("runs");
        assert_eq!(none.count(1), 0);
    }
}
