//! Area, volume and the other figures of a mesh.

use meshing_space::{Lps, Point};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Mesh;

/// The figures of a mesh. Lengths in mm, LPS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Number of vertices.
    pub vertices: usize,
    /// Number of triangles.
    pub triangles: usize,
    /// Surface area.
    pub area_mm2: f64,
    /// Enclosed volume by the divergence theorem; meaningless unless `closed`.
    pub volume_mm3: f64,
    /// Centre of the enclosed volume; that of the bounding box if there is no volume.
    pub centroid_lps_mm: Point<Lps>,
    /// Every edge has two triangles that run along it in opposite senses.
    pub closed: bool,
    /// Closed, and no edge or vertex where more than one sheet meets.
    pub manifold: bool,
    /// Connected parts.
    pub parts: usize,
    /// Lowest and highest corner of the bounding box, LPS mm; zeros without vertices.
    pub bbox_lps_mm: [Point<Lps>; 2],
}

/// Triangles summed one after another; more are summed in pieces of this size so that the result is the same on any
/// number of threads.
const PIECE: usize = 1 << 14;

/// Measures a mesh.
///
/// # Panics
/// If a triangle names a vertex that does not exist ([`Mesh::check`] finds those).
pub fn measure(mesh: &Mesh) -> Measures {
    let problems = mesh.check();
    let bounds = mesh.bounds();
    let bbox_lps_mm = bounds.map_or([Point::origin(); 2], |b| [b.min, b.max]);
    // Measured about the middle: far from the origin the volume would be a small difference of large numbers.
    let middle = bbox_lps_mm[0].lerp(bbox_lps_mm[1], 0.5);
    let pieces: Vec<[f64; 5]> = mesh
        .triangles
        .par_chunks(PIECE)
        .map(|piece| {
            piece.iter().fold([0.0; 5], |sum, triangle| {
                let [a, b, c] = triangle.map(|v| mesh.positions[v as usize] - middle);
                let area = (b - a).cross(c - a).length() / 2.0;
                let volume = a.dot(b.cross(c)) / 6.0;
                let moment = ((a + b + c) * (volume / 4.0)).to_array();
                [sum[0] + area, sum[1] + volume, sum[2] + moment[0], sum[3] + moment[1], sum[4] + moment[2]]
            })
        })
        .collect();
    let total = pieces.iter().fold([0.0; 5], |sum, piece| core::array::from_fn(|n| sum[n] + piece[n]));
    let centre = meshing_space::Vector::new(total[2], total[3], total[4]) / total[1];
    let closed = problems.invalid_triangles == 0
        && problems.open_edges == 0
        && problems.inconsistent_edges == 0
        && problems.non_manifold_edges == 0
        && !mesh.triangles.is_empty();
    Measures {
        vertices: mesh.positions.len(),
        triangles: mesh.triangles.len(),
        area_mm2: total[0],
        volume_mm3: total[1],
        centroid_lps_mm: if centre.is_finite() { middle + centre } else { middle },
        closed,
        manifold: closed && problems.non_manifold_vertices == 0 && problems.duplicate_triangles == 0,
        parts: mesh.parts(),
        bbox_lps_mm,
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;

    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn a_tetrahedron_has_its_textbook_figures_anywhere() {
        for shift in [0.0, 1000.0] {
            let mut mesh = tetrahedron();
            for p in &mut mesh.positions {
                *p += Vector::new(shift, -shift, shift);
            }
            let got = measure(&mesh);
            assert!((got.volume_mm3 - 1.0 / 6.0).abs() < 1e-12);
            assert!((got.area_mm2 - (1.5 + 3.0_f64.sqrt() / 2.0)).abs() < 1e-12);
            assert!(
                got.centroid_lps_mm.distance(Point::new(shift + 0.25, 0.25 - shift, shift + 0.25)) < 1e-9
            );
            assert!(got.closed && got.manifold && got.parts == 1 && got.vertices == 4 && got.triangles == 4);
        }
    }

    #[test]
    fn nothing_is_not_closed() {
        let got = measure(&Mesh::default());
        assert!(!got.closed && !got.manifold && got.parts == 0 && got.volume_mm3 == 0.0);
    }
}
