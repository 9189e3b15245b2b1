//! The pieces of a solid.

use std::collections::{BTreeMap, BTreeSet};

use glam::DVec3;
use meshing_space::{Lps, Point};
use meshing_surface::{Mesh, measure};
use rayon::prelude::*;

use crate::rays::Rays;

/// One piece: its outer surface and the voids within.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its mesh, LPS mm.
    pub mesh: Mesh,
    /// Its volume without the voids, mm³.
    pub volume_mm3: f64,
    /// Its centre.
    pub centre: Point<Lps>,
    /// Closed voids within.
    pub voids: usize,
}

/// The pieces that fall apart when a closed mesh is printed, the largest first: surfaces that face outwards, each with the
/// inward ones that it encloses.
pub fn pieces(mesh: &Mesh) -> Vec<Piece> {
    let shells = shells(mesh);
    let (outer, voids): (Vec<_>, Vec<_>) = shells.into_iter().partition(|(_, volume)| *volume > 0.0);
    let around = if voids.is_empty() { Vec::new() } else { around(&outer, &voids) };
    let mut made: Vec<(Mesh, f64, usize, f64)> =
        outer.into_iter().map(|(mesh, volume)| (mesh, volume, 0, volume)).collect();
    for ((void, volume), around) in voids.into_iter().zip(around) {
        if let Some(n) = around {
            made[n].0.append(&void);
            made[n].1 += volume;
            made[n].2 += 1;
        }
    }
    made.sort_by(|a, b| b.1.total_cmp(&a.1));
    made.into_iter()
        .map(|(mesh, volume_mm3, voids, _)| {
            let centre = measure(&mesh).centroid_lps_mm;
            Piece { mesh, volume_mm3, centre, voids }
        })
        .collect()
}

/// Volumes and places of the first pieces, in words of no language.
pub(crate) fn listed(found: &[Piece]) -> String {
    let told = |piece: &Piece| {
        // Without the sign of a rounded zero.
        let [x, y, z] = piece.centre.to_array().map(|x| x.round() + 0.0);
        format!("{:.0} mm³ @ ({x:.0}, {y:.0}, {z:.0})", piece.volume_mm3)
    };
    found.iter().take(6).map(told).collect::<Vec<_>>().join("; ")
}

/// Two directions that the edges of made things do not run along.
const LOOKS: [DVec3; 2] = [DVec3::new(0.618, 0.3027, 0.7257), DVec3::new(-0.4397, 0.8713, -0.2179)];

/// The smallest outer surface around each void: nested pieces lie in voids of each other. Rays find the surfaces, one tree
/// for all, since the bone of a scan has thousands of voids.
fn around(outer: &[(Mesh, f64)], voids: &[(Mesh, f64)]) -> Vec<Option<usize>> {
    let (mut all, mut owner) = (Mesh::default(), Vec::new());
    for (n, (mesh, _)) in outer.iter().enumerate() {
        all.append(mesh);
        owner.resize(all.triangles.len(), n);
    }
    let rays = Rays::new(&all);
    let winding = |at: Point<Lps>, look: DVec3| {
        let mut turns: BTreeMap<usize, i32> = BTreeMap::new();
        rays.each(at.as_dvec3(), look, |hit| {
            let [a, b, c] = all.corners(hit.triangle as usize);
            let leaves = (b - a).cross(c - a).as_dvec3().dot(look) > 0.0;
            *turns.entry(owner[hit.triangle as usize]).or_default() += if leaves { 1 } else { -1 };
        });
        turns
    };
    let around = |(void, volume): &(Mesh, f64)| {
        let at = void.positions[void.triangles.first()?[0] as usize];
        let [turns, other] = LOOKS.map(|look| winding(at, look));
        let sure = turns.iter().all(|(n, count)| other.get(n).unwrap_or(&0) == count);
        let sure = sure && other.iter().all(|(n, count)| turns.get(n).unwrap_or(&0) == count);
        let encloses =
            |n: usize| if sure { turns.get(&n).is_some_and(|c| *c > 0) } else { encloses(&outer[n].0, at) };
        let met: BTreeSet<usize> = turns.keys().chain(other.keys()).copied().collect();
        met.into_iter()
            .filter(|&n| outer[n].1 > -volume && encloses(n))
            .min_by(|&a, &b| outer[a].1.total_cmp(&outer[b].1))
    };
    voids.par_iter().map(around).collect()
}

/// The surfaces that face outwards, without the voids within.
pub(crate) fn outer_surfaces(mesh: &Mesh) -> Mesh {
    let mut all = Mesh::default();
    for (shell, _) in shells(mesh).into_iter().filter(|(_, volume)| *volume > 0.0) {
        all.append(&shell);
    }
    all
}

/// The connected surfaces of a mesh with the volumes they enclose (negative where they face inwards).
fn shells(mesh: &Mesh) -> Vec<(Mesh, f64)> {
    let mut root: Vec<u32> = (0..mesh.positions.len() as u32).collect();
    fn find(root: &mut [u32], mut v: u32) -> u32 {
        while root[v as usize] != v {
            root[v as usize] = root[root[v as usize] as usize];
            v = root[v as usize];
        }
        v
    }
    for &[a, b, c] in &mesh.triangles {
        for (a, b) in [(a, b), (b, c)] {
            let (a, b) = (find(&mut root, a), find(&mut root, b));
            root[a.max(b) as usize] = a.min(b);
        }
    }
    let mut order: Vec<u32> = Vec::new();
    let mut place = vec![u32::MAX; root.len()];
    let mut groups: Vec<Vec<[u32; 3]>> = Vec::new();
    for triangle in &mesh.triangles {
        let r = find(&mut root, triangle[0]);
        if place[r as usize] == u32::MAX {
            place[r as usize] = order.len() as u32;
            order.push(r);
            groups.push(Vec::new());
        }
        groups[place[r as usize] as usize].push(*triangle);
    }
    let mut index = vec![u32::MAX; mesh.positions.len()];
    groups
        .into_iter()
        .map(|triangles| {
            let mut positions = Vec::new();
            let triangles = triangles
                .into_iter()
                .map(|t| {
                    t.map(|v| {
                        if index[v as usize] == u32::MAX {
                            index[v as usize] = positions.len() as u32;
                            positions.push(mesh.positions[v as usize]);
                        }
                        index[v as usize]
                    })
                })
                .collect();
            let shell = Mesh { positions, triangles };
            let volume = crate::volume_mm3(&shell);
            (shell, volume)
        })
        .collect()
}

/// Whether a point lies within a closed surface (its winding number by solid angles).
pub(crate) fn encloses(mesh: &Mesh, at: Point<Lps>) -> bool {
    let sum: f64 = (0..mesh.triangles.len())
        .map(|t| crate::boolean::solid_angle(mesh.corners(t).map(|p| (p - at).as_dvec3())))
        .sum();
    sum > 2.0 * core::f64::consts::PI
}
