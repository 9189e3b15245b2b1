//! What shapes and carving take away along a ray.

use glam::{DAffine3, DVec3, Mat4, Vec2, Vec3, Vec4};

use super::Job;
use super::fixed::{HALF, ONE, Place, part_of};
use crate::cuts::{ShapeTerms, mixed, terms};
use crate::{CarveMask, Carved};

/// Shapes as seen from places in the volume, and what is carved.
pub(super) struct Cuts<'a> {
    shapes: Vec<Shape<'a>>,
    mask: Option<&'a CarveMask>,
    factor: [i64; 3],
}

struct Shape<'a> {
    to: Mat4,
    terms: ShapeTerms,
    field: &'a [f32],
}

/// As in shared/cuts.wgsl.
impl Shape<'_> {
    fn height(&self, at: Vec3) -> f32 {
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

impl<'a> Cuts<'a> {
    /// `None` where planes alone cut.
    pub(super) fn new(job: &Job<'a>) -> Option<Self> {
        if job.clip.shapes().is_empty() && job.carve.is_none() {
            return None;
        }
        let lps_from_place =
            job.volume.grid().lps_from_ijk().affine() * DAffine3::from_translation(DVec3::splat(-0.5));
        let shapes = terms(job.clip, lps_from_place).zip(job.clip.shapes()).map(|(terms, shape)| Shape {
            to: Mat4::from_cols_array_2d(&terms.to),
            terms,
            field: shape.lasso_line().map_or(&[], |line| line.field()),
        });
        Some(Self {
            shapes: shapes.collect(),
            mask: job.carve.map(Carved::mask),
            factor: job.carve.map_or([1; 3], |c| c.factor().map(|f| f as i64)),
        })
    }

    /// The share that is left of a stretch between two places.
    pub(super) fn left(&self, begin: Place, middle: Place, end: Place) -> f32 {
        let mut share = 1.0;
        if !self.shapes.is_empty() {
            let (a, b) = (self.height(begin), self.height(end));
            if a.min(b) < 0.0 {
                share = a.max(b).max(0.0) / (a - b).abs().max(1e-12);
            }
        }
        if share > 0.0 { share * (1.0 - self.taken(middle)) } else { 0.0 }
    }

    /// Whether a place is left.
    pub(super) fn shows(&self, at: Place) -> bool {
        self.height(at) >= 0.0 && self.taken(at) < 0.5
    }

    fn height(&self, at: Place) -> f32 {
        let at = Vec3::from_array(at.map(|c| c as f32 * (1.0 / ONE as f32)));
        self.shapes.iter().map(|s| s.height(at)).fold(f32::INFINITY, f32::min)
    }

    /// The share that is carved away, mixed between voxels.
    fn taken(&self, at: Place) -> f32 {
        let Some(mask) = self.mask else { return 0.0 };
        let size = mask.grid().size();
        let (mut base, mut next, mut part) = ([0_usize; 3], [0_usize; 3], [0.0_f32; 3]);
        for a in 0..3 {
            let last = size[a] as i64 - 1;
            let at = (at[a] * self.factor[a] - HALF).clamp(0, last * ONE);
            base[a] = (at >> 32) as usize;
            next[a] = (base[a] + 1).min(last as usize);
            part[a] = part_of(at);
        }
        let corner = |n: usize, a: usize| if n >> a & 1 == 1 { next[a] } else { base[a] };
        let found: [u8; 8] = std::array::from_fn(|n| mask.get(corner(n, 0), corner(n, 1), corner(n, 2)));
        if found.iter().all(|&b| b == found[0]) {
            return f32::from(found[0]) / 255.0;
        }
        let weight = |n: usize| -> f32 {
            (0..3).map(|a| if n >> a & 1 == 1 { part[a] } else { 1.0 - part[a] }).product()
        };
        found.iter().enumerate().map(|(n, &b)| f32::from(b) * weight(n)).sum::<f32>() / 255.0
    }
}
