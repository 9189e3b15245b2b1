//! Smoothing takes the steps and leaves the shape; crossings are found where they are.

use meshing_space::{Point, Vector};
use meshing_surface::{Mesh, Smoothing, isosurface, measure, self_intersections, smooth};

use crate::volume_of;

const RADIUS_MM: f64 = 12.0;

/// A ball whose voxels are inside or outside, nothing between: its surface is steps.
fn steps() -> Mesh {
    let ball = |p: [f64; 3]| {
        if p.iter().map(|x| x * x).sum::<f64>().sqrt() < RADIUS_MM { 1.0 } else { 0.0 }
    };
    isosurface(&volume_of([28, 28, 28], [1.0, 1.0, 1.0], ball), 0.5)
}

fn roughness(mesh: &Mesh) -> f64 {
    let sum: f64 = mesh.positions.iter().map(|p| (p.distance(Point::origin()) - RADIUS_MM).abs()).sum();
    sum / mesh.positions.len() as f64
}

#[test]
fn smoothing_takes_the_steps_and_keeps_the_volume() {
    let mesh = steps();
    let smoothed = smooth(&mesh, Smoothing::default());
    assert!(smoothed.mesh.check().is_clean() && smoothed.mesh.triangles == mesh.triangles);
    assert!(roughness(&smoothed.mesh) < 0.7 * roughness(&mesh), "{}", roughness(&smoothed.mesh));
    let volumes = [&mesh, &smoothed.mesh].map(|m| measure(m).volume_mm3);
    for (got, expected) in smoothed.volume_mm3.iter().zip(volumes) {
        assert!((got - expected).abs() < 1e-6 * expected, "{got} {expected}");
    }
    assert!((volumes[1] / volumes[0] - 1.0).abs() < 0.01, "{volumes:?}");
    let moved = mesh.positions.iter().zip(&smoothed.mesh.positions).map(|(a, b)| a.distance(*b));
    assert!((moved.fold(0.0, f64::max) - smoothed.farthest_mm).abs() < 1e-9);
    let narrow = smooth(&mesh, Smoothing { max_move_mm: Some(0.1), ..Smoothing::default() });
    assert!((narrow.farthest_mm - 0.1).abs() < 1e-12 && smoothed.farthest_mm > 0.2);
    let moved = mesh.positions.iter().zip(&narrow.mesh.positions).map(|(a, b)| a.distance(*b));
    assert!(moved.fold(0.0, f64::max) < 0.1 + 1e-9);
}

#[test]
fn the_filter_passes_what_is_flat_and_leaves_rims_alone() {
    let mut open = steps();
    open.triangles.drain(40..60);
    let rim: Vec<usize> = {
        let whole = steps();
        whole.triangles[40..60].iter().flatten().map(|&v| v as usize).collect()
    };
    let smoothed = smooth(&open, Smoothing::default()).mesh;
    let stayed = rim.iter().filter(|&&v| smoothed.positions[v] == open.positions[v]).count();
    assert!(stayed * 2 > rim.len(), "{stayed} of {}", rim.len());
    // Unchanged: nothing to do, bad numbers, bad indices.
    for how in [
        Smoothing { iterations: 0, ..Smoothing::default() },
        Smoothing { pass_band: f64::NAN, ..Smoothing::default() },
        Smoothing { pass_band: 2.5, ..Smoothing::default() },
    ] {
        assert_eq!(smooth(&open, how).mesh, open);
    }
    open.triangles[3] = [0, 1, u32::MAX];
    assert_eq!(smooth(&open, Smoothing::default()).mesh, open);
    assert_eq!(smooth(&Mesh::default(), Smoothing::default()).mesh, Mesh::default());
}

#[test]
fn crossings_are_those_that_trying_every_pair_finds() {
    let mesh = steps();
    assert_eq!(self_intersections(&mesh), vec![]);
    // A second ball through the first: the tree finds what two triangles at a time find.
    let mut both = mesh.clone();
    let (first, count) = (mesh.positions.len() as u32, mesh.triangles.len() as u32);
    both.positions.extend(mesh.positions.iter().map(|p| *p + Vector::new(15.3, 4.1, 2.2)));
    both.triangles.extend(mesh.triangles.iter().map(|t| t.map(|v| v + first)));
    let found = self_intersections(&both);
    assert!(found.len() > 50 && found.windows(2).all(|pair| pair[0] < pair[1]), "{}", found.len());
    assert!(found.iter().all(|&(s, t)| s < count && t >= count));
    let near = |t: u32| {
        let [a, b, c] = both.corners(t as usize);
        [a, b, c].iter().map(|p| p.distance(Point::new(7.65, 2.05, 1.1))).fold(f64::INFINITY, f64::min)
    };
    let pairs: Vec<(u32, u32)> = (0..count)
        .filter(|&s| near(s) < 13.0)
        .flat_map(|s| (count..2 * count).filter(|&t| near(t) < 13.0).map(move |t| (s, t)))
        .filter(|&(s, t)| {
            let [one, two] = [s, t].map(|t| both.corners(t as usize).map(Point::to_array));
            (0..3).all(|n| {
                let [low, high] = [f64::min, f64::max]
                    .map(|pick| [one, two].map(|c| pick(pick(c[0][n], c[1][n]), c[2][n])));
                low[0] <= high[1] && low[1] <= high[0]
            })
        })
        .filter(|&(s, t)| {
            let two = Mesh {
                positions: both.positions.clone(),
                triangles: vec![both.triangles[s as usize], both.triangles[t as usize]],
            };
            self_intersections(&two.compacted()).len() == 1
        })
        .collect();
    assert_eq!(found, pairs);
}
