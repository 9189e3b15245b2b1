//! Where a scan ends in the middle of a limb.

use std::collections::{HashMap, HashSet};

use glam::DVec3;
use meshing_space::Point;
use meshing_surface::Mesh;

/// A face is a scan's end if it is this flat (mm, cosine of 6°), at least this large (mm²), and at most 60° off the plane of
/// the end that it lies at.
const FLAT_MM: f64 = 0.15;
const FLAT: f64 = 0.9945;
const LEAST_MM2: f64 = 100.0;
const ACROSS: f64 = 0.5;
/// Triangles whose planes are tried.
const TRIED: usize = 12;

/// A limb that goes on straight by `by` mm where the scan cut it off, so that a shell around it does not turn over the cut face;
/// an end (a place and its outward normal) that lies beyond the scan is drawn back to it.
pub(super) fn continued(mesh: &Mesh, ends: &mut [(DVec3, DVec3); 2], by: f64) -> Mesh {
    let mut made = mesh.clone();
    for (on, normal) in ends {
        let face = face(&made, *normal);
        let heights = face.iter().flat_map(|&t| made.corners(t)).map(|p| (p.as_dvec3() - *on).dot(*normal));
        let Some(top) = heights.reduce(f64::max) else { continue };
        *on += *normal * top.min(0.0);
        extrude(&mut made, &face, *normal * by);
    }
    made
}

/// The triangles of the largest flat face that looks along an end's normal.
fn face(mesh: &Mesh, along: DVec3) -> Vec<usize> {
    let planes: Vec<(DVec3, f64)> = (0..mesh.triangles.len())
        .map(|t| {
            let [a, b, c] = mesh.corners(t).map(Point::as_dvec3);
            let doubled = (b - a).cross(c - a);
            (doubled.normalize_or_zero(), doubled.length() / 2.0)
        })
        .collect();
    let mut order: Vec<usize> = (0..planes.len()).filter(|&t| planes[t].0.dot(along) > ACROSS).collect();
    order.sort_by(|&s, &t| planes[t].1.total_cmp(&planes[s].1));
    let patch = |seed: usize| {
        let (on, normal) = (mesh.corners(seed)[0].as_dvec3(), planes[seed].0);
        let flat = |t: &usize| {
            planes[*t].0.dot(normal) > FLAT
                && mesh.corners(*t).iter().all(|p| (p.as_dvec3() - on).dot(normal).abs() < FLAT_MM)
        };
        let found: Vec<usize> = order.iter().copied().filter(flat).collect();
        let area: f64 = found.iter().map(|&t| planes[t].1).sum();
        (found, area)
    };
    let best = order.iter().take(TRIED).map(|&seed| patch(seed)).max_by(|a, b| a.1.total_cmp(&b.1));
    best.filter(|(_, area)| *area >= LEAST_MM2).map(|(found, _)| found).unwrap_or_default()
}

/// Moves triangles and walls the way that they went.
fn extrude(mesh: &mut Mesh, face: &[usize], by: DVec3) {
    let sides = |t: &usize| {
        let [a, b, c] = mesh.triangles[*t];
        [[a, b], [b, c], [c, a]]
    };
    let edges: Vec<[u32; 2]> = face.iter().flat_map(sides).collect();
    let within: HashSet<[u32; 2]> = edges.iter().copied().collect();
    let mut moved: HashMap<u32, u32> = HashMap::new();
    for &[a, _] in &edges {
        moved.entry(a).or_insert_with(|| {
            let p = mesh.positions[a as usize].as_dvec3() + by;
            mesh.positions.push(Point::from_dvec3(p));
            mesh.positions.len() as u32 - 1
        });
    }
    for &t in face {
        mesh.triangles[t] = mesh.triangles[t].map(|v| moved[&v]);
    }
    for &[a, b] in edges.iter().filter(|[a, b]| !within.contains(&[*b, *a])) {
        mesh.triangles.extend([[a, b, moved[&b]], [a, moved[&b], moved[&a]]]);
    }
}
