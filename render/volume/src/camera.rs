//! A camera that walks around the patient.

use glam::{DAffine3, DMat3, DMat4, DQuat};
use meshing_space::{Aabb, Lps, Point, Vector};

use crate::{Edges, ViewMatrices, letters};

/// How a camera projects.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Projection {
    /// As an eye sees.
    Perspective {
        /// Full vertical angle in radians.
        fov_y: f64,
    },
    /// Without foreshortening, for looking at sizes.
    Orthographic {
        /// Height of the picture in mm.
        height_mm: f64,
    },
}

/// The side of the patient from which a camera looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewFrom {
    /// From the front: the patient's left lies right in the picture, as when two people face each other.
    Anterior,
    /// From behind: the patient's left lies left.
    Posterior,
    /// From the patient's left: the front lies left in the picture.
    Left,
    /// From the patient's right: the front lies right in the picture.
    Right,
    /// From above the head, the front upwards: the patient's left lies left.
    Superior,
    /// From the feet, the front upwards: the patient's left lies right, as in an axial slice.
    Inferior,
}

impl ViewFrom {
    /// All six.
    pub const ALL: [Self; 6] =
        [Self::Anterior, Self::Posterior, Self::Left, Self::Right, Self::Superior, Self::Inferior];

    /// Unit vectors from the patient to the camera, and up in the picture.
    fn axes(self) -> (Vector<Lps>, Vector<Lps>) {
        let superior = Vector::new(0.0, 0.0, 1.0);
        let front = Vector::new(0.0, -1.0, 0.0);
        match self {
            Self::Anterior => (front, superior),
            Self::Posterior => (-front, superior),
            Self::Left => (Vector::new(1.0, 0.0, 0.0), superior),
            Self::Right => (Vector::new(-1.0, 0.0, 0.0), superior),
            Self::Superior => (superior, front),
            Self::Inferior => (-superior, front),
        }
    }
}

/// A camera in patient space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Where it stands.
    pub eye: Point<Lps>,
    /// What it looks at and turns around.
    pub target: Point<Lps>,
    /// Up in the picture, roughly.
    pub up: Vector<Lps>,
    /// How it projects.
    pub projection: Projection,
    /// Nothing nearer than this is drawn, in mm.
    pub near_mm: f64,
}

/// The usual vertical angle: 30 degrees.
const FOV_Y: f64 = std::f64::consts::FRAC_PI_6;

impl Camera {
    /// A camera that has the whole of `bounds` in a square picture, seen from one side.
    pub fn looking_from(side: ViewFrom, bounds: &Aabb<Lps>) -> Self {
        let (towards_eye, up) = side.axes();
        let right = up.cross(towards_eye);
        let half = |axis: Vector<Lps>| {
            let s = bounds.size();
            0.5 * (s.x() * axis.x().abs() + s.y() * axis.y().abs() + s.z() * axis.z().abs())
        };
        let reach = half(right).max(half(up)).max(1.0) * 1.04;
        let distance = reach / (FOV_Y / 2.0).tan() + half(towards_eye);
        let target = bounds.center();
        Self {
            eye: target + towards_eye * distance,
            target,
            up,
            projection: Projection::Perspective { fov_y: FOV_Y },
            near_mm: distance * 0.01,
        }
    }

    /// From the front.
    pub fn anterior(bounds: &Aabb<Lps>) -> Self {
        Self::looking_from(ViewFrom::Anterior, bounds)
    }

    /// From behind.
    pub fn posterior(bounds: &Aabb<Lps>) -> Self {
        Self::looking_from(ViewFrom::Posterior, bounds)
    }

    /// From the patient's left.
    pub fn left(bounds: &Aabb<Lps>) -> Self {
        Self::looking_from(ViewFrom::Left, bounds)
    }

    /// From the patient's right.
    pub fn right(bounds: &Aabb<Lps>) -> Self {
        Self::looking_from(ViewFrom::Right, bounds)
    }

    /// From above the head.
    pub fn superior(bounds: &Aabb<Lps>) -> Self {
        Self::looking_from(ViewFrom::Superior, bounds)
    }

    /// From the feet.
    pub fn inferior(bounds: &Aabb<Lps>) -> Self {
        Self::looking_from(ViewFrom::Inferior, bounds)
    }

    /// The same view without foreshortening: what lies at the target keeps its size.
    #[must_use]
    pub fn orthographic(mut self) -> Self {
        if let Projection::Perspective { fov_y } = self.projection {
            let height_mm = 2.0 * self.eye.distance(self.target) * (fov_y / 2.0).tan();
            self.projection = Projection::Orthographic { height_mm };
        }
        self
    }

    /// Turns the camera around its target, in radians: towards the right of the picture by `dx`, upwards by
    /// `dy`. Dragging a patient's picture to the right is a negative `dx`.
    pub fn orbit(&mut self, dx: f64, dy: f64) {
        let (right, up, _) = self.axes();
        let turn = DQuat::from_axis_angle(up.as_dvec3(), dx) * DQuat::from_axis_angle(right.as_dvec3(), -dy);
        let arm = turn * (self.eye - self.target).as_dvec3();
        self.eye = self.target + Vector::from_dvec3(arm);
        self.up = Vector::from_dvec3(turn * up.as_dvec3());
    }

    /// Comes nearer by `factor` (2 doubles the size in the picture, 0.5 halves it). Ignores what is not a
    /// positive number.
    pub fn zoom(&mut self, factor: f64) {
        if !(factor.is_finite() && factor > 0.0) {
            return;
        }
        match &mut self.projection {
            Projection::Orthographic { height_mm } => *height_mm /= factor,
            Projection::Perspective { .. } => {
                self.eye = self.target + (self.eye - self.target) * (1.0 / factor);
                self.near_mm /= factor;
            }
        }
    }

    /// Moves camera and target in the plane of the picture, in mm at the target.
    pub fn pan(&mut self, right_mm: f64, up_mm: f64) {
        let (right, up, _) = self.axes();
        let by = right * right_mm + up * up_mm;
        self.eye += by;
        self.target += by;
    }

    /// The matrices for a picture of the given width over height.
    pub fn matrices(&self, aspect: f64) -> ViewMatrices {
        let (right, up, back) = self.axes();
        let lps_from_view = DAffine3::from_mat3_translation(
            DMat3::from_cols(right.as_dvec3(), up.as_dvec3(), back.as_dvec3()),
            self.eye.as_dvec3(),
        );
        let near = self.near_mm.max(1e-3);
        let clip_from_view = match self.projection {
            Projection::Perspective { fov_y } => DMat4::perspective_infinite_reverse_rh(fov_y, aspect, near),
            Projection::Orthographic { height_mm } => {
                let (y, x) = (height_mm / 2.0, height_mm / 2.0 * aspect);
                let far = near + 2.0 * self.eye.distance(self.target) + 2000.0;
                DMat4::orthographic_rh(-x, x, -y, y, far, near)
            }
        };
        ViewMatrices { view_from_lps: lps_from_view.inverse(), clip_from_view }
    }

    /// The patient letters of the picture's edges.
    pub fn edges(&self) -> Edges {
        let (right, up, _) = self.axes();
        Edges { left: letters(-right), right: letters(right), top: letters(up), bottom: letters(-up) }
    }

    /// Unit vectors right, up and out of the picture.
    fn axes(&self) -> (Vector<Lps>, Vector<Lps>, Vector<Lps>) {
        let back = (self.eye - self.target).normalized().unwrap_or(Vector::new(0.0, -1.0, 0.0));
        let any = if back.z().abs() < 0.9 { Vector::new(0.0, 0.0, 1.0) } else { Vector::new(0.0, -1.0, 0.0) };
        let right = self.up.cross(back).normalized().or_else(|| any.cross(back).normalized());
        let right = right.unwrap_or(Vector::new(1.0, 0.0, 0.0));
        (right, back.cross(right), back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Aabb<Lps> {
        Aabb { min: Point::new(-100.0, -80.0, 900.0), max: Point::new(100.0, 120.0, 1500.0) }
    }

    #[test]
    fn each_side_shows_the_patient_as_radiologists_expect() {
        let edges = |side| Camera::looking_from(side, &bounds()).edges();
        let check = |side, left: &str, right: &str, top: &str, bottom: &str| {
            let e = edges(side);
            assert_eq!((e.left.as_str(), e.right.as_str()), (left, right), "{side:?}");
            assert_eq!((e.top.as_str(), e.bottom.as_str()), (top, bottom), "{side:?}");
        };
        check(ViewFrom::Anterior, "R", "L", "S", "I");
        check(ViewFrom::Posterior, "L", "R", "S", "I");
        check(ViewFrom::Left, "A", "P", "S", "I");
        check(ViewFrom::Right, "P", "A", "S", "I");
        check(ViewFrom::Superior, "L", "R", "A", "P");
        check(ViewFrom::Inferior, "R", "L", "A", "P");
    }

    #[test]
    fn the_whole_box_is_in_the_picture() {
        for side in ViewFrom::ALL {
            for camera in
                [Camera::looking_from(side, &bounds()), Camera::looking_from(side, &bounds()).orthographic()]
            {
                let view = camera.matrices(1.0);
                for corner in bounds().corners() {
                    let clip = view.clip(corner);
                    let ndc = clip / clip.w;
                    assert!(clip.w > 0.0 && ndc.x.abs() <= 1.0 && ndc.y.abs() <= 1.0, "{side:?} {corner:?}");
                    assert!(ndc.z > 0.0 && ndc.z < 1.0, "{side:?}: depth {}", ndc.z);
                }
            }
        }
    }

    #[test]
    fn nearer_is_larger_in_depth() {
        let camera = Camera::anterior(&bounds());
        for camera in [camera, camera.orthographic()] {
            let view = camera.matrices(1.5);
            let depth =
                |y: f64| view.clip(Point::new(0.0, y, 1200.0)).z / view.clip(Point::new(0.0, y, 1200.0)).w;
            assert!(depth(-80.0) > depth(100.0));
        }
    }

    #[test]
    fn orbit_keeps_the_distance_and_a_quarter_turn_shows_the_side() {
        let mut camera = Camera::anterior(&bounds());
        let distance = camera.eye.distance(camera.target);
        camera.orbit(std::f64::consts::FRAC_PI_2, 0.0);
        assert!((camera.eye.distance(camera.target) - distance).abs() < 1e-9);
        assert_eq!(camera.edges().right, "P", "walking to the picture's right is to the patient's left side");
        camera.zoom(2.0);
        assert!((camera.eye.distance(camera.target) - distance / 2.0).abs() < 1e-9);
        camera.zoom(f64::NAN);
        assert!(camera.eye.is_finite());
    }
}
