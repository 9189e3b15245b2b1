//! Connected components by runs and union-find.

use core::ops::Range;

use meshing_volume::LabelMap;
use rayon::prelude::*;

use crate::Runs;

/// Which voxels count as neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// Those that share a face (6).
    Faces,
    /// Those that share a face, an edge or a corner (26).
    Corners,
}

/// Slices whose runs are joined by one task; the seams between are joined after.
const SLAB: usize = 16;

/// The connected components of a set of voxels, numbered in memory order of their first voxel.
///
/// Runs of a row are joined with those of the neighbouring rows (He, Chao & Suzuki 2008), so the cost follows the
/// surface of the set rather than its volume, and no label volume is made.
#[derive(Debug)]
pub struct Components {
    runs: Runs,
    /// Of each run.
    component: Vec<u32>,
    voxels: Vec<usize>,
    touches_border: Vec<bool>,
}

impl Components {
    /// Finds the components of the voxels for which `inside` holds; it is given the index in memory.
    pub fn find(size: [usize; 3], connectivity: Connectivity, inside: impl Fn(usize) -> bool + Sync) -> Self {
        Self::of(Runs::find(size, inside), connectivity)
    }

    /// The components of a label.
    pub fn of_label(mask: &LabelMap, label: u8, connectivity: Connectivity) -> Self {
        Self::of(Runs::of_label(mask, label), connectivity)
    }

    /// The components of a set.
    pub fn of(runs: Runs, connectivity: Connectivity) -> Self {
        // A row is joined with the rows before it: two by faces, two more by edges and corners.
        let (reach, before): (u32, &[(isize, isize)]) = match connectivity {
            Connectivity::Faces => (0, &[(-1, 0), (0, -1)]),
            Connectivity::Corners => (1, &[(-1, 0), (-1, -1), (0, -1), (1, -1)]),
        };
        let root = join(&runs, reach, before);
        Self::number(runs, root, true)
    }

    /// The components by faces within each slice by itself; its rim is the border.
    pub(crate) fn of_slices(runs: Runs) -> Self {
        let root = join(&runs, 0, &[(-1, 0)]);
        Self::number(runs, root, false)
    }

    /// Numbers the trees; the first and the last slice count as border if `ends`.
    fn number(runs: Runs, root: Vec<u32>, ends: bool) -> Self {
        let [si, sj, sk] = runs.size();
        // Every run's root comes before it or is itself, so one way through numbers them all.
        let mut component = root;
        let (mut voxels, mut touches_border) = (Vec::new(), Vec::new());
        for row in 0..sj * sk {
            let (j, k) = (row % sj, row / sj);
            let edge_row = j == 0 || j + 1 == sj || (ends && (k == 0 || k + 1 == sk));
            for n in runs.numbers(row) {
                let [start, end] = runs.all()[n];
                let first = component[n] as usize;
                let c = if first == n {
                    voxels.push(0);
                    touches_border.push(false);
                    voxels.len() as u32 - 1
                } else {
                    component[first]
                };
                component[n] = c;
                voxels[c as usize] += (end - start) as usize;
                touches_border[c as usize] |= edge_row || start == 0 || end as usize == si;
            }
        }
        Self { runs, component, voxels, touches_border }
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

    /// The set that was taken apart.
    pub const fn runs(&self) -> &Runs {
        &self.runs
    }

    /// The component that a voxel, by its index in memory, belongs to.
    pub fn at(&self, index: usize) -> Option<usize> {
        let si = self.runs.size()[0];
        let (row, i) = (index / si, (index % si) as u32);
        let after = self.runs.row(row).partition_point(|&[start, _]| start <= i);
        let n = self.runs.numbers(row).start + after.checked_sub(1)?;
        (i < self.runs.all()[n][1]).then(|| self.component[n] as usize)
    }

    /// Every run, in memory order: its voxels' places in memory, and its component.
    pub fn iter(&self) -> impl Iterator<Item = (Range<usize>, usize)> {
        let [si, sj, sk] = self.runs.size();
        (0..sj * sk).flat_map(move |row| {
            self.runs.numbers(row).map(move |n| {
                let [start, end] = self.runs.all()[n].map(|i| row * si + i as usize);
                (start..end, self.component[n] as usize)
            })
        })
    }

    /// Calls `visit` with each voxel's index in memory and its component, in memory order.
    pub fn mark(&self, mut visit: impl FnMut(usize, usize)) {
        for (voxels, component) in self.iter() {
            for n in voxels {
                visit(n, component);
            }
        }
    }

    /// The voxels of all components for which `wanted` holds.
    pub fn keep(&self, wanted: impl Fn(usize) -> bool) -> Runs {
        let wanted: Vec<bool> = (0..self.count()).map(wanted).collect();
        self.runs.keep(|n| wanted[self.component[n] as usize])
    }

    /// Writes `label` into the voxels of all components for which `wanted` holds.
    ///
    /// # Panics
    /// If `labels` is not as long as the volume the components were found in.
    pub fn paint(&self, labels: &mut [u8], label: u8, wanted: impl Fn(usize) -> bool + Sync) {
        let [si, sj, sk] = self.runs.size();
        assert_eq!(labels.len(), si * sj * sk, "labels of the volume the components were found in");
        let wanted: Vec<bool> = (0..self.count()).map(wanted).collect();
        labels.par_chunks_mut(si.max(1)).enumerate().for_each(|(row, labels)| {
            for n in self.runs.numbers(row) {
                if wanted[self.component[n] as usize] {
                    let [start, end] = self.runs.all()[n];
                    labels[start as usize..end as usize].fill(label);
                }
            }
        });
    }
}

/// Joins runs with those of the rows `before` (steps in j and k) that they touch, columns up to `reach` apart counting as
/// touching. Answers the first run of each run's component.
fn join(runs: &Runs, reach: u32, before: &[(isize, isize)]) -> Vec<u32> {
    let [_, sj, sk] = runs.size();
    let mut root: Vec<u32> = (0..runs.len() as u32).collect();
    // Slabs of slices are joined within themselves by tasks of their own, each with its part of the tree.
    let mut slabs = Vec::with_capacity(sk.div_ceil(SLAB));
    let mut rest = root.as_mut_slice();
    for first in (0..sk).step_by(SLAB) {
        let last = (first + SLAB).min(sk);
        let within = runs.numbers(first * sj).start..runs.numbers(last * sj - 1).end;
        let (part, after) = rest.split_at_mut(within.len());
        rest = after;
        slabs.push((first..last, Tree { root: part, base: within.start }));
    }
    slabs.into_par_iter().for_each(|(slices, mut tree)| {
        for k in slices.clone() {
            join_slice(runs, &mut tree, k, reach, before, |ok| ok >= slices.start);
        }
    });
    let mut tree = Tree { root: &mut root, base: 0 };
    for k in (SLAB..sk).step_by(SLAB) {
        join_slice(runs, &mut tree, k, reach, before, |ok| ok < k);
    }
    for n in 0..root.len() {
        root[n] = root[root[n] as usize];
    }
    root
}

/// Joins the rows of a slice with those before them whose slice is `wanted`.
fn join_slice(
    runs: &Runs,
    tree: &mut Tree<'_>,
    k: usize,
    reach: u32,
    before: &[(isize, isize)],
    wanted: impl Fn(usize) -> bool,
) {
    let sj = runs.size()[1];
    for (dj, dk) in before {
        let Some(ok) = k.checked_add_signed(*dk).filter(|&ok| wanted(ok)) else { continue };
        for j in 0..sj {
            if let Some(oj) = j.checked_add_signed(*dj).filter(|&oj| oj < sj) {
                join_rows(runs, tree, [j + k * sj, oj + ok * sj], reach);
            }
        }
    }
}

/// Trees of runs; the root of each is its first run. `root` holds the runs from `base` on.
struct Tree<'a> {
    root: &'a mut [u32],
    base: usize,
}

impl Tree<'_> {
    fn find(&mut self, run: usize) -> usize {
        let mut n = run - self.base;
        loop {
            let up = self.root[n] as usize - self.base;
            if up == n {
                return n + self.base;
            }
            let above = self.root[up];
            self.root[n] = above;
            n = above as usize - self.base;
        }
    }

    /// Joins the trees of two roots; answers the root of both.
    fn unite(&mut self, a: usize, b: usize) -> usize {
        let (first, last) = (a.min(b), a.max(b));
        self.root[last - self.base] = first as u32;
        first
    }
}

/// Joins the runs of two rows that touch.
fn join_rows(runs: &Runs, tree: &mut Tree<'_>, rows: [usize; 2], reach: u32) {
    let [ours, theirs] = rows.map(|row| runs.numbers(row));
    let (mut a, mut b) = (ours.start, theirs.start);
    while a < ours.end && b < theirs.end {
        let (x, y) = (runs.all()[a], runs.all()[b]);
        if x[0] < y[1] + reach && y[0] < x[1] + reach {
            let (root_a, root_b) = (tree.find(a), tree.find(b));
            tree.unite(root_a, root_b);
        }
        if x[1] < y[1] {
            a += 1;
        } else {
            b += 1;
        }
    }
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
        // Enough slices for several slabs.
        let size = [23, 11, 37];
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
                let kept = found.keep(|c| c % 2 == 0);
                assert_eq!(kept, Runs::find(size, |n| inside[n] && found.at(n).is_some_and(|c| c % 2 == 0)));
                found.mark(|n, c| assert_eq!(found.at(n), Some(c)));
                assert!((0..inside.len()).all(|n| found.at(n).is_some() == inside[n]));
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
