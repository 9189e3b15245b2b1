//! Distances between surfaces.

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Cancelled, Part, Progress, Silent};
use rayon::prelude::*;

use crate::Mesh;

/// Triangles in a leaf of the tree.
const LEAF: usize = 4;
/// Samples that one task walks in order; fixed, so that results do not depend on the number of threads.
const CHUNK: usize = 1 << 12;
/// Chunks between two reports of progress.
const CHUNKS: usize = 1 << 5;
/// A squared distance that counts as none, mm².
const ON_SURFACE: f64 = 1e-20;
/// Squared distances of boxes are sums in 32 bits: a little less is certain.
const SHORT: f64 = 1.0 - 1e-5;
/// Most pieces that the longest edge of a triangle is cut into for sampling.
const MAX_CUTS: usize = 16;

/// A mesh prepared for distance queries: a tree of boxes, four to a node, over its triangles in Morton order.
#[derive(Debug)]
pub struct DistanceTo {
    triangles: Vec<[Point<Lps>; 3]>,
    /// The inner nodes in heap order: node `n` has children `4n + 1` to `4n + 4`; numbers past the last node are leaves.
    nodes: Vec<Node>,
    /// Boxes are told about this point, so that 32 bits are enough for them.
    middle: Point<Lps>,
    /// What 32 bits may misplace a box or a point by, mm.
    slack: f32,
}

/// The boxes of four children, side by side for one comparison of all.
#[derive(Clone, Copy, Debug)]
struct Node {
    min: [[f32; 4]; 3],
    max: [[f32; 4]; 3],
}

impl Node {
    const EMPTY: Self = Self { min: [[f32::INFINITY; 4]; 3], max: [[f32::NEG_INFINITY; 4]; 3] };

    /// At most the squared distance from a point to each box; infinite for an empty one.
    #[inline]
    fn squared_distances(&self, at: [f32; 3], slack: f32) -> [f32; 4] {
        let mut sum = [0.0; 4];
        for (n, at) in at.into_iter().enumerate() {
            for (child, sum) in sum.iter_mut().enumerate() {
                let (below, above) = (self.min[n][child] - at, at - self.max[n][child]);
                let out = if below > above { below } else { above } - slack;
                let out = if out > 0.0 { out } else { 0.0 };
                *sum += out * out;
            }
        }
        sum
    }

    /// The box around all children.
    fn around(&self) -> [[f32; 2]; 3] {
        core::array::from_fn(|n| {
            let least = self.min[n].iter().copied().fold(f32::INFINITY, f32::min);
            [least, self.max[n].iter().copied().fold(f32::NEG_INFINITY, f32::max)]
        })
    }

    fn put(&mut self, child: usize, bounds: [[f32; 2]; 3]) {
        for (n, [least, most]) in bounds.into_iter().enumerate() {
            (self.min[n][child], self.max[n][child]) = (least, most);
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    min: [f64; 3],
    max: [f64; 3],
}

impl Bounds {
    pub(crate) const EMPTY: Self = Self { min: [f64::INFINITY; 3], max: [f64::NEG_INFINITY; 3] };

    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            min: core::array::from_fn(|n| self.min[n].min(other.min[n])),
            max: core::array::from_fn(|n| self.max[n].max(other.max[n])),
        }
    }

    /// True if two boxes overlap or touch.
    #[inline]
    pub(crate) fn meets(&self, other: &Self) -> bool {
        (0..3).all(|n| self.min[n] <= other.max[n] && other.min[n] <= self.max[n])
    }

    /// How far from a point the farthest corner lies; none for an empty box.
    pub(crate) fn farthest(&self, from: Point<Lps>) -> f64 {
        let from = from.to_array();
        let far = (0..3).map(|n| (self.max[n] - from[n]).abs().max((from[n] - self.min[n]).abs()));
        if self.min[0] > self.max[0] { 0.0 } else { far.map(|x| x * x).sum::<f64>().sqrt() }
    }

    pub(crate) fn around(points: impl IntoIterator<Item = Point<Lps>>) -> Self {
        points
            .into_iter()
            .map(|p| Self { min: p.to_array(), max: p.to_array() })
            .fold(Self::EMPTY, Self::join)
    }
}

impl DistanceTo {
    /// Prepares a mesh.
    ///
    /// # Panics
    /// If a triangle names a vertex that does not exist.
    pub fn new(mesh: &Mesh) -> Self {
        let whole = Bounds::around(mesh.positions.iter().copied());
        let mut order: Vec<(u64, u32)> = (0..mesh.triangles.len())
            .into_par_iter()
            .map(|t| (morton(centroid(mesh.corners(t)), &whole), t as u32))
            .collect();
        order.par_sort_unstable();
        let triangles: Vec<[Point<Lps>; 3]> =
            order.par_iter().map(|&(_, t)| mesh.corners(t as usize)).collect();
        let middle: [f64; 3] = core::array::from_fn(|n| f64::midpoint(whole.min[n], whole.max[n]));
        let middle = Some(Point::from_array(middle)).filter(|p| p.is_finite()).unwrap_or_default();
        let local = |p: Point<Lps>| (p - middle).to_array().map(|x| x as f32);
        // The nodes of one level stand before those of the next; the leaves follow the last.
        let (mut inner, mut level) = (1, 1);
        while level * 4 < triangles.len().div_ceil(LEAF) {
            level *= 4;
            inner += level;
        }
        let mut nodes = vec![Node::EMPTY; inner];
        nodes[inner - level..].par_iter_mut().zip(triangles.par_chunks(4 * LEAF)).for_each(|(node, four)| {
            for (child, leaf) in four.chunks(LEAF).enumerate() {
                let mut bounds = [[f32::INFINITY, f32::NEG_INFINITY]; 3];
                for p in leaf.iter().flatten().map(|p| local(*p)) {
                    bounds = core::array::from_fn(|n| [bounds[n][0].min(p[n]), bounds[n][1].max(p[n])]);
                }
                node.put(child, bounds);
            }
        });
        for n in (1..inner).rev() {
            let bounds = nodes[n].around();
            nodes[(n - 1) / 4].put((n - 1) % 4, bounds);
        }
        let size = nodes[0].around().into_iter().flatten().filter(|x| x.is_finite());
        let slack = 4.0 * f32::EPSILON * size.fold(0.0, |most: f32, x| most.max(x.abs()));
        Self { triangles, nodes, middle, slack }
    }

    /// The distance from a point to the surface, mm; infinite for a mesh without triangles.
    pub fn distance_mm(&self, from: Point<Lps>) -> f64 {
        self.distance_between(from, 0.0, f64::INFINITY, &mut 0)
    }

    /// The distance if it lies within the limits; some other value below the least or above the most, if it lies there.
    ///
    /// `near` is the leaf that answered for a point nearby; it is looked at first, and replaced.
    pub(crate) fn distance_between(
        &self,
        from: Point<Lps>,
        least_mm: f64,
        most_mm: f64,
        near: &mut usize,
    ) -> f64 {
        // On the surface, but for rounding, is near enough: looking for less would open every box that touches the point.
        let enough = (least_mm * least_mm).max(ON_SURFACE);
        let mut best = most_mm * most_mm * (1.0 + 1e-9) + 1e-18;
        let mut found = self.leaf_distance(from, *near);
        best = best.min(found);
        if found <= enough {
            return found.sqrt();
        }
        let at = (from - self.middle).to_array().map(|x| x as f32);
        // A point far away is misplaced by more.
        let slack =
            self.slack + 4.0 * f32::EPSILON * at.into_iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        let mut open = [(0_u32, 0.0_f32); 64];
        let mut count = 1;
        while count > 0 {
            count -= 1;
            let (node, squared) = open[count];
            if f64::from(squared) * SHORT > best {
                continue;
            }
            let Some(inner) = self.nodes.get(node as usize) else {
                let leaf = node as usize - self.nodes.len();
                let distance = self.leaf_distance(from, leaf);
                if distance < found {
                    (found, *near) = (distance, leaf);
                    if found <= enough {
                        break;
                    }
                }
                best = best.min(found);
                continue;
            };
            let squared = inner.squared_distances(at, slack);
            // The nearest child is taken next; the tree is at most 16 deep, so the stack holds.
            let start = count;
            for (child, &squared) in squared.iter().enumerate() {
                if squared < f32::INFINITY && f64::from(squared) * SHORT <= best {
                    let mut place = count;
                    while place > start && open[place - 1].1 < squared {
                        open[place] = open[place - 1];
                        place -= 1;
                    }
                    open[place] = (4 * node + 1 + child as u32, squared);
                    count += 1;
                }
            }
        }
        found.sqrt()
    }

    /// Squared distance to the triangles of a leaf.
    fn leaf_distance(&self, from: Point<Lps>, leaf: usize) -> f64 {
        let start = leaf * LEAF;
        let end = (start + LEAF).min(self.triangles.len());
        let mut least = f64::INFINITY;
        for triangle in &self.triangles[start.min(end)..end] {
            least = least.min(squared_distance(from, *triangle));
        }
        least
    }
}

pub(crate) fn centroid(corners: [Point<Lps>; 3]) -> Point<Lps> {
    let [a, b, c] = corners;
    a + ((b - a) + (c - a)) / 3.0
}

/// Interleaves 21 bits of each coordinate within a box.
pub(crate) fn morton(p: Point<Lps>, within: &Bounds) -> u64 {
    let cells = f64::from((1 << 21) - 1);
    let spread = |n: usize| {
        let extent = (within.max[n] - within.min[n]).max(f64::MIN_POSITIVE);
        let mut x = ((p.to_array()[n] - within.min[n]) / extent * cells).clamp(0.0, cells) as u64;
        x = (x | x << 32) & 0x001f_0000_0000_ffff;
        x = (x | x << 16) & 0x001f_0000_ff00_00ff;
        x = (x | x << 8) & 0x100f_00f0_0f00_f00f;
        x = (x | x << 4) & 0x10c3_0c30_c30c_30c3;
        (x | x << 2) & 0x1249_2492_4924_9249
    };
    spread(0) | spread(1) << 1 | spread(2) << 2
}

/// Squared distance from a point to a triangle (Ericson, Real-Time Collision Detection 2005, §5.1.5: by Voronoi region).
fn squared_distance(p: Point<Lps>, [a, b, c]: [Point<Lps>; 3]) -> f64 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    let square = |v: Vector<Lps>| v.dot(v);
    if d1 <= 0.0 && d2 <= 0.0 {
        return square(ap);
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if d3 >= 0.0 && d4 <= d3 {
        return square(bp);
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 && d1 > d3 {
        return square(ap - ab * (d1 / (d1 - d3)));
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if d6 >= 0.0 && d5 <= d6 {
        return square(cp);
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 && d2 > d6 {
        return square(ap - ac * (d2 / (d2 - d6)));
    }
    let va = d3 * d6 - d5 * d4;
    let (along, back) = (d4 - d3, d5 - d6);
    if va <= 0.0 && along >= 0.0 && back >= 0.0 && along + back > 0.0 {
        return square(bp - (c - b) * (along / (along + back)));
    }
    let sum = va + vb + vc;
    if sum > 0.0 {
        square(ap - ab * (vb / sum) - ac * (vc / sum))
    } else {
        square(ap).min(square(bp)).min(square(cp))
    }
}

/// True if one of the triangles lies within `mm` of a point.
pub(crate) fn lies_within(
    p: Point<Lps>,
    mut triangles: impl Iterator<Item = [Point<Lps>; 3]>,
    mm: f64,
) -> bool {
    triangles.any(|triangle| squared_distance(p, triangle) <= mm * mm)
}

/// How far two surfaces lie apart, sampled; see [`hausdorff`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(clippy::struct_field_names, reason = "units stand in names")]
pub struct Hausdorff {
    /// The largest distance, mm, of the two directions: the sampled Hausdorff distance.
    pub max_mm: f64,
    /// The largest distance from the first surface to the second, mm.
    pub from_first_mm: f64,
    /// The largest distance from the second surface to the first, mm.
    pub from_second_mm: f64,
    /// The mean over all samples of both directions, mm.
    pub mean_mm: f64,
}

/// Measures the two-sided distance between surfaces.
///
/// Samples are all vertices, and points inside each triangle no further apart than the mean edge of the finer mesh
/// (its centroid alone for small triangles; at most 256 a triangle). Infinite if only one of the two has triangles.
pub fn hausdorff(first: &Mesh, second: &Mesh) -> Hausdorff {
    hausdorff_with(first, second, &Silent).unwrap_or_default()
}

/// As [`hausdorff`], with progress.
///
/// # Errors
/// [`Cancelled`] when `progress` says so.
pub fn hausdorff_with(first: &Mesh, second: &Mesh, progress: &dyn Progress) -> Result<Hausdorff, Cancelled> {
    if first.triangles.is_empty() && second.triangles.is_empty() {
        return Ok(Hausdorff::default());
    }
    let spacing = sample_spacing(first, second);
    let (a, b) = (DistanceTo::new(first), DistanceTo::new(second));
    let from_first = directed(first, &b, spacing, &Part::new(progress, 0.0, 0.5))?;
    let from_second = directed(second, &a, spacing, &Part::new(progress, 0.5, 1.0))?;
    let samples = from_first.samples + from_second.samples;
    Ok(Hausdorff {
        max_mm: from_first.max_mm.max(from_second.max_mm),
        from_first_mm: from_first.max_mm,
        from_second_mm: from_second.max_mm,
        mean_mm: (from_first.sum_mm + from_second.sum_mm) / samples.max(1) as f64,
    })
}

/// The mean edge of the finer mesh, mm.
pub(crate) fn sample_spacing(first: &Mesh, second: &Mesh) -> f64 {
    let mean_edge = |mesh: &Mesh| {
        let sum: f64 =
            (0..mesh.triangles.len()).map(|t| mesh.corners(t)).map(|[a, b, _]| a.distance(b)).sum();
        sum / mesh.triangles.len().max(1) as f64
    };
    [mean_edge(first), mean_edge(second)].into_iter().filter(|mm| *mm > 0.0).fold(f64::INFINITY, f64::min)
}

/// Distances from the samples of one surface to another.
#[derive(Clone, Copy, Debug, Default)]
struct Directed {
    max_mm: f64,
    sum_mm: f64,
    samples: usize,
}

impl Directed {
    fn join(self, other: Self) -> Self {
        Self {
            max_mm: self.max_mm.max(other.max_mm),
            sum_mm: self.sum_mm + other.sum_mm,
            samples: self.samples + other.samples,
        }
    }
}

/// Measures from the vertices and triangles of `from` to a surface.
fn directed(
    from: &Mesh,
    to: &DistanceTo,
    spacing_mm: f64,
    progress: &dyn Progress,
) -> Result<Directed, Cancelled> {
    let total = from.positions.len() + from.triangles.len();
    let mut all = Directed::default();
    for (n, vertices) in from.positions.chunks(CHUNK * CHUNKS).enumerate() {
        progress.step(n * CHUNK * CHUNKS, total)?;
        all = all.join(walk(vertices, to, None, |walk, p| walk.visit(*p)));
    }
    for (n, triangles) in from.triangles.chunks(CHUNK * CHUNKS).enumerate() {
        progress.step(from.positions.len() + n * CHUNK * CHUNKS, total)?;
        all = all.join(walk(triangles, to, None, |walk, triangle| {
            sample(triangle.map(|v| from.positions[v as usize]), spacing_mm, |p| walk.visit(p));
        }));
    }
    Ok(all)
}

/// The largest distance from a vertex to a surface, but at least `floor_mm`.
pub(crate) fn farthest_vertex(from: &Mesh, to: &DistanceTo, floor_mm: f64) -> f64 {
    farthest(&from.positions, to, floor_mm, |walk, p| walk.visit(*p))
}

/// The largest distance from samples inside the triangles to a surface, but at least `floor_mm`.
pub(crate) fn farthest_inside(from: &Mesh, to: &DistanceTo, spacing_mm: f64, floor_mm: f64) -> f64 {
    farthest(&from.triangles, to, floor_mm, |walk, triangle| {
        sample(triangle.map(|v| from.positions[v as usize]), spacing_mm, |p| walk.visit(p));
    })
}

/// The largest distance of what `visit` walks over for each item to a surface, but at least `floor_mm`.
pub(crate) fn farthest<T: Sync>(
    items: &[T],
    to: &DistanceTo,
    floor_mm: f64,
    visit: impl Fn(&mut Walk<'_>, &T) + Sync,
) -> f64 {
    walk(items, to, Some(floor_mm), visit).max_mm
}

/// Visits items in chunks of fixed size; with a floor, only what could lie farther is measured.
fn walk<T: Sync>(
    items: &[T],
    to: &DistanceTo,
    floor_mm: Option<f64>,
    visit: impl Fn(&mut Walk<'_>, &T) + Sync,
) -> Directed {
    let chunks: Vec<Directed> = items
        .par_chunks(CHUNK)
        .map(|chunk| {
            let seen = Directed { max_mm: floor_mm.unwrap_or(0.0), ..Directed::default() };
            let mut walk = Walk { to, skip: floor_mm.is_some(), last: None, leaf: 0, seen };
            for item in chunk {
                visit(&mut walk, item);
            }
            walk.seen
        })
        .collect();
    let start = Directed { max_mm: floor_mm.unwrap_or(0.0), ..Directed::default() };
    chunks.into_iter().fold(start, Directed::join)
}

/// Calls `put` for points inside a triangle, at most `spacing_mm` apart.
pub(crate) fn sample([a, b, c]: [Point<Lps>; 3], spacing_mm: f64, mut put: impl FnMut(Point<Lps>)) {
    let longest = a.distance(b).max(b.distance(c)).max(c.distance(a));
    let cuts = ((longest / spacing_mm).ceil() as usize).clamp(1, MAX_CUTS);
    let n = cuts as f64;
    for row in 0..cuts {
        for column in 0..cuts - row {
            // The centroids of the upright and of the inverted small triangle.
            for third in [1.0 / 3.0, 2.0 / 3.0] {
                let (u, v) = ((column as f64 + third) / n, (row as f64 + third) / n);
                if u + v < 1.0 {
                    put(a + (b - a) * u + (c - a) * v);
                }
            }
        }
    }
}

/// Visits samples that lie near each other one after another: a distance changes no faster than its point moves.
pub(crate) struct Walk<'a> {
    to: &'a DistanceTo,
    /// Whether samples that cannot raise the maximum may be passed over.
    skip: bool,
    last: Option<(Point<Lps>, f64)>,
    /// The leaf of the tree that answered last.
    leaf: usize,
    seen: Directed,
}

impl Walk<'_> {
    /// As [`Walk::visit`] where triangles of the surface are known that lie about there: if one lies as near as what is farthest so far, the
    /// tree is not asked.
    pub(crate) fn visit_beside(&mut self, p: Point<Lps>, known: impl Iterator<Item = [Point<Lps>; 3]>) {
        if !(self.skip && lies_within(p, known, self.seen.max_mm)) {
            self.visit(p);
        }
    }

    fn visit(&mut self, p: Point<Lps>) {
        let limit = self.last.map_or(f64::INFINITY, |(before, distance)| before.distance(p) + distance);
        if self.skip && limit <= self.seen.max_mm {
            return;
        }
        let least = if self.skip { self.seen.max_mm } else { 0.0 };
        let distance = self.to.distance_between(p, least, limit, &mut self.leaf);
        self.last = Some((p, distance));
        self.seen = self.seen.join(Directed { max_mm: distance, sum_mm: distance, samples: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn the_tree_agrees_with_trying_every_triangle() {
        let mut mesh = Mesh::default();
        for n in 0..97_u32 {
            let at = |k: u32| f64::from(n * (311 + 97 * k) % 1009) / 10.0;
            mesh.positions.extend([
                Point::new(at(1), at(2), at(3)),
                Point::new(at(1) + 3.0, at(2), at(3) - 1.0),
                Point::new(at(1), at(2) + 2.0, at(3)),
            ]);
            mesh.triangles.push([3 * n, 3 * n + 1, 3 * n + 2]);
        }
        let tree = DistanceTo::new(&mesh);
        for n in 0..500 {
            let p =
                Point::new(f64::from(n * 37 % 211), f64::from(n * 53 % 197), f64::from(n * 11 % 103) - 20.0);
            let slow =
                (0..97).map(|t| squared_distance(p, mesh.corners(t))).fold(f64::INFINITY, f64::min).sqrt();
            assert!((tree.distance_mm(p) - slow).abs() < 1e-9);
            assert!((tree.distance_between(p, 0.0, slow, &mut 7) - slow).abs() < 1e-9);
            assert!(tree.distance_between(p, slow + 1.0, f64::INFINITY, &mut 7) <= slow + 1.0);
            assert!(tree.distance_between(p, slow / 2.0, 2.0 * slow, &mut 7) >= slow - 1e-9);
        }
    }

    #[test]
    fn distances_to_a_triangle_by_region() {
        let triangle = [[0.0; 3], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0]].map(Point::from_array);
        for (p, expected) in [
            ([1.0, 1.0, 2.0], 2.0),
            ([-3.0, -4.0, 0.0], 5.0),
            ([2.0, -2.0, 0.0], 2.0),
            ([7.0, 0.0, 4.0], 5.0),
            ([3.0, 3.0, 0.0], 2.0_f64.sqrt()),
            ([-1.0, 2.0, 0.0], 1.0),
            ([0.0, 6.0, 0.0], 2.0),
        ] {
            assert!(
                (squared_distance(Point::from_array(p), triangle).sqrt() - expected).abs() < 1e-12,
                "{p:?}"
            );
        }
    }

    #[test]
    fn a_shifted_body_is_as_far_as_it_was_shifted() {
        let mut moved = tetrahedron();
        for p in &mut moved.positions {
            *p += Vector::new(0.0, 0.0, 0.25);
        }
        let got = hausdorff(&tetrahedron(), &moved);
        assert!((got.max_mm - 0.25).abs() < 1e-9 && got.mean_mm < 0.25 && got.mean_mm > 0.05);
        let same = hausdorff(&tetrahedron(), &tetrahedron());
        assert!(same.max_mm < 1e-12);
        assert_eq!(hausdorff(&Mesh::default(), &Mesh::default()), Hausdorff::default());
        assert!(hausdorff(&Mesh::default(), &tetrahedron()).max_mm.is_infinite());
        assert!(DistanceTo::new(&Mesh::default()).distance_mm(Point::origin()).is_infinite());
    }
}
