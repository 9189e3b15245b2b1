//! What the network sees of an image: how far each pixel lies from its surroundings, near and far.

use std::ops::Range;

use crate::network::Planes;

/// Sides of the windows in pixels.
const WINDOWS: [usize; 3] = [11, 31, 101];

/// The farthest that a pixel may lie from the mean of its window, in deviations.
const FARTHEST: f64 = 4.0;

/// The deviation that counts as flat, as a share of the range of all values.
const FLAT: f64 = 0.002;

/// An image of one value for each pixel.
pub(super) struct Plane {
    pub values: Vec<f32>,
    pub columns: usize,
    pub rows: usize,
}

impl Plane {
    /// Half as many columns and rows, each value the mean of four; what is left over at the edge goes.
    pub(super) fn half(&self) -> Self {
        let (columns, rows) = (self.columns / 2, self.rows / 2);
        let at = |x: usize, y: usize| self.values[y * self.columns + x];
        let mean = |x: usize, y: usize| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
        let values = (0..rows * columns).map(|n| mean(n % columns * 2, n / columns * 2)).collect();
        Self { values, columns, rows }
    }

    /// The difference between the greatest and the least value.
    pub(super) fn span(&self) -> f32 {
        let (low, high) =
            self.values.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        (high - low).max(0.0)
    }
}

/// A tile of an image for the network, in channels one for each window: distance from the mean of the window in its
/// deviations. Windows are cut at the edge of the image. The tile is filled up with zeros to `side` columns and rows.
pub(super) fn normalised(
    plane: &Plane,
    [across, down]: [Range<usize>; 2],
    [columns, rows]: [usize; 2],
    span: f32,
) -> Planes {
    let mut values = vec![0.0_f32; WINDOWS.len() * columns * rows];
    let flat = FLAT.mul_add(f64::from(span), f64::MIN_POSITIVE);
    for (window, channel) in WINDOWS.iter().zip(values.chunks_exact_mut(columns * rows)) {
        let reach = window / 2;
        let sums = Sums::of(plane, [around(&across, reach, plane.columns), around(&down, reach, plane.rows)]);
        for y in down.clone() {
            for x in across.clone() {
                let (mean, deviation) = sums
                    .moments(x.saturating_sub(reach)..x + reach + 1, y.saturating_sub(reach)..y + reach + 1);
                let value = f64::from(plane.values[y * plane.columns + x]);
                let distance = ((value - mean) / (deviation + flat)).clamp(-FARTHEST, FARTHEST);
                channel[(y - down.start) * columns + x - across.start] = distance as f32;
            }
        }
    }
    Planes { values, shape: [WINDOWS.len(), rows, columns] }
}

fn around(range: &Range<usize>, reach: usize, end: usize) -> Range<usize> {
    range.start.saturating_sub(reach)..(range.end + reach).min(end)
}

/// Sums of values and of their squares above and to the left of each pixel (Crow 1984), about a value that keeps them small.
struct Sums {
    across: Range<usize>,
    down: Range<usize>,
    middle: f64,
    table: Vec<[f64; 2]>,
}

impl Sums {
    fn of(plane: &Plane, [across, down]: [Range<usize>; 2]) -> Self {
        let stride = across.len() + 1;
        let middle = f64::from(plane.values[down.start * plane.columns + across.start]);
        let mut table = vec![[0.0; 2]; stride * (down.len() + 1)];
        for (row, y) in down.clone().enumerate() {
            let mut along = [0.0; 2];
            let line = &plane.values[y * plane.columns..][across.clone()];
            for (column, &value) in line.iter().enumerate() {
                let value = f64::from(value) - middle;
                along = [along[0] + value, along[1] + value * value];
                let above = table[row * stride + column + 1];
                table[(row + 1) * stride + column + 1] = [above[0] + along[0], above[1] + along[1]];
            }
        }
        Self { across, down, middle, table }
    }

    /// Mean and standard deviation of the pixels of a window, of which those outside do not count.
    fn moments(&self, across: Range<usize>, down: Range<usize>) -> (f64, f64) {
        let stride = self.across.len() + 1;
        let (left, right) = (
            across.start.max(self.across.start) - self.across.start,
            across.end.min(self.across.end) - self.across.start,
        );
        let (top, bottom) = (
            down.start.max(self.down.start) - self.down.start,
            down.end.min(self.down.end) - self.down.start,
        );
        let count = ((right - left) * (bottom - top)) as f64;
        let sum = |n: usize| {
            let at = |x: usize, y: usize| self.table[y * stride + x][n];
            at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top)
        };
        let mean = sum(0) / count;
        (mean + self.middle, (sum(1) / count - mean * mean).max(0.0).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_compared_with_its_windows_cut_at_the_edge() {
        let plane =
            Plane { values: (0..60 * 40).map(|n| ((n * n) % 97) as f32).collect(), columns: 60, rows: 40 };
        let seen = normalised(&plane, [5..60, 0..40], [64, 64], plane.span());
        assert_eq!(seen.shape, [3, 64, 64]);
        for (channel, window) in WINDOWS.iter().enumerate() {
            for (x, y) in [(5, 0), (59, 39), (30, 20)] {
                let near = |a: usize, b: usize| a.abs_diff(b) <= window / 2;
                let values: Vec<f64> = (0..60 * 40)
                    .filter(|n| near(n % 60, x) && near(n / 60, y))
                    .map(|n| f64::from(plane.values[n]))
                    .collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let squares = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
                let deviation = (squares / values.len() as f64).sqrt() + FLAT * f64::from(plane.span());
                let expected = (f64::from(plane.values[y * 60 + x]) - mean) / deviation;
                let found = seen.values[(channel * 64 + y) * 64 + x - 5];
                assert!((f64::from(found) - expected).abs() < 1e-4, "{found} {expected}");
            }
        }
        assert!(seen.values[55] == 0.0 && seen.values[63 * 64] == 0.0);
    }

    #[test]
    fn half_an_image_is_made_of_means() {
        let plane = Plane { values: vec![1.0, 3.0, 9.0, 5.0, 7.0, 9.0], columns: 3, rows: 2 };
        let half = plane.half();
        assert_eq!((half.values, half.columns, half.rows), (vec![4.0], 1, 1));
    }
}
