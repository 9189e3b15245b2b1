//! Removes edges that have no length as 32-bit floats, so that a print file keeps every triangle.

use std::collections::HashSet;

use meshing_space::{Lps, Point};
use meshing_surface::Mesh;

fn bits(p: Point<Lps>) -> [u32; 3] {
    p.to_array().map(|x| (x as f32 + 0.0).to_bits())
}

/// The mesh with each such edge drawn together where that leaves a manifold; the other ones stay.
pub(crate) fn without_vanishing_edges(mesh: &Mesh) -> Mesh {
    let short = |a: u32, b: u32| bits(mesh.positions[a as usize]) == bits(mesh.positions[b as usize]);
    drawn_together(mesh, short)
}

/// The mesh with each edge for which `short` holds drawn together to one of its ends where that leaves a manifold (the two
/// ends share exactly the two vertices opposite the edge: Dey et al. 1999).
pub(crate) fn drawn_together(mesh: &Mesh, short: impl Fn(u32, u32) -> bool) -> Mesh {
    let mut triangles = mesh.triangles.clone();
    let mut around: Vec<Vec<u32>> = vec![Vec::new(); mesh.positions.len()];
    for (t, triangle) in triangles.iter().enumerate() {
        for &v in triangle {
            around[v as usize].push(t as u32);
        }
    }
    let mut gone = vec![false; triangles.len()];
    let mut open: Vec<u32> = (0..triangles.len() as u32).collect();
    while let Some(t) = open.pop() {
        if gone[t as usize] {
            continue;
        }
        let [a, b, c] = triangles[t as usize];
        let Some((keep, drop)) = [(a, b), (b, c), (c, a)].into_iter().find(|&(p, q)| short(p, q)) else {
            continue;
        };
        let neighbours = |v: u32, triangles: &[[u32; 3]]| -> HashSet<u32> {
            around[v as usize].iter().flat_map(|&t| triangles[t as usize]).filter(|&n| n != v).collect()
        };
        let shared = neighbours(keep, &triangles).intersection(&neighbours(drop, &triangles)).count();
        let dying: Vec<u32> = around[drop as usize]
            .iter()
            .copied()
            .filter(|&t| triangles[t as usize].contains(&keep))
            .collect();
        if shared != 2 || dying.len() != 2 || around[keep as usize].len() + around[drop as usize].len() < 8 {
            continue;
        }
        for &t in &dying {
            gone[t as usize] = true;
            for v in triangles[t as usize] {
                around[v as usize].retain(|&n| n != t);
            }
        }
        for t in std::mem::take(&mut around[drop as usize]) {
            for v in &mut triangles[t as usize] {
                if *v == drop {
                    *v = keep;
                }
            }
            around[keep as usize].push(t);
            open.push(t);
        }
    }
    let mut kept = gone.iter();
    triangles.retain(|_| kept.next() == Some(&false));
    Mesh { positions: mesh.positions.clone(), triangles }.compacted()
}
