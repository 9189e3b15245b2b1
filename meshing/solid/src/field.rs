//! Signed distance fields of closed meshes, and the surfaces that lie at a distance.

mod distances;
mod winding;

use meshing_space::{Aabb, Lps, Point};
use meshing_surface::{Mesh, isosurface};
use meshing_volume::{Grid, Progress, Told as _, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;

use crate::SolidError;
use crate::error::require_solid;

/// Most nodes of a field: 1.6 GB of floats.
pub const MOST_NODES: usize = 400_000_000;

/// Planes of nodes that one task fills; fixed, whatever the number of threads.
const SLAB: usize = 8;

/// Signed distances to a surface at the nodes of a grid along the patient's axes: mm, negative inside.
///
/// Exact (to a float) up to the band; beyond it every value is the band itself, with its sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    grid: Grid,
    values: Vec<f32>,
    band_mm: f32,
}

impl Field {
    /// The field of a closed mesh on a grid of cubes that reaches `band_mm` and two nodes beyond its box.
    ///
    /// Within `band_mm` of the surface, distances are those to the nearest point of the nearest triangle. The sign is the
    /// winding number of the scan line through the node: inside where it is positive, so that overlapping parts are one.
    ///
    /// # Errors
    /// [`SolidError`]: no solid, a spacing or band that makes no grid, more than [`MOST_NODES`], or cancelled.
    pub fn of_mesh(
        mesh: &Mesh,
        spacing_mm: f64,
        band_mm: f64,
        progress: &dyn Progress,
    ) -> Result<Self, SolidError> {
        let bounds = mesh.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
        Self::of_mesh_in(mesh, bounds.expanded(band_mm.max(0.0)), spacing_mm, band_mm, progress)
    }

    /// The same on a grid that reaches two nodes beyond `region` only.
    ///
    /// # Errors
    /// As [`Field::of_mesh`].
    pub fn of_mesh_in(
        mesh: &Mesh,
        region: Aabb<Lps>,
        spacing_mm: f64,
        band_mm: f64,
        progress: &dyn Progress,
    ) -> Result<Self, SolidError> {
        require_solid(mesh, "the mesh")?;
        Self::on_grid(mesh, grid_around(region, spacing_mm)?, band_mm, progress)
    }

    /// The same on a given grid of cubes, of a mesh known to be a solid. Its triangles may be left out where they cross no row
    /// of the grid and lie farther away than the band.
    pub(crate) fn on_grid(
        mesh: &Mesh,
        grid: Grid,
        band_mm: f64,
        progress: &dyn Progress,
    ) -> Result<Self, SolidError> {
        if !(band_mm.is_finite() && band_mm > 0.0) {
            let band = format!("{band_mm} mm");
            return Err(SolidError::refused(
                format!("a field needs a band of a positive width, not {band}"),
                format!("距离场的带宽必须为正，不能是 {band}"),
            ));
        }
        progress.step(0, 2)?;
        let spacing_mm = grid.spacing_mm()[0];
        let prepared =
            distances::Prepared::new(mesh, &grid, band_mm, SLAB).ok_or_else(|| makes_no_grid(spacing_mm))?;
        let [si, sj, sk] = grid.size();
        let mut values = vec![0.0_f32; grid.len()];
        let slabs = sk.div_ceil(SLAB);
        let done = std::sync::atomic::AtomicUsize::new(0);
        values.par_chunks_mut(si * sj * SLAB).enumerate().try_for_each(|(slab, out)| {
            prepared.fill(slab, out);
            let before = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            progress.step(before + 1, slabs)
        })?;
        Ok(Self { grid, values, band_mm: band_mm as f32 })
    }

    /// A field whose values are those of a function of the place, mm; `band_mm` bounds them.
    ///
    /// # Errors
    /// As [`Field::of_mesh`].
    pub fn of_function(
        region: Aabb<Lps>,
        spacing_mm: f64,
        band_mm: f64,
        value: impl Fn(Point<Lps>) -> f64 + Sync,
    ) -> Result<Self, SolidError> {
        let grid = grid_around(region, spacing_mm)?;
        let [si, sj, _] = grid.size();
        let mut values = vec![0.0_f32; grid.len()];
        let lps_from_ijk = grid.lps_from_ijk();
        values.par_chunks_mut(si).enumerate().for_each(|(row, out)| {
            for (i, v) in out.iter_mut().enumerate() {
                let at = lps_from_ijk * Point::new(i as f64, (row % sj) as f64, (row / sj) as f64);
                *v = value(at).clamp(-band_mm, band_mm) as f32;
            }
        });
        Ok(Self { grid, values, band_mm: band_mm as f32 })
    }

    /// Where the nodes lie.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The distances, mm, i fastest.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// How far distances are known, mm.
    pub const fn band_mm(&self) -> f32 {
        self.band_mm
    }

    /// The distance at a place, linear between nodes; the band's width outside of the grid.
    pub fn sample(&self, at: Point<Lps>) -> f64 {
        let ijk = (self.grid.ijk_from_lps() * at).to_array();
        let size = self.grid.size();
        if !(0..3).all(|n| ijk[n] >= 0.0 && ijk[n] <= (size[n] - 1) as f64) {
            return f64::from(self.band_mm);
        }
        let low: [usize; 3] = core::array::from_fn(|n| (ijk[n] as usize).min(size[n].saturating_sub(2)));
        let part: [f64; 3] = core::array::from_fn(|n| ijk[n] - low[n] as f64);
        let mut sum = 0.0;
        for corner in 0..8_usize {
            let step: [usize; 3] = core::array::from_fn(|n| corner >> n & 1);
            let weight: f64 = (0..3).map(|n| if step[n] == 1 { part[n] } else { 1.0 - part[n] }).product();
            if weight > 0.0 {
                let node = self.grid.index(low[0] + step[0], low[1] + step[1], low[2] + step[2]);
                sum += weight * f64::from(self.values[node]);
            }
        }
        sum
    }

    /// Other values on the same grid.
    pub(crate) fn with_values(&self, values: Vec<f32>) -> Self {
        Self { grid: self.grid, values, band_mm: self.band_mm }
    }

    /// Every value through a function of the place and the value.
    #[must_use]
    pub fn mapped(mut self, value: impl Fn(Point<Lps>, f32) -> f32 + Sync) -> Self {
        let [si, sj, _] = self.grid.size();
        let lps_from_ijk = self.grid.lps_from_ijk();
        self.values.par_chunks_mut(si).enumerate().for_each(|(row, out)| {
            for (i, v) in out.iter_mut().enumerate() {
                let at = Point::new(i as f64, (row % sj) as f64, (row / sj) as f64);
                *v = value(lps_from_ijk * at, *v);
            }
        });
        self
    }

    /// What lies in either (the lesser value).
    ///
    /// # Errors
    /// Fields on different grids.
    pub fn union(self, other: &Self) -> Result<Self, SolidError> {
        self.combined(other, f32::min)
    }

    /// What lies in both (the greater value).
    ///
    /// # Errors
    /// Fields on different grids.
    pub fn intersection(self, other: &Self) -> Result<Self, SolidError> {
        self.combined(other, f32::max)
    }

    /// What lies in this one and not in the other.
    ///
    /// # Errors
    /// Fields on different grids.
    pub fn difference(self, other: &Self) -> Result<Self, SolidError> {
        self.combined(other, |a, b| a.max(-b))
    }

    fn combined(mut self, other: &Self, join: fn(f32, f32) -> f32) -> Result<Self, SolidError> {
        if self.grid != other.grid {
            return Err(SolidError::refused("the two fields lie on different grids", "两个距离场的网格不同"));
        }
        self.values.par_iter_mut().zip(&other.values).for_each(|(a, b)| *a = join(*a, *b));
        self.band_mm = self.band_mm.min(other.band_mm);
        Ok(self)
    }

    /// The closed surface at `level_mm` (negative: inside); without triangles where nothing lies below it.
    ///
    /// # Errors
    /// A level outside of the band.
    pub fn surface(self, level_mm: f64) -> Result<Mesh, SolidError> {
        if level_mm.is_nan() || level_mm.abs() >= f64::from(self.band_mm) {
            let band = self.band_mm;
            return Err(SolidError::refused(
                format!("the field knows distances up to {band} mm, not {level_mm} mm"),
                format!("距离场只到 {band} mm，没有 {level_mm} mm"),
            ));
        }
        let Self { grid, mut values, .. } = self;
        values.par_iter_mut().for_each(|v| *v = -*v);
        let meta = VolumeMeta { unit: "mm".into(), ..VolumeMeta::default() };
        let volume = Volume::new(grid, Voxels::F32(values), meta)
            .map_err(|error| SolidError::Refused(error.words()))?;
        Ok(isosurface(&volume, -level_mm))
    }
}

/// A grid of cubes that reaches two nodes beyond a box; the same box gives the same grid.
pub(crate) fn grid_around(region: Aabb<Lps>, spacing_mm: f64) -> Result<Grid, SolidError> {
    if !(spacing_mm.is_finite() && spacing_mm > 0.0) {
        return Err(makes_no_grid(spacing_mm));
    }
    let low = region.min.to_array().map(|x| ((x / spacing_mm).floor() - 2.0) * spacing_mm);
    let high = region.max.to_array();
    let steps: [f64; 3] = core::array::from_fn(|n| ((high[n] - low[n]) / spacing_mm).ceil() + 3.0);
    let nodes: f64 = steps.iter().product();
    if !(nodes.is_finite() && nodes <= MOST_NODES as f64) {
        return Err(makes_no_grid(spacing_mm));
    }
    Grid::axis_aligned(steps.map(|n| n as usize), Point::from_array(low), [spacing_mm; 3])
        .map_err(|_error| makes_no_grid(spacing_mm))
}

fn makes_no_grid(spacing_mm: f64) -> SolidError {
    SolidError::refused(
        format!("a spacing of {spacing_mm} mm makes no grid here; at most {MOST_NODES} nodes are kept"),
        format!("间距 {spacing_mm} mm 无法构成网格；最多 {MOST_NODES} 个节点"),
    )
}

/// Triangles a surface at `by_mm` from a closed mesh: outwards for a positive distance, inwards for a negative one.
///
/// Straight between the nodes of a grid of `spacing_mm`; details smaller than that are lost. Convex edges come out rounded
/// (all points at that distance).
///
/// # Errors
/// [`SolidError`]: no solid, nothing left, a grid that is too large, or cancelled.
pub fn offset(mesh: &Mesh, by_mm: f64, spacing_mm: f64, progress: &dyn Progress) -> Result<Mesh, SolidError> {
    // A surface passes between two nodes at most one spacing (along the diagonal of a face: 1.42) away from it.
    let made = Field::of_mesh(mesh, spacing_mm, by_mm.abs() + 1.5 * spacing_mm, progress)?.surface(by_mm)?;
    if made.triangles.is_empty() {
        return Err(SolidError::refused(
            format!("nothing is left at {by_mm} mm from the surface"),
            format!("距表面 {by_mm} mm 处没有剩余"),
        ));
    }
    Ok(made)
}

/// What lies between `inner_mm` and `outer_mm` from a closed mesh (negative: inside), closed.
///
/// # Errors
/// As [`offset`], or a shell thinner than two spacings.
pub fn shell(
    mesh: &Mesh,
    inner_mm: f64,
    outer_mm: f64,
    spacing_mm: f64,
    progress: &dyn Progress,
) -> Result<Mesh, SolidError> {
    let thick = outer_mm - inner_mm;
    if thick.is_nan() || thick < 2.0 * spacing_mm {
        return Err(SolidError::refused(
            format!("a shell from {inner_mm} to {outer_mm} mm is too thin for a grid of {spacing_mm} mm"),
            format!("从 {inner_mm} 到 {outer_mm} mm 的壳对 {spacing_mm} mm 的网格太薄"),
        ));
    }
    let band = inner_mm.abs().max(outer_mm.abs()) + 1.5 * spacing_mm;
    let field = Field::of_mesh(mesh, spacing_mm, band, progress)?;
    let (middle, half) = (f64::midpoint(inner_mm, outer_mm) as f32, ((outer_mm - inner_mm) / 2.0) as f32);
    let made = field.mapped(|_, d| (d - middle).abs() - half).surface(0.0)?;
    if made.triangles.is_empty() {
        return Err(SolidError::refused(
            format!("nothing lies between {inner_mm} and {outer_mm} mm from the surface"),
            format!("距表面 {inner_mm} 至 {outer_mm} mm 之间没有任何部分"),
        ));
    }
    Ok(made)
}
