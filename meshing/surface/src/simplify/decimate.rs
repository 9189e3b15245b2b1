//! Edge collapse to a number of triangles, each joined vertex in its best place.
//!
//! Edges are taken in sweeps through memory under a rising limit of cost instead of from a heap: nearly the same order,
//! without a heap's cache misses.

use meshing_volume::{Cancelled, Progress};

use super::collapse::{next, previous};
use super::placement::Planes;
use super::quadric::{cross, dot, minus};

/// Says "nothing".
const NONE: u32 = u32::MAX;
/// The degree of a vertex that stays: of an open or non-manifold edge, or with more than one fan.
const FIXED: u8 = u8::MAX;
/// Most triangles around a vertex of the result.
const MAX_FAN: usize = 20;
/// Room for two fans before they are joined.
const ROOM: usize = MAX_FAN + 4;
/// A triangle turns by no more than this (squared cosine of 75 degrees) in one step.
const LEAST_COSINE_SQUARED: f32 = 0.0625;
/// Least doubled area of a new triangle as a part of its squared side, squared: no needles.
const LEAST_SHAPE: f32 = 1e-6;
/// The part of the collapses still to do whose number of edges a sweep considers.
const SWEEP: f64 = 0.4;
/// When so few (a part of the goal) are left the last sweep takes them all.
const LAST_SWEEP: f64 = 0.004;
/// Costs looked at to choose the limit of a sweep: one side in this many.
const SAMPLE: usize = 13;
/// How often edges that were refused are tried again after their surroundings changed.
const RETRIES: usize = 2;
/// Sides swept between two looks whether to stop.
const SLICE: usize = 1 << 18;

/// A place and one side that leaves there.
#[derive(Clone, Copy, Debug)]
struct Spot {
    at: [f32; 3],
    leaving: u32,
}

/// The sides that leave a vertex, in turn, and where they end.
#[derive(Clone, Copy, Debug)]
struct Fan {
    sides: [u32; ROOM],
    ends: [u32; ROOM],
    count: usize,
}

impl Fan {
    const EMPTY: Self = Self { sides: [0; ROOM], ends: [0; ROOM], count: 0 };

    fn ends(&self) -> &[u32] {
        &self.ends[..self.count]
    }
}

/// A mesh under decimation. A side `3 t + n` runs along triangle `t` from its corner `n` to the next.
pub(super) struct Decimation {
    spots: Vec<Spot>,
    planes: Vec<Planes>,
    /// Triangles around each vertex, or [`FIXED`].
    degree: Vec<u8>,
    origin: Vec<u32>,
    twin: Vec<u32>,
    /// What joining the ends of a side costs, at the lower of the two sides of an edge; infinite elsewhere.
    cost: Vec<f32>,
    triangles: usize,
}

impl Decimation {
    /// Takes positions about the middle of the mesh and triangles that name them.
    pub(super) fn new(positions: &[[f32; 3]], triangles: &[[u32; 3]]) -> Self {
        let origin = triangles.as_flattened().to_vec();
        let (twin, spots, degree) = join(positions, &origin);
        let mut planes = vec![Planes::default(); positions.len()];
        for &corners in triangles {
            let plane = Planes::of(corners.map(|v| positions[v as usize]));
            for v in corners {
                planes[v as usize] += &plane;
            }
        }
        let cost = vec![f32::INFINITY; origin.len()];
        Self { spots, planes, degree, origin, twin, cost, triangles: triangles.len() }
    }

    /// Collapses edges until at most `goal` triangles are left or no edge may be; gives what is left.
    pub(super) fn run(mut self, goal: usize, progress: &dyn Progress) -> Result<Collapsed, Cancelled> {
        let start = self.triangles;
        self.cost_all();
        let mut retries = 0;
        while self.triangles > goal {
            let left = (self.triangles - goal).div_ceil(2);
            let last = left as f64 <= LAST_SWEEP * (start - goal) as f64;
            let wanted = if last { left as f64 } else { left as f64 * SWEEP };
            let before = self.triangles;
            if let Some(limit) = self.limit(wanted) {
                self.sweep(limit, goal, start, progress)?;
            }
            if self.triangles == before {
                if retries == RETRIES {
                    break;
                }
                retries += 1;
                self.cost_all();
            }
        }
        let positions = self.spots.iter().map(|spot| spot.at).collect();
        Ok(Collapsed { positions, origin: self.origin })
    }

    /// The cost under which about `wanted` edges lie.
    fn limit(&self, wanted: f64) -> Option<f32> {
        let mut seen: Vec<f32> =
            self.cost.iter().step_by(SAMPLE).copied().filter(|cost| cost.is_finite()).collect();
        if seen.len() < 64 {
            seen = self.cost.iter().copied().filter(|cost| cost.is_finite()).collect();
            let rank = (wanted.ceil() as usize).min(seen.len()).checked_sub(1)?;
            return Some(*seen.select_nth_unstable_by(rank, f32::total_cmp).1);
        }
        let rank = ((wanted / SAMPLE as f64) as usize).min(seen.len() - 1);
        Some(*seen.select_nth_unstable_by(rank, f32::total_cmp).1)
    }

    /// Collapses, in the order of memory, every edge that costs no more than the limit.
    fn sweep(
        &mut self,
        limit: f32,
        goal: usize,
        start: usize,
        progress: &dyn Progress,
    ) -> Result<(), Cancelled> {
        let (mut near, mut far) = (Fan::EMPTY, Fan::EMPTY);
        for slice in (0..self.cost.len()).step_by(SLICE) {
            progress.step(start - self.triangles, start - goal)?;
            for side in slice..(slice + SLICE).min(self.cost.len()) {
                if self.cost[side] <= limit {
                    if self.try_collapse(side as u32, &mut near, &mut far) {
                        if self.triangles <= goal {
                            return Ok(());
                        }
                    } else {
                        self.cost[side] = f32::INFINITY;
                    }
                }
            }
        }
        Ok(())
    }

    /// Costs every edge afresh.
    fn cost_all(&mut self) {
        for side in 0..self.origin.len() {
            let twin = self.twin[side];
            self.cost[side] =
                if (side as u32) < twin && twin != NONE { self.cost_of(side as u32) } else { f32::INFINITY };
        }
    }

    fn cost_of(&self, side: u32) -> f32 {
        let [a, b] = [side, next(side)].map(|s| self.origin[s as usize] as usize);
        if self.degree[a] == FIXED || self.degree[b] == FIXED {
            return f32::INFINITY;
        }
        let mut planes = self.planes[a];
        planes += &self.planes[b];
        planes.best(self.spots[a].at, self.spots[b].at).1
    }

    /// Collects the sides that leave a vertex whose fan is closed.
    fn gather(&self, v: u32, fan: &mut Fan) {
        let first = self.spots[v as usize].leaving;
        let (mut side, mut count) = (first, 0);
        while count < ROOM {
            fan.sides[count] = side;
            fan.ends[count] = self.origin[next(side) as usize];
            count += 1;
            side = self.twin[previous(side) as usize];
            if side == first {
                break;
            }
        }
        fan.count = count;
    }

    fn try_collapse(&mut self, side: u32, near: &mut Fan, far: &mut Fan) -> bool {
        let [v, u] = [side, next(side)].map(|s| self.origin[s as usize]);
        let back = self.twin[side as usize];
        let size = usize::from(self.degree[v as usize]) + usize::from(self.degree[u as usize]) - 4;
        let opposite = [side, back].map(|s| self.origin[previous(s) as usize]);
        // A vertex of three triangles would keep two, back to back.
        if !(3..=MAX_FAN).contains(&size) || opposite.iter().any(|&w| self.degree[w as usize] <= 3) {
            return false;
        }
        self.gather(v, near);
        self.gather(u, far);
        // Link condition (Dey et al. 1999): the ends share the two opposite vertices and no other.
        let shared: usize =
            near.ends().iter().map(|end| far.ends().iter().filter(|other| *other == end).count()).sum();
        if shared != 2 {
            return false;
        }
        let mut planes = self.planes[v as usize];
        planes += &self.planes[u as usize];
        let (place, _) = planes.best(self.spots[v as usize].at, self.spots[u as usize].at);
        if !self.keeps_sides(v, u, near, place) || !self.keeps_sides(u, v, far, place) {
            return false;
        }
        for &own in &near.sides[..near.count] {
            self.origin[own as usize] = u;
        }
        // Beside each removed triangle its two outer neighbours become neighbours of each other.
        for [near_u, near_v] in [[next(side), previous(side)], [previous(back), next(back)]] {
            let [a, b] = [near_u, near_v].map(|s| self.twin[s as usize]);
            self.twin[a as usize] = b;
            self.twin[b as usize] = a;
            for s in [a, b] {
                let v = self.origin[s as usize] as usize;
                self.spots[v].leaving = s;
            }
            let first = near_u as usize / 3 * 3;
            self.cost[first..first + 3].fill(f32::INFINITY);
            self.twin[first..first + 3].fill(NONE);
            self.origin[first..first + 3].fill(NONE);
        }
        for w in opposite {
            if self.degree[w as usize] != FIXED {
                self.degree[w as usize] -= 1;
            }
        }
        self.degree[u as usize] = size as u8;
        self.spots[u as usize].at = place;
        self.planes[u as usize] = planes;
        self.triangles -= 2;
        self.gather(u, near);
        for n in 0..near.count {
            let own = near.sides[n];
            let twin = self.twin[own as usize];
            let cost = self.cost_of(own);
            self.cost[own.min(twin) as usize] = cost;
            self.cost[own.max(twin) as usize] = f32::INFINITY;
        }
        true
    }

    /// True if no triangle around `v`, but for those at `gone`, turns far or becomes a needle with `v` at a new place.
    fn keeps_sides(&self, v: u32, gone: u32, fan: &Fan, place: [f32; 3]) -> bool {
        let at = self.spots[v as usize].at;
        let mut b = fan.ends[fan.count - 1];
        let mut from = self.spots[b as usize].at;
        for &c in fan.ends() {
            let to = self.spots[c as usize].at;
            if b != gone && c != gone {
                let old = cross(minus(from, at), minus(to, at));
                let (x, y) = (minus(from, place), minus(to, place));
                let new = cross(x, y);
                let (cosine, area) = (dot(old, new), dot(new, new));
                let longest = dot(x, x).max(dot(y, y));
                if cosine <= 0.0
                    || cosine * cosine < LEAST_COSINE_SQUARED * dot(old, old) * area
                    || area < LEAST_SHAPE * longest * longest
                {
                    return false;
                }
            }
            (b, from) = (c, to);
        }
        true
    }
}

/// What a decimation left.
pub(super) struct Collapsed {
    /// Places of all vertices, also of those that are gone.
    pub(super) positions: Vec<[f32; 3]>,
    origin: Vec<u32>,
}

impl Collapsed {
    /// The triangles that are left, in their order.
    pub(super) fn triangles(&self) -> impl Iterator<Item = [u32; 3]> {
        self.origin.as_chunks::<3>().0.iter().filter(|corners| corners[0] != NONE).copied()
    }
}

/// The twin of each side ([`NONE`] where there is no single one), a side that leaves each vertex, and the degrees.
fn join(positions: &[[f32; 3]], origin: &[u32]) -> (Vec<u32>, Vec<Spot>, Vec<u8>) {
    let mut start = vec![0_u32; positions.len() + 1];
    for &v in origin {
        start[v as usize + 1] += 1;
    }
    for v in 0..positions.len() {
        start[v + 1] += start[v];
    }
    // The sides that leave each vertex, with their ends.
    let mut leaving = vec![[0_u32; 2]; origin.len()];
    for (triangle, corners) in origin.as_chunks::<3>().0.iter().enumerate() {
        for n in 0..3 {
            let slot = &mut start[corners[n] as usize];
            leaving[*slot as usize] = [corners[(n + 1) % 3], (3 * triangle + n) as u32];
            *slot += 1;
        }
    }
    // Filling moved each start to the next one.
    let row = |v: usize| if v == 0 { 0..start[0] as usize } else { start[v - 1] as usize..start[v] as usize };
    let mut twin = vec![NONE; origin.len()];
    let mut fixed = vec![false; positions.len()];
    for v in 0..positions.len() {
        let own = &leaving[row(v)];
        for &[end, side] in own {
            let mut back = leaving[row(end as usize)].iter().filter(|[other, _]| *other as usize == v);
            let single = own.iter().filter(|[other, _]| *other == end).count() == 1;
            match (back.next(), back.next()) {
                (Some(&[_, back]), None) if single && end as usize != v => twin[side as usize] = back,
                _ => {
                    fixed[v] = true;
                    fixed[end as usize] = true;
                }
            }
        }
    }
    let mut spots: Vec<Spot> = positions.iter().map(|&at| Spot { at, leaving: NONE }).collect();
    let mut degree = vec![FIXED; positions.len()];
    for v in 0..positions.len() {
        let own = &leaving[row(v)];
        let Some(&[_, first]) = own.first() else { continue };
        spots[v].leaving = first;
        if fixed[v] || own.len() > MAX_FAN {
            continue;
        }
        // One fan only: walking around passes every triangle.
        let (mut side, mut walked) = (first, 0);
        loop {
            walked += 1;
            side = twin[previous(side) as usize];
            if side == first || side == NONE || walked > own.len() {
                break;
            }
        }
        if side == first && walked == own.len() {
            degree[v] = walked as u8;
        }
    }
    (twin, spots, degree)
}
