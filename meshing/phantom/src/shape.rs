//! Solids as signed distances.

use glam::{DMat3, DVec3};

/// A solid. Coordinates in LPS mm.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A ball.
    Ball { centre: DVec3, radius: f64 },
    /// An ellipsoid with axes along the patient's.
    Ellipsoid { centre: DVec3, radii: DVec3 },
    /// A box; the columns of `axes` are its unit axes.
    Cuboid { centre: DVec3, half: DVec3, axes: DMat3 },
    /// A round cylinder with flat ends; `axis` is a unit vector.
    Cylinder { centre: DVec3, axis: DVec3, radius: f64, half: f64 },
    /// An upright cylinder of elliptic section (semi-axes along x and y) with flat ends.
    Oval { centre: DVec3, radii: [f64; 2], half: f64 },
    /// All points within `radius` of a chain of segments.
    Tube { points: Vec<DVec3>, radius: f64 },
    /// All points within `radius` of a helix about the z axis through `centre`.
    Helix { centre: DVec3, coil: f64, pitch: f64, turns: f64, radius: f64 },
    /// What lies in all of these.
    All(Vec<Self>),
    /// What lies in any of these.
    Any(Vec<Self>),
    /// What lies outside.
    Not(Box<Self>),
}

impl Shape {
    /// A box with axes along the patient's, between two corners.
    pub(crate) fn between(low: [f64; 3], high: [f64; 3]) -> Self {
        let (low, high) = (DVec3::from_array(low), DVec3::from_array(high));
        Self::Cuboid { centre: (low + high) / 2.0, half: (high - low) / 2.0, axes: DMat3::IDENTITY }
    }

    /// A tube along the chain of points.
    pub(crate) fn tube(points: &[[f64; 3]], radius: f64) -> Self {
        Self::Tube { points: points.iter().copied().map(DVec3::from_array).collect(), radius }
    }

    /// An ellipsoid with axes along the patient's.
    pub(crate) fn ellipsoid(centre: [f64; 3], radii: [f64; 3]) -> Self {
        Self::Ellipsoid { centre: DVec3::from_array(centre), radii: DVec3::from_array(radii) }
    }

    /// A ball.
    pub(crate) fn ball(centre: [f64; 3], radius: f64) -> Self {
        Self::Ball { centre: DVec3::from_array(centre), radius }
    }

    /// The same matter as several simpler solids, so that a place far from most of them has little to compute.
    pub(crate) fn split(self) -> Vec<Self> {
        match self {
            Self::Tube { points, radius } if points.len() > 2 => {
                points.windows(2).map(|pair| Self::Tube { points: pair.to_vec(), radius }).collect()
            }
            Self::Any(shapes) => shapes.into_iter().flat_map(Self::split).collect(),
            whole => vec![whole],
        }
    }

    /// Negative inside, positive outside, never larger than the true distance to the surface.
    pub(crate) fn distance(&self, p: DVec3) -> f64 {
        match self {
            Self::Ball { centre, radius } => p.distance(*centre) - radius,
            // |(p - c) / r| - 1 changes by at most 1 / min(r) per mm.
            Self::Ellipsoid { centre, radii } => {
                (((p - *centre) / *radii).length() - 1.0) * radii.min_element()
            }
            Self::Cuboid { centre, half, axes } => {
                let q = (axes.transpose() * (p - *centre)).abs() - *half;
                q.max(DVec3::ZERO).length() + q.max_element().min(0.0)
            }
            Self::Cylinder { centre, axis, radius, half } => {
                let from = p - *centre;
                let along = from.dot(*axis);
                flat_ended((from - *axis * along).length() - radius, along.abs() - half)
            }
            Self::Oval { centre, radii, half } => {
                let from = p - *centre;
                let reach = length(from.x / radii[0], from.y / radii[1]);
                flat_ended((reach - 1.0) * radii[0].min(radii[1]), from.z.abs() - half)
            }
            Self::Tube { points, radius } => to_chain(points, p) - radius,
            Self::Helix { centre, coil, pitch, turns, radius } => {
                to_helix(p - *centre, *coil, *pitch, *turns) - radius
            }
            Self::All(shapes) => shapes.iter().map(|s| s.distance(p)).fold(f64::NEG_INFINITY, f64::max),
            Self::Any(shapes) => shapes.iter().map(|s| s.distance(p)).fold(f64::INFINITY, f64::min),
            Self::Not(shape) => -shape.distance(p),
        }
    }

    /// Corners of a box around the solid (infinite for a complement).
    pub(crate) fn bounds(&self) -> (DVec3, DVec3) {
        match self {
            Self::Ball { centre, radius } => around(*centre, DVec3::splat(*radius)),
            Self::Ellipsoid { centre, radii } => around(*centre, *radii),
            Self::Cuboid { centre, half, .. } => around(*centre, DVec3::splat(half.length())),
            Self::Cylinder { centre, radius, half, .. } => around(*centre, DVec3::splat(radius.hypot(*half))),
            Self::Oval { centre, radii, half } => around(*centre, DVec3::new(radii[0], radii[1], *half)),
            Self::Tube { points, radius } => {
                let low = points.iter().copied().fold(DVec3::INFINITY, DVec3::min);
                let high = points.iter().copied().fold(DVec3::NEG_INFINITY, DVec3::max);
                (low - *radius, high + *radius)
            }
            Self::Helix { centre, coil, pitch, turns, radius } => {
                let across = coil + radius;
                let low = *centre - DVec3::new(across, across, *radius);
                (low, *centre + DVec3::new(across, across, pitch * turns + radius))
            }
            Self::All(shapes) => shapes
                .iter()
                .map(Self::bounds)
                .reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)))
                .unwrap_or((DVec3::NEG_INFINITY, DVec3::INFINITY)),
            Self::Any(shapes) => shapes
                .iter()
                .map(Self::bounds)
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .unwrap_or((DVec3::INFINITY, DVec3::NEG_INFINITY)),
            Self::Not(_) => (DVec3::NEG_INFINITY, DVec3::INFINITY),
        }
    }
}

fn around(centre: DVec3, half: DVec3) -> (DVec3, DVec3) {
    (centre - half, centre + half)
}

/// Joins the distance from the side and the distance from the end planes.
fn flat_ended(side: f64, end: f64) -> f64 {
    let inner = side.max(end);
    if inner <= 0.0 { inner } else { length(side.max(0.0), end.max(0.0)) }
}

/// As `hypot`, for numbers whose squares are in range: many times faster.
fn length(a: f64, b: f64) -> f64 {
    (a * a + b * b).sqrt()
}

fn to_chain(points: &[DVec3], p: DVec3) -> f64 {
    let mut nearest = f64::INFINITY;
    for pair in points.windows(2) {
        let (from, step) = (p - pair[0], pair[1] - pair[0]);
        let t = (from.dot(step) / step.length_squared()).clamp(0.0, 1.0);
        nearest = nearest.min((from - step * t).length_squared());
    }
    nearest.sqrt()
}

/// Distance to the helix `(coil·cos t, coil·sin t, pitch·t / 2π)`, 0 ≤ t ≤ 2π·turns.
///
/// With φ and ρ the angle and radius of `p` and `rise = pitch / 2π`, half of the squared distance has the slope
/// `coil·ρ·sin(t − φ) + rise·(rise·t − z)`. A minimum needs a growing slope, which holds only within
/// `acos(−rise² / (coil·ρ))` of each φ + 2πn; there the slope grows throughout, so Newton's method kept between
/// brackets finds the one root if there is one. The two ends are candidates as well.
fn to_helix(p: DVec3, coil: f64, pitch: f64, turns: f64) -> f64 {
    use core::f64::consts::{PI, TAU};
    let (rise, last) = (pitch / TAU, TAU * turns);
    let (across, angle) = (length(p.x, p.y), p.y.atan2(p.x));
    let squared = |t: f64| {
        let side = coil * coil + across * across - 2.0 * coil * across * (t - angle).cos();
        side + (rise * t - p.z).powi(2)
    };
    let bend = rise * rise / (coil * across);
    let reach = if bend < 1.0 { (-bend).acos() } else { PI };
    let turn_of = |t: f64| ((t - angle) / TAU).round();
    let middle = turn_of(p.z / rise).clamp(turn_of(0.0), turn_of(last));
    let mut nearest = squared(0.0).min(squared(last));
    for turn in [middle - 1.0, middle, middle + 1.0] {
        let mut t = angle + TAU * turn;
        let (mut low, mut high) = (t - reach, t + reach);
        for _ in 0..60 {
            let slope = coil * across * (t - angle).sin() + rise * (rise * t - p.z);
            if slope > 0.0 {
                high = t;
            } else {
                low = t;
            }
            let newton = t - slope / (coil * across * (t - angle).cos() + rise * rise);
            let inside = newton > low && newton < high;
            let next = if inside { newton } else { f64::midpoint(low, high) };
            let moved = (next - t).abs();
            t = next;
            if moved < 1e-10 {
                break;
            }
        }
        nearest = nearest.min(squared(t.clamp(0.0, last)));
    }
    nearest.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<Shape> {
        let turn = DMat3::from_axis_angle(DVec3::new(1.0, 2.0, 3.0).normalize_or(DVec3::X), 0.7);
        vec![
            Shape::ball([1.0, 2.0, 3.0], 7.0),
            Shape::ellipsoid([0.0, 1.0, 2.0], [4.0, 8.0, 6.0]),
            Shape::Cuboid { centre: DVec3::ONE, half: DVec3::new(3.0, 5.0, 7.0), axes: turn },
            Shape::Cylinder { centre: DVec3::ONE, axis: DVec3::Y, radius: 4.0, half: 6.0 },
            Shape::Oval { centre: DVec3::ZERO, radii: [9.0, 5.0], half: 6.0 },
            Shape::tube(&[[0.0, 0.0, 0.0], [5.0, 0.0, 3.0], [5.0, 6.0, 3.0]], 2.0),
            Shape::Helix { centre: DVec3::ZERO, coil: 6.0, pitch: 7.0, turns: 1.5, radius: 2.0 },
        ]
    }

    /// The property that culling rests on: the value changes by no more than the way gone.
    #[test]
    fn no_value_exceeds_the_distance_to_the_surface() {
        let point = |n: u64| {
            let at = |salt: u64| crate::noise::unit_noise(n, salt) * 8.0;
            DVec3::new(at(1), at(2), at(3))
        };
        for shape in shapes() {
            for n in 0..2_000 {
                let (a, b) = (point(n), point(n + 5_000));
                let b = a + (b - a) * 0.1;
                let change = (shape.distance(a) - shape.distance(b)).abs();
                assert!(change <= a.distance(b) * (1.0 + 1e-9), "{shape:?} {a} {b}");
            }
        }
    }

    #[test]
    fn bounds_hold_every_inner_point() {
        for shape in shapes() {
            let (low, high) = shape.bounds();
            let mut inside = 0;
            for n in 0..8_000_u64 {
                let p = DVec3::new((n % 20) as f64, (n / 20 % 20) as f64, (n / 400) as f64) * 1.2 - 11.0;
                if shape.distance(p) < 0.0 {
                    inside += 1;
                    assert!(p.cmpge(low).all() && p.cmple(high).all(), "{shape:?} {p}");
                }
            }
            assert!(inside > 20, "{shape:?} holds {inside} points only");
        }
    }

    #[test]
    fn the_distance_to_a_helix_is_that_of_a_fine_search() {
        let (coil, pitch, turns) = (15.0, 12.0, 2.5);
        for n in 0..300 {
            let at = |salt: u64| crate::noise::unit_noise(n, salt) * 12.0;
            let p = DVec3::new(at(1), at(2), at(3) + 10.0);
            let searched = (0..=20_000)
                .map(|step| {
                    let t = core::f64::consts::TAU * turns * f64::from(step) / 20_000.0;
                    let on = DVec3::new(coil * t.cos(), coil * t.sin(), pitch * t / core::f64::consts::TAU);
                    p.distance(on)
                })
                .fold(f64::INFINITY, f64::min);
            let found = to_helix(p, coil, pitch, turns);
            assert!((found - searched).abs() < 1e-4, "{p}: {found} {searched}");
        }
    }
}
