//! Joining corners with the same bits into one vertex.

use std::collections::HashMap;

use meshing_space::Point;

use crate::Mesh;

/// Joins corners with the same bits; vertices are numbered in the order in which they first appear.
///
/// The table is open-addressed with a plain mixing function, several times faster than a keyed map. A file made so that its
/// corners collide would make such a table slow without bound; when probes get many, a keyed map takes over.
pub(super) struct Weld {
    positions: Vec<[f32; 3]>,
    triangles: Vec<[u32; 3]>,
    /// Vertex numbers plus one; 0 is free. A power of two long, at most half full.
    table: Vec<u32>,
    /// Looks that found another vertex.
    collisions: usize,
    keyed: Option<HashMap<[u32; 3], u32>>,
}

/// Triangles that are looked up together: the places of their corners in the table are far apart in memory, and asking for
/// many at once takes little longer than for one.
pub(super) const TOGETHER: usize = 64;

/// No vertex.
const NONE: u32 = u32::MAX;

/// Collisions that are allowed for each corner, and a start.
const COLLISIONS: (usize, usize) = (8, 1 << 12);

/// The bits of a corner, with one zero only.
#[inline]
fn key(corner: [f32; 3]) -> [u32; 3] {
    corner.map(|x| (x + 0.0).to_bits())
}

/// A place for a corner in a table of `length`, a power of two.
#[inline]
fn place([x, y, z]: [u32; 3], length: usize) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let pair = (u64::from(x) | u64::from(y) << 32).wrapping_mul(MIX);
    let mixed = (pair ^ pair >> 29 ^ u64::from(z)).wrapping_mul(MIX);
    (mixed >> 32) as usize & (length - 1)
}

impl Weld {
    /// Room for `triangles`, which the caller has seen in the file.
    pub(super) fn with_room(triangles: usize) -> Self {
        Self {
            positions: Vec::with_capacity(triangles / 2 + 2),
            triangles: Vec::with_capacity(triangles),
            // A closed surface has about half as many vertices as triangles.
            table: vec![0; (triangles + 4).next_power_of_two()],
            collisions: 0,
            keyed: None,
        }
    }

    /// Triangles so far.
    pub(super) const fn len(&self) -> usize {
        self.triangles.len()
    }

    /// Adds up to [`TOGETHER`] triangles, up to the first that has a coordinate that is not finite; false if there is one.
    pub(super) fn triangles(&mut self, triangles: &[[[f32; 3]; 3]]) -> bool {
        let finite = |t: &[[f32; 3]; 3]| t.as_flattened().iter().fold(true, |all, x| all & x.is_finite());
        let good = triangles.iter().position(|t| !finite(t)).unwrap_or(triangles.len());
        let corners = triangles[..good.min(TOGETHER)].as_flattened();
        let mut known = [NONE; 3 * TOGETHER];
        let mut places = [0_usize; 3 * TOGETHER];
        for (at, corner) in places.iter_mut().zip(corners) {
            *at = place(key(*corner), self.table.len());
        }
        for (known, at) in known.iter_mut().zip(&places[..corners.len()]) {
            *known = self.table[*at].wrapping_sub(1);
        }
        for (known, corner) in known.iter_mut().zip(corners) {
            let same = self.positions.get(*known as usize).is_some_and(|p| key(*p) == key(*corner));
            *known = if same { *known } else { NONE };
        }
        let known = known.as_chunks::<3>().0;
        for (three, known) in corners.as_chunks::<3>().0.iter().zip(known) {
            let mut triangle = *known;
            for (number, corner) in triangle.iter_mut().zip(three) {
                if *number == NONE {
                    *number = self.vertex(*corner);
                }
            }
            self.triangles.push(triangle);
        }
        good == triangles.len()
    }

    fn vertex(&mut self, corner: [f32; 3]) -> u32 {
        if self.keyed.is_some() {
            return self.keyed_vertex(corner);
        }
        let bits = key(corner);
        let mut at = place(bits, self.table.len());
        loop {
            let found = self.table[at];
            if found == 0 {
                break;
            }
            if key(self.positions[found as usize - 1]) == bits {
                return found - 1;
            }
            self.collisions += 1;
            at = (at + 1) & (self.table.len() - 1);
        }
        // One zero only.
        self.positions.push(corner.map(|x| x + 0.0));
        let number = self.positions.len() as u32;
        self.table[at] = number;
        if self.positions.len() * 2 > self.table.len() {
            self.grow();
        } else if self.collisions > COLLISIONS.1 + COLLISIONS.0 * self.positions.len() {
            self.keyed = Some(self.positions.iter().zip(0..).map(|(p, n)| (key(*p), n)).collect());
        }
        number - 1
    }

    #[cold]
    fn grow(&mut self) {
        let length = self.table.len() * 2;
        let mut table = vec![0_u32; length];
        for (position, number) in self.positions.iter().zip(1..) {
            let mut at = place(key(*position), length);
            while table[at] != 0 {
                self.collisions += 1;
                at = (at + 1) & (length - 1);
            }
            table[at] = number;
        }
        self.table = table;
    }

    #[cold]
    fn keyed_vertex(&mut self, corner: [f32; 3]) -> u32 {
        let next = self.positions.len() as u32;
        let index = self.keyed.get_or_insert_default();
        let number = *index.entry(key(corner)).or_insert(next);
        if number == next {
            self.positions.push(corner.map(|x| x + 0.0));
        }
        number
    }

    /// The mesh.
    pub(super) fn finish(self) -> Mesh {
        let positions = self.positions.iter().map(|p| Point::from_array(p.map(f64::from))).collect();
        Mesh { positions, triangles: self.triangles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same join by a map.
    fn plain(corners: &[[f32; 3]]) -> Vec<u32> {
        let mut index = HashMap::new();
        corners
            .iter()
            .map(|corner| {
                let next = index.len() as u32;
                *index.entry(key(corner.map(|x| x + 0.0))).or_insert(next)
            })
            .collect()
    }

    #[test]
    fn corners_are_numbered_by_their_first_appearance() {
        let corner = |n: u32| [(n % 7) as f32, -0.0, (n * n % 1009) as f32 * 0.37];
        let corners: Vec<[f32; 3]> = (0..30_000).map(corner).collect();
        let mut weld = Weld::with_room(0);
        for three in corners.as_chunks::<3>().0.chunks(TOGETHER) {
            assert!(weld.triangles(three));
        }
        let endless = [[0.0; 3], [1.0; 3], [f32::INFINITY, 0.0, 0.0]];
        assert!(!weld.triangles(&[endless]) && weld.len() == 10_000);
        assert_eq!(weld.triangles.as_flattened(), plain(&corners));
        assert!(weld.keyed.is_none());
    }

    #[test]
    fn a_file_made_to_collide_is_joined_by_a_keyed_map() {
        // All corners in one place of the largest table that is needed.
        let length = 1 << 15;
        let same: Vec<[f32; 3]> = (0_u32..)
            .map(|n| [1.0 + (n % 4096) as f32, 3.0, 1.0 + (n / 4096) as f32])
            .filter(|corner| place(key(*corner), length) < 4)
            .take(6000)
            .collect();
        let corners: Vec<[f32; 3]> = same.iter().chain(&same).copied().collect();
        let mut weld = Weld::with_room(length - 4);
        for three in corners.as_chunks::<3>().0.chunks(TOGETHER) {
            assert!(weld.triangles(three));
        }
        assert!(weld.keyed.is_some() && weld.collisions < 100_000, "{}", weld.collisions);
        assert_eq!(weld.triangles.as_flattened(), plain(&corners));
    }
}
