//! Where a part stands.

use meshing_space::{Lps, Point, Vector};
use meshing_surface::Mesh;
use serde::{Deserialize, Serialize};

use crate::SolidError;
use crate::linear::across;

/// How far directions that are read may be from unit length and right angles.
const SKEW: f64 = 1e-6;

/// A place with three right-angled unit directions, LPS. A part's own coordinates are mm along them; its axis is the third.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Pose {
    origin: Point<Lps>,
    axes: [Vector<Lps>; 3],
}

/// A pose as a file may hold it: with any three directions.
#[derive(Deserialize)]
struct Written {
    origin: Point<Lps>,
    axes: [Vector<Lps>; 3],
}

impl TryFrom<Written> for Pose {
    type Error = SolidError;

    fn try_from(Written { origin, axes }: Written) -> Result<Self, SolidError> {
        let [u, v, w] = axes;
        let off = [u.dot(v), v.dot(w), w.dot(u), u.length() - 1.0, v.length() - 1.0, u.cross(v).dot(w) - 1.0];
        let right_angled = off.into_iter().all(|x| x.abs() < SKEW);
        (origin.is_finite() && right_angled).then_some(Self { origin, axes }).ok_or_else(|| {
            SolidError::refused(
                "a pose needs a finite origin and three right-angled unit directions",
                "位姿需要有限的原点和三个相互垂直的单位方向",
            )
        })
    }
}

impl Pose {
    /// At the origin, along the patient's axes.
    pub const IDENTITY: Self = Self {
        origin: Point::new(0.0, 0.0, 0.0),
        axes: [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)],
    };

    /// At `origin` with the third direction along `axis`; the other two are chosen.
    ///
    /// # Errors
    /// An axis without a direction, or a place that is not finite.
    pub fn along(origin: Point<Lps>, axis: Vector<Lps>) -> Result<Self, SolidError> {
        let axis = axis.normalized().filter(|_| origin.is_finite()).ok_or_else(no_pose)?;
        let [u, v] = across(axis.as_dvec3());
        Ok(Self { origin, axes: [Vector::from_dvec3(u), Vector::from_dvec3(v), axis] })
    }

    /// At `origin` with the third direction along `axis` and the first as near to `side` as it can be.
    ///
    /// # Errors
    /// As [`Pose::along`], or a side that runs along the axis.
    pub fn with_side(origin: Point<Lps>, axis: Vector<Lps>, side: Vector<Lps>) -> Result<Self, SolidError> {
        let axis = axis.normalized().filter(|_| origin.is_finite()).ok_or_else(no_pose)?;
        let u = (side - axis * side.dot(axis)).normalized().ok_or_else(no_pose)?;
        Ok(Self { origin, axes: [u, axis.cross(u), axis] })
    }

    /// The place.
    pub const fn origin(&self) -> Point<Lps> {
        self.origin
    }

    /// The third direction.
    pub const fn axis(&self) -> Vector<Lps> {
        self.axes[2]
    }

    /// The three directions.
    pub const fn axes(&self) -> [Vector<Lps>; 3] {
        self.axes
    }

    /// The patient position of own coordinates, mm.
    pub fn lps(&self, own: [f64; 3]) -> Point<Lps> {
        self.origin + self.axes[0] * own[0] + self.axes[1] * own[1] + self.axes[2] * own[2]
    }

    /// The own coordinates of a patient position, mm.
    pub fn own(&self, at: Point<Lps>) -> [f64; 3] {
        let d = at - self.origin;
        self.axes.map(|axis| axis.dot(d))
    }

    /// Moved along its own directions, mm.
    #[must_use]
    pub fn moved(&self, own: [f64; 3]) -> Self {
        Self { origin: self.lps(own), axes: self.axes }
    }

    /// A mesh seen in own coordinates (as if they were the patient's).
    #[must_use]
    pub fn own_mesh(&self, mesh: &Mesh) -> Mesh {
        let positions = mesh.positions.iter().map(|p| Point::from_array(self.own(*p))).collect();
        Mesh { positions, triangles: mesh.triangles.clone() }
    }

    /// A mesh given in own coordinates, where it stands in the patient.
    #[must_use]
    pub fn lps_mesh(&self, own: &Mesh) -> Mesh {
        let positions = own.positions.iter().map(|p| self.lps(p.to_array())).collect();
        Mesh { positions, triangles: own.triangles.clone() }
    }

    /// This pose seen in the own coordinates of another.
    #[must_use]
    pub fn seen_from(&self, other: &Self) -> Self {
        let turn = |v: Vector<Lps>| Vector::from_array(other.axes.map(|axis| axis.dot(v)));
        Self { origin: Point::from_array(other.own(self.origin)), axes: self.axes.map(turn) }
    }
}

fn no_pose() -> SolidError {
    SolidError::refused("a place needs a finite origin and a direction", "位置需要有限的原点和方向")
}
