//! Affine maps between spaces.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Mul;

use glam::{DAffine3, DMat3, DQuat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Point, Space, Vector};

/// An affine map that takes coordinates of `Src` to coordinates of `Dst`.
///
/// Name it `dst_from_src`, so that `lps_from_ijk * point_in_ijk` reads as it computes.
pub struct Transform<Dst, Src>(DAffine3, PhantomData<(Dst, Src)>);

impl<D, S> Clone for Transform<D, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<D, S> Copy for Transform<D, S> {}
impl<D, S> PartialEq for Transform<D, S> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<D: Space, S: Space> fmt::Debug for Transform<D, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} {:?}", D::NAME, S::NAME, self.0.to_cols_array())
    }
}

impl<D: Space, S: Space> Transform<D, S> {
    /// Claims that the bare matrix leads from `S` to `D`.
    ///
    /// Only readers of foreign data (DICOM, trackers, OpenXR) may do so; everywhere else a lint refuses it.
    pub const fn claim(matrix: DAffine3) -> Self {
        Self(matrix, PhantomData)
    }

    /// The map that takes the unit steps of `S` to the given vectors of `D` and the origin of `S` to `origin`.
    pub fn from_axes(origin: Point<D>, axes: [Vector<D>; 3]) -> Self {
        let matrix = DMat3::from_cols(axes[0].as_dvec3(), axes[1].as_dvec3(), axes[2].as_dvec3());
        Self::claim_here(DAffine3 { matrix3: matrix, translation: origin.as_dvec3() })
    }

    /// The same as [`Transform::claim`], for the maths of this crate.
    const fn claim_here(matrix: DAffine3) -> Self {
        Self(matrix, PhantomData)
    }

    /// The bare matrix.
    pub const fn affine(self) -> DAffine3 {
        self.0
    }

    /// Determinant of the linear part: negative where handedness changes.
    pub fn determinant(self) -> f64 {
        self.linear().determinant()
    }

    /// The map back; `None` where the linear part is singular or not finite.
    pub fn inverse(self) -> Option<Transform<S, D>> {
        let determinant = self.determinant();
        (determinant.is_finite() && determinant != 0.0)
            .then(|| self.0.inverse())
            .and_then(|inverse| inverse.is_finite().then(|| Transform::claim_here(inverse)))
    }

    /// Whether no entry is NaN or infinite.
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }

    fn linear(self) -> DMat3 {
        self.0.matrix3
    }
}

impl<S: Space> Transform<S, S> {
    /// The map that changes nothing.
    pub const fn identity() -> Self {
        Self::claim_here(DAffine3::IDENTITY)
    }

    /// Moves by `by`.
    pub fn translation(by: Vector<S>) -> Self {
        Self::claim_here(DAffine3::from_translation(by.as_dvec3()))
    }

    /// Turns by `radians` about the axis through the origin (right-hand rule); `None` for a zero axis.
    pub fn rotation(axis: Vector<S>, radians: f64) -> Option<Self> {
        let axis = axis.normalized()?;
        Some(Self::claim_here(DAffine3::from_quat(DQuat::from_axis_angle(axis.as_dvec3(), radians))))
    }
}

impl<D: Space, M: Space, S: Space> Mul<Transform<M, S>> for Transform<D, M> {
    type Output = Transform<D, S>;
    fn mul(self, first: Transform<M, S>) -> Transform<D, S> {
        Transform::claim_here(self.0 * first.0)
    }
}
impl<D: Space, S: Space> Mul<Point<S>> for Transform<D, S> {
    type Output = Point<D>;
    fn mul(self, point: Point<S>) -> Point<D> {
        Point::from_dvec3(self.0.transform_point3(point.as_dvec3()))
    }
}
impl<D: Space, S: Space> Mul<Vector<S>> for Transform<D, S> {
    type Output = Vector<D>;
    fn mul(self, vector: Vector<S>) -> Vector<D> {
        Vector::from_dvec3(self.0.transform_vector3(vector.as_dvec3()))
    }
}

impl<D: Space, S: Space> Serialize for Transform<D, S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        self.0.to_cols_array().serialize(serializer)
    }
}
impl<'de, D: Space, S: Space> Deserialize<'de> for Transform<D, S> {
    fn deserialize<T: Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        <[f64; 12]>::deserialize(deserializer)
            .map(|columns| Self::claim_here(DAffine3::from_cols_array(&columns)))
    }
}

#[cfg(test)]
mod tests {
    use core::f64::consts::FRAC_PI_2;

    use super::*;
    use crate::{Ijk, Lps};

    /// The worked example of DICOM PS3.3 C.7.6.2.1.1: position + direction × spacing × index.
    #[test]
    fn a_voxel_index_lands_where_dicom_says() {
        let lps_from_ijk = Transform::<Lps, Ijk>::from_axes(
            Point::new(-100.0, -80.0, 40.0),
            [Vector::new(0.7, 0.0, 0.0), Vector::new(0.0, 0.4, 0.0), Vector::new(0.0, 0.0, 2.5)],
        );
        let p = lps_from_ijk * Point::new(10.0, 10.0, 2.0);
        assert!(p.distance(Point::new(-93.0, -76.0, 45.0)) < 1e-12);
        let back = lps_from_ijk.inverse().expect("regular") * p;
        assert!(back.distance(Point::new(10.0, 10.0, 2.0)) < 1e-12);
    }

    #[test]
    fn a_singular_map_has_no_inverse() {
        let flat = Transform::<Lps, Ijk>::from_axes(Point::origin(), [Vector::new(1.0, 0.0, 0.0); 3]);
        assert!(flat.inverse().is_none());
    }

    #[test]
    fn a_quarter_turn_about_superior_takes_left_to_posterior() {
        let turn = Transform::<Lps, Lps>::rotation(Vector::new(0.0, 0.0, 2.0), FRAC_PI_2).expect("axis");
        let posterior = turn * Vector::new(1.0, 0.0, 0.0);
        assert!((posterior - Vector::new(0.0, 1.0, 0.0)).length() < 1e-12);
        assert!(Transform::<Lps, Lps>::rotation(Vector::zero(), 1.0).is_none());
        let there_and_back = turn.inverse().expect("rotation") * turn;
        assert!((there_and_back * Point::new(3.0, 4.0, 5.0)).distance(Point::new(3.0, 4.0, 5.0)) < 1e-12);
    }
}
