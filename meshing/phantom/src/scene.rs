//! A scene of solids, and how it becomes voxels.

use glam::DVec3;
use meshing_space::{Aabb, Lps, Point, Transform, Vector};
use meshing_volume::{Cancelled, Grid, LabelMap, Progress, Silent, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;

use crate::noise::unit_noise;
use crate::sampling::{BLOCK, Block, Sampling};
use crate::shape::Shape;
use crate::truth::{Distance, Landmark, Part, Truth};

/// One solid of a scene and the part it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Solid {
    pub(crate) part: u8,
    pub(crate) hu: f64,
    pub(crate) shape: Shape,
    bounds: (DVec3, DVec3),
}

impl Solid {
    /// At least how far the solid is from `p`, by its box alone.
    pub(crate) fn box_distance(&self, p: DVec3) -> f64 {
        (self.bounds.0 - p).max(p - self.bounds.1).max(DVec3::ZERO).length()
    }
}

/// An analytic scene whose truth is known. See the crate's documentation.
#[derive(Clone, Debug)]
pub struct Phantom {
    pub(crate) truth: Truth,
    pub(crate) solids: Vec<Solid>,
    bounds: Aabb<Lps>,
    spacing_mm: [f64; 3],
}

impl Phantom {
    /// An empty scene; `bounds` (LPS mm) and `spacing_mm` describe its default grid.
    pub(crate) fn scene(
        name: &str,
        background_hu: f64,
        low: [f64; 3],
        high: [f64; 3],
        spacing_mm: [f64; 3],
    ) -> Self {
        Self {
            truth: Truth {
                phantom: name.to_owned(),
                background_hu,
                parts: Vec::new(),
                landmarks: Vec::new(),
                distances: Vec::new(),
            },
            solids: Vec::new(),
            bounds: Aabb { min: Point::from_array(low), max: Point::from_array(high) },
            spacing_mm,
        }
    }

    /// Adds a part of several solids over everything so far.
    pub(crate) fn part(&mut self, name: &str, hu: f64, shapes: impl IntoIterator<Item = Shape>) -> &mut Part {
        self.truth.parts.push(Part {
            name: name.to_owned(),
            hu,
            volume_mm3: None,
            area_mm2: None,
            centre: None,
        });
        let part = u8::try_from(self.truth.parts.len()).expect("a scene has fewer than 256 parts");
        self.solids.extend(shapes.into_iter().flat_map(Shape::split).map(|shape| Solid {
            part,
            hu,
            bounds: shape.bounds(),
            shape,
        }));
        self.truth.parts.last_mut().expect("just added")
    }

    /// Adds a named point.
    pub(crate) fn landmark(&mut self, name: &str, at: [f64; 3]) {
        self.truth.landmarks.push(Landmark { name: name.to_owned(), point: Point::from_array(at) });
    }

    /// Adds the distance between two landmarks that are there already.
    pub(crate) fn distance(&mut self, from: &str, to: &str) {
        let at = |name: &str| self.truth.landmark(name).expect("the scene names the landmark first");
        let mm = at(from).distance(at(to));
        self.truth.distances.push(Distance { from: from.to_owned(), to: to.to_owned(), mm });
    }

    /// The names that [`Phantom::named`] knows.
    pub const NAMES: [&'static str; 6] =
        ["sphere", "tilted_box", "helix_vessel", "asymmetric_f", "head", "torso"];

    /// The phantom of this name, one of [`Phantom::NAMES`].
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "sphere" => Some(Self::sphere()),
            "tilted_box" => Some(Self::tilted_box()),
            "helix_vessel" => Some(Self::helix_vessel()),
            "asymmetric_f" => Some(Self::asymmetric_f()),
            "head" => Some(Self::head()),
            "torso" => Some(Self::torso()),
            _ => None,
        }
    }

    /// Name of the phantom, for example `torso`.
    pub fn name(&self) -> &str {
        &self.truth.phantom
    }

    /// What is known exactly.
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The box that holds the whole scene with a margin, LPS mm.
    pub const fn bounds(&self) -> Aabb<Lps> {
        self.bounds
    }

    /// The grid on which the phantom is normally sampled: along the patient's axes, first voxel right, front, below.
    pub fn default_grid(&self) -> Grid {
        self.grid(self.spacing_mm, Transform::identity())
    }

    /// A grid around the whole scene with the given spacing (i, j, k), its axes turned from the patient's by `turn`
    /// (only the linear part is used; it must be a rotation, with or without a reflection).
    ///
    /// # Panics
    /// Where a spacing is not positive or `turn` is not a rotation: a bug in the caller.
    pub fn grid(&self, spacing_mm: [f64; 3], turn: Transform<Lps, Lps>) -> Grid {
        let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let direction = axes.map(|axis| turn * axis);
        let half = self.bounds.size() * 0.5;
        let mut size = [1_usize; 3];
        let mut origin = self.bounds.center();
        for axis in 0..3 {
            // Half of the box as seen along this direction.
            let d = direction[axis];
            let reach = (d.x() * half.x()).abs() + (d.y() * half.y()).abs() + (d.z() * half.z()).abs();
            // The small share keeps an exact multiple from growing by one voxel through rounding.
            size[axis] = (2.0 * reach / spacing_mm[axis] - 1e-6).ceil().max(1.0) as usize;
            origin -= d * ((size[axis] - 1) as f64 / 2.0 * spacing_mm[axis]);
        }
        Grid::new(size, origin, direction, spacing_mm).expect("documented: positive spacing and a rotation")
    }

    /// The value at a point, without partial volume, in HU.
    pub fn value(&self, point: Point<Lps>) -> f64 {
        let p = point.as_dvec3();
        let hit = self.solids.iter().rev().find(|solid| solid.shape.distance(p) < 0.0);
        hit.map_or(self.truth.background_hu, |solid| solid.hu)
    }

    /// The phantom sampled on a grid with the default [`Sampling`]: HU as 16-bit integers, modality CT.
    pub fn volume(&self, grid: &Grid) -> Volume {
        self.volume_with(grid, &Sampling::default(), &Silent).expect("silent progress never cancels")
    }

    /// The phantom sampled on a grid; equal bits on any number of threads.
    ///
    /// # Errors
    /// [`Cancelled`] where the progress asks to stop.
    pub fn volume_with(
        &self,
        grid: &Grid,
        sampling: &Sampling,
        progress: &dyn Progress,
    ) -> Result<Volume, Cancelled> {
        let [si, sj, sk] = grid.size();
        let mut values = vec![0_i16; grid.len()];
        // Whole rows of blocks, a few slabs at a time: enough work for every thread between two reports.
        let slab = si * sj * BLOCK;
        let batch = 4 * rayon::current_num_threads();
        let slabs = sk.div_ceil(BLOCK);
        for (round, part) in values.chunks_mut(slab * batch).enumerate() {
            progress.step((round * batch).min(slabs), slabs)?;
            part.par_chunks_mut(slab).enumerate().for_each(|(at, slab)| {
                self.fill_slab(grid, sampling, (round * batch + at) * BLOCK, slab);
            });
        }
        progress.step(slabs, slabs)?;
        let meta = VolumeMeta {
            modality: "CT".to_owned(),
            unit: "HU".to_owned(),
            frame_of_reference: frame_of_reference(self.name()),
        };
        Ok(Volume::new(*grid, Voxels::I16(values), meta).expect("one value was made for each voxel"))
    }

    /// Which part holds the centre of each voxel: 0 for the background, `n + 1` for part `n` of the truth.
    pub fn labels(&self, grid: &Grid) -> LabelMap {
        let [si, sj, sk] = grid.size();
        let mut map = LabelMap::empty(grid);
        map.labels_mut().par_chunks_mut(si * sj * BLOCK).enumerate().for_each(|(at, slab)| {
            let k0 = at * BLOCK;
            let depth = BLOCK.min(sk - k0);
            for (j0, i0) in block_starts(sj, si) {
                let block =
                    Block::new(self, grid, [i0, j0, k0], [BLOCK.min(si - i0), BLOCK.min(sj - j0), depth]);
                block.for_each(|i, j, k, centre| {
                    slab[((k - k0) * sj + j) * si + i] = block.part(centre);
                });
            }
        });
        map
    }

    fn fill_slab(&self, grid: &Grid, sampling: &Sampling, k0: usize, slab: &mut [i16]) {
        let [si, sj, sk] = grid.size();
        let depth = BLOCK.min(sk - k0);
        for (j0, i0) in block_starts(sj, si) {
            let block = Block::new(self, grid, [i0, j0, k0], [BLOCK.min(si - i0), BLOCK.min(sj - j0), depth]);
            block.for_each(|i, j, k, centre| {
                let mut hu = block.mean(centre, sampling.per_axis);
                if sampling.noise_hu > 0.0 {
                    hu += sampling.noise_hu * unit_noise(grid.index(i, j, k) as u64, sampling.seed);
                }
                slab[((k - k0) * sj + j) * si + i] = hu.round() as i16;
            });
        }
    }
}

fn block_starts(sj: usize, si: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..sj).step_by(BLOCK).flat_map(move |j0| (0..si).step_by(BLOCK).map(move |i0| (j0, i0)))
}

/// A made-up but stable UID of the 2.25 arc (DICOM PS3.5 B.2), so that each phantom has its own frame of reference.
fn frame_of_reference(name: &str) -> String {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    format!("2.25.{hash}")
}
