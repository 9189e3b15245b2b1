//! Connected components by runs and union-find.

use meshing_volume::LabelMap;
use rayon::prelude::*;

/// Which voxels count as neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// Those that share a face (6).
    Faces,
    /// Those that share a face, an edge or a corner (26).
    Corners,
}

/// A stretch of equal voxels in a row: columns `start..end`.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: u32,
    end: u32,
}

/// The connected components of a set of voxels, numbered in memory order of their first voxel.
///
/// Runs of a row are joined with those of the neighbouring rows (He, Chao & Suzuki 2008), so the cost follows the
/// surface of the set rather than its volume, and no label volume is made.
#[derive(Debug)]
pub struct Components {
    size: [usize; 3],
    /// Where the runs of each row begin; rows count j first.
    row_start: Vec<usize>,
    runs: Vec<Run>,
    component: Vec<u32>,
    voxels: Vec<usize>,
    touches_border: Vec<bool>,
}

impl Components {
    /// Finds the components of the voxels for which `inside` holds; it is given the index in memory.
    pub fn find(size: [usize; 3], connectivity: Connectivity, inside: impl Fn(usize) -> bool + Sync) -> Self {
        let (row_start, runs) = collect(size, inside);
        let mut root: Vec<u32> = (0..runs.len() as u32).collect();
        let [_, sj, sk] = size;
        // A row is joined with the rows before it: two by faces, four more by corners' worth of neighbours.
        let (reach, before): (u32, &[(isize, isize)]) = match connectivity {
            Connectivity::Faces => (0, &[(-1, 0), (0, -1)]),
            Connectivity::Corners => (1, &[(-1, 0), (-1, -1), (0, -1), (1, -1)]),
        };
        for k in 0..sk {
            for j in 0..sj {
                let row = j + k * sj;
                if row_start[row] == row_start[row + 1] {
                    continue;
                }
                for (dj, dk) in before {
                    let (oj, ok) = (j as isize + dj, k as isize + dk);
                    if oj >= 0 && oj < sj as isize && ok >= 0 {
                        let other = oj as usize + ok as usize * sj;
                        let rows = [row, other].map(|r| row_start[r]..row_start[r + 1]);
                        join_rows(&runs, &mut root, &rows, reach);
                    }
                }
            }
        }
        Self::number(size, row_start, runs, root)
    }

    /// The components of a label.
    pub fn of_label(mask: &LabelMap, label: u8, connectivity: Connectivity) -> Self {
        let labels = mask.labels();
        Self::find(mask.grid().size(), connectivity, |n| labels[n] == label)
    }

    fn number(size: [usize; 3], row_start: Vec<usize>, runs: Vec<Run>, mut root: Vec<u32>) -> Self {
        let [si, sj, sk] = size;
        let mut found = Self {
            size,
            row_start,
            runs,
            component: Vec::new(),
            voxels: Vec::new(),
            touches_border: Vec::new(),
        };
        let mut component = vec![0; root.len()];
        for row in 0..sj * sk {
            let (j, k) = (row % sj, row / sj);
            let edge_row = j == 0 || j + 1 == sj || k == 0 || k + 1 == sk;
            for n in found.row_start[row]..found.row_start[row + 1] {
                let run = found.runs[n];
                let first = find_root(&mut root, n as u32) as usize;
                if first == n {
                    component[n] = found.voxels.len() as u32;
                    found.voxels.push(0);
                    found.touches_border.push(false);
                } else {
                    component[n] = component[first];
                }
                let c = component[n] as usize;
                found.voxels[c] += (run.end - run.start) as usize;
                found.touches_border[c] |= edge_row || run.start == 0 || run.end as usize == si;
            }
        }
        found.component = component;
        found
    }

    /// Number of components.
    pub fn count(&self) -> usize {
        self.voxels.len()
    }

    /// Voxels of each component.
    pub fn voxels(&self) -> &[usize] {
        &self.voxels
    }

    /// Whether a component has a voxel in the outermost layer of the volume.
    pub fn touches_border(&self, component: usize) -> bool {
        self.touches_border[component]
    }

    /// The component with the most voxels (the first of several).
    pub fn largest(&self) -> Option<usize> {
        (0..self.count()).max_by_key(|&c| (self.voxels[c], core::cmp::Reverse(c)))
    }

    /// Calls `visit` with each voxel's index in memory and its component, in memory order.
    pub fn mark(&self, mut visit: impl FnMut(usize, usize)) {
        for (row, range) in self.row_start.windows(2).enumerate() {
            for n in range[0]..range[1] {
                for i in self.runs[n].start..self.runs[n].end {
                    visit(row * self.size[0] + i as usize, self.component[n] as usize);
                }
            }
        }
    }

    /// Writes `label` into the voxels of all components for which `wanted` holds.
    ///
    /// # Panics
    /// If `labels` is not as long as the volume the components were found in.
    pub fn paint(&self, labels: &mut [u8], label: u8, wanted: impl Fn(usize) -> bool + Sync) {
        let [si, sj, sk] = self.size;
        assert_eq!(labels.len(), si * sj * sk, "labels of the volume the components were found in");
        let wanted: Vec<bool> = (0..self.count()).map(wanted).collect();
        labels.par_chunks_mut(si).enumerate().for_each(|(row, labels)| {
            for n in self.row_start[row]..self.row_start[row + 1] {
                if wanted[self.component[n] as usize] {
                    let run = self.runs[n];
                    labels[run.start as usize..run.end as usize].fill(label);
                }
            }
        });
    }
}

/// The runs of all rows, and where those of each row begin.
fn collect(size: [usize; 3], inside: impl Fn(usize) -> bool + Sync) -> (Vec<usize>, Vec<Run>) {
    let [si, sj, sk] = size;
    let slices: Vec<(Vec<usize>, Vec<Run>)> = (0..sk)
        .into_par_iter()
        .map(|k| {
            let (mut counts, mut runs) = (Vec::with_capacity(sj), Vec::new());
            for j in 0..sj {
                let (first, before) = ((j + k * sj) * si, runs.len());
                let mut start = None;
                for i in 0..si {
                    match (inside(first + i), start) {
                        (true, None) => start = Some(i as u32),
                        (false, Some(from)) => {
                            runs.push(Run { start: from, end: i as u32 });
                            start = None;
                        }
                        _ => {}
                    }
                }
                if let Some(from) = start {
                    runs.push(Run { start: from, end: si as u32 });
                }
                counts.push(runs.len() - before);
            }
            (counts, runs)
        })
        .collect();
    let mut row_start = Vec::with_capacity(sj * sk + 1);
    row_start.push(0);
    let mut total = 0;
    for count in slices.iter().flat_map(|(counts, _)| counts) {
        total += count;
        row_start.push(total);
    }
    assert!(u32::try_from(total).is_ok(), "runs are numbered in 32 bits");
    (row_start, slices.into_iter().flat_map(|(_, runs)| runs).collect())
}

/// Joins the runs of two rows that touch, columns up to `reach` apart counting as touching.
fn join_rows(runs: &[Run], root: &mut [u32], rows: &[core::ops::Range<usize>; 2], reach: u32) {
    let [mut a, mut b] = [rows[0].start, rows[1].start];
    while a < rows[0].end && b < rows[1].end {
        if runs[a].start < runs[b].end + reach && runs[b].start < runs[a].end + reach {
            let (ra, rb) = (find_root(root, a as u32), find_root(root, b as u32));
            root[ra.max(rb) as usize] = ra.min(rb);
        }
        if runs[a].end < runs[b].end {
            a += 1;
        } else {
            b += 1;
        }
    }
}

fn find_root(root: &mut [u32], mut n: u32) -> u32 {
    while root[n as usize] != n {
        root[n as usize] = root[root[n as usize] as usize];
        n = root[n as usize];
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slow and obvious: flood fill from every voxel not yet seen.
    fn flood(size: [usize; 3], connectivity: Connectivity, inside: &[bool]) -> Vec<usize> {
        let [si, sj, sk] = size.map(|n| n as isize);
        let (mut seen, mut counts) = (vec![false; inside.len()], Vec::new());
        for first in 0..inside.len() {
            if !inside[first] || seen[first] {
                continue;
            }
            let (mut open, mut count) = (vec![first], 0);
            seen[first] = true;
            while let Some(n) = open.pop() {
                count += 1;
                let n = n as isize;
                let (i, j, k) = (n % si, n / si % sj, n / (si * sj));
                for (di, dj, dk) in (0..27).map(|d| (d % 3 - 1, d / 3 % 3 - 1, d / 9 - 1)) {
                    let steps = di * di + dj * dj + dk * dk;
                    let (oi, oj, ok) = (i + di, j + dj, k + dk);
                    if (connectivity == Connectivity::Faces && steps != 1)
                        || !(0..si).contains(&oi)
                        || !(0..sj).contains(&oj)
                        || !(0..sk).contains(&ok)
                    {
                        continue;
                    }
                    let other = (oi + si * (oj + sj * ok)) as usize;
                    if inside[other] && !seen[other] {
                        seen[other] = true;
                        open.push(other);
                    }
                }
            }
            counts.push(count);
        }
        counts
    }

    #[test]
    fn components_agree_with_flood_fill_on_noise() {
        let size = [23, 11, 7];
        let mut state = 7_u64;
        for percent in [10, 30, 50, 80] {
            let inside: Vec<bool> = (0..size.iter().product())
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 33) % 100 < percent
                })
                .collect();
            for connectivity in [Connectivity::Faces, Connectivity::Corners] {
                let found = Components::find(size, connectivity, |n| inside[n]);
                assert_eq!(
                    found.voxels(),
                    flood(size, connectivity, &inside),
                    "{percent} % {connectivity:?}"
                );
                let mut labels = vec![0; inside.len()];
                found.paint(&mut labels, 1, |_| true);
                assert!(labels.iter().zip(&inside).all(|(label, inside)| (*label == 1) == *inside));
                if let Some(largest) = found.largest() {
                    labels.fill(0);
                    found.paint(&mut labels, 1, |c| c == largest);
                    assert_eq!(labels.iter().filter(|&&l| l == 1).count(), found.voxels()[largest]);
                }
            }
        }
    }

    #[test]
    fn the_border_is_the_outermost_layer() {
        let found = Components::find([5, 5, 5], Connectivity::Faces, |n| n == 62 || n == 60);
        assert_eq!(found.count(), 2);
        assert!(found.touches_border(0) && !found.touches_border(1));
        assert_eq!(Components::find([3, 3, 3], Connectivity::Faces, |_| false).largest(), None);
    }
}
