//! Heights in 32 bits from places in a volume: for the many samples of rays and voxels.

use glam::{DAffine3, Mat4, Vec2, Vec3, Vec4};

use super::lasso::mixed;
use super::uniform::ShapeTerms;
use super::{CutShape, terms};
use crate::ClipPlanes;

/// A shape as seen from other coordinates, as in shared/cuts.wgsl.
pub(crate) struct Quick<'a> {
    to: Mat4,
    terms: ShapeTerms,
    field: &'a [f32],
}

impl<'a> Quick<'a> {
    /// Every shape.
    pub(crate) fn all(clip: &'a ClipPlanes, lps_from_here: DAffine3) -> Vec<Self> {
        let pairs = terms(clip, lps_from_here).zip(clip.shapes());
        pairs.map(|(terms, shape)| Self::of(terms, shape)).collect()
    }

    /// One shape.
    pub(crate) fn new(shape: &'a CutShape, lps_from_here: DAffine3) -> Self {
        Self::of(shape.terms(lps_from_here, 0), shape)
    }

    fn of(terms: ShapeTerms, shape: &'a CutShape) -> Self {
        let field = shape.lasso_line().map_or(&[][..], |line| line.field());
        Self { to: Mat4::from_cols_array_2d(&terms.to), terms, field }
    }

    /// How much faster than the way the height may change: that of a lasso does across a wide view.
    pub(crate) fn steepness(&self) -> f32 {
        if self.field.is_empty() { 1.0 } else { 2.0 }
    }

    /// As [`CutShape::height`].
    pub(crate) fn height(&self, at: Vec3) -> f32 {
        let [kind, sign, near, far] = self.terms.kind;
        let size = Vec4::from_array(self.terms.size);
        let to = self.to * at.extend(1.0);
        let inside = if kind < 0.5 {
            (size.truncate() - to.truncate().abs()).min_element()
        } else if kind < 1.5 {
            size.x - to.truncate().length()
        } else if to.w > 1e-9 {
            let place = (Vec2::new(to.x, to.y) / to.w - Vec2::new(size.x, size.y)) * size.z;
            let across = mixed(self.field, place, size.z) * size.w * to.w;
            let depth = Vec4::from_array(self.terms.gaze).dot(at.extend(1.0));
            across.min(depth - near).min(far - depth)
        } else {
            // behind the eye no lasso was drawn
            -1.0
        };
        inside * sign
    }
}
