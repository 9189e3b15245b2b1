//! Exact squared distances to the nearest of some places on a grid.

use rayon::prelude::*;

/// For each voxel, i fastest, the squared distance in mm² to the nearest voxel for which `site` holds; infinite without
/// any. Exact but for rounding, with a spacing for each axis (Felzenszwalb & Huttenlocher 2012).
pub(crate) fn squared_distance(
    size: [usize; 3],
    spacing_mm: [f64; 3],
    site: impl Fn(usize) -> bool + Sync,
) -> Vec<f32> {
    let [si, sj, sk] = size;
    let mut distance = vec![0.0_f32; si * sj * sk];
    distance.par_chunks_mut(si * sj).enumerate().for_each_init(Envelope::default, |envelope, (k, slice)| {
        for (n, value) in slice.iter_mut().enumerate() {
            *value = if site(k * si * sj + n) { 0.0 } else { f32::INFINITY };
        }
        for row in slice.chunks_mut(si) {
            envelope.read(row.iter().copied());
            envelope.lower(spacing_mm[0], |i, value| row[i] = value);
        }
        for i in 0..si {
            envelope.read((0..sj).map(|j| slice[j * si + i]));
            envelope.lower(spacing_mm[1], |j, value| slice[j * si + i] = value);
        }
    });
    if sk == 1 {
        return distance;
    }
    // Along k one row of lines at a time, k fastest, and back.
    let mut turned = vec![0.0_f32; distance.len()];
    turned.par_chunks_mut(si * sk).enumerate().for_each_init(Envelope::default, |envelope, (j, lines)| {
        for (i, line) in lines.chunks_mut(sk).enumerate() {
            envelope.read((0..sk).map(|k| distance[(k * sj + j) * si + i]));
            envelope.lower(spacing_mm[2], |k, value| line[k] = value);
        }
    });
    distance.par_chunks_mut(si * sj).enumerate().for_each(|(k, slice)| {
        for (n, value) in slice.iter_mut().enumerate() {
            *value = turned[(n / si * si + n % si) * sk + k];
        }
    });
    distance
}

/// The lower envelope of parabolas along a line.
#[derive(Default)]
struct Envelope {
    heights: Vec<f32>,
    /// Place of each parabola's vertex, and from where it is the lowest.
    parabolas: Vec<(usize, f64)>,
}

impl Envelope {
    fn read(&mut self, heights: impl Iterator<Item = f32>) {
        self.heights.clear();
        self.heights.extend(heights);
    }

    fn lower(&mut self, step: f64, mut write: impl FnMut(usize, f32)) {
        let height = |n: usize| f64::from(self.heights[n]);
        self.parabolas.clear();
        for n in 0..self.heights.len() {
            if self.heights[n].is_infinite() {
                continue;
            }
            let mut from = f64::NEG_INFINITY;
            while let Some(&(m, start)) = self.parabolas.last() {
                let (x, y) = (n as f64 * step, m as f64 * step);
                from = (height(n) + x * x - height(m) - y * y) / (2.0 * (x - y));
                if from > start {
                    break;
                }
                self.parabolas.pop();
                from = f64::NEG_INFINITY;
            }
            self.parabolas.push((n, from));
        }
        let mut at = 0;
        for n in 0..self.heights.len() {
            let x = n as f64 * step;
            while self.parabolas.get(at + 1).is_some_and(|next| next.1 < x) {
                at += 1;
            }
            let value = self.parabolas.get(at).map_or(f64::INFINITY, |&(m, _)| {
                let apart = (n as f64 - m as f64) * step;
                apart * apart + height(m)
            });
            write(n, value as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_to_the_nearest_site() {
        let (size, mm) = ([11, 8, 7], [0.6, 1.0, 2.5]);
        let mut state = 9_u32;
        let sites: Vec<bool> = (0..616)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16).is_multiple_of(40)
            })
            .collect();
        let found = squared_distance(size, mm, |n| sites[n]);
        let at = |n: usize| [n % 11, n / 11 % 8, n / 88];
        for (n, found) in found.iter().enumerate() {
            let apart = |m: usize| -> f64 {
                (0..3).map(|x| ((at(n)[x] as f64 - at(m)[x] as f64) * mm[x]).powi(2)).sum()
            };
            let nearest = (0..616).filter(|&m| sites[m]).map(apart).fold(f64::INFINITY, f64::min);
            assert!((f64::from(*found) - nearest).abs() < 1e-4 * (1.0 + nearest), "{found} {nearest}");
        }
        assert!(squared_distance([3, 2, 2], mm, |_| false).iter().all(|d| d.is_infinite()));
    }
}
