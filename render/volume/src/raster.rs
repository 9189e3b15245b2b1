//! Where the pixels of a slice lie, flat or curved.

use meshing_space::{Lps, Point, Transform, Vector};

use crate::{CurvedPlane, SlicePlane};

/// One row of pixels: a straight line through the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RasterRow {
    /// Centre of the row's first pixel.
    pub first: Point<Lps>,
    /// From one pixel's centre to the next, to the right, in mm.
    pub right: Vector<Lps>,
    /// Unit vector away from the onlooker, across which a slab is thick.
    pub away: Vector<Lps>,
}

impl RasterRow {
    /// Where a pixel's centre lies, or a place behind it.
    pub fn lps(&self, column: f64, depth_mm: f64) -> Point<Lps> {
        self.first + self.right * column + self.away * depth_mm
    }

    /// The same row in another space of patient millimetres, such as that of a scan before its registration.
    #[must_use]
    pub fn moved(&self, by: Transform<Lps, Lps>) -> Self {
        let away = by * self.away;
        Self { first: by * self.first, right: by * self.right, away }
    }
}

/// The surface on which a slice lies.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SliceSurface {
    /// Axial, coronal, sagittal or oblique.
    Plane(SlicePlane),
    /// Along a curve (curved planar reformation).
    Curved(CurvedPlane),
}

impl SliceSurface {
    /// Pixels across and down.
    pub fn size(&self) -> [u32; 2] {
        match self {
            Self::Plane(plane) => plane.size,
            Self::Curved(curved) => curved.size(),
        }
    }

    /// Distance between pixel centres in mm.
    pub const fn pixel_mm(&self) -> f64 {
        match self {
            Self::Plane(plane) => plane.pixel_mm,
            Self::Curved(curved) => curved.pixel_mm(),
        }
    }

    /// The column and row on which a point falls and its distance behind the surface in mm; `None` where a curve has
    /// no place for it.
    pub fn pixel(&self, point: Point<Lps>) -> Option<[f64; 3]> {
        match self {
            Self::Plane(plane) => Some(plane.pixel(point)),
            Self::Curved(curved) => curved.pixel(point),
        }
    }

    /// The rows from the top.
    pub fn rows(&self) -> Vec<RasterRow> {
        match self {
            Self::Plane(plane) => {
                let right = plane.right * plane.pixel_mm;
                let row = |y| RasterRow { first: plane.lps(0.0, f64::from(y)), right, away: plane.away() };
                (0..plane.size[1]).map(row).collect()
            }
            Self::Curved(curved) => curved.rows().to_vec(),
        }
    }
}

impl From<SlicePlane> for SliceSurface {
    fn from(plane: SlicePlane) -> Self {
        Self::Plane(plane)
    }
}

impl From<CurvedPlane> for SliceSurface {
    fn from(curved: CurvedPlane) -> Self {
        Self::Curved(curved)
    }
}
