//! Triangles of one mesh that run through each other.

mod exact;

use meshing_volume::{Cancelled, Progress, Silent};
use rayon::prelude::*;

use crate::Mesh;
use crate::distance::{Bounds, centroid, morton};
use exact::crosses;

/// Triangles in a leaf of the tree.
const LEAF: usize = 4;
/// Leaves that one task compares with the tree, and tasks between two looks whether to stop.
const PIECE: usize = 1 << 8;
const PIECES: usize = 1 << 6;
/// Pairs that [`self_intersections`] gives at most.
const MOST_PAIRS: usize = 1 << 20;

/// Pairs of triangles that meet anywhere but in the corners and edges that they share, lower index first, in order.
///
/// Decided by exact predicates (Shewchuk 1997) on the 64-bit positions: touching counts, overlapping in one plane too.
/// Triangles without area and invalid ones are passed over; [`Mesh::check`] finds those. After 2²⁰ pairs no more
/// are looked for.
pub fn self_intersections(mesh: &Mesh) -> Vec<(u32, u32)> {
    self_intersections_with(mesh, MOST_PAIRS, &Silent).unwrap_or_default()
}

/// As [`self_intersections`], at most `most` pairs, with progress.
///
/// # Errors
/// [`Cancelled`] when `progress` says so.
pub fn self_intersections_with(
    mesh: &Mesh,
    most: usize,
    progress: &dyn Progress,
) -> Result<Vec<(u32, u32)>, Cancelled> {
    let tree = Tree::new(mesh);
    let leaves: Vec<usize> = (0..tree.order.len().div_ceil(LEAF)).collect();
    let mut found = Vec::new();
    for (n, batch) in leaves.chunks(PIECE * PIECES).enumerate() {
        progress.step(n * PIECE * PIECES, leaves.len())?;
        let pieces: Vec<Vec<(u32, u32)>> = batch
            .par_chunks(PIECE)
            .map(|piece| {
                let mut pairs = Vec::new();
                for &leaf in piece {
                    if pairs.len() < most {
                        tree.pairs_of(mesh, leaf, &mut pairs);
                    }
                }
                pairs
            })
            .collect();
        found.extend(pieces.into_iter().flatten());
        if found.len() >= most {
            break;
        }
    }
    found.sort_unstable();
    found.truncate(most);
    progress.step(1, 1)?;
    Ok(found)
}

/// Boxes over triangles in Morton order; node `n` has children `2n` and `2n + 1`.
struct Tree {
    order: Vec<u32>,
    /// The box of each triangle, in order.
    own: Vec<Bounds>,
    boxes: Vec<Bounds>,
    leaves: usize,
}

impl Tree {
    fn new(mesh: &Mesh) -> Self {
        let valid = |t: &usize| mesh.is_valid(mesh.triangles[*t]) && exact::has_area(mesh.corners(*t));
        let used: Vec<usize> = (0..mesh.triangles.len()).into_par_iter().filter(valid).collect();
        let whole = Bounds::around(used.iter().flat_map(|&t| mesh.corners(t)));
        let mut order: Vec<(u64, u32)> =
            used.par_iter().map(|&t| (morton(centroid(mesh.corners(t)), &whole), t as u32)).collect();
        order.par_sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(_, t)| t).collect();
        let own: Vec<Bounds> = order.par_iter().map(|&t| Bounds::around(mesh.corners(t as usize))).collect();
        let leaves = order.len().div_ceil(LEAF).next_power_of_two();
        let mut boxes = vec![Bounds::EMPTY; 2 * leaves];
        for (bounds, leaf) in boxes[leaves..].iter_mut().zip(own.chunks(LEAF)) {
            *bounds = leaf.iter().copied().fold(Bounds::EMPTY, Bounds::join);
        }
        for n in (1..leaves).rev() {
            boxes[n] = boxes[2 * n].join(boxes[2 * n + 1]);
        }
        Self { order, own, boxes, leaves }
    }

    /// Adds the pairs of the triangles in a leaf with those in it and in later leaves.
    fn pairs_of(&self, mesh: &Mesh, leaf: usize, pairs: &mut Vec<(u32, u32)>) {
        let bounds = self.boxes[self.leaves + leaf];
        let mut open = [0_usize; 64];
        open[0] = 1;
        let mut count = 1;
        while count > 0 {
            count -= 1;
            let node = open[count];
            // The last leaf below a node.
            let below = (node + 1) << (self.leaves.ilog2() - node.ilog2());
            if below <= self.leaves + leaf || !self.boxes[node].meets(&bounds) {
                continue;
            }
            if node < self.leaves {
                // The tree is at most 32 deep, so the stack holds.
                open[count] = 2 * node + 1;
                open[count + 1] = 2 * node;
                count += 2;
                continue;
            }
            let other = node - self.leaves;
            for a in self.within(leaf) {
                for b in self.within(other) {
                    if (a < b || leaf != other) && self.own[a].meets(&self.own[b]) {
                        let (s, t) = (self.order[a], self.order[b]);
                        if crosses(mesh, s, t) {
                            pairs.push((s.min(t), s.max(t)));
                        }
                    }
                }
            }
        }
    }

    fn within(&self, leaf: usize) -> core::ops::Range<usize> {
        leaf * LEAF..((leaf + 1) * LEAF).min(self.order.len())
    }
}
