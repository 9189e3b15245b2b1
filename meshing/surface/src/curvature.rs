//! How a surface bends at its vertices.

use meshing_space::Vector;
use rayon::prelude::*;

use crate::Mesh;
use crate::topology::Corners;

/// How a surface bends around a vertex.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Curvature {
    /// Mean curvature, 1/mm: positive where the surface bulges outward. A ball of radius r has 1/r.
    pub mean_per_mm: f64,
    /// Gaussian curvature, 1/mm²: positive in domes and bowls, negative in saddles. A ball has 1/r².
    pub gaussian_per_mm2: f64,
    /// The part of the surface that belongs to the vertex (its mixed area), mm².
    pub area_mm2: f64,
}

/// The curvature at each vertex by the discrete operators of Meyer, Desbrun, Schröder & Barr 2003: cotangents for the mean,
/// the angle that is missing to a full turn for the Gaussian curvature, each over the mixed area.
///
/// `None` for vertices that are not inside the surface: on a rim, where sheets meet, without area around. Values follow the
/// triangles closely; on a surface from voxels [`crate::smooth`] it first.
///
/// # Panics
/// If a triangle names a vertex that does not exist ([`Mesh::check`] finds those).
pub fn curvature(mesh: &Mesh) -> Vec<Option<Curvature>> {
    let corners = Corners::new(mesh.positions.len(), &mesh.triangles);
    (0..mesh.positions.len())
        .into_par_iter()
        .map(|v| if corners.is_regular(v) { at(mesh, v, corners.around(v)) } else { None })
        .collect()
}

fn at(mesh: &Mesh, v: usize, around: &[(u32, u32)]) -> Option<Curvature> {
    let (mut bend, mut normal) = (Vector::zero(), Vector::zero());
    let (mut area, mut turn) = (0.0, 0.0);
    for &(next, previous) in around {
        let (p, q, r) = (mesh.positions[v], mesh.positions[next as usize], mesh.positions[previous as usize]);
        let (a, b, c) = (q - p, r - p, r - q);
        let cross = a.cross(b);
        let doubled = cross.length();
        // A needle without area bends nothing.
        if doubled <= f64::EPSILON * (a.dot(a) + b.dot(b)) {
            continue;
        }
        normal += cross;
        turn += doubled.atan2(a.dot(b));
        // Cosines times two sides over sines times two sides.
        let (at_p, at_q, at_r) = (a.dot(b) / doubled, -a.dot(c) / doubled, b.dot(c) / doubled);
        bend += -a * at_r - b * at_q;
        area += if at_p < 0.0 {
            doubled / 4.0
        } else if at_q < 0.0 || at_r < 0.0 {
            doubled / 8.0
        } else {
            (a.dot(a) * at_r + b.dot(b) * at_q) / 8.0
        };
    }
    let curvature = Curvature {
        // The sum is twice the area times twice the mean curvature, along the normal.
        mean_per_mm: (bend.length() / (4.0 * area)).copysign(bend.dot(normal)),
        gaussian_per_mm2: (core::f64::consts::TAU - turn) / area,
        area_mm2: area,
    };
    (area > 0.0 && area.is_finite()).then_some(curvature)
}

#[cfg(test)]
mod tests {
    use core::f64::consts::{PI, TAU};

    use super::*;
    use crate::measure;
    use crate::shapes::{ball, block, ring};

    #[test]
    fn a_ball_bends_alike_everywhere() {
        let got = curvature(&ball(8.0, 5));
        for at in got.into_iter().map(|at| at.expect("inside the surface")) {
            assert!((at.mean_per_mm * 8.0 - 1.0).abs() < 0.01, "{at:?}");
            assert!((at.gaussian_per_mm2 * 64.0 - 1.0).abs() < 0.05, "{at:?}");
        }
        let mut hollow = ball(8.0, 4);
        hollow.triangles.iter_mut().for_each(|t| t.swap(0, 1));
        let got = curvature(&hollow);
        assert!(got.iter().flatten().all(|at| (at.mean_per_mm * 8.0 + 1.0).abs() < 0.02));
    }

    #[test]
    fn a_ring_bends_as_its_formulas_say() {
        let (large, small) = (20.0, 6.0);
        let mesh = ring(large, small, 240, 160);
        for (p, at) in mesh.positions.iter().zip(curvature(&mesh)) {
            let at = at.expect("inside the surface");
            let [x, y, _] = p.to_array();
            let out = x.hypot(y);
            let cos = (out - large) / small;
            let (mean, gaussian) = ((out + small * cos) / (2.0 * small * out), cos / (small * out));
            assert!((at.mean_per_mm - mean).abs() < 1e-3, "{at:?} {mean}");
            assert!((at.gaussian_per_mm2 - gaussian).abs() < 2e-4, "{at:?} {gaussian}");
        }
    }

    #[test]
    fn areas_add_up_and_so_does_the_gaussian_curvature() {
        for (mesh, whole) in
            [(ball(5.0, 3), 4.0 * PI), (ring(9.0, 3.0, 50, 20), 0.0), (block([3.0, 4.0, 5.0]), 4.0 * PI)]
        {
            let got = curvature(&mesh);
            let sum = |f: &dyn Fn(&Curvature) -> f64| got.iter().flatten().map(f).sum::<f64>();
            assert!((sum(&|at| at.area_mm2) / measure(&mesh).area_mm2 - 1.0).abs() < 1e-9);
            // Gauss & Bonnet: two pi times the Euler characteristic.
            assert!((sum(&|at| at.area_mm2 * at.gaussian_per_mm2) - whole).abs() < 1e-9);
        }
    }

    #[test]
    fn rims_have_none() {
        let mut open = ball(5.0, 2);
        let [a, b, c] = open.triangles.pop().expect("a triangle");
        let got = curvature(&open);
        for (v, at) in got.iter().enumerate() {
            assert_eq!(at.is_none(), [a, b, c].contains(&(v as u32)));
        }
        assert!(curvature(&Mesh::default()).is_empty());
        // Flat inside a face: nothing bends.
        let mut cut = block([2.0, 2.0, 2.0]);
        let middle = cut.positions.len() as u32;
        cut.positions.push(meshing_space::Point::new(1.0, 0.5, 2.0));
        let top = cut.triangles.iter().position(|t| t.iter().all(|&v| v >= 4)).expect("a top");
        let [a, b, c] = cut.triangles[top];
        cut.triangles[top] = [a, b, middle];
        cut.triangles.extend([[b, c, middle], [c, a, middle]]);
        let flat = curvature(&cut)[middle as usize].expect("inside");
        assert!(
            flat.mean_per_mm.abs() < 1e-12 && (flat.gaussian_per_mm2 * flat.area_mm2).abs() < 1e-12 * TAU
        );
    }
}
