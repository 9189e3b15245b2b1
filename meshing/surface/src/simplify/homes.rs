//! Where on the simpler surface each given vertex belongs, which tells most distances without a search.

use meshing_space::{Lps, Point};
use rayon::prelude::*;

use super::collapse::NONE;
use crate::Mesh;
use crate::distance::{DistanceTo, farthest, lies_within, sample};
use crate::topology::Corners;

/// What a collapse left.
pub(super) struct Homes {
    /// The triangles, by vertices of the given mesh.
    pub(super) triangles: Vec<[u32; 3]>,
    /// The triangle that each given vertex lies at; none for those of no triangle.
    pub(super) home: Vec<u32>,
}

impl Homes {
    /// The two-sided distance between the given mesh and what is left of it by one sample in `every`, but at least `floor_mm`: all vertices, and
    /// points inside the triangles of both, as [`crate::hausdorff`] takes them.
    ///
    /// Most samples lie nearer to a triangle at hand (the home of a vertex; a given triangle around a vertex that is at home there) than the
    /// farthest one; the trees are asked about the rest.
    pub(super) fn distance_mm(
        &self,
        given: (&Mesh, &Corners, &DistanceTo),
        simpler: &DistanceTo,
        spacing_mm: f64,
        every: usize,
        floor_mm: f64,
    ) -> f64 {
        let (mesh, corners, original) = given;
        let places = |triangle: [u32; 3]| triangle.map(|v| mesh.positions[v as usize]);
        let at_home = |v: u32| self.triangles.get(self.home[v as usize] as usize).map(|t| places(*t));
        let vertices: Vec<u32> = (0..mesh.positions.len() as u32).step_by(every).collect();
        let forth = farthest(&vertices, simpler, floor_mm, |walk, &v| {
            walk.visit_beside(mesh.positions[v as usize], at_home(v).into_iter());
        });
        // A given triangle may lie off although its corners do not: across a ridge that was cut.
        let chosen: Vec<[u32; 3]> = mesh.triangles.iter().step_by(every).copied().collect();
        let forth = farthest(&chosen, simpler, forth, |walk, &triangle| {
            sample(places(triangle), spacing_mm, |p| {
                walk.visit_beside(p, triangle.into_iter().filter_map(at_home));
            });
        });
        // What is left has vertices of the given mesh alone; only the insides of its triangles can lie off.
        let (start, residents) = self.residents();
        let left: Vec<u32> = (0..self.triangles.len() as u32).step_by(every).collect();
        farthest(&left, original, forth, |walk, &t| {
            let triangle = self.triangles[t as usize];
            let own = &residents[start[t as usize] as usize..start[t as usize + 1] as usize];
            sample(places(triangle), spacing_mm, |p: Point<Lps>| {
                let near = triangle.iter().chain(own).min_by(|a, b| {
                    let far = |v: u32| (mesh.positions[v as usize] - p).length();
                    far(**a).total_cmp(&far(**b))
                });
                let around = near
                    .into_iter()
                    .flat_map(|&v| corners.around(v as usize).iter().map(move |&(b, c)| places([v, b, c])));
                walk.visit_beside(p, around);
            });
        })
    }

    /// The samples inside given triangles that lie farther than `most_mm` from what is left, each with its triangle.
    pub(super) fn astray(
        &self,
        mesh: &Mesh,
        simpler: &DistanceTo,
        spacing_mm: f64,
        most_mm: f64,
    ) -> Vec<(u32, Point<Lps>)> {
        let places = |triangle: [u32; 3]| triangle.map(|v| mesh.positions[v as usize]);
        let at_home = |v: u32| self.triangles.get(self.home[v as usize] as usize).map(|t| places(*t));
        let found = mesh.triangles.par_iter().enumerate().flat_map_iter(|(t, &triangle)| {
            let (mut far, mut near) = (Vec::new(), 0);
            sample(places(triangle), spacing_mm, |p| {
                let beside = triangle.into_iter().filter_map(at_home);
                if !lies_within(p, beside, most_mm)
                    && simpler.distance_between(p, most_mm, most_mm, &mut near) > most_mm
                {
                    far.push((t as u32, p));
                }
            });
            far
        });
        found.collect()
    }

    /// Marks the vertices that are at home in pairs of triangles or beside them, and their corners.
    pub(super) fn keep(&self, pairs: &[(u32, u32)], kept: &mut [bool]) {
        let mut corner = vec![false; self.home.len()];
        for v in pairs.iter().flat_map(|(a, b)| [a, b]).flat_map(|t| self.triangles[*t as usize]) {
            corner[v as usize] = true;
        }
        let beside = |t: &[u32; 3]| t.iter().any(|v| corner[*v as usize]);
        for t in self.triangles.iter().filter(|t| beside(t)) {
            for v in t {
                kept[*v as usize] = true;
            }
        }
        for (kept, &home) in kept.iter_mut().zip(&self.home) {
            *kept |= self.triangles.get(home as usize).is_some_and(beside);
        }
    }

    /// The vertices at home in each triangle: from where to where, and which.
    fn residents(&self) -> (Vec<u32>, Vec<u32>) {
        let mut start = vec![0_u32; self.triangles.len() + 1];
        for &home in self.home.iter().filter(|home| **home != NONE) {
            start[home as usize + 1] += 1;
        }
        for t in 1..start.len() {
            start[t] += start[t - 1];
        }
        let mut fill = start.clone();
        let mut residents = vec![0; start.last().copied().unwrap_or(0) as usize];
        for (v, &home) in (0..).zip(&self.home).filter(|(_, home)| **home != NONE) {
            residents[fill[home as usize] as usize] = v;
            fill[home as usize] += 1;
        }
        (start, residents)
    }
}
