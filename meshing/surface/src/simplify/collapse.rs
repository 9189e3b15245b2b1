//! Edge collapse that keeps a closed surface a manifold, and every vertex that it removes within a distance.

use rayon::prelude::*;

use meshing_space::{Lps, Point};
use meshing_volume::{Cancelled, Progress};

use super::homes::Homes;
use super::quadric::{Quadric, cross, dot, minus};
use crate::distance::{DistanceTo, sample};
use crate::topology::Corners;

/// Says "no vertex" in the list of removed vertices.
pub(super) const NONE: u32 = u32::MAX;
/// Most triangles around a vertex of the result; bounds the cost of a step.
const MAX_FAN: usize = 24;
/// Passes over all vertices, and the mean squared error that each allows at first, as parts of the squared tolerance.
const PASSES: usize = 14;
const FIRST_COST: f32 = 1.0 / 64.0;
/// The largest mean squared error, as a part of the squared tolerance; more than that hardly ever keeps the tolerance.
const LAST_COST: f32 = 1.0 / 2.0;
/// What a collapse over a distance costs besides its error, per squared length: prefers short edges where all is flat.
const LENGTH_COST: f32 = 1e-4;
/// A triangle may turn by no more than 75 degrees in one step.
const LEAST_COSINE: f32 = 0.25;
/// A point this near (squared, as a part of the squared tolerance) need not be compared with further triangles.
const NEAR_ENOUGH: f32 = 1e-3;
/// The rest of a vertex that could not be removed.
const STUCK: u8 = u8::MAX;

/// A closed 2-manifold from which edges are collapsed.
///
/// A side `3 t + n` runs along triangle `t` from its corner `n` to the next. Every vertex that was removed is kept in
/// the list of a triangle that lies within the tolerance of it, so that a step is taken only if that stays possible
/// (Ciampalini et al. 1997 call this the global error).
pub(super) struct Collapse<'a> {
    /// The vertices, then further points of the given surface that are to stay within the tolerance too.
    positions: &'a [[f32; 3]],
    /// Where each side begins.
    origin: Vec<u32>,
    /// The same side as the neighbouring triangle runs along it.
    twin: Vec<u32>,
    /// One side that begins at each vertex.
    leaving: Vec<u32>,
    quadrics: Vec<Quadric>,
    /// The triangles as they were given.
    corners: &'a Corners,
    /// The first removed vertex of each triangle, and the one after each removed vertex.
    first_removed: Vec<u32>,
    given: &'a DistanceTo,
    middle: Point<Lps>,
    /// How far apart the samples of a triangle lie.
    spacing_mm: f64,
    next_removed: Vec<u32>,
    alive: Vec<bool>,
    removed: Vec<bool>,
    /// Scratch: the sides that leave the vertex in question, the points to hold, and the triangle found for each.
    fan: Vec<u32>,
    held: Vec<u32>,
    home: Vec<u32>,
    /// The leaf of the tree over the given surface that answered last.
    near: usize,
}

impl<'a> Collapse<'a> {
    /// Takes a closed, oriented 2-manifold with its positions about `middle`; behind those of the vertices stand those of points that are to be
    /// held too, whose triangles are `held`.
    pub(super) fn new(
        positions: &'a [[f32; 3]],
        triangles: &[[u32; 3]],
        held: &[u32],
        corners: &'a Corners,
        given: &'a DistanceTo,
        middle: Point<Lps>,
        spacing_mm: f64,
    ) -> Self {
        let origin = triangles.as_flattened().to_vec();
        let vertices = positions.len() - held.len();
        let (twin, leaving) = join(vertices, triangles);
        let quadrics = (0..vertices)
            .into_par_iter()
            .map(|v| {
                let mut sum = Quadric::default();
                for &(b, c) in corners.around(v) {
                    let [b, c] = [b, c].map(|other| minus(positions[other as usize], positions[v]));
                    sum += Quadric::plane(cross(b, c));
                }
                sum
            })
            .collect();
        let mut first_removed = vec![NONE; triangles.len()];
        let mut next_removed = vec![NONE; positions.len()];
        for (point, &t) in (vertices as u32..).zip(held) {
            next_removed[point as usize] = first_removed[t as usize];
            first_removed[t as usize] = point;
        }
        Self {
            positions,
            origin,
            twin,
            leaving,
            quadrics,
            corners,
            first_removed,
            given,
            middle,
            spacing_mm,
            next_removed,
            alive: vec![true; triangles.len()],
            removed: vec![false; vertices],
            fan: Vec::new(),
            near: 0,
            held: Vec::new(),
            home: Vec::new(),
        }
    }

    /// Collapses edges until no vertex but those that are `kept` can be removed within `tolerance`; returns the triangles that are left, and where each
    /// vertex belongs.
    ///
    /// In each pass vertices around a removed one rest, so that the surface thins out evenly, the flattest parts first.
    pub(super) fn run(
        mut self,
        tolerance: f32,
        kept: &[bool],
        progress: &dyn Progress,
    ) -> Result<Homes, Cancelled> {
        let squared = tolerance * tolerance;
        let mut cost = squared * FIRST_COST;
        // The pass in which a vertex is not tried, because something changed nearby. One that cannot be removed is not
        // tried again before that.
        let vertices = self.leaving.len();
        let mut rests: Vec<u8> = kept.iter().map(|kept| if *kept { STUCK } else { 0 }).collect();
        let mut open: Vec<u32> =
            (0..vertices as u32).filter(|&v| self.leaving[v as usize] != NONE && !kept[v as usize]).collect();
        for pass in 1..=PASSES as u8 {
            let mut done = 0;
            for (n, &v) in open.iter().enumerate() {
                if n.is_multiple_of(1 << 12) {
                    progress.step(usize::from(pass - 1), PASSES)?;
                }
                if rests[v as usize] == pass || rests[v as usize] == STUCK || self.removed[v as usize] {
                    continue;
                }
                self.gather(v);
                let Some(side) = self.cheapest(v, cost) else { continue };
                if self.is_allowed(v, side) && self.holds(v, side, squared) && self.stays(side, tolerance) {
                    for &side in &self.fan {
                        rests[self.origin[next(side) as usize] as usize] = pass;
                    }
                    self.collapse(v, side);
                    done += 1;
                } else {
                    rests[v as usize] = STUCK;
                }
            }
            open.retain(|&v| !self.removed[v as usize]);
            if done * 50 < open.len() && cost >= squared * LAST_COST {
                break;
            }
            cost = (cost * 2.0).min(squared * LAST_COST);
        }
        Ok(self.homes())
    }

    fn homes(&self) -> Homes {
        let mut homes = Homes { triangles: Vec::new(), home: vec![NONE; self.leaving.len()] };
        for (t, triangle) in self.origin.as_chunks::<3>().0.iter().enumerate().filter(|(t, _)| self.alive[*t])
        {
            let number = homes.triangles.len() as u32;
            homes.triangles.push(*triangle);
            for &corner in triangle {
                homes.home[corner as usize] = number;
            }
            let mut point = self.first_removed[t];
            while point != NONE {
                if let Some(home) = homes.home.get_mut(point as usize) {
                    *home = number;
                }
                point = self.next_removed[point as usize];
            }
        }
        homes
    }

    fn at(&self, v: u32) -> [f32; 3] {
        self.positions[v as usize]
    }

    fn end(&self, side: u32) -> u32 {
        self.origin[next(side) as usize]
    }

    /// Collects the sides that leave `v`.
    fn gather(&mut self, v: u32) {
        self.fan.clear();
        let first = self.leaving[v as usize];
        let mut side = first;
        loop {
            self.fan.push(side);
            side = self.twin[previous(side) as usize];
            if side == first {
                break;
            }
        }
    }

    /// The side from `v` along which it is moved with the least error, if that is at most `most`.
    fn cheapest(&self, v: u32, most: f32) -> Option<u32> {
        let mut best = (most, None);
        for &side in &self.fan {
            let offset = minus(self.at(self.end(side)), self.at(v));
            let cost = self.quadrics[v as usize].mean(offset) + LENGTH_COST * dot(offset, offset);
            if cost < best.0 {
                best = (cost, Some(side));
            }
        }
        best.1
    }

    /// True if the surface stays a manifold (link condition: the ends share exactly the two vertices opposite) and no
    /// triangle turns over.
    fn is_allowed(&self, v: u32, side: u32) -> bool {
        let u = self.end(side);
        let (mut shared, mut around) = (0, 0);
        let first = self.leaving[u as usize];
        let mut other = first;
        loop {
            let end = self.end(other);
            shared += usize::from(self.fan.iter().any(|&own| self.end(own) == end));
            around += 1;
            other = self.twin[previous(other) as usize];
            if other == first || around > MAX_FAN {
                break;
            }
        }
        let size = (around + self.fan.len()).saturating_sub(4);
        let opposite = [side, self.twin[side as usize]].map(|s| self.origin[previous(s) as usize]);
        if shared != 2 || !(3..=MAX_FAN).contains(&size) || opposite.iter().any(|&w| self.has_three(w)) {
            return false;
        }
        let (old, new) = (self.at(v), self.at(u));
        self.fan.iter().all(|&own| {
            let [b, c] = [self.end(own), self.origin[previous(own) as usize]];
            if b == u || c == u {
                return true;
            }
            let [b, c] = [b, c].map(|w| self.at(w));
            let (before, after) = (cross(minus(b, old), minus(c, old)), cross(minus(b, new), minus(c, new)));
            let cosine = dot(before, after);
            cosine > 0.0
                && cosine * cosine >= LEAST_COSINE * LEAST_COSINE * dot(before, before) * dot(after, after)
        })
    }

    /// True if a vertex has three triangles.
    fn has_three(&self, v: u32) -> bool {
        let first = self.leaving[v as usize];
        let step = |side: u32| self.twin[previous(side) as usize];
        step(step(step(first))) == first
    }

    /// True if all removed vertices around `v`, and `v` itself, would lie within the tolerance of a triangle left there;
    /// notes which.
    fn holds(&mut self, v: u32, side: u32, squared: f32) -> bool {
        let u = self.end(side);
        let mut held = core::mem::take(&mut self.held);
        let mut home = core::mem::take(&mut self.home);
        held.clear();
        home.clear();
        held.push(v);
        for &own in &self.fan {
            let mut point = self.first_removed[own as usize / 3];
            while point != NONE {
                held.push(point);
                point = self.next_removed[point as usize];
            }
        }
        let all = held.iter().all(|&point| {
            let p = self.at(point);
            let mut best = (f32::INFINITY, NONE);
            for &own in &self.fan {
                let [b, c] = [self.end(own), self.origin[previous(own) as usize]];
                if b == u || c == u {
                    continue;
                }
                let distance = squared_distance(p, [self.at(u), self.at(b), self.at(c)]);
                if distance < best.0 {
                    best = (distance, own / 3);
                    if distance < NEAR_ENOUGH * squared {
                        break;
                    }
                }
            }
            home.push(best.1);
            best.0 <= squared
        });
        (self.held, self.home) = (held, home);
        all
    }

    /// True if samples of the triangles that would be left around the start of `side` lie within the tolerance of the given surface.
    fn stays(&mut self, side: u32, tolerance: f32) -> bool {
        let (u, limit, squared) = (self.end(side), f64::from(tolerance), tolerance * tolerance);
        let offset = self.middle - Point::origin();
        let (mut near, mut all) = (self.near, true);
        for &own in &self.fan {
            let ends = [self.end(own), self.origin[previous(own) as usize]];
            if ends.contains(&u) {
                continue;
            }
            let corners = [u, ends[0], ends[1]];
            let places = corners.map(|w| Point::<Lps>::from_array(self.at(w).map(f64::from)));
            sample(places, self.spacing_mm, |p| {
                // Most samples are told without asking the tree.
                all = all
                    && (self.lies_beside(p.to_array().map(|x| x as f32), own / 3, corners, squared)
                        || self.given.distance_between(p + offset, limit, limit, &mut near) <= limit);
            });
            if !all {
                break;
            }
        }
        self.near = near;
        all
    }

    /// True if a place on the triangle `t`, when it has these corners, lies within the tolerance of a given triangle around the nearest vertex: a
    /// corner, or one removed that finds its home there.
    fn lies_beside(&self, p: [f32; 3], t: u32, corners: [u32; 3], squared: f32) -> bool {
        let vertices = self.leaving.len() as u32;
        let homed =
            self.held.iter().zip(&self.home).filter(|(point, home)| **home == t && **point < vertices);
        let homed = homed.map(|(point, _)| *point);
        let (mut best, mut nearest) = (f32::INFINITY, corners[0]);
        for w in corners.into_iter().chain(homed) {
            let offset = minus(p, self.at(w));
            let distance = dot(offset, offset);
            if distance < best {
                (best, nearest) = (distance, w);
            }
        }
        let around = self.corners.around(nearest as usize);
        best <= squared
            || around
                .iter()
                .any(|&(b, c)| squared_distance(p, [self.at(nearest), self.at(b), self.at(c)]) <= squared)
    }

    /// Moves `v` to the end of `side`, which removes the two triangles beside that.
    fn collapse(&mut self, v: u32, side: u32) {
        let u = self.end(side);
        let back = self.twin[side as usize];
        let offset = minus(self.at(u), self.at(v));
        let moved = self.quadrics[v as usize].moved(offset);
        self.quadrics[u as usize] += moved;
        for &own in &self.fan {
            self.origin[own as usize] = u;
            self.first_removed[own as usize / 3] = NONE;
        }
        // Beside each removed triangle its two outer neighbours become neighbours of each other.
        for (near_u, near_v) in [(next(side), previous(side)), (previous(back), next(back))] {
            let [a, b] = [near_u, near_v].map(|s| self.twin[s as usize]);
            self.twin[a as usize] = b;
            self.twin[b as usize] = a;
            for s in [a, b] {
                self.leaving[self.origin[s as usize] as usize] = s;
            }
            self.alive[near_u as usize / 3] = false;
        }
        self.removed[v as usize] = true;
        for (&point, &triangle) in self.held.iter().zip(&self.home) {
            self.next_removed[point as usize] = self.first_removed[triangle as usize];
            self.first_removed[triangle as usize] = point;
        }
    }
}

#[inline]
pub(super) fn next(side: u32) -> u32 {
    if side % 3 == 2 { side - 2 } else { side + 1 }
}

#[inline]
pub(super) fn previous(side: u32) -> u32 {
    if side.is_multiple_of(3) { side + 2 } else { side - 1 }
}

/// The twin of each side, and a side that leaves each vertex.
fn join(vertices: usize, triangles: &[[u32; 3]]) -> (Vec<u32>, Vec<u32>) {
    let origin = triangles.as_flattened();
    let mut start = vec![0_u32; vertices + 1];
    for &v in origin {
        start[v as usize + 1] += 1;
    }
    for v in 0..vertices {
        start[v + 1] += start[v];
    }
    let mut fill = start.clone();
    let mut sides = vec![0_u32; origin.len()];
    for (side, &v) in origin.iter().enumerate() {
        sides[fill[v as usize] as usize] = side as u32;
        fill[v as usize] += 1;
    }
    let from = |v: u32| &sides[start[v as usize] as usize..start[v as usize + 1] as usize];
    let end = |side: u32| origin[next(side) as usize];
    let twin = (0..origin.len() as u32)
        .into_par_iter()
        .map(|side| {
            let back = from(end(side)).iter().find(|&&other| end(other) == origin[side as usize]);
            *back.expect("a closed surface has a triangle on both sides of an edge")
        })
        .collect();
    let leaving = (0..vertices as u32).map(|v| from(v).first().copied().unwrap_or(NONE)).collect();
    (twin, leaving)
}

/// Squared distance from a point to a triangle (Ericson, Real-Time Collision Detection 2005, §5.1.5).
fn squared_distance(p: [f32; 3], [a, b, c]: [[f32; 3]; 3]) -> f32 {
    let (ab, ac, ap) = (minus(b, a), minus(c, a), minus(p, a));
    let away = |from: [f32; 3], along: [f32; 3], part: f32| {
        let rest: [f32; 3] = core::array::from_fn(|n| from[n] - along[n] * part);
        dot(rest, rest)
    };
    let (d1, d2) = (dot(ab, ap), dot(ac, ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return dot(ap, ap);
    }
    let bp = minus(p, b);
    let (d3, d4) = (dot(ab, bp), dot(ac, bp));
    if d3 >= 0.0 && d4 <= d3 {
        return dot(bp, bp);
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 && d1 > d3 {
        return away(ap, ab, d1 / (d1 - d3));
    }
    let cp = minus(p, c);
    let (d5, d6) = (dot(ab, cp), dot(ac, cp));
    if d6 >= 0.0 && d5 <= d6 {
        return dot(cp, cp);
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 && d2 > d6 {
        return away(ap, ac, d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    let (along, rest) = (d4 - d3, d5 - d6);
    if va <= 0.0 && along >= 0.0 && rest >= 0.0 && along + rest > 0.0 {
        return away(bp, minus(c, b), along / (along + rest));
    }
    let sum = va + vb + vc;
    if sum > 0.0 {
        // A point of the triangle even where rounding misplaces it, so never less than the distance.
        let (v, w) = (vb / sum, vc / sum);
        let rest: [f32; 3] = core::array::from_fn(|n| ap[n] - ab[n] * v - ac[n] * w);
        dot(rest, rest)
    } else {
        dot(ap, ap).min(dot(bp, bp)).min(dot(cp, cp))
    }
}
