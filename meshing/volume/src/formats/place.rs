//! Where the voxels lie: what the three formats say about it, turned into a grid.

use meshing_space::{Lps, Point, Vector};

use super::{FormatError, Remark, RemarkKind, Weight};
use crate::{Grid, Words};

/// Spacings of a scan of a person or of a specimen of one, mm: a tenth of a micrometre to a metre.
const SPACING_MM: std::ops::RangeInclusive<f64> = 1e-4..=1e3;
/// No scanner's axes reach further, mm.
const FAR_MM: f64 = 1e6;
/// A shear counts once it moves the far end of the grid by this share of the smallest spacing. Headers round directions
/// to about seven digits.
const SHEAR_SHARE: f64 = 0.25;

/// Affine placement of voxel indices, LPS mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Centre of voxel 0.
    pub(super) origin: [f64; 3],
    /// Steps along i, j, k: direction times spacing.
    pub(super) steps: [[f64; 3]; 3],
}

impl Place {
    /// A position in RAS and steps in RAS, times `to_mm`.
    pub(super) fn from_ras(origin: [f64; 3], steps: [[f64; 3]; 3], to_mm: f64) -> Self {
        let lps = |[r, a, s]: [f64; 3]| [-r * to_mm, -a * to_mm, s * to_mm];
        Self { origin: lps(origin), steps: steps.map(lps) }
    }

    /// Position of a voxel index.
    fn at(&self, ijk: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| {
            self.origin[axis] + (0..3).map(|n| ijk[n] * self.steps[n][axis]).sum::<f64>()
        })
    }

    /// Largest distance of the same corner voxel in two placements, mm.
    pub(super) fn apart_mm(&self, other: &Self, size: [usize; 3]) -> f64 {
        let far = size.map(|n| n as f64 - 1.0);
        (0..8)
            .map(|corner| {
                let ijk = std::array::from_fn(|axis| far[axis] * f64::from(corner >> axis & 1));
                Point::<Lps>::from_array(self.at(ijk)).distance(Point::from_array(other.at(ijk)))
            })
            .fold(0.0, |most: f64, mm| if mm.is_nan() { f64::INFINITY } else { most.max(mm) })
    }

    /// Whether i, j, k are right-handed.
    pub(super) fn right_handed(&self) -> bool {
        let [i, j, k] = self.steps.map(Vector::<Lps>::from_array);
        i.cross(j).dot(k) > 0.0
    }

    /// The smallest step, mm.
    pub(super) fn smallest_step_mm(&self) -> f64 {
        self.steps.iter().map(|s| Vector::<Lps>::from_array(*s).length()).fold(f64::INFINITY, f64::min)
    }

    /// The grid, and a severe remark where its axes are not perpendicular.
    pub(super) fn grid(
        &self,
        field: &'static str,
        size: [usize; 3],
        remarks: &mut Vec<Remark>,
    ) -> Result<Grid, FormatError> {
        let steps = self.steps.map(Vector::<Lps>::from_array);
        let origin = Point::from_array(self.origin);
        if !origin.is_finite() || self.origin.iter().any(|mm| mm.abs() > FAR_MM) {
            return Err(FormatError::header(
                field,
                "places the scan more than a kilometre away, or nowhere",
                "把扫描放在一公里以外，或没有有效位置",
            ));
        }
        let spacing_mm = steps.map(Vector::length);
        // Directions times spacings, as text formats write them, differ in the last digit: 0.8 comes back as 0.8.
        let spacing_mm = spacing_mm.map(|mm| {
            let short = (mm * 1e9).round() / 1e9;
            if (short - mm).abs() <= mm * 1e-12 { short } else { mm }
        });
        if let Some(wrong) = spacing_mm.iter().find(|mm| !SPACING_MM.contains(*mm)) {
            let en = format!("gives a voxel spacing of {wrong} mm, which no scan has");
            let zh = format!("给出的体素间距为 {wrong} mm，没有这样的扫描");
            return Err(FormatError::header(field, en, zh));
        }
        let mut direction = steps;
        for axis in &mut direction {
            *axis = axis.normalized().ok_or(crate::GridError::Axes)?;
        }
        let grid = Grid::new(size, origin, direction, spacing_mm)?;
        let [i, j, k] = direction;
        let cosine = [i.dot(j), j.dot(k), k.dot(i)].into_iter().fold(0.0, |most: f64, c| most.max(c.abs()));
        let extent = (0..3).map(|n| spacing_mm[n] * size[n] as f64).fold(0.0, f64::max);
        let smallest = spacing_mm.into_iter().fold(f64::INFINITY, f64::min);
        if cosine * extent > SHEAR_SHARE * smallest {
            let degrees = cosine.clamp(-1.0, 1.0).asin().to_degrees();
            let message = Words::new(
                format!(
                    "the axes of the grid are not perpendicular ({degrees:.2} degrees off), as after a tilted gantry; \
                     the grid is kept so"
                ),
                format!("网格的轴不垂直（偏差 {degrees:.2} 度），如同机架倾斜；网格保持原样"),
            );
            remarks.push(Remark::new(RemarkKind::ShearedAxes, Weight::Severe, message));
        }
        Ok(grid)
    }
}

/// The remark of a file that does not say how it lies in the patient.
pub(super) fn unknown_orientation(format: &str) -> Remark {
    let message = Words::new(
        format!(
            "the {format} header does not say how the grid lies in the patient: left and right, front and back, head \
             and feet are guesses, and so are positions"
        ),
        format!("{format} 文件头没有说明网格在患者体内的方位：左右、前后、头足以及位置都是猜测"),
    );
    Remark::new(RemarkKind::UnknownOrientation, Weight::Severe, message)
}

/// The remark of a file without spacing.
pub(super) fn no_spacing(format: &str) -> Remark {
    let message = Words::new(
        format!("the {format} header states no voxel spacing; 1 mm stands in for it"),
        format!("{format} 文件头没有体素间距；以 1 mm 代替"),
    );
    Remark::new(RemarkKind::NoSpacing, Weight::Severe, message)
}

/// The remark of a single slice.
pub(super) fn single_slice() -> Remark {
    let message = Words::new(
        "a single slice has no distance to a neighbour; 1 mm stands in for it",
        "单个切片没有层间距；以 1 mm 代替",
    );
    Remark::new(RemarkKind::EstimatedSpacing, Weight::Warning, message)
}

/// A step of 1 mm perpendicular to two others, for a single slice.
pub(super) fn normal_step(i: [f64; 3], j: [f64; 3]) -> [f64; 3] {
    let normal = Vector::<Lps>::from_array(i).cross(Vector::from_array(j));
    normal.normalized().map_or([0.0; 3], Vector::to_array)
}
