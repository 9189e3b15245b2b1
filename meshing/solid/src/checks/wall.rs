//! How thick the walls are.
//!
//! From points on the surface a ray goes inwards to the opposite surface. Where that one faces back, the largest ball that
//! touches both there is taken: for two planes its diameter is 2·t·c/(1+c), with the ray's length t and the cosine c between
//! the planes, which is t where they are parallel. Edges and wedges, where the surfaces do not face each other, are no walls.
//!
//! Opposite surfaces are not planes, though: beside a crease, the one that the ray meets may end before the ball touches it,
//! and the wall is thicker. Where that would count, the ball is grown as far as the surfaces that face the point let it (the
//! shrinking ball of Ma et al. 2012).

use glam::DVec3;
use meshing_space::{Lps, Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::Words;
use rayon::prelude::*;

use super::{Check, Limits, samples};
use crate::rays::{Rays, nearest_on};

/// Distance between points that are looked at, mm.
const SPACING_MM: f64 = 0.5;
/// Least cosine between two surfaces that face each other (30°): what meets at a wider angle is the edge of a body.
const FACING: f64 = 0.866;
/// How exactly a wall is measured, mm.
const EXACT_MM: f64 = 0.1;
/// What reaches less far into a ball touches it, mm, and how often a ball shrinks at most.
const TOUCH_MM: f64 = 1e-3;
const SHRINKINGS: usize = 30;

/// A place and how thick the wall is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WallSample {
    /// On the surface.
    pub at: Point<Lps>,
    /// Outwards.
    pub normal: Vector<Lps>,
    /// Thickness, mm.
    pub thickness_mm: f64,
    /// The area it stands for, mm².
    pub area_mm2: f64,
}

/// The thickness of the wall at points of a closed surface at most half a millimetre apart. Above `limit_mm` opposite
/// surfaces are taken for planes.
pub fn wall_samples(part: &Mesh, limit_mm: f64) -> Vec<WallSample> {
    let rays = Rays::new(part);
    let normals: Vec<DVec3> = (0..part.triangles.len())
        .into_par_iter()
        .map(|t| {
            let [a, b, c] = part.corners(t).map(Point::as_dvec3);
            (b - a).cross(c - a).normalize_or_zero()
        })
        .collect();
    samples(part, SPACING_MM)
        .into_par_iter()
        .filter_map(|(at, normal, area)| {
            let hit = rays.nearest(at, -normal, 1e-6)?;
            let facing = -normals[hit.triangle as usize].dot(normal);
            let planes = 2.0 * hit.at * facing / (1.0 + facing);
            (facing > FACING).then(|| WallSample {
                at: Point::from_dvec3(at),
                normal: Vector::from_dvec3(normal),
                thickness_mm: if planes < limit_mm {
                    planes.max(ball(&rays, &normals, at, normal, hit.at))
                } else {
                    planes
                },
                area_mm2: area,
            })
        })
        .collect()
}

/// The diameter of the largest ball within, of at most `most`, that touches the surface at a point from within, among the
/// surfaces that face it there.
fn ball(rays: &Rays, normals: &[DVec3], at: DVec3, normal: DVec3, most: f64) -> f64 {
    let mut diameter = most;
    for _ in 0..SHRINKINGS {
        let centre = at - normal * (diameter / 2.0);
        let mut found = (diameter / 2.0 - TOUCH_MM, None);
        rays.around(centre, diameter / 2.0, |triangle, corners| {
            if -normals[triangle as usize].dot(normal) > FACING {
                let place = nearest_on(centre, corners);
                let far = place.distance(centre);
                if far < found.0 {
                    found = (far, Some(place));
                }
            }
            found.0
        });
        let Some(place) = found.1 else { break };
        let away = at - place;
        let next = away.length_squared() / away.dot(normal);
        if !(next > 0.0 && next < diameter) {
            break;
        }
        diameter = next;
    }
    diameter
}

/// Thin places up to this area in all are edges and corners, mm².
const EDGES_MM2: f64 = 0.5;

pub(super) fn check(part: &Mesh, limits: &Limits) -> Check {
    let limit_mm = limits.wall_mm;
    let mut all = wall_samples(part, limit_mm);
    if let Some(label) = limits.label {
        let [wide, high] = label.half_mm;
        all.retain(|s| {
            let [x, y, _] = label.pose.own(s.at);
            let among_letters = x.abs() < wide && y.abs() < high;
            // The wall below the letters is seen from its other side.
            !among_letters || s.normal.dot(label.pose.axis()) < -0.3
        });
    }
    all.sort_by(|a, b| a.thickness_mm.total_cmp(&b.thickness_mm));
    let mut sum = 0.0;
    let counts = all.iter().find(|s| {
        sum += s.area_mm2;
        sum > EDGES_MM2
    });
    let thin = all.iter().filter(|s| s.thickness_mm < limit_mm - EXACT_MM);
    let thin = thin.fold(0.0, |sum, s| sum + s.area_mm2);
    let (value, at) = counts.map_or((0.0, [0.0; 3]), |s| (s.thickness_mm, s.at.to_array()));
    let place = format!("({:.1}, {:.1}, {:.1})", at[0], at[1], at[2]);
    Check {
        code: "wall",
        pass: value >= limit_mm - EXACT_MM,
        value,
        limit: limit_mm,
        unit: "mm",
        message: Words::new(
            format!("thinnest wall {value:.2} mm at {place}; {thin:.1} mm² are thinner than {limit_mm} mm"),
            format!("最薄壁厚 {value:.2} mm，位于 {place}；{thin:.1} mm² 薄于 {limit_mm} mm"),
        ),
    }
}
