//! Random walker from coarse to fine.

use meshing_volume::{Cancelled, Progress, Volume};
use rayon::prelude::*;

use crate::SegmentError;
use crate::filters::gaussian;
use crate::scale_space::numbers;

/// Voxels of the coarsest grid, about.
const COARSEST: usize = 1 << 16;
/// Iterations at the coarsest grid and at finer ones at most, and the residual at which they end.
const ROUNDS: [usize; 2] = [400, 60];
const RESIDUAL: f64 = 1e-3;
/// Chance of a step where values differ beyond all measure, so that every voxel is reached.
const LEAST: f32 = 1e-5;
/// Grid steps around a border of labels that are solved anew on the next finer grid.
const BAND: usize = 2;
/// A step becomes unlikely at this many standard deviations of the noise in the finest grid's differences. On coarser
/// grids there is less noise, so that the same difference stands out more there.
const WALL: f32 = 0.6;
const CHUNK: usize = 1 << 14;
/// Memory that the chances of all labels may take: 8 labels in 512³ voxels take two thirds of it.
const MOST_BYTES: u64 = 8 << 30;

/// How [`random_walker`] weighs steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    /// Standard deviation of the Gaussian that goes over the volume first, mm.
    pub sigma_mm: f64,
    /// Difference of neighbours at which a step becomes unlikely, in the volume's unit after smoothing; `None`: taken
    /// from the noise in the volume.
    pub difference: Option<f64>,
}

/// Gives each voxel the label from whose markers a random walker most likely comes (Grady 2006). Steps between
/// neighbours by faces have the weight exp(-d² / 2s²) for a difference d of their values, over the square of the
/// spacing. Markers are labels from 1, i fastest; each label's chances are solved by conjugate gradients on a coarse
/// grid first, and then anew near the borders between labels on each finer one, which decides as the whole solution
/// would but for borders that lie far from where the coarse grid has them.
///
/// # Errors
/// [`SegmentError::Cancelled`], [`SegmentError::TooLarge`] from 2³² voxels, [`SegmentError::TooManyLabels`] where their
/// chances take too much memory, [`SegmentError::Contradiction`] for markers of another size or a difference that is not
/// positive.
pub fn random_walker(
    volume: &Volume,
    markers: &[u8],
    walk: &Walk,
    progress: &dyn Progress,
) -> Result<Vec<u8>, SegmentError> {
    let grid = volume.grid();
    if markers.len() != grid.len() {
        return Err(SegmentError::contradiction(
            "markers and volume are not of one size",
            "标记与图像大小不同",
        ));
    }
    if u32::try_from(grid.len()).is_err() {
        return Err(SegmentError::TooLarge { voxels: grid.len() });
    }
    if walk.difference.is_some_and(|difference| difference.is_nan() || difference <= 0.0) {
        return Err(SegmentError::contradiction(
            "the difference of a wall is positive",
            "边界处的差值应为正数",
        ));
    }
    let mut present = [false; 256];
    for &label in markers {
        present[usize::from(label)] = true;
    }
    let labels: Vec<u8> = (1..=u8::MAX).filter(|&label| present[usize::from(label)]).collect();
    let Some((&last, others)) = labels.split_last() else { return Ok(vec![0; markers.len()]) };
    if others.is_empty() {
        return Ok(vec![last; markers.len()]);
    }
    check_memory(labels.len(), markers.len())?;
    let values = gaussian(&numbers(volume), grid.size(), grid.spacing_mm(), walk.sigma_mm);
    let mut stages =
        vec![Stage { size: grid.size(), spacing: grid.spacing_mm(), values, markers: markers.to_vec() }];
    let difference = walk.difference.map_or_else(|| stages[0].usual_difference(), |d| d as f32);
    while let Some(coarser) = stages.last().and_then(Stage::coarser) {
        stages.push(coarser);
    }
    let mut chances: Vec<Vec<f32>> = Vec::new();
    let count = stages.len();
    for at in (0..count).rev() {
        progress.step(count - at, count + 1)?;
        let stage = &stages[at];
        let active = if at + 1 == count {
            chances = others.iter().map(|&label| marked(&stage.markers, label)).collect();
            (0..stage.values.len()).filter(|&n| stage.markers[n] == 0).map(|n| n as u32).collect()
        } else {
            let coarse = &stages[at + 1];
            let border = near_borders(coarse.size, &winners(&chances));
            chances = others
                .iter()
                .zip(&chances)
                .map(|(&label, chance)| stage.refined(coarse.size, chance, label))
                .collect();
            stage.children_of(coarse.size, &border)
        };
        let system = System::new(stage, active, difference);
        for chance in &mut chances {
            system.solve(chance, ROUNDS[usize::from(at + 1 < count)], progress)?;
        }
    }
    let winners = winners(&chances);
    Ok(winners.into_iter().map(|n| labels[usize::from(n)]).collect())
}

/// Refuses what takes too much memory, before any of it is taken: four bytes a voxel for each label but the last, on the
/// finest grid and on the next, which has at most half as many, while one is made from the other.
fn check_memory(labels: usize, voxels: usize) -> Result<(), SegmentError> {
    let chances = (labels as u64 - 1).saturating_mul(voxels as u64).saturating_mul(4);
    let bytes = chances.saturating_add(chances / 2);
    if bytes > MOST_BYTES {
        let (needs_mib, limit_mib) = (bytes >> 20, MOST_BYTES >> 20);
        return Err(SegmentError::TooManyLabels { labels, needs_mib, limit_mib });
    }
    Ok(())
}

fn marked(markers: &[u8], label: u8) -> Vec<f32> {
    // Before the first iteration an unmarked voxel may belong to anyone.
    markers.iter().map(|&m| if m == 0 { 0.5 } else { f32::from(u8::from(m == label)) }).collect()
}

/// For each voxel the number of the label with the greatest chance; the last label has what the others leave.
fn winners(chances: &[Vec<f32>]) -> Vec<u8> {
    let of = |n: usize| {
        let (mut best, mut chance, mut rest) = (0, f32::NEG_INFINITY, 1.0);
        for (label, chances) in chances.iter().enumerate() {
            rest -= chances[n];
            if chances[n] > chance {
                (best, chance) = (label as u8, chances[n]);
            }
        }
        if rest > chance { chances.len() as u8 } else { best }
    };
    (0..chances[0].len()).into_par_iter().map(of).collect()
}

/// Marks what lies within [`BAND`] steps of another winner.
fn near_borders(size: [usize; 3], winners: &[u8]) -> Vec<bool> {
    let mut near: Vec<bool> = (0..winners.len())
        .into_par_iter()
        .map(|n| sides(size, n).into_iter().flatten().any(|m| winners[m] != winners[n]))
        .collect();
    for _ in 1..BAND {
        let grown = (0..near.len())
            .into_par_iter()
            .map(|n| near[n] || sides(size, n).into_iter().flatten().any(|m| near[m]))
            .collect();
        near = grown;
    }
    near
}

/// The neighbours of a place in memory along -i, +i, -j, +j, -k, +k.
fn sides([si, sj, sk]: [usize; 3], n: usize) -> [Option<usize>; 6] {
    let (i, j, k) = (n % si, n / si % sj, n / (si * sj));
    [
        (i > 0).then(|| n - 1),
        (i + 1 < si).then_some(n + 1),
        (j > 0).then(|| n.wrapping_sub(si)),
        (j + 1 < sj).then_some(n + si),
        (k > 0).then(|| n.wrapping_sub(si * sj)),
        (k + 1 < sk).then_some(n + si * sj),
    ]
}

/// One grid.
struct Stage {
    size: [usize; 3],
    spacing: [f64; 3],
    values: Vec<f32>,
    markers: Vec<u8>,
}

impl Stage {
    /// Blocks of two voxels along each axis that is not much coarser than the finest already.
    fn coarser(&self) -> Option<Self> {
        let finest = self.spacing.into_iter().fold(f64::INFINITY, f64::min);
        let step: [usize; 3] = core::array::from_fn(|axis| {
            1 + usize::from(self.spacing[axis] < 1.5 * finest && self.size[axis] >= 8)
        });
        if self.values.len() <= COARSEST || step == [1; 3] {
            return None;
        }
        let size: [usize; 3] = core::array::from_fn(|axis| self.size[axis].div_ceil(step[axis]));
        let spacing = core::array::from_fn(|axis| self.spacing[axis] * step[axis] as f64);
        let block = |n: usize| {
            let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
            let (mut sum, mut count, mut marks) = (0.0, 0, [0_u8; 8]);
            for shift in 0..8_usize {
                let to: [usize; 3] = core::array::from_fn(|axis| at[axis] * step[axis] + (shift >> axis & 1));
                let wanted = (0..3).all(|axis| shift >> axis & 1 < step[axis] && to[axis] < self.size[axis]);
                if wanted {
                    let m = (to[2] * self.size[1] + to[1]) * self.size[0] + to[0];
                    sum += self.values[m];
                    marks[count] = self.markers[m];
                    count += 1;
                }
            }
            // The label with most marks in the block, the lower of equals.
            let votes = |label: u8| marks[..count].iter().filter(|&&mark| mark == label).count();
            let label = marks[..count].iter().copied().filter(|&mark| mark > 0);
            let label = label.max_by_key(|&label| (votes(label), core::cmp::Reverse(label)));
            (sum / count as f32, label.unwrap_or(0))
        };
        let both: (Vec<f32>, Vec<u8>) =
            (0..size.iter().product::<usize>()).into_par_iter().map(block).unzip();
        Some(Self { size, spacing, values: both.0, markers: both.1 })
    }

    /// The voxel of a coarser grid that holds one of this.
    fn parent(&self, coarse: [usize; 3], n: usize) -> usize {
        let at = [n % self.size[0], n / self.size[0] % self.size[1], n / (self.size[0] * self.size[1])];
        let step: [usize; 3] =
            core::array::from_fn(|axis| if self.size[axis] == coarse[axis] { 1 } else { 2 });
        ((at[2] / step[2]) * coarse[1] + at[1] / step[1]) * coarse[0] + at[0] / step[0]
    }

    /// Chances of a coarser grid on this one.
    fn refined(&self, coarse: [usize; 3], chance: &[f32], label: u8) -> Vec<f32> {
        (0..self.values.len())
            .into_par_iter()
            .map(|n| match self.markers[n] {
                0 => chance[self.parent(coarse, n)],
                mark => f32::from(u8::from(mark == label)),
            })
            .collect()
    }

    /// The unmarked voxels in some voxels of a coarser grid.
    fn children_of(&self, coarse: [usize; 3], wanted: &[bool]) -> Vec<u32> {
        (0..self.values.len())
            .into_par_iter()
            .filter(|&n| self.markers[n] == 0 && wanted[self.parent(coarse, n)])
            .map(|n| n as u32)
            .collect()
    }

    /// What sets a wall off from noise; without noise a small share of the range still counts as equal.
    fn usual_difference(&self) -> f32 {
        let (low, high) =
            self.values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
        (WALL * self.noise()).max((high - low) * 2e-3)
    }

    /// Standard deviation of the differences of neighbours along i, from their median so that edges do not count.
    fn noise(&self) -> f32 {
        let row = self.size[0];
        let step = (self.values.len() >> 18).max(1);
        let mut differences: Vec<f32> = (0..self.values.len().saturating_sub(1))
            .step_by(step)
            .filter(|n| (n + 1) % row != 0)
            .map(|n| (self.values[n + 1] - self.values[n]).abs())
            .collect();
        if differences.is_empty() {
            return 0.0;
        }
        let middle = differences.len() / 2;
        let (_, &mut median, _) = differences.select_nth_unstable_by(middle, f32::total_cmp);
        median / 0.674_5
    }
}

/// The equations of the voxels that are solved for.
struct System {
    active: Vec<u32>,
    /// For each of them its six neighbours: a number in `active`, or itself with weight 0.
    inner: Vec<[u32; 6]>,
    weights: Vec<[f32; 6]>,
    /// Neighbours that are fixed: equation, place in memory, weight.
    fixed: Vec<(u32, u32, f32)>,
    diagonal: Vec<f32>,
}

impl System {
    fn new(stage: &Stage, active: Vec<u32>, difference: f32) -> Self {
        const NONE: u32 = u32::MAX;
        let mut slot = vec![NONE; stage.values.len()];
        for (at, &n) in active.iter().enumerate() {
            slot[n as usize] = at as u32;
        }
        let fall = 0.5 / (difference * difference).max(f32::MIN_POSITIVE);
        let finest = stage.spacing.into_iter().fold(f64::INFINITY, f64::min);
        let along = stage.spacing.map(|mm| (finest / mm).powi(2) as f32);
        let equation = |(at, &n): (usize, &u32)| {
            let n = n as usize;
            let (mut inner, mut weights, mut diagonal) = ([at as u32; 6], [0.0_f32; 6], 0.0);
            let mut fixed = Vec::new();
            for (side, other) in sides(stage.size, n).into_iter().enumerate() {
                let Some(other) = other else { continue };
                let apart = stage.values[n] - stage.values[other];
                let weight = along[side / 2] * ((-fall * apart * apart).exp() + LEAST);
                diagonal += weight;
                if slot[other] == NONE {
                    fixed.push((at as u32, other as u32, weight));
                } else {
                    (inner[side], weights[side]) = (slot[other], weight);
                }
            }
            (inner, weights, diagonal, fixed)
        };
        let parts: Vec<_> = active
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, part)| {
                part.iter().enumerate().map(|(at, n)| equation((chunk * CHUNK + at, n))).collect::<Vec<_>>()
            })
            .collect();
        let mut system = Self {
            inner: Vec::with_capacity(active.len()),
            weights: Vec::with_capacity(active.len()),
            diagonal: Vec::with_capacity(active.len()),
            fixed: Vec::new(),
            active,
        };
        for (inner, weights, diagonal, fixed) in parts.into_iter().flatten() {
            system.inner.push(inner);
            system.weights.push(weights);
            // A voxel without neighbours keeps what it has.
            system.diagonal.push(if diagonal > 0.0 { diagonal } else { 1.0 });
            system.fixed.extend(fixed);
        }
        system
    }

    /// The matrix times a vector, and the product of both.
    fn apply(&self, vector: &[f32], out: &mut [f32]) -> f64 {
        let parts: Vec<f64> = out
            .par_chunks_mut(CHUNK)
            .enumerate()
            .map(|(chunk, out)| {
                let from = chunk * CHUNK;
                let mut product = 0.0;
                for (at, out) in out.iter_mut().enumerate() {
                    let n = from + at;
                    let (inner, weights) = (&self.inner[n], &self.weights[n]);
                    let mut sum = self.diagonal[n] * vector[n];
                    for side in 0..6 {
                        sum -= weights[side] * vector[inner[side] as usize];
                    }
                    *out = sum;
                    product += f64::from(sum) * f64::from(vector[n]);
                }
                product
            })
            .collect();
        // In order, so that the sum is the same on any number of threads.
        parts.into_iter().sum()
    }

    /// Conjugate gradients with the diagonal as preconditioner; `chance` holds the start and takes the result.
    fn solve(&self, chance: &mut [f32], rounds: usize, progress: &dyn Progress) -> Result<(), Cancelled> {
        let count = self.active.len();
        if count == 0 {
            return Ok(());
        }
        let mut x: Vec<f32> = self.active.iter().map(|&n| chance[n as usize]).collect();
        let mut residual = vec![0.0_f32; count];
        self.apply(&x, &mut residual);
        for r in &mut residual {
            *r = -*r;
        }
        let mut given = 0.0_f64;
        for &(at, other, weight) in &self.fixed {
            let value = weight * chance[other as usize];
            residual[at as usize] += value;
            given += f64::from(value).powi(2);
        }
        let mut direction: Vec<f32> = residual.iter().zip(&self.diagonal).map(|(r, d)| r / d).collect();
        let mut image = vec![0.0_f32; count];
        let mut energy: f64 =
            residual.iter().zip(&direction).map(|(&r, &d)| f64::from(r) * f64::from(d)).sum();
        for _ in 0..rounds {
            if progress.cancelled() {
                return Err(Cancelled);
            }
            let product = self.apply(&direction, &mut image);
            if product.is_nan() || product <= 0.0 {
                break;
            }
            let step = (energy / product) as f32;
            let parts: Vec<(f64, f64)> = x
                .par_chunks_mut(CHUNK)
                .zip(residual.par_chunks_mut(CHUNK))
                .enumerate()
                .map(|(chunk, (x, residual))| {
                    let from = chunk * CHUNK;
                    let mut sums = (0.0, 0.0);
                    for (at, (x, residual)) in x.iter_mut().zip(residual).enumerate() {
                        *x += step * direction[from + at];
                        *residual -= step * image[from + at];
                        let r = f64::from(*residual);
                        sums.0 += r * r / f64::from(self.diagonal[from + at]);
                        sums.1 += r * r;
                    }
                    sums
                })
                .collect();
            let (next, left) = parts.into_iter().fold((0.0, 0.0), |sum, x| (sum.0 + x.0, sum.1 + x.1));
            if left <= (RESIDUAL * RESIDUAL) * given {
                break;
            }
            let share = (next / energy) as f32;
            energy = next;
            direction.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, direction)| {
                for (at, direction) in direction.iter_mut().enumerate() {
                    let n = chunk * CHUNK + at;
                    *direction = residual[n] / self.diagonal[n] + share * *direction;
                }
            });
        }
        for (&n, &value) in self.active.iter().zip(&x) {
            chance[n as usize] = value;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta, Voxels};

    use super::*;

    /// Gaussian relaxation until nothing moves.
    fn slow(volume: &Volume, markers: &[u8], difference: f32) -> Vec<f32> {
        let (size, mm) = (volume.grid().size(), volume.grid().spacing_mm());
        let finest = mm.into_iter().fold(f64::INFINITY, f64::min);
        let mut chance = marked(markers, 1);
        for _ in 0..4000 {
            for n in (0..chance.len()).filter(|&n| markers[n] == 0) {
                let (mut sum, mut total) = (0.0_f64, 0.0_f64);
                for (side, other) in sides(size, n).into_iter().enumerate() {
                    let Some(other) = other else { continue };
                    let apart = f64::from(volume.value_at(n) - volume.value_at(other));
                    let fall = (-0.5 * (apart / f64::from(difference)).powi(2)).exp() + f64::from(LEAST);
                    let weight = (finest / mm[side / 2]).powi(2) * fall;
                    sum += weight * f64::from(chance[other]);
                    total += weight;
                }
                chance[n] = (sum / total) as f32;
            }
        }
        chance
    }

    #[test]
    fn one_grid_gives_the_chances_of_the_walk() {
        let size = [9, 8, 6];
        let grid = Grid::axis_aligned(size, Point::origin(), [1.0, 1.2, 2.0]).expect("grid");
        let value = |n: usize| (((n * 7919) % 23) + if n % 9 > 4 { 30 } else { 0 }) as f32;
        let voxels = Voxels::F32((0..grid.len()).map(value).collect());
        let volume = Volume::new(grid, voxels, VolumeMeta::default()).expect("volume");
        let mut markers = vec![0_u8; grid.len()];
        (markers[200], markers[207]) = (1, 2);
        let expected = slow(&volume, &markers, 15.0);
        let walk = Walk { sigma_mm: 0.0, difference: Some(15.0) };
        let found = random_walker(&volume, &markers, &walk, &Silent).expect("walked");
        for (n, &label) in found.iter().enumerate() {
            let sure = (expected[n] - 0.5).abs() > 0.01;
            assert!(!sure || (label == 1) == (expected[n] > 0.5), "{n}: {}", expected[n]);
        }
        assert!(found.contains(&1) && found.contains(&2));
        assert!(random_walker(&volume, &markers[1..], &walk, &Silent).is_err());
        let none = random_walker(&volume, &vec![0; grid.len()], &walk, &Silent).expect("nothing to walk");
        assert!(none.iter().all(|&label| label == 0));
    }
}
