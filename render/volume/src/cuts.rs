//! Shapes that cut a scene open: boxes, balls and lassos, exact in the picture whatever the voxels.
//!
//! Each is told by its height at a place: the distance in mm to its surface, positive where the scene is kept. The
//! march asks at both ends of a step and takes the share of the step between the crossing and the kept end, so that
//! a cut has no rings; whatever lies at one place (a mesh, a slice) asks there. Shaders, twins and the processor all
//! ask the same question, and carving asks it of voxels.

mod lasso;
mod quick;
mod uniform;

use std::sync::Arc;

use glam::{DAffine3, DMat3, DVec3};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::Told;

use crate::ViewMatrices;
pub(crate) use lasso::{FIELD, Lasso};
pub(crate) use quick::Quick;
pub(crate) use uniform::Cuts;
use uniform::terms;

/// Which side of a shape stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What lies inside.
    Inside,
    /// What lies outside: the shape is taken away.
    Outside,
}

/// Why a shape cannot cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutError {
    /// A number is not finite.
    #[error("the shape of the cut holds a number that is not finite; place it anew")]
    NotFinite,
    /// A length is not positive.
    #[error("the shape of the cut has no extent: its sizes must be more than 0 mm")]
    Flat,
    /// The axes of a box do not stand upright on each other.
    #[error("the axes of the box are no right-angled frame; give three perpendicular directions")]
    Skew,
    /// A lasso that encloses nothing.
    #[error("the lasso encloses nothing: draw a closed line of at least three corners")]
    Empty,
    /// A lasso of too many corners.
    #[error(
        "the lasso has {corners} corners and at most {} are taken; leave out those that lie close together",
        CutShape::MAX_CORNERS
    )]
    Corners {
        /// How many it has.
        corners: usize,
    },
    /// A view that shows no room.
    #[error("the view of the lasso cannot be inverted, so nothing lies behind its line")]
    View,
    /// Too many shapes at once.
    #[error(
        "at most {} shapes cut at once; carve with one of them and take it away",
        crate::ClipPlanes::MAX_SHAPES
    )]
    TooMany,
}

impl Told for CutError {
    fn chinese(&self) -> String {
        match self {
            Self::NotFinite => "切割形状含有非有限数值；请重新放置".to_owned(),
            Self::Flat => "切割形状没有大小：各尺寸须大于 0 mm".to_owned(),
            Self::Skew => "方框的三个轴不互相垂直；请给出三个互相垂直的方向".to_owned(),
            Self::Empty => "套索没有围住任何区域：请画一条至少有三个角的闭合线".to_owned(),
            Self::Corners { corners } => {
                format!("套索有 {corners} 个角，最多 {} 个；请去掉靠得太近的角", CutShape::MAX_CORNERS)
            }
            Self::View => "套索所在视图不可逆，其线后没有空间".to_owned(),
            Self::TooMany => {
                format!("同时最多 {} 个切割形状；请先用其中一个雕除，再移去它", crate::ClipPlanes::MAX_SHAPES)
            }
        }
    }
}

/// A box, a ball or a lasso, and which side of it stays. Clones share a lasso's line.
#[derive(Clone, Debug, PartialEq)]
pub struct CutShape {
    kind: Kind,
    keep: Keep,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Box { box_from_lps: DAffine3, half_mm: DVec3 },
    Ball { centre: Point<Lps>, radius_mm: f64 },
    Lasso(Arc<Lasso>),
}

impl CutShape {
    /// Corners of a lasso at most.
    pub const MAX_CORNERS: usize = 1024;

    /// A box around `centre`: half its edges in mm along three perpendicular axes, which need not be unit.
    ///
    /// # Errors
    /// [`CutError`] where a number is not finite, an edge not positive or the axes not perpendicular.
    pub fn oriented_box(
        centre: Point<Lps>,
        axes: [Vector<Lps>; 3],
        half_mm: [f64; 3],
        keep: Keep,
    ) -> Result<Self, CutError> {
        let numbers = axes.iter().flat_map(|a| a.to_array()).chain(centre.to_array()).chain(half_mm);
        finite(numbers)?;
        if half_mm.iter().any(|&h| h <= 0.0) {
            return Err(CutError::Flat);
        }
        let unit = |a: Vector<Lps>| a.normalized().ok_or(CutError::Skew);
        let [x, y, z] = [unit(axes[0])?, unit(axes[1])?, unit(axes[2])?];
        if x.dot(y).abs().max(y.dot(z).abs()).max(z.dot(x).abs()) > 1e-6 {
            return Err(CutError::Skew);
        }
        let turn = DMat3::from_cols(x.as_dvec3(), y.as_dvec3(), z.as_dvec3());
        let lps_from_box = DAffine3::from_mat3_translation(turn, centre.as_dvec3());
        let half_mm = DVec3::from_array(half_mm);
        Ok(Self { kind: Kind::Box { box_from_lps: lps_from_box.inverse(), half_mm }, keep })
    }

    /// A ball.
    ///
    /// # Errors
    /// [`CutError`] where a number is not finite or the radius not positive.
    pub fn ball(centre: Point<Lps>, radius_mm: f64, keep: Keep) -> Result<Self, CutError> {
        finite(centre.to_array().into_iter().chain([radius_mm]))?;
        if radius_mm <= 0.0 {
            return Err(CutError::Flat);
        }
        Ok(Self { kind: Kind::Ball { centre, radius_mm }, keep })
    }

    /// A closed line drawn on the picture of a view, carried along the view's rays: `corners` are places of that
    /// picture, -1 to 1 to the right and up, and the last is joined to the first. Where the line crosses itself, what
    /// it encloses an even number of times is outside (the even-odd rule). With `depth_mm` it reaches from so far
    /// before the eye to so far, measured along the gaze, and else without end.
    ///
    /// # Errors
    /// [`CutError`] where a number is not finite, the line encloses nothing or has too many corners, or the view shows
    /// no room.
    pub fn lasso(
        view: &ViewMatrices,
        corners: &[[f64; 2]],
        depth_mm: Option<[f64; 2]>,
        keep: Keep,
    ) -> Result<Self, CutError> {
        Ok(Self { kind: Kind::Lasso(Arc::new(Lasso::new(view, corners, depth_mm)?)), keep })
    }

    /// Which side stays.
    pub const fn keep(&self) -> Keep {
        self.keep
    }

    /// The same shape with the other side kept.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let keep = match self.keep {
            Keep::Inside => Keep::Outside,
            Keep::Outside => Keep::Inside,
        };
        Self { kind: self.kind.clone(), keep }
    }

    /// How far a place lies inside what is kept, in mm; negative where it is cut away. Exact at the surface; for a lasso
    /// it is measured across the view at the depth of the place.
    pub fn height(&self, at: Point<Lps>) -> f64 {
        let inside = match &self.kind {
            Kind::Box { box_from_lps, half_mm } => {
                (*half_mm - box_from_lps.transform_point3(at.as_dvec3()).abs()).min_element()
            }
            Kind::Ball { centre, radius_mm } => radius_mm - at.distance(*centre),
            Kind::Lasso(lasso) => lasso.inside(at),
        };
        match self.keep {
            Keep::Inside => inside,
            Keep::Outside => -inside,
        }
    }

    /// The box around what the shape encloses, where it ends.
    pub(crate) fn extent(&self) -> Option<[DVec3; 2]> {
        match &self.kind {
            Kind::Box { box_from_lps, half_mm } => {
                let to = box_from_lps.inverse();
                let m = to.matrix3;
                let reach =
                    m.x_axis.abs() * half_mm.x + m.y_axis.abs() * half_mm.y + m.z_axis.abs() * half_mm.z;
                Some([to.translation - reach, to.translation + reach])
            }
            Kind::Ball { centre, radius_mm } => {
                let c = centre.as_dvec3();
                Some([c - *radius_mm, c + *radius_mm])
            }
            Kind::Lasso(_) => None,
        }
    }

    /// The places, in mm along a ray, at which it may cross into what is kept; a lasso's are not told.
    pub(crate) fn crossings(&self, start: Point<Lps>, direction: Vector<Lps>) -> Option<[f64; 2]> {
        match &self.kind {
            Kind::Box { box_from_lps, half_mm } => {
                let o = box_from_lps.transform_point3(start.as_dvec3());
                let d = box_from_lps.transform_vector3(direction.as_dvec3());
                let d = DVec3::select(d.abs().cmpgt(DVec3::splat(1e-12)), d, DVec3::splat(1e-12));
                let (a, b) = ((-*half_mm - o) / d, (*half_mm - o) / d);
                let (near, far) = (a.min(b).max_element(), a.max(b).min_element());
                (near < far).then_some([near, far])
            }
            Kind::Ball { centre, radius_mm } => {
                let to = *centre - start;
                let along = to.dot(direction);
                let half = radius_mm * radius_mm - (to.dot(to) - along * along);
                (half > 0.0).then(|| [along - half.sqrt(), along + half.sqrt()])
            }
            Kind::Lasso(_) => None,
        }
    }

    pub(crate) fn lasso_line(&self) -> Option<&Arc<Lasso>> {
        match &self.kind {
            Kind::Lasso(lasso) => Some(lasso),
            _ => None,
        }
    }
}

/// The share of a stretch that is kept, given the heights at its ends.
pub(crate) fn share(begin: f64, end: f64) -> f64 {
    if begin >= 0.0 && end >= 0.0 {
        1.0
    } else if begin < 0.0 && end < 0.0 {
        0.0
    } else {
        begin.max(end) / (begin - end).abs()
    }
}

fn finite(numbers: impl IntoIterator<Item = f64>) -> Result<(), CutError> {
    if numbers.into_iter().all(f64::is_finite) { Ok(()) } else { Err(CutError::NotFinite) }
}
