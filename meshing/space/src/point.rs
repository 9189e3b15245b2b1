//! Points and vectors with a space.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use glam::DVec3;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Space;

/// A position in space `S`, in the unit of `S`.
pub struct Point<S>(DVec3, PhantomData<S>);

/// A displacement or direction in space `S`, in the unit of `S`.
pub struct Vector<S>(DVec3, PhantomData<S>);

macro_rules! triple {
    ($name:ident) => {
        impl<S> Clone for $name<S> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S> Copy for $name<S> {}
        impl<S> PartialEq for $name<S> {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
        impl<S: Space> Default for $name<S> {
            fn default() -> Self {
                Self::from_dvec3(DVec3::ZERO)
            }
        }
        impl<S: Space> $name<S> {
            /// From its three coordinates, in the unit of `S`.
            pub const fn new(x: f64, y: f64, z: f64) -> Self {
                Self(DVec3::new(x, y, z), PhantomData)
            }
            /// From `[x, y, z]`.
            pub const fn from_array(xyz: [f64; 3]) -> Self {
                Self::new(xyz[0], xyz[1], xyz[2])
            }
            /// From a bare vector whose space the caller vouches for.
            pub const fn from_dvec3(v: DVec3) -> Self {
                Self(v, PhantomData)
            }
            /// The bare vector, for maths inside one space.
            pub const fn as_dvec3(self) -> DVec3 {
                self.0
            }
            /// `[x, y, z]`.
            pub const fn to_array(self) -> [f64; 3] {
                [self.0.x, self.0.y, self.0.z]
            }
            /// First coordinate.
            pub const fn x(self) -> f64 {
                self.0.x
            }
            /// Second coordinate.
            pub const fn y(self) -> f64 {
                self.0.y
            }
            /// Third coordinate.
            pub const fn z(self) -> f64 {
                self.0.z
            }
            /// Whether no coordinate is NaN or infinite.
            pub fn is_finite(self) -> bool {
                self.0.is_finite()
            }
        }
        impl<S: Space> fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "({:.3} {:.3} {:.3}) {} {}", self.0.x, self.0.y, self.0.z, S::NAME, S::UNIT)
            }
        }
        impl<S: Space> Serialize for $name<S> {
            fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
                self.to_array().serialize(serializer)
            }
        }
        impl<'de, S: Space> Deserialize<'de> for $name<S> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <[f64; 3]>::deserialize(deserializer).map(Self::from_array)
            }
        }
    };
}
triple!(Point);
triple!(Vector);

impl<S: Space> Point<S> {
    /// (0, 0, 0) of the space.
    pub const fn origin() -> Self {
        Self::new(0.0, 0.0, 0.0)
    }

    /// Distance to `other`, in the unit of `S`.
    pub fn distance(self, other: Self) -> f64 {
        self.0.distance(other.0)
    }

    /// The point a fraction `t` of the way to `other`.
    #[must_use]
    pub fn lerp(self, other: Self, t: f64) -> Self {
        Self::from_dvec3(self.0.lerp(other.0, t))
    }
}

impl<S: Space> Vector<S> {
    /// The zero vector.
    pub const fn zero() -> Self {
        Self::new(0.0, 0.0, 0.0)
    }

    /// Length, in the unit of `S`.
    pub fn length(self) -> f64 {
        self.0.length()
    }

    /// Scalar product.
    pub fn dot(self, other: Self) -> f64 {
        self.0.dot(other.0)
    }

    /// Vector product (right-hand rule in the axes of `S`).
    #[must_use]
    pub fn cross(self, other: Self) -> Self {
        Self::from_dvec3(self.0.cross(other.0))
    }

    /// The unit vector of the same direction; `None` for a vector too short or not finite.
    pub fn normalized(self) -> Option<Self> {
        self.0.try_normalize().map(Self::from_dvec3)
    }
}

macro_rules! operator {
    ($trait:ident $method:ident: $left:ident, $right:ident -> $out:ident) => {
        impl<S: Space> $trait<$right<S>> for $left<S> {
            type Output = $out<S>;
            fn $method(self, other: $right<S>) -> $out<S> {
                $out::from_dvec3(self.0.$method(other.0))
            }
        }
    };
}
operator!(Sub sub: Point, Point -> Vector);
operator!(Add add: Point, Vector -> Point);
operator!(Sub sub: Point, Vector -> Point);
operator!(Add add: Vector, Vector -> Vector);
operator!(Sub sub: Vector, Vector -> Vector);

impl<S: Space> AddAssign<Vector<S>> for Point<S> {
    fn add_assign(&mut self, other: Vector<S>) {
        self.0 += other.0;
    }
}
impl<S: Space> SubAssign<Vector<S>> for Point<S> {
    fn sub_assign(&mut self, other: Vector<S>) {
        self.0 -= other.0;
    }
}
impl<S: Space> AddAssign for Vector<S> {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
impl<S: Space> Neg for Vector<S> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::from_dvec3(-self.0)
    }
}
impl<S: Space> Mul<f64> for Vector<S> {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::from_dvec3(self.0 * factor)
    }
}
impl<S: Space> Mul<Vector<S>> for f64 {
    type Output = Vector<S>;
    fn mul(self, vector: Vector<S>) -> Vector<S> {
        vector * self
    }
}
impl<S: Space> Div<f64> for Vector<S> {
    type Output = Self;
    fn div(self, divisor: f64) -> Self {
        Self::from_dvec3(self.0 / divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ijk, Lps};

    #[test]
    fn a_point_prints_its_space_and_unit() {
        let p = Point::<Lps>::new(-93.0, -76.0, 45.0);
        assert_eq!(format!("{p:?}"), "(-93.000 -76.000 45.000) LPS mm");
        assert_eq!(format!("{:?}", Vector::<Ijk>::zero()), "(0.000 0.000 0.000) IJK voxel");
    }

    #[test]
    fn the_space_costs_nothing() {
        assert_eq!(size_of::<Point<Lps>>(), size_of::<DVec3>());
    }

    #[test]
    fn points_differ_by_vectors() {
        let (a, b) = (Point::<Lps>::new(1.0, 2.0, 3.0), Point::new(4.0, 6.0, 3.0));
        assert_eq!((b - a).length(), 5.0);
        assert_eq!(a + (b - a), b);
        assert_eq!(a.lerp(b, 0.5), Point::new(2.5, 4.0, 3.0));
        assert!(Vector::<Lps>::zero().normalized().is_none());
    }
}
