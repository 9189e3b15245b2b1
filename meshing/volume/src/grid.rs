//! Where voxels lie in the patient.

use meshing_space::{Aabb, Ijk, Lps, Point, Transform, Vector};
use serde::{Deserialize, Serialize};

use crate::Told;

/// A regular grid of voxels in patient space.
///
/// The centre of voxel (0, 0, 0) lies at [`Grid::origin`]; voxel (i, j, k) at
/// `origin + i·spacing[0]·direction[0] + j·spacing[1]·direction[1] + k·spacing[2]·direction[2]`
/// (DICOM PS3.3 C.7.6.2.1.1). In memory i runs fastest, then j, then k. Directions need not be orthogonal (a tilted
/// gantry gives a sheared grid) nor right-handed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "GridParts", into = "GridParts")]
pub struct Grid {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    direction: [Vector<Lps>; 3],
    lps_from_ijk: Transform<Lps, Ijk>,
    ijk_from_lps: Transform<Ijk, Lps>,
}

/// Why a grid cannot exist.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// An axis has no voxels, or more than fit into memory addresses.
    #[error("a grid of {0:?} voxels cannot be held")]
    Size([usize; 3]),
    /// A spacing is zero, negative or not a number.
    #[error("voxel spacing {0:?} mm is not positive")]
    Spacing([f64; 3]),
    /// The axes are not unit vectors, lie in one plane, or the origin is not finite.
    #[error("the axes of the grid are not three independent unit vectors at a finite origin")]
    Axes,
}

impl Told for GridError {
    fn chinese(&self) -> String {
        match self {
            Self::Size(size) => format!("无法容纳 {size:?} 个体素的网格"),
            Self::Spacing(mm) => format!("体素间距 {mm:?} mm 不是正数"),
            Self::Axes => "网格的轴不是位于有限原点的三个独立单位向量".to_owned(),
        }
    }
}

/// How far a direction's length may be from 1 (DICOM decimal strings carry about six digits).
const UNIT_TOLERANCE: f64 = 1e-3;
/// Smallest volume spanned by the three unit axes; a gantry never tilts this far (about 87°).
const MIN_INDEPENDENCE: f64 = 0.05;

impl Grid {
    /// A grid of `size` voxels whose first voxel's centre is `origin`; `direction` are the unit vectors along i, j, k
    /// and `spacing_mm` the distances between voxel centres along them. Directions are normalised to length 1 exactly.
    ///
    /// # Errors
    /// [`GridError`] for an empty or unaddressable size, a spacing that is not positive, or dependent axes.
    pub fn new(
        size: [usize; 3],
        origin: Point<Lps>,
        direction: [Vector<Lps>; 3],
        spacing_mm: [f64; 3],
    ) -> Result<Self, GridError> {
        let voxels = size.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        if voxels.is_none_or(|n| n == 0 || n > isize::MAX as usize / 8) {
            return Err(GridError::Size(size));
        }
        if !spacing_mm.iter().all(|mm| mm.is_finite() && *mm > 0.0) {
            return Err(GridError::Spacing(spacing_mm));
        }
        if direction.iter().any(|d| (d.length() - 1.0).abs() > UNIT_TOLERANCE || !d.is_finite()) {
            return Err(GridError::Axes);
        }
        let mut unit = direction;
        for axis in &mut unit {
            *axis = axis.normalized().ok_or(GridError::Axes)?;
        }
        let span = unit[0].cross(unit[1]).dot(unit[2]).abs();
        let axes = [unit[0] * spacing_mm[0], unit[1] * spacing_mm[1], unit[2] * spacing_mm[2]];
        let lps_from_ijk = Transform::from_axes(origin, axes);
        let ijk_from_lps = lps_from_ijk.inverse().filter(|_| origin.is_finite() && span > MIN_INDEPENDENCE);
        Ok(Self {
            size,
            spacing_mm,
            direction: unit,
            lps_from_ijk,
            ijk_from_lps: ijk_from_lps.ok_or(GridError::Axes)?,
        })
    }

    /// A grid whose axes are those of the patient: i to the left, j posterior, k superior.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn axis_aligned(
        size: [usize; 3],
        origin: Point<Lps>,
        spacing_mm: [f64; 3],
    ) -> Result<Self, GridError> {
        let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        Self::new(size, origin, axes, spacing_mm)
    }

    /// Number of voxels along i, j, k.
    pub const fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Distances between voxel centres along i, j, k, in mm.
    pub const fn spacing_mm(&self) -> [f64; 3] {
        self.spacing_mm
    }

    /// Centre of voxel (0, 0, 0).
    pub fn origin(&self) -> Point<Lps> {
        self.lps_from_ijk * Point::origin()
    }

    /// Unit vectors along i, j, k.
    pub const fn direction(&self) -> [Vector<Lps>; 3] {
        self.direction
    }

    /// The directions as a row-major 3×3 matrix whose *columns* are the directions of i, j, k.
    pub fn direction_row_major(&self) -> [f64; 9] {
        let columns = self.direction.map(Vector::to_array);
        core::array::from_fn(|entry| columns[entry % 3][entry / 3])
    }

    /// Patient position of a continuous voxel index.
    pub const fn lps_from_ijk(&self) -> Transform<Lps, Ijk> {
        self.lps_from_ijk
    }

    /// Continuous voxel index of a patient position.
    pub const fn ijk_from_lps(&self) -> Transform<Ijk, Lps> {
        self.ijk_from_lps
    }

    /// Number of voxels.
    #[expect(clippy::len_without_is_empty, reason = "a grid is never empty")]
    pub const fn len(&self) -> usize {
        self.size[0] * self.size[1] * self.size[2]
    }

    /// Place of voxel (i, j, k) in memory.
    pub const fn index(&self, i: usize, j: usize, k: usize) -> usize {
        (k * self.size[1] + j) * self.size[0] + i
    }

    /// Volume of one voxel, in mm³.
    pub fn voxel_mm3(&self) -> f64 {
        self.lps_from_ijk.determinant().abs()
    }

    /// The box around the outer faces of all voxels.
    pub fn bounds(&self) -> Aabb<Lps> {
        let high = self.size.map(|n| n as f64 - 0.5);
        let outer = Aabb { min: Point::<Ijk>::new(-0.5, -0.5, -0.5), max: Point::from_array(high) };
        let corners = outer.corners().map(|corner| self.lps_from_ijk * corner);
        corners
            .iter()
            .fold(Aabb { min: corners[0], max: corners[0] }, |b, &c| b.union(Aabb { min: c, max: c }))
    }

    /// The middle of the grid.
    pub fn center(&self) -> Point<Lps> {
        self.lps_from_ijk * Point::from_array(self.size.map(|n| (n as f64 - 1.0) / 2.0))
    }

    /// The grid of every `2^level`-th voxel, starting with voxel 0: same origin and directions, wider spacing.
    #[must_use]
    pub fn coarsened(&self, level: u8) -> Self {
        let step = 1_usize << level.min(31);
        let size = self.size.map(|n| n.div_ceil(step));
        let spacing_mm = self.spacing_mm.map(|mm| mm * step as f64);
        Self::new(size, self.origin(), self.direction, spacing_mm).unwrap_or(*self)
    }
}

/// How a grid is written down.
#[derive(Serialize, Deserialize)]
struct GridParts {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    origin_lps_mm: Point<Lps>,
    direction: [Vector<Lps>; 3],
}

impl From<Grid> for GridParts {
    fn from(grid: Grid) -> Self {
        let (size, spacing_mm, direction) = (grid.size, grid.spacing_mm, grid.direction);
        Self { size, spacing_mm, origin_lps_mm: grid.origin(), direction }
    }
}

impl TryFrom<GridParts> for Grid {
    type Error = GridError;
    fn try_from(parts: GridParts) -> Result<Self, GridError> {
        Self::new(parts.size, parts.origin_lps_mm, parts.direction, parts.spacing_mm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oblique() -> Grid {
        let (sin, cos) = 0.3_f64.sin_cos();
        let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, -1.0)];
        Grid::new([4, 5, 6], Point::new(10.0, -20.0, 30.0), axes, [0.5, 0.75, 2.0]).expect("regular grid")
    }

    #[test]
    fn positions_and_indices_go_both_ways() {
        let grid = oblique();
        let p = grid.lps_from_ijk() * Point::new(1.0, 2.0, 3.0);
        assert!((p.z() - 24.0).abs() < 1e-12, "three slices down");
        assert!((grid.ijk_from_lps() * p).distance(Point::new(1.0, 2.0, 3.0)) < 1e-12);
        assert_eq!(grid.index(1, 2, 3), 69);
        assert!((grid.voxel_mm3() - 0.75).abs() < 1e-12);
        assert!(grid.bounds().contains(grid.center()));
    }

    #[test]
    fn direction_columns_are_the_axes() {
        let grid = oblique();
        let d = grid.direction_row_major();
        assert!((d[0] - 0.3_f64.cos()).abs() < 1e-12 && (d[3] - 0.3_f64.sin()).abs() < 1e-12 && d[8] == -1.0);
    }

    #[test]
    fn impossible_grids_are_refused() {
        let axes = oblique().direction();
        let new = |size, axes, mm| Grid::new(size, Point::origin(), axes, mm);
        assert!(matches!(new([0, 1, 1], axes, [1.0; 3]), Err(GridError::Size(_))));
        assert!(matches!(new([usize::MAX, 2, 1], axes, [1.0; 3]), Err(GridError::Size(_))));
        assert!(matches!(new([1, 1, 1], axes, [1.0, f64::NAN, 1.0]), Err(GridError::Spacing(_))));
        assert!(matches!(new([1, 1, 1], [axes[0]; 3], [1.0; 3]), Err(GridError::Axes)));
        assert!(matches!(new([1, 1, 1], [axes[0] * 2.0, axes[1], axes[2]], [1.0; 3]), Err(GridError::Axes)));
    }

    #[test]
    fn a_grid_survives_being_written_down() {
        let grid = oblique();
        let text = serde_json::to_string(&grid).expect("serialises");
        assert_eq!(serde_json::from_str::<Grid>(&text).expect("reads back"), grid);
        assert!(serde_json::from_str::<Grid>(&text.replace("0.75", "0.0")).is_err());
    }

    #[test]
    fn a_coarser_grid_keeps_the_origin() {
        let coarse = oblique().coarsened(2);
        assert_eq!(coarse.size(), [1, 2, 2]);
        assert_eq!(coarse.origin(), oblique().origin());
        assert_eq!(coarse.spacing_mm(), [2.0, 3.0, 8.0]);
    }
}
