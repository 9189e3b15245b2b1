//! A boolean in the neighbourhood of a small solid.
//!
//! Only triangles of the large mesh that reach into the box of the small one can be cut. They are closed by a cap that
//! stays out of the box (each rim edge drawn radially to a far cube, there joined to one point), so that the engine sees a
//! solid with the same inside as the whole one everywhere in the box, up to a constant winding number which a far cube
//! evens out. Afterwards the cap is dropped and the rest of the large mesh stitched on, vertex by vertex as it was.
//! Whatever does not fit is left to the engine whole.

use std::collections::{HashMap, HashSet};

use glam::{DMat3, DVec3};
use manifold_rust::manifold::Manifold;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;
use rayon::prelude::*;

use super::{Op, engine};
use crate::SolidError;

/// A mesh with fewer triangles goes to the engine whole.
const LARGE: usize = 2_000;
/// Triangles summed one after another, so that sums do not depend on the number of threads.
const PIECE: usize = 1 << 13;

/// One operation by the neighbourhood of the smaller solid, or the first solid back if that does not pay or fit.
pub(super) fn boolean(op: Op, a: Mesh, b: &Mesh) -> Result<Result<Mesh, SolidError>, Mesh> {
    match attempt(op, &a, b) {
        Some(made) => Ok(made),
        None => Err(a),
    }
}

fn attempt(op: Op, a: &Mesh, b: &Mesh) -> Option<Result<Mesh, SolidError>> {
    let first_is_large = a.triangles.len() >= b.triangles.len();
    let (large, small) = if first_is_large { (a, b) } else { (b, a) };
    if large.triangles.len() < LARGE {
        return None;
    }
    let frame = Frame::around(small)?;
    let shift = frame.centre.round();
    let patch = Patch::of(large, frame, shift)?;
    let capped = patch.capped()?;
    let made = engine::simple(small, shift).and_then(|tool| {
        if first_is_large { engine::run(op, &capped, &tool) } else { engine::run(op, &tool, &capped) }
    });
    let made = match made {
        Ok(made) => engine::export(&made),
        Err(error) => return Some(Err(error)),
    };
    let keeps_outside = op == Op::Union || (op == Op::Difference && first_is_large);
    patch.stitched(made, keeps_outside).map(Ok)
}

/// A box in any direction about a solid: the cube from -1 to 1 of its own coordinates.
#[derive(Clone, Copy, Debug)]
struct Frame {
    centre: DVec3,
    unit_from_lps: DMat3,
    lps_from_unit: DMat3,
}

impl Frame {
    /// Along the axes, or along the principal axes of the vertices where that box is smaller.
    fn around(solid: &Mesh) -> Option<Self> {
        let points: Vec<DVec3> = solid.positions.iter().map(|p| p.as_dvec3()).collect();
        let mean = points.iter().sum::<DVec3>() / points.len().max(1) as f64;
        let spread = points.iter().fold(DMat3::ZERO, |sum, p| {
            let d = *p - mean;
            sum + DMat3::from_cols(d * d.x, d * d.y, d * d.z)
        });
        let boxes = [DMat3::IDENTITY, crate::linear::eigenvectors(spread)].map(|axes| {
            let along = |p: &DVec3| axes.transpose() * *p;
            let (low, high) = points
                .iter()
                .map(along)
                .fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(low, high): (DVec3, DVec3), p| {
                    (low.min(p), high.max(p))
                });
            let half = (high - low) / 2.0;
            // What the engine draws together near a cut must not reach the rim.
            let half = half + DVec3::splat(1e-3 * half.length().max(1.0));
            (half.element_product(), axes * ((low + high) / 2.0), axes * DMat3::from_diagonal(half))
        });
        let (volume, centre, lps_from_unit) = if boxes[1].0 < 0.8 * boxes[0].0 { boxes[1] } else { boxes[0] };
        (volume.is_finite() && volume > 0.0).then(|| Self {
            centre,
            unit_from_lps: lps_from_unit.inverse(),
            lps_from_unit,
        })
    }

    fn unit(&self, p: DVec3) -> DVec3 {
        self.unit_from_lps * (p - self.centre)
    }

    fn lps(&self, unit: DVec3) -> DVec3 {
        self.centre + self.lps_from_unit * unit
    }
}

/// The triangles that reach into a box, and the others.
struct Patch<'a> {
    large: &'a Mesh,
    shift: DVec3,
    /// The box about the small solid, relative to `shift`.
    frame: Frame,
    inside: Vec<u32>,
    outside: Vec<u32>,
    /// Rim edges as the inner triangles run along them.
    rim: Vec<[u32; 2]>,
    /// Half the edge of the far cube, in units of `half`.
    far: f64,
}

impl<'a> Patch<'a> {
    fn of(large: &'a Mesh, frame: Frame, shift: DVec3) -> Option<Self> {
        // One bit for each face of the box that a vertex lies beyond: a triangle with all corners beyond one is outside.
        let beyond = |p: &Point<Lps>| {
            let p = frame.unit(p.as_dvec3());
            p.cmpgt(DVec3::ONE).bitmask() | p.cmplt(DVec3::NEG_ONE).bitmask() << 3
        };
        let beyond: Vec<u32> = large.positions.par_iter().map(beyond).collect();
        let reaches = |t: &[u32; 3]| t.iter().fold(u32::MAX, |all, &v| all & beyond[v as usize]) == 0;
        let (inside, outside): (Vec<u32>, Vec<u32>) =
            (0..large.triangles.len() as u32).partition(|&t| reaches(&large.triangles[t as usize]));
        if inside.len() * 2 > large.triangles.len() {
            return None;
        }
        let mut edges: HashSet<[u32; 2]> = HashSet::with_capacity(inside.len() * 3);
        let sides = |t: u32| {
            let [a, b, c] = large.triangles[t as usize];
            [[a, b], [b, c], [c, a]]
        };
        edges.extend(inside.iter().flat_map(|&t| sides(t)));
        let rim: Vec<[u32; 2]> =
            inside.iter().flat_map(|&t| sides(t)).filter(|&[a, b]| !edges.contains(&[b, a])).collect();
        let reach = inside
            .iter()
            .flat_map(|&t| large.triangles[t as usize])
            .map(|v| frame.unit(large.positions[v as usize].as_dvec3()).abs().max_element())
            .fold(2.0, f64::max);
        let frame = Frame { centre: frame.centre - shift, ..frame };
        (reach < 1e6).then_some(Self { large, shift, frame, inside, outside, rim, far: 4.0 * reach })
    }

    fn at(&self, v: u32) -> DVec3 {
        self.large.positions[v as usize].as_dvec3() - self.shift
    }

    /// The inner triangles, closed outside of the box.
    fn capped(&self) -> Option<Manifold> {
        let mut cap =
            Cap { patch: self, index: HashMap::new(), positions: Vec::new(), triangles: Vec::new() };
        for &t in &self.inside {
            let triangle = self.large.triangles[t as usize].map(|v| cap.vertex(v));
            cap.triangles.push(triangle);
        }
        let inner = cap.triangles.len();
        for ring in rings(&self.rim) {
            cap.close(&ring)?;
        }
        let outside = |piece: &[u32]| -> f64 {
            let corner = |v: u32| self.at(v) - self.frame.centre;
            piece.iter().map(|&t| solid_angle(self.large.triangles[t as usize].map(corner))).sum()
        };
        let pieces: Vec<f64> = self.outside.par_chunks(PIECE).map(outside).collect();
        let closing = cap.triangles[inner..].iter();
        let closing: f64 =
            closing.map(|t| solid_angle(t.map(|v| cap.positions[v as usize] - self.frame.centre))).sum();
        let missing = ((pieces.iter().sum::<f64>() - closing) / (4.0 * core::f64::consts::PI)).round();
        if missing.abs() > 1.0 {
            return None;
        }
        if missing != 0.0 {
            cap.cube(missing > 0.0);
        }
        let positions = cap.positions.iter().flat_map(DVec3::to_array).collect();
        engine::import_raw(positions, cap.triangles.into_flattened()).ok()
    }

    /// The result without its cap, with the outer triangles if they are wanted. `None` if the rims differ.
    fn stitched(&self, made: (Vec<DVec3>, Vec<[u32; 3]>), keeps_outside: bool) -> Option<Mesh> {
        let (positions, triangles) = made;
        let is_far: Vec<bool> =
            positions.iter().map(|p| self.frame.unit(*p).abs().max_element() > self.far / 2.0).collect();
        let mut rim: HashMap<[u64; 3], u32> = HashMap::new();
        for &v in self.rim.iter().flatten() {
            if *rim.entry(engine::bits(self.at(v))).or_insert(v) != v {
                return None;
            }
        }
        let old = if keeps_outside { self.large.positions.clone() } else { Vec::new() };
        let mut made = Mesh { positions: old, triangles: Vec::with_capacity(self.large.triangles.len()) };
        if keeps_outside {
            made.triangles.extend(self.outside.iter().map(|&t| self.large.triangles[t as usize]));
        }
        let mut index = vec![u32::MAX; positions.len()];
        let mut found = 0;
        let inner = triangles.iter().filter(|t| t.iter().all(|&v| !is_far[v as usize]));
        for triangle in inner {
            made.triangles.push(triangle.map(|v| {
                if index[v as usize] == u32::MAX {
                    let known = rim.get(&engine::bits(positions[v as usize])).filter(|_| keeps_outside);
                    index[v as usize] = known.copied().unwrap_or_else(|| {
                        made.positions.push(Point::from_dvec3(positions[v as usize] + self.shift));
                        made.positions.len() as u32 - 1
                    });
                }
                index[v as usize]
            }));
        }
        if keeps_outside {
            // Every rim edge must be there once, or the seam would gape.
            let mut wanted: HashSet<[u32; 2]> = self.rim.iter().copied().collect();
            for &[a, b, c] in &made.triangles[self.outside.len()..] {
                found += [[a, b], [b, c], [c, a]].iter().filter(|edge| wanted.remove(*edge)).count();
            }
            if found != self.rim.len() {
                return None;
            }
        }
        Some(made)
    }
}

/// The closed loops that rim edges form; where several pass through a vertex, any of them may go on with any other.
fn rings(rim: &[[u32; 2]]) -> Vec<Vec<u32>> {
    let mut from: HashMap<u32, Vec<usize>> = HashMap::new();
    for (n, [a, _]) in rim.iter().enumerate() {
        from.entry(*a).or_default().push(n);
    }
    let mut used = vec![false; rim.len()];
    let mut all = Vec::new();
    for start in 0..rim.len() {
        if used[start] {
            continue;
        }
        let (mut ring, mut edge) = (Vec::new(), start);
        loop {
            used[edge] = true;
            ring.push(rim[edge][0]);
            let next = from.get(&rim[edge][1]).and_then(|all| all.iter().copied().find(|&n| !used[n]));
            match next {
                Some(next) if rim[edge][1] != rim[start][0] => edge = next,
                _ => break,
            }
        }
        all.push(ring);
    }
    all
}

struct Cap<'a> {
    patch: &'a Patch<'a>,
    index: HashMap<u32, u32>,
    positions: Vec<DVec3>,
    triangles: Vec<[u32; 3]>,
}

impl Cap<'_> {
    fn vertex(&mut self, v: u32) -> u32 {
        let (patch, positions) = (self.patch, &mut self.positions);
        *self.index.entry(v).or_insert_with(|| {
            positions.push(patch.at(v));
            positions.len() as u32 - 1
        })
    }

    fn push(&mut self, p: DVec3) -> u32 {
        self.positions.push(p);
        self.positions.len() as u32 - 1
    }

    /// Closes one ring by a curtain to the far cube and a fan there that does not reach the box.
    fn close(&mut self, ring: &[u32]) -> Option<()> {
        let patch = self.patch;
        let near: Vec<u32> = ring.iter().map(|&v| self.vertex(v)).collect();
        let far: Vec<u32> = near
            .iter()
            .map(|&v| {
                let out = patch.frame.unit(self.positions[v as usize]);
                self.push(patch.frame.lps(out * (patch.far / out.abs().max_element())))
            })
            .collect();
        let count = ring.len();
        let sides = || (0..count).map(|n| (n, (n + 1) % count));
        let apex = directions().find_map(|direction| {
            let apex = direction * patch.far;
            let corner = |n: usize| patch.frame.unit(self.positions[far[n] as usize]);
            sides().all(|(a, b)| misses_unit_cube([corner(b), corner(a), apex])).then_some(apex)
        })?;
        let apex = self.push(patch.frame.lps(apex));
        for (a, b) in sides() {
            let (near_a, near_b, far_a, far_b) = (near[a], near[b], far[a], far[b]);
            self.triangles.extend([[near_b, near_a, far_a], [near_b, far_a, far_b], [far_b, far_a, apex]]);
        }
        Some(())
    }

    /// A cube about everything, wound out or in.
    fn cube(&mut self, outwards: bool) {
        let (frame, reach) = (self.patch.frame, self.patch.far * 1.5);
        let first = self.positions.len() as u32;
        for n in 0..8_u32 {
            let sign = |axis: u32| if n >> axis & 1 == 1 { 1.0 } else { -1.0 };
            self.push(frame.lps(reach * DVec3::new(sign(0), sign(1), sign(2))));
        }
        for [a, b, c, d] in
            [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]
        {
            for [p, q, r] in [[a, b, c], [a, c, d]] {
                let turned = if outwards { [p, q, r] } else { [p, r, q] };
                self.triangles.push(turned.map(|v: u32| v + first));
            }
        }
    }
}

/// Where a fan's middle may lie on the far cube: corners, edges and faces, a little off to avoid symmetric cases.
fn directions() -> impl Iterator<Item = DVec3> {
    (0..27_i32).filter(|n| *n != 13).map(|n| {
        let axis = |power: i32, off: f64| f64::from(n / power % 3 - 1) + off;
        let d = DVec3::new(axis(1, 0.011), axis(3, -0.017), axis(9, 0.023));
        d / d.abs().max_element()
    })
}

/// Whether a triangle stays clear of the cube from -1 to 1 (separating axes: Akenine-Möller 2001).
fn misses_unit_cube(corners: [DVec3; 3]) -> bool {
    let [a, b, c] = corners;
    let edges = [b - a, c - b, a - c];
    let apart = |axis: DVec3| {
        let reach = axis.abs().element_sum() * (1.0 + 1e-9) + 1e-12;
        let along = corners.map(|p| p.dot(axis));
        let low = along.into_iter().fold(f64::INFINITY, f64::min);
        let high = along.into_iter().fold(f64::NEG_INFINITY, f64::max);
        low > reach || high < -reach
    };
    let units = [DVec3::X, DVec3::Y, DVec3::Z];
    units.into_iter().any(apart)
        || apart(edges[0].cross(edges[1]))
        || units.iter().any(|unit| edges.iter().any(|edge| apart(unit.cross(*edge))))
}

/// The angle under which a triangle is seen from the origin (van Oosterom & Strackee 1983); far, small ones as a plane
/// element, since only the sum to a whole turn matters.
pub(crate) fn solid_angle([a, b, c]: [DVec3; 3]) -> f64 {
    let squared = a.length_squared();
    if squared > 400.0 * (b - a).length_squared().max((c - a).length_squared()) {
        let middle = (a + b + c) / 3.0;
        let squared = middle.length_squared();
        return (b - a).cross(c - a).dot(middle) / (2.0 * squared * squared.sqrt());
    }
    let (la, lb, lc) = (squared.sqrt(), b.length(), c.length());
    let below = la * lb * lc + a.dot(b) * lc + b.dot(c) * la + c.dot(a) * lb;
    2.0 * a.dot(b.cross(c)).atan2(below)
}
