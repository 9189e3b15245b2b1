//! How much light reaches the places of a volume: how open they lie, and a lamp's shadow, on a coarse grid.
//!
//! A volume is cut into blocks of a few voxels, at most 2²⁰ of them; a block's extinction is the mean of eight voxels'.
//! Light then sweeps through the blocks slice by slice. From each of the six sides it spreads to the 3 × 3 blocks
//! beneath and regains its strength over [`REGAIN_MM`], so that a place is darkened by what is near; how open a place
//! is, is the mean of the six, doubled, since a flat wall hides half of the sky. From the lamp light runs straight, mixed
//! of the four blocks it comes from, which makes shadows soft. Sweeps of slices as in Behrens and Ratering 1998
//! ("Adding shadows to a texture-based volume renderer"). Twin: `twin::lightness`.

use meshing_space::{Lps, Vector};
use meshing_volume::{Grid, Volume};
use rayon::prelude::*;

use crate::integrals::Integrals;
use crate::{SegmentItem, TransferFunction};

/// A volume has at most so many blocks.
const BLOCKS: usize = 1 << 20;
/// Over such a distance light from around regains all but 1/e of what it lost.
pub(crate) const REGAIN_MM: f64 = 25.0;

/// How a volume is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Blocks {
    /// Voxels of a block along i, j, k.
    pub(crate) factor: [usize; 3],
    /// Blocks along i, j, k.
    pub(crate) size: [usize; 3],
    /// Edges of a block.
    pub(crate) mm: [f64; 3],
}

impl Blocks {
    /// As near to cubes as whole voxels allow, two of the finest voxels long or longer.
    pub(crate) fn of(grid: &Grid) -> Self {
        let (n, spacing) = (grid.size(), grid.spacing_mm());
        let mut edge = 2.0 * spacing.iter().copied().fold(f64::INFINITY, f64::min);
        loop {
            let factor = spacing.map(|mm| ((edge / mm).round() as usize).max(1));
            let size = std::array::from_fn(|a| n[a].div_ceil(factor[a]));
            if size.iter().product::<usize>() <= BLOCKS {
                let mm = std::array::from_fn(|a| spacing[a] * factor[a] as f64);
                return Self { factor, size, mm };
            }
            edge *= 1.25;
        }
    }

    /// About how long a block is: so far before a surface its light is looked up, lest it shade itself.
    pub(crate) fn edge_mm(&self) -> f64 {
        self.mm.iter().product::<f64>().cbrt()
    }

    /// The two voxels of a block along an axis that stand for it.
    pub(crate) fn voxels(&self, axis: usize, block: usize, count: usize) -> [usize; 2] {
        let f = self.factor[axis];
        [f / 4, f * 3 / 4].map(|offset| (block * f + offset).min(count - 1))
    }
}

/// What stands in the way of light.
#[derive(Clone, Debug)]
pub(crate) struct Occluders {
    blocks: Blocks,
    /// By block, per mm.
    extinction: Vec<f32>,
    /// How open each block lies, 0..1.
    open: Vec<f32>,
}

/// How much light reaches each block.
#[derive(Clone, Debug)]
pub(crate) struct LightGrid {
    pub(crate) blocks: Blocks,
    /// Unit vector to the lamp that it was made for.
    pub(crate) towards_light: Vector<Lps>,
    /// How open it lies and how much of the lamp it sees, of 255.
    pub(crate) cells: Vec<[u8; 2]>,
}

impl Occluders {
    /// Those of a volume as its transfer functions (the look's own first) and segments show it.
    pub(crate) fn of(
        volume: &Volume,
        own: &TransferFunction,
        functions: &[Integrals],
        segments: Option<&SegmentItem>,
    ) -> Self {
        let n = volume.grid().size();
        let blocks = Blocks::of(volume.grid());
        let terms = segments.map(|item| {
            let by_label = item.functions(own).by_label;
            let term = |(label, function): (u8, usize)| {
                let [_, [.., solid], [opacity, ..]] = item.look(label).terms();
                (function, opacity, solid)
            };
            (item, (0..=u8::MAX).zip(by_label).map(term).collect::<Vec<_>>())
        });
        let at = |i: usize, j: usize, k: usize| {
            let value = volume.value_at((k * n[1] + j) * n[0] + i);
            let Some((item, terms)) = &terms else { return functions[0].extinction(value) };
            let (labels, factor) = (item.segments.labels(), item.segments.factor());
            let size = labels.grid().size();
            let place: [usize; 3] =
                std::array::from_fn(|a| ([i, j, k][a] * factor[a] + factor[a] / 2).min(size[a] - 1));
            let (function, opacity, solid) = terms[usize::from(labels.get(place[0], place[1], place[2]))];
            functions[function].extinction(value) * opacity + solid
        };
        let [bi, bj, bk] = blocks.size;
        let row = |row: usize| {
            let (js, ks) = (blocks.voxels(1, row % bj, n[1]), blocks.voxels(2, row / bj, n[2]));
            (0..bi).map(move |i| {
                let mut sum = 0.0;
                for k in ks {
                    for j in js {
                        for i in blocks.voxels(0, i, n[0]) {
                            sum += at(i, j, k);
                        }
                    }
                }
                sum / 8.0
            })
        };
        let extinction: Vec<f32> =
            (0..bj * bk).into_par_iter().flat_map_iter(|n| row(n).collect::<Vec<_>>()).collect();
        let open = opened(&blocks, &extinction);
        Self { blocks, extinction, open }
    }

    /// With a lamp: a unit vector to it.
    pub(crate) fn lit_from(&self, grid: &Grid, towards_light: Vector<Lps>) -> LightGrid {
        let per_mm = (grid.ijk_from_lps() * towards_light).to_array();
        let per_mm: [f64; 3] = std::array::from_fn(|a| per_mm[a] / self.blocks.factor[a] as f64);
        let lit = straight(&self.blocks, &self.extinction, per_mm);
        let byte = |share: f32| (share.clamp(0.0, 1.0) * 255.0).round() as u8;
        let cells = self.open.iter().zip(&lit).map(|(&open, &lit)| [byte(open), byte(lit)]).collect();
        LightGrid { blocks: self.blocks, towards_light, cells }
    }
}

/// The slices of blocks along an axis: how many, how many across and down, and how far apart each lies in memory.
struct Slices {
    count: usize,
    across: [usize; 2],
    strides: [usize; 3],
}

impl Slices {
    fn of(blocks: &Blocks, axis: usize) -> Self {
        let (size, strides) = (blocks.size, [1, blocks.size[0], blocks.size[0] * blocks.size[1]]);
        let [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
        Self {
            count: size[axis],
            across: [size[u], size[v]],
            strides: [strides[axis], strides[u], strides[v]],
        }
    }

    /// Every block of a slice: its place in memory, and in a slice with a rim of `RIM` blocks.
    fn each(&self, slice: usize, mut what: impl FnMut(usize, usize)) {
        let width = self.across[0] + 2 * RIM;
        for v in 0..self.across[1] {
            let start = slice * self.strides[0] + v * self.strides[2];
            let rimmed = (v + RIM) * width + RIM;
            for u in 0..self.across[0] {
                what(start + u * self.strides[1], rimmed + u);
            }
        }
    }

    /// A slice in full light, with its rim.
    fn bright(&self) -> Vec<f32> {
        vec![1.0; (self.across[0] + 2 * RIM) * (self.across[1] + 2 * RIM)]
    }
}

/// Blocks of full light around a slice.
const RIM: usize = 2;

fn opened(blocks: &Blocks, extinction: &[f32]) -> Vec<f32> {
    let sides: Vec<Vec<f32>> = (0..6)
        .into_par_iter()
        .map(|side| {
            let (axis, rising) = (side / 2, side % 2 == 0);
            let (slices, mm) = (Slices::of(blocks, axis), blocks.mm[axis]);
            let lost = (-mm / REGAIN_MM).exp() as f32;
            let width = slices.across[0] + 2 * RIM;
            let mut reached = vec![0.0; extinction.len()];
            let (mut leaving, mut rows) = (slices.bright(), slices.bright());
            for n in 0..slices.count {
                let slice = if rising { n } else { slices.count - 1 - n };
                for at in width..leaving.len() - width {
                    rows[at] = leaving[at - width] + leaving[at] + leaving[at + width];
                }
                slices.each(slice, |at, rimmed| {
                    let around = (rows[rimmed - 1] + rows[rimmed] + rows[rimmed + 1]) / 9.0;
                    let coming = 1.0 - (1.0 - around) * lost;
                    reached[at] = coming;
                    leaving[rimmed] = coming * (-extinction[at] * mm as f32).exp();
                });
            }
            reached
        })
        .collect();
    (0..extinction.len()).map(|at| (sides.iter().map(|side| side[at]).sum::<f32>() / 3.0).min(1.0)).collect()
}

/// The share of a lamp's light that comes to each block; `per_mm` leads to the lamp, in blocks.
fn straight(blocks: &Blocks, extinction: &[f32], per_mm: [f64; 3]) -> Vec<f32> {
    let steepest = |a: &usize, b: &usize| per_mm[*a].abs().total_cmp(&per_mm[*b].abs());
    let axis = (0..3).max_by(steepest).unwrap_or(0);
    let mm = 1.0 / per_mm[axis].abs().max(1e-12);
    let slices = Slices::of(blocks, axis);
    let shift = [(axis + 1) % 3, (axis + 2) % 3].map(|a| (per_mm[a] * mm).clamp(-1.0, 1.0));
    let part = shift.map(|s| (s - s.floor()) as f32);
    let width = (slices.across[0] + 2 * RIM) as isize;
    let to = shift[1].floor() as isize * width + shift[0].floor() as isize;
    let mut reached = vec![0.0; extinction.len()];
    let (mut before, mut leaving) = (slices.bright(), slices.bright());
    for n in 0..slices.count {
        // from the lamp's side on
        let slice = if per_mm[axis] > 0.0 { slices.count - 1 - n } else { n };
        slices.each(slice, |at, rimmed| {
            let from = |by: isize| before[(rimmed as isize + to + by) as usize];
            let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
            let near = mix(from(0), from(1), part[0]);
            let far = mix(from(width), from(width + 1), part[0]);
            let coming = mix(near, far, part[1]);
            reached[at] = coming;
            leaving[rimmed] = coming * (-extinction[at] * mm as f32).exp();
        });
        std::mem::swap(&mut before, &mut leaving);
    }
    reached
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{VolumeMeta, Voxels};

    use super::*;
    use crate::TransferPoint;

    /// Blocks of two voxels of 1 × 1 × 2 mm; `solid` says which voxels stop all light.
    fn occluders(solid: impl Fn(usize, usize, usize) -> bool) -> (Grid, Occluders) {
        let n = [40, 40, 20];
        let grid = Grid::axis_aligned(n, Point::origin(), [1.0, 1.0, 2.0]).unwrap();
        let all = (0..n[2]).flat_map(|k| (0..n[1]).flat_map(move |j| (0..n[0]).map(move |i| (i, j, k))));
        let voxels = all.map(|(i, j, k)| if solid(i, j, k) { 1000 } else { 0 }).collect();
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
        let volume = Volume::new(grid, Voxels::I16(voxels), meta).unwrap();
        let point = |value, opacity_per_mm| TransferPoint { value, colour: [1.0; 3], opacity_per_mm };
        let transfer = TransferFunction::new(vec![point(0.0, 0.0), point(1000.0, 0.99)]).unwrap();
        (grid, Occluders::of(&volume, &transfer, &[Integrals::of(&transfer)], None))
    }

    fn cell(light: &LightGrid, [i, j, k]: [usize; 3]) -> [f64; 2] {
        let [ni, nj, _] = light.blocks.size;
        light.cells[(k * nj + j) * ni + i].map(|byte| f64::from(byte) / 255.0)
    }

    #[test]
    fn a_flat_wall_is_open_a_pit_in_it_is_not_and_what_lies_behind_is_in_shadow() {
        // the half beyond j = 20 is solid but for a narrow pit
        let (grid, occluders) = occluders(|i, j, _| j >= 20 && !((16..20).contains(&i) && j < 36));
        let light = occluders.lit_from(&grid, Vector::new(0.0, -1.0, 0.0));
        assert_eq!((light.blocks.factor, light.blocks.size), ([2, 2, 1], [20, 20, 20]));
        let ([air, wall, pit], behind) =
            ([[15, 0, 10], [15, 9, 10], [8, 16, 10]].map(|at| cell(&light, at)), cell(&light, [15, 19, 10]));
        assert!(air[0] > 0.95 && wall[0] > 0.85 && pit[0] < 0.55, "{air:?} {wall:?} {pit:?}");
        assert_eq!((wall[1], pit[1], behind[1]), (1.0, 1.0, 0.0), "the lamp looks straight into the pit");
        let aslant = occluders.lit_from(&grid, Vector::new(1.0, -1.0, 0.0).normalized().unwrap());
        assert!(cell(&aslant, [8, 16, 10])[1] < 0.05, "a lamp aslant does not");
        assert_eq!(cell(&aslant, [15, 9, 10])[1], 1.0);
    }

    #[test]
    fn a_shadow_falls_away_from_the_lamp_on_a_grid_of_any_orientation() {
        // a plate across i = 20, and lamps from all sides of it
        let (grid, occluders) = occluders(|i, _, _| (20..24).contains(&i));
        for side in [1.0, -1.0] {
            let towards = Vector::new(side, 0.3, -0.4).normalized().unwrap();
            let light = occluders.lit_from(&grid, towards);
            let lit = [cell(&light, [4, 10, 10])[1], cell(&light, [16, 10, 10])[1]];
            assert_eq!(lit, if side > 0.0 { [0.0, 1.0] } else { [1.0, 0.0] }, "{side}");
        }
    }

    #[test]
    fn a_volume_of_any_size_has_few_blocks() {
        for (n, spacing) in
            [([512, 512, 900], [0.7, 0.7, 1.0]), ([2000, 2000, 3], [0.1, 0.1, 5.0]), ([1; 3], [1.0; 3])]
        {
            let blocks = Blocks::of(&Grid::axis_aligned(n, Point::origin(), spacing).unwrap());
            assert!(blocks.size.iter().product::<usize>() <= BLOCKS, "{blocks:?}");
            assert!((0..3).all(|a| blocks.size[a] * blocks.factor[a] >= n[a]), "{blocks:?}");
        }
    }
}
