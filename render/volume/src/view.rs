//! The matrices of one eye.

use glam::{DAffine3, DMat4, DVec3, DVec4};
use meshing_space::{Lps, Point, Transform, Vector, World};

use crate::{Edges, letters};

/// Half-angles of an eye's picture in radians, as OpenXR gives them (`XrFovf`): left and down are negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EyeFov {
    /// To the left edge.
    pub left: f64,
    /// To the right edge.
    pub right: f64,
    /// To the upper edge.
    pub up: f64,
    /// To the lower edge.
    pub down: f64,
}

/// Where an eye stands and how it projects.
///
/// View space is right-handed: x right, y up, looking along -z; its unit is the caller's. Clip space is that
/// of WebGPU with reverse-Z: depth 1 on the near plane, 0 far away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewMatrices {
    /// From patient space into view space.
    pub view_from_lps: DAffine3,
    /// From view space into clip space.
    pub clip_from_view: DMat4,
}

impl ViewMatrices {
    /// An eye of a headset: its pose in the stage, its half-angles, the near plane in metres, and where the
    /// patient stands in the stage (with its scale: 0.001 is life-size). `None` if that cannot be inverted.
    pub fn from_xr_eye(
        position: Point<World>,
        orientation: glam::DQuat,
        fov: EyeFov,
        near_m: f64,
        world_from_lps: Transform<World, Lps>,
    ) -> Option<Self> {
        world_from_lps.inverse()?;
        let world_from_view = DAffine3::from_rotation_translation(orientation, position.as_dvec3());
        Some(Self {
            view_from_lps: world_from_view.inverse() * world_from_lps.affine(),
            clip_from_view: infinite_reverse(fov, near_m),
        })
    }

    /// Where the eye is.
    pub fn eye(&self) -> Point<Lps> {
        Point::from_dvec3(self.view_from_lps.inverse().translation)
    }

    /// Unit vector to the right of the picture.
    pub fn right(&self) -> Vector<Lps> {
        self.axis(DVec3::X)
    }

    /// Unit vector up in the picture.
    pub fn up(&self) -> Vector<Lps> {
        self.axis(DVec3::Y)
    }

    /// Unit vector out of the picture, towards the onlooker.
    pub fn towards_eye(&self) -> Vector<Lps> {
        self.axis(DVec3::Z)
    }

    /// Unit vector from any surface to the light: above and beside the onlooker's left shoulder.
    pub fn towards_light(&self) -> Vector<Lps> {
        let sum = self.towards_eye() + self.up() * 0.55 + self.right() * -0.4;
        sum.normalized().unwrap_or(self.towards_eye())
    }

    /// Where a point falls in clip space, before division by w.
    pub fn clip(&self, point: Point<Lps>) -> DVec4 {
        let view = self.view_from_lps.transform_point3(point.as_dvec3());
        self.clip_from_view * view.extend(1.0)
    }

    /// How many pixels of a picture `height` pixels high 1 mm across the view takes, at clip w = 1: divided by a
    /// point's clip w ([`ViewMatrices::clip`]) it is that at the point.
    pub fn pixels_per_mm(&self, height: f64) -> f64 {
        let scale = self.view_from_lps.matrix3.determinant().abs().cbrt();
        self.clip_from_view.y_axis.y.abs() * scale * height / 2.0
    }

    /// Where a point falls in a picture, in pixels from the left and from the top, and its depth (1 near, 0 far);
    /// `None` where it lies before the near plane.
    pub fn pixel(&self, point: Point<Lps>, size: [f64; 2]) -> Option<[f64; 3]> {
        let clip = self.clip(point);
        let ndc = clip / clip.w;
        let share = [0.5 + 0.5 * ndc.x, 0.5 - 0.5 * ndc.y];
        (clip.w > 0.0 && ndc.z <= 1.0).then(|| [share[0] * size[0], share[1] * size[1], ndc.z])
    }

    /// The patient letters of the picture's edges.
    pub fn edges(&self) -> Edges {
        let (right, up) = (self.right(), self.up());
        Edges { left: letters(-right), right: letters(right), top: letters(up), bottom: letters(-up) }
    }

    /// The same eye with everything it sees moved by parts of a pixel, to the right and down, in a picture of a size.
    #[must_use]
    pub fn shifted(&self, px: [f64; 2], size: [u32; 2]) -> Self {
        let [x, y] = [0, 1].map(|a| 2.0 * px[a] / f64::from(size[a].max(1)));
        let by = DMat4::from_translation(DVec3::new(x, -y, 0.0));
        Self { clip_from_view: by * self.clip_from_view, ..*self }
    }

    /// Clip space from LPS axes with the eye as origin, for f32.
    pub(crate) fn clip_from_rel(&self) -> DMat4 {
        let linear = DAffine3 { matrix3: self.view_from_lps.matrix3, translation: DVec3::ZERO };
        self.clip_from_view * DMat4::from(linear)
    }

    /// The ray through a place of the picture, -1..1 to the right and up: its start on the near plane and its
    /// unit direction.
    pub fn ray(&self, right: f64, up: f64) -> (Point<Lps>, Vector<Lps>) {
        let rel_from_clip = self.clip_from_rel().inverse();
        let near = rel_from_clip.project_point3(DVec3::new(right, up, 1.0));
        let further = rel_from_clip.project_point3(DVec3::new(right, up, 0.5));
        let direction = (further - near).normalize_or(DVec3::NEG_Z);
        (self.eye() + Vector::from_dvec3(near), Vector::from_dvec3(direction))
    }

    fn axis(&self, axis: DVec3) -> Vector<Lps> {
        let lps = self.view_from_lps.matrix3.inverse() * axis;
        Vector::from_dvec3(lps.normalize_or(axis))
    }
}

/// The eyes that are drawn in one pass: one, or both.
///
/// What the device is told is relative to the eye, or to the point half way between both: a few centimetres away, as
/// good an origin for f32, and the same for both, so that where volumes, meshes and slices lie is told once.
#[derive(Clone, Copy)]
pub(crate) struct Eyes<'a> {
    pub(crate) first: &'a ViewMatrices,
    second: Option<&'a ViewMatrices>,
}

impl<'a> Eyes<'a> {
    pub(crate) const fn both([first, second]: [&'a ViewMatrices; 2]) -> Self {
        Self { first, second: Some(second) }
    }

    /// The eyes, the only one twice.
    pub(crate) fn pair(&self) -> [&'a ViewMatrices; 2] {
        [self.first, self.second.unwrap_or(self.first)]
    }

    pub(crate) const fn are_two(&self) -> bool {
        self.second.is_some()
    }

    /// What "rel" of the shaders is relative to.
    pub(crate) fn origin(&self) -> Point<Lps> {
        let eye = self.first.eye();
        self.second.map_or(eye, |second| eye.lerp(second.eye(), 0.5))
    }
}

impl<'a> From<&'a ViewMatrices> for Eyes<'a> {
    fn from(first: &'a ViewMatrices) -> Self {
        Self { first, second: None }
    }
}

/// Reverse-Z projection without a far plane, for uneven half-angles.
fn infinite_reverse(fov: EyeFov, near: f64) -> DMat4 {
    let (l, r, u, d) = (fov.left.tan(), fov.right.tan(), fov.up.tan(), fov.down.tan());
    DMat4::from_cols(
        DVec4::new(2.0 / (r - l), 0.0, 0.0, 0.0),
        DVec4::new(0.0, 2.0 / (u - d), 0.0, 0.0),
        DVec4::new((r + l) / (r - l), (u + d) / (u - d), 0.0, -1.0),
        DVec4::new(0.0, 0.0, near, 0.0),
    )
}

/// Column-major f32 for a uniform.
pub(crate) fn columns(m: DMat4) -> [[f32; 4]; 4] {
    m.as_mat4().to_cols_array_2d()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_eye_equals_the_usual_projection() {
        let half = 0.4_f64;
        let fov = EyeFov { left: -half, right: half, up: half, down: -half };
        let usual = DMat4::perspective_infinite_reverse_rh(2.0 * half, 1.0, 0.05);
        assert!(infinite_reverse(fov, 0.05).abs_diff_eq(usual, 1e-12));
    }

    #[test]
    fn a_headset_eye_sees_the_patient_where_it_stands() {
        // life-size, standing upright one metre before the stage's origin, facing it
        let upright = glam::DMat3::from_cols(DVec3::X, DVec3::Z, DVec3::Y) * 0.001;
        let matrix = DAffine3::from_mat3_translation(upright, DVec3::new(0.0, 1.5, -1.0));
        let axes = [matrix.matrix3.x_axis, -matrix.matrix3.y_axis, matrix.matrix3.z_axis];
        let world_from_lps = Transform::<World, Lps>::from_axes(
            Point::from_dvec3(matrix.translation),
            [Vector::from_dvec3(axes[0]), Vector::from_dvec3(axes[1]), Vector::from_dvec3(axes[2])],
        );
        let fov = EyeFov { left: -0.8, right: 0.6, up: 0.7, down: -0.9 };
        let view = ViewMatrices::from_xr_eye(
            Point::new(0.0, 1.5, 0.0),
            glam::DQuat::IDENTITY,
            fov,
            0.05,
            world_from_lps,
        )
        .unwrap();
        assert!(view.eye().distance(world_from_lps.inverse().unwrap() * Point::new(0.0, 1.5, 0.0)) < 1e-6);
        let clip = view.clip(Point::origin());
        assert!((clip.w - 1.0).abs() < 1e-9, "one metre away");
        assert!((clip.z / clip.w - 0.05).abs() < 1e-9, "depth is near over distance");
        let (start, direction) = view.ray(clip.x / clip.w, clip.y / clip.w);
        let miss = (Point::origin() - start).cross(direction).length();
        assert!(miss < 1e-6, "the ray through that pixel meets the point, off by {miss}");
    }
}
