//! What carves.

use glam::{DAffine3, DVec3};
use meshing_space::{Lps, Point};
use meshing_volume::LabelMap;
use rayon::prelude::*;

use super::{BRICK, Brick, Bytes, CarveError, CarveMask, full, segment, shared};
use crate::CutShape;
use crate::cuts::Quick;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carve {
    /// Take away.
    Away,
    /// Bring back what was taken.
    Back,
}

/// What is taken away, or brought back. Borders are soft over the least voxel spacing.
#[derive(Clone, Copy, Debug)]
pub enum CarveTool<'a> {
    /// What a shape cuts away: its inside where the outside is kept, and the reverse.
    Shape(&'a CutShape),
    /// A ball drawn along a path.
    Stroke {
        /// Where its middle went; one point is a ball.
        path: &'a [Point<Lps>],
        /// Its radius.
        radius_mm: f64,
    },
    /// A segment and what lies within a margin of it: voxels at its border hold two tissues, and hiding the segment
    /// leaves them as a rim.
    Segment {
        /// On the grid that is carved.
        labels: &'a LabelMap,
        /// Which of them.
        label: u8,
        /// Beyond the segment's voxels, up to [`CarveTool::MOST_MARGIN_MM`].
        margin_mm: f64,
        /// Labels that the margin leaves alone, such as an artery beside the bone.
        spare: &'a [u8],
    },
}

impl CarveTool<'_> {
    /// The widest margin around a segment.
    pub const MOST_MARGIN_MM: f64 = 5.0;

    fn check(&self, mask: &CarveMask) -> Result<(), CarveError> {
        match self {
            Self::Shape(_) => Ok(()),
            Self::Stroke { path, radius_mm } => {
                if !radius_mm.is_finite() || !path.iter().all(|p| p.is_finite()) {
                    Err(CarveError::NotFinite)
                } else if *radius_mm <= 0.0 || path.is_empty() {
                    Err(CarveError::Flat)
                } else {
                    Ok(())
                }
            }
            Self::Segment { labels, margin_mm, .. } => {
                if labels.grid() != &mask.grid {
                    Err(CarveError::Grid { there: labels.grid().size(), here: mask.grid.size() })
                } else if !(0.0..=Self::MOST_MARGIN_MM).contains(margin_mm) {
                    Err(CarveError::Margin { mm: *margin_mm })
                } else {
                    Ok(())
                }
            }
        }
    }

    /// The bricks that become others, and what they become.
    pub(super) fn made(&self, how: Carve, mask: &CarveMask) -> Result<Vec<(usize, Brick)>, CarveError> {
        self.check(mask)?;
        let work = Work::new(mask);
        let become_of = |n: usize, cover: &Cover| {
            let before = mask.brick(n);
            let after = cover.over(before, how);
            (!alike(before, &after)).then_some((n, after))
        };
        Ok(match self {
            Self::Shape(shape) => {
                let bricks = work.within(shape.extent().filter(|_| shape.keep() == crate::Keep::Outside));
                let quick = Quick::new(shape, work.lps_from_ijk);
                let cover = |n: usize| work.of_shape(n, &quick);
                bricks.into_par_iter().filter_map(|n| become_of(n, &cover(n))).collect()
            }
            Self::Stroke { path, radius_mm } => {
                let parts = parts_of(path);
                let reach = DVec3::splat(radius_mm + work.border_mm);
                let mut bricks: Vec<_> = parts
                    .iter()
                    .flat_map(|[a, b]| work.within(Some([a.min(*b) - reach, a.max(*b) + reach])))
                    .collect();
                bricks.sort_unstable();
                bricks.dedup();
                let cover = |n: usize| work.of_stroke(n, &parts, *radius_mm);
                bricks.into_par_iter().filter_map(|n| become_of(n, &cover(n))).collect()
            }
            Self::Segment { labels, label, margin_mm, spare } => {
                let near = segment::Near::new(mask, labels, *label, *margin_mm, spare, work.border_mm);
                let bricks: Vec<_> = near.bricks().collect();
                bricks.into_par_iter().filter_map(|n| become_of(n, &near.cover(n))).collect()
            }
        })
    }
}

/// Stretches of a path; one point is a stretch of no length.
fn parts_of(path: &[Point<Lps>]) -> Vec<[DVec3; 2]> {
    let points: Vec<_> = path.iter().map(|p| p.as_dvec3()).collect();
    match points.as_slice() {
        [one] => vec![[*one; 2]],
        more => more.windows(2).map(|w| [w[0], w[1]]).collect(),
    }
}

/// How much of each voxel of a brick a tool covers.
pub(super) enum Cover {
    Nothing,
    All,
    Bytes(Box<Bytes>),
}

impl Cover {
    fn over(&self, before: &Brick, how: Carve) -> Brick {
        match (self, how) {
            (Self::Nothing, _) => before.clone(),
            (Self::All, Carve::Away) => Some(full().clone()),
            (Self::All, Carve::Back) => None,
            (Self::Bytes(cover), _) => {
                let mut bytes = before.as_ref().map_or([0; BRICK * BRICK * BRICK], |b| **b);
                for (byte, &cover) in bytes.iter_mut().zip(cover.iter()) {
                    *byte = match how {
                        Carve::Away => (*byte).max(cover),
                        Carve::Back => (*byte).min(u8::MAX - cover),
                    };
                }
                shared(&bytes)
            }
        }
    }
}

fn alike(a: &Brick, b: &Brick) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// A byte from how deep inside a tool a voxel's centre lies.
pub(super) fn byte(depth_mm: f64, border_mm: f64) -> u8 {
    ((0.5 + depth_mm / border_mm).clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Places of voxels, for tools that are told in mm.
struct Work<'a> {
    mask: &'a CarveMask,
    lps_from_ijk: DAffine3,
    /// Half a brick's longest diagonal.
    radius_mm: f64,
    border_mm: f64,
}

impl<'a> Work<'a> {
    fn new(mask: &'a CarveMask) -> Self {
        let lps_from_ijk = mask.grid.lps_from_ijk().affine();
        let m = lps_from_ijk.matrix3;
        let diagonals = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
            .map(|[a, b]| (m.x_axis + m.y_axis * a + m.z_axis * b).length());
        let radius_mm = diagonals.into_iter().fold(0.0, f64::max) * BRICK as f64 / 2.0;
        let border_mm = mask.grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        Self { mask, lps_from_ijk, radius_mm, border_mm }
    }

    /// The bricks that a box in LPS may touch; all where there is none.
    fn within(&self, extent: Option<[DVec3; 2]>) -> Vec<usize> {
        let counts = self.mask.counts();
        let mut ranges = counts.map(|n| 0..n);
        if let Some([low, high]) = extent {
            let to = self.lps_from_ijk.inverse();
            let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0 + self.border_mm);
            let (m, at) = (to.matrix3, to.transform_point3(middle));
            let reach = m.x_axis.abs() * half.x + m.y_axis.abs() * half.y + m.z_axis.abs() * half.z;
            for (a, range) in ranges.iter_mut().enumerate() {
                let edge = BRICK as f64;
                // a number before the grid becomes 0
                let first = ((at[a] - reach[a] - 1.0) / edge).floor() as usize;
                let end = ((at[a] + reach[a] + 1.0) / edge).floor() + 1.0;
                *range = first.min(counts[a])..(end.max(0.0) as usize).min(counts[a]);
            }
        }
        let [ri, rj, rk] = ranges;
        let row = move |j: usize, k: usize| (k * counts[1] + j) * counts[0];
        rk.flat_map(|k| {
            let ri = ri.clone();
            rj.clone().flat_map(move |j| ri.clone().map(move |i| row(j, k) + i))
        })
        .collect()
    }

    /// A brick's middle as an index.
    fn middle(&self, n: usize) -> DVec3 {
        let [i, j, k] = self.mask.place(n).map(|p| (p * BRICK) as f64 + (BRICK as f64 - 1.0) / 2.0);
        DVec3::new(i, j, k)
    }

    /// By the depth at an index.
    fn bytes(&self, n: usize, depth_mm: impl Fn(DVec3) -> f64) -> Cover {
        let mut bytes = Box::new([0; BRICK * BRICK * BRICK]);
        self.mask.each_voxel(n, |at, ijk| {
            bytes[at] = byte(depth_mm(DVec3::from_array(ijk.map(|c| c as f64))), self.border_mm);
        });
        Cover::Bytes(bytes)
    }

    fn of_shape(&self, n: usize, shape: &Quick<'_>) -> Cover {
        let depth = |ijk: DVec3| f64::from(-shape.height(ijk.as_vec3()));
        let slack = self.radius_mm * f64::from(shape.steepness()) + self.border_mm;
        match depth(self.middle(n)) {
            d if d < -slack => Cover::Nothing,
            d if d > slack => Cover::All,
            _ => self.bytes(n, depth),
        }
    }

    fn of_stroke(&self, n: usize, parts: &[[DVec3; 2]], radius_mm: f64) -> Cover {
        let middle = self.lps_from_ijk.transform_point3(self.middle(n));
        let slack = self.radius_mm + self.border_mm;
        let near: Vec<_> = parts.iter().filter(|part| radius_mm - beside(middle, part) > -slack).collect();
        if near.is_empty() {
            return Cover::Nothing;
        }
        let depth =
            |p: DVec3| radius_mm - near.iter().map(|part| beside(p, part)).fold(f64::INFINITY, f64::min);
        if depth(middle) > slack {
            return Cover::All;
        }
        self.bytes(n, |ijk| depth(self.lps_from_ijk.transform_point3(ijk)))
    }
}

/// Distance of a place from a stretch.
fn beside(p: DVec3, [a, b]: &[DVec3; 2]) -> f64 {
    let (along, to) = (*b - *a, p - *a);
    let t = (to.dot(along) / along.length_squared().max(1e-300)).clamp(0.0, 1.0);
    (to - along * t).length()
}
