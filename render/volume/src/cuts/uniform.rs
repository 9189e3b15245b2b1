//! Shapes as shaders and the processor take them.

use bytemuck::{Pod, Zeroable};
use glam::{DAffine3, DMat4, DVec4};

use super::{CutShape, Keep, Kind};
use crate::ClipPlanes;

/// `Shape` of shared/cuts.wgsl, from coordinates of the caller's choice.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct ShapeTerms {
    /// To the box's axes in mm, to the ball's middle, or to the lasso's picture.
    pub(super) to: [[f32; 4]; 4],
    /// Half edges; radius; origin of the field, its samples by unit, mm by unit.
    pub(super) size: [f32; 4],
    /// Row of the depth along the gaze.
    pub(super) gaze: [f32; 4],
    /// 0 box, 1 ball, 2 + n lasso n; 1 keeps the inside and -1 the outside; least and largest depth.
    pub(super) kind: [f32; 4],
}

/// `Cuts` of shared/cuts.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Cuts {
    shapes: [ShapeTerms; ClipPlanes::MAX_SHAPES],
    count: [u32; 4],
}

impl Cuts {
    pub(crate) fn new(clip: &ClipPlanes, lps_from_here: DAffine3) -> Self {
        let mut cuts = Self { count: [clip.shapes().len() as u32, 0, 0, 0], ..Self::zeroed() };
        for (slot, shape) in cuts.shapes.iter_mut().zip(terms(clip, lps_from_here)) {
            *slot = shape;
        }
        cuts
    }
}

/// Every shape, seen from other coordinates.
pub(super) fn terms(clip: &ClipPlanes, lps_from_here: DAffine3) -> impl Iterator<Item = ShapeTerms> + '_ {
    let mut lassos = 0_u8;
    clip.shapes().iter().map(move |shape| {
        if shape.lasso_line().is_some() {
            lassos += 1;
        }
        shape.terms(lps_from_here, lassos.wrapping_sub(1))
    })
}

impl CutShape {
    pub(super) fn terms(&self, lps_from_here: DAffine3, lasso: u8) -> ShapeTerms {
        let sign = match self.keep {
            Keep::Inside => 1.0,
            Keep::Outside => -1.0,
        };
        let mut terms = ShapeTerms::zeroed();
        let to = match &self.kind {
            Kind::Box { box_from_lps, half_mm } => {
                terms.size = half_mm.extend(0.0).as_vec4().to_array();
                terms.kind = [0.0, sign, 0.0, 0.0];
                DMat4::from(*box_from_lps * lps_from_here)
            }
            Kind::Ball { centre, radius_mm } => {
                terms.size[0] = *radius_mm as f32;
                terms.kind = [1.0, sign, 0.0, 0.0];
                DMat4::from(DAffine3::from_translation(-centre.as_dvec3()) * lps_from_here)
            }
            Kind::Lasso(line) => {
                terms.size = [line.origin.x, line.origin.y, line.per_unit, line.mm].map(|v| v as f32);
                let m = DMat4::from(lps_from_here).transpose();
                // a row of the matrix: how depth grows with each coordinate
                let gaze: DVec4 = m * line.gaze;
                terms.gaze = gaze.as_vec4().to_array();
                let [near, far] = line.depth_mm.map(|mm| mm.clamp(-1e9, 1e9) as f32);
                terms.kind = [2.0 + f32::from(lasso), sign, near, far];
                line.line_from_lps * DMat4::from(lps_from_here)
            }
        };
        terms.to = to.as_mat4().to_cols_array_2d();
        terms
    }
}
