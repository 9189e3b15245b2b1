//! Points that are found by the buckets of a grid.

use glam::DVec3;

/// Most buckets along a side of the grid.
const MOST_BUCKETS: f64 = 100.0;

/// Points spread over a surface, found by the buckets of a grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seeds {
    at: Vec<DVec3>,
    low: DVec3,
    size: [usize; 3],
    /// Edge of a bucket, mm; as far as other seeds count at least.
    edge: f64,
    /// Farther than this from all seeds lies no cell, mm.
    reach: f64,
    buckets: Vec<Vec<u32>>,
}

impl Seeds {
    /// None yet, in a box. What lies farther than `apart` from all seeds belongs to none.
    pub(crate) fn new(low: DVec3, high: DVec3, apart: f64) -> Self {
        let edge = (2.0 * apart).max((high - low).max_element() / MOST_BUCKETS);
        let size = ((high - low) / edge).to_array().map(|n| n as usize + 1);
        let buckets = vec![Vec::new(); size.iter().product()];
        Self { at: Vec::new(), low, size, edge, reach: apart, buckets }
    }

    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    pub(crate) fn places(&self) -> &[DVec3] {
        &self.at
    }

    pub(crate) fn add(&mut self, at: DVec3) {
        let [i, j, k] = ((at - self.low) / self.edge).to_array().map(|x| x.max(0.0) as usize);
        let bucket = (k.min(self.size[2] - 1) * self.size[1] + j.min(self.size[1] - 1)) * self.size[0]
            + i.min(self.size[0] - 1);
        self.buckets[bucket].push(self.at.len() as u32);
        self.at.push(at);
    }

    /// Calls `found` with every seed within a bucket's edge of a place, and some farther ones, and its squared distance.
    pub(crate) fn near(&self, at: DVec3, mut found: impl FnMut(u32, f64)) {
        let own = (at - self.low) / self.edge;
        let reach = |x: f64, size: usize| {
            let first = (x - 1.0).floor().max(0.0) as usize;
            let last = (x + 1.0).floor();
            first..if last < 0.0 { 0 } else { (last as usize + 1).min(size) }
        };
        for k in reach(own.z, self.size[2]) {
            for j in reach(own.y, self.size[1]) {
                for i in reach(own.x, self.size[0]) {
                    for &n in &self.buckets[(k * self.size[1] + j) * self.size[0] + i] {
                        found(n, self.at[n as usize].distance_squared(at));
                    }
                }
            }
        }
    }

    /// The nearest seed, if one lies within twice `apart`.
    pub(crate) fn nearest(&self, at: DVec3) -> Option<u32> {
        let mut best: Option<(f64, u32)> = None;
        self.near(at, |n, far| {
            if best.is_none_or(|(least, _)| far < least) {
                best = Some((far, n));
            }
        });
        best.map(|(_, n)| n)
    }

    /// The cell that a place lies in and its distances to the three nearest planes between this cell's seed and others, mm.
    /// `None` far from all seeds.
    pub(crate) fn cell(&self, at: DVec3) -> Option<(u32, [f64; 3])> {
        let own = self.nearest(at)?;
        let (seed, mut walls) = (self.at[own as usize], [f64::INFINITY; 3]);
        let far = seed.distance_squared(at);
        if far > self.reach.powi(2) {
            return None;
        }
        self.near(at, |n, other| {
            if n != own {
                let wall = (other - far) / (2.0 * self.at[n as usize].distance(seed));
                let place = walls.iter().position(|w| wall < *w);
                if let Some(place) = place {
                    walls[place..].rotate_right(1);
                    walls[place] = wall;
                }
            }
        });
        Some((own, walls))
    }
}
