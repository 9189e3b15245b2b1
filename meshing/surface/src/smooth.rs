//! Smoothing that hardly shrinks: a low-pass filter over the surface.

use core::f64::consts::PI;
use std::collections::BTreeMap;

use meshing_space::{Aabb, Lps, Point, Vector};
use rayon::prelude::*;

use crate::Mesh;
use crate::topology::unbalanced;

/// Vertices that one task filters.
const PIECE: usize = 1 << 12;
/// Numbers of neighbours that have a loop of their own, and one for all above.
const CLASSES: usize = 12;
/// Newton steps for the shift of the pass band, and how near to 1 the gain there must come (both as VTK's).
const SHIFT_STEPS: usize = 500;
const GAIN_TOLERANCE: f64 = 1e-3;
/// The most iterations.
const MAX_ITERATIONS: usize = 200;

/// How [`smooth`] filters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothing {
    /// The lowest spatial frequency that is filtered, 0 to 2: 0.1 keeps shape and drops voxel steps.
    pub pass_band: f64,
    /// The degree of the polynomial; more is a sharper filter. At most 200.
    pub iterations: usize,
    /// No vertex moves farther than this, mm.
    pub max_move_mm: Option<f64>,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self { pass_band: 0.1, iterations: 20, max_move_mm: None }
    }
}

/// A smoothed mesh and what that did to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// The mesh: the same triangles, other positions.
    pub mesh: Mesh,
    /// Enclosed volume before and after, mm³; meaningless for an open mesh.
    pub volume_mm3: [f64; 2],
    /// The farthest that a vertex moved, mm.
    pub farthest_mm: f64,
}

/// Filters the positions with a windowed sinc (Taubin, Zhang & Golub 1996), each vertex against the mean of its
/// neighbours.
///
/// The same filter as VTK's vtkWindowedSincPolyDataFilter with its Nuttall window. Vertices of open and non-manifold
/// edges stay where they are. Triangles do not change, so what is a manifold remains one. Positions work in 32 bits about
/// the middle of the mesh. A mesh with invalid triangles or a pass band outside 0 to 2 comes back as it was.
pub fn smooth(mesh: &Mesh, how: Smoothing) -> Smoothed {
    let bound = mesh.positions.len() as u64;
    let valid = mesh.triangles.len() < u32::MAX as usize / 3
        && mesh.triangles.as_flattened().iter().all(|&v| u64::from(v) < bound)
        && mesh.positions.iter().all(|p| p.is_finite());
    let iterations = how.iterations.min(MAX_ITERATIONS);
    if !valid || iterations == 0 || !(0.0..=2.0).contains(&how.pass_band) || mesh.triangles.is_empty() {
        return Smoothed {
            mesh: mesh.clone(),
            volume_mm3: [volume(mesh, Point::origin()); 2],
            farthest_mm: 0.0,
        };
    }
    let middle: Point<Lps> = mesh.bounds().map(Aabb::center).unwrap_or_default();
    let centred = |p: Point<Lps>| {
        let [x, y, z] = (p - middle).to_array();
        [x as f32, y as f32, z as f32, 0.0]
    };
    let weights = weights(how.pass_band, iterations);
    let around = Around::new(mesh);
    let mut now = vec![[0.0_f32; 4]; mesh.positions.len()];
    for (&p, &place) in mesh.positions.iter().zip(&around.place) {
        now[place as usize] = centred(p);
    }
    let mut sum: Vec<[f32; 4]> = now.iter().map(|p| p.map(|x| x * weights[0] as f32)).collect();
    let mut before = vec![[0.0_f32; 4]; now.len()];
    for (n, weight) in weights[1..].iter().enumerate() {
        // The polynomials of Chebyshev: the first is half way to the mean, each further one twice that of the last
        // less the one before.
        let step = if n == 0 { [0.5, 0.0] } else { [1.0, -1.0] };
        around.step(&now, &mut before, &mut sum, step, *weight as f32);
        core::mem::swap(&mut before, &mut now);
    }
    let mut farthest = 0.0_f64;
    let positions = mesh.positions.iter().enumerate().map(|(v, &from)| {
        let place = around.place[v];
        if around.is_fixed(place) {
            return from;
        }
        let (to, given) = (sum[place as usize], centred(from));
        let step = |n: usize| f64::from(to[n]) - f64::from(given[n]);
        let mut moved = Vector::new(step(0), step(1), step(2));
        let mut far = moved.length();
        if let Some(most) = how.max_move_mm
            && far > most
        {
            moved = moved * (most.max(0.0) / far);
            far = most.max(0.0);
        }
        farthest = farthest.max(far);
        from + moved
    });
    let positions = positions.collect();
    let smoothed = Mesh { positions, triangles: mesh.triangles.clone() };
    let volume_mm3 = [volume(mesh, middle), volume(&smoothed, middle)];
    Smoothed { mesh: smoothed, volume_mm3, farthest_mm: farthest }
}

/// The neighbours of each vertex, vertices of a piece sorted by how many they have: so the inner loops have a known
/// length.
struct Around {
    /// Where each vertex went.
    place: Vec<u32>,
    /// How many vertices of each piece have so many neighbours; 0 for those that stay, the last for all longer rows.
    counts: Vec<[u32; CLASSES]>,
    /// Where the rows of each piece begin.
    rows: Vec<usize>,
    /// The neighbours, by their places, row after row.
    ends: Vec<u32>,
    /// The lengths of the longer rows by place.
    long: BTreeMap<u32, u32>,
}

impl Around {
    fn new(mesh: &Mesh) -> Self {
        let vertices = mesh.positions.len();
        let mut degree = vec![0_u32; vertices];
        for &v in mesh.triangles.as_flattened() {
            degree[v as usize] += 1;
        }
        for v in unbalanced(vertices, &mesh.triangles) {
            degree[v as usize] = 0;
        }
        let mut place = vec![0_u32; vertices];
        // Where the row of each vertex begins, then where its next neighbour goes.
        let mut fill = vec![u32::MAX; vertices];
        let mut long = BTreeMap::new();
        let (mut counts, mut rows, mut next) = (Vec::new(), Vec::new(), 0_u32);
        for (piece, degrees) in degree.chunks(PIECE).enumerate() {
            rows.push(next as usize);
            let first = piece * PIECE;
            let mut count = [0_u32; CLASSES];
            for &degree in degrees {
                count[(degree as usize).min(CLASSES - 1)] += 1;
            }
            let (mut places, mut starts) = ([0_u32; CLASSES], [0_u32; CLASSES]);
            places[0] = first as u32;
            starts[0] = next;
            for class in 1..CLASSES {
                places[class] = places[class - 1] + count[class - 1];
                starts[class] = starts[class - 1] + count[class - 1] * (class as u32 - 1);
            }
            for (n, &degree) in degrees.iter().enumerate() {
                let class = (degree as usize).min(CLASSES - 1);
                place[first + n] = places[class];
                if degree > 0 {
                    fill[first + n] = starts[class];
                }
                if class == CLASSES - 1 {
                    long.insert(places[class], degree);
                }
                places[class] += 1;
                starts[class] += degree;
            }
            next = starts[CLASSES - 1];
            counts.push(count);
        }
        rows.push(next as usize);
        let mut ends = vec![0_u32; next as usize];
        for &[a, b, c] in &mesh.triangles {
            // Where all edges have two triangles, the next corners are all neighbours.
            for (v, next) in [(a, b), (b, c), (c, a)] {
                let slot = &mut fill[v as usize];
                if *slot != u32::MAX {
                    ends[*slot as usize] = place[next as usize];
                    *slot += 1;
                }
            }
        }
        Self { place, counts, rows, ends, long }
    }

    fn is_fixed(&self, place: u32) -> bool {
        let piece = place as usize / PIECE;
        place < (piece * PIECE) as u32 + self.counts[piece][0]
    }

    /// `before` becomes `step[0]` times (`now` and the mean of its neighbours) and `step[1]` times what it was; `weight`
    /// times that is added to `sum`.
    fn step(
        &self,
        now: &[[f32; 4]],
        before: &mut [[f32; 4]],
        sum: &mut [[f32; 4]],
        step: [f32; 2],
        weight: f32,
    ) {
        before.par_chunks_mut(PIECE).zip(sum.par_chunks_mut(PIECE)).enumerate().for_each(
            |(piece, (before, sum))| {
                let mut rows = &self.ends[self.rows[piece]..self.rows[piece + 1]];
                let mut first = 0;
                for (class, &count) in self.counts[piece].iter().enumerate() {
                    let run = first..first + count as usize;
                    let at = piece * PIECE + first;
                    let (before, sum) = (&mut before[run.clone()], &mut sum[run.clone()]);
                    let task = Task { now, at, step, weight };
                    let used = match class {
                        0 => task.stay(before, sum),
                        3 => task.rows::<3>(rows, before, sum),
                        4 => task.rows::<4>(rows, before, sum),
                        5 => task.rows::<5>(rows, before, sum),
                        6 => task.rows::<6>(rows, before, sum),
                        7 => task.rows::<7>(rows, before, sum),
                        8 => task.rows::<8>(rows, before, sum),
                        9 => task.rows::<9>(rows, before, sum),
                        10 => task.rows::<10>(rows, before, sum),
                        _ => task.any(rows, before, sum, |n| {
                            self.long.get(&((at + n) as u32)).map_or(class, |&length| length as usize)
                        }),
                    };
                    rows = &rows[used..];
                    first = run.end;
                }
            },
        );
    }
}

/// Vertices of one piece with as many neighbours each.
#[derive(Clone, Copy)]
struct Task<'a> {
    now: &'a [[f32; 4]],
    /// The place of the first.
    at: usize,
    step: [f32; 2],
    weight: f32,
}

impl Task<'_> {
    #[inline]
    fn put(self, n: usize, mean: [f32; 4], before: &mut [f32; 4], sum: &mut [f32; 4]) {
        let own = self.now[self.at + n];
        for k in 0..4 {
            before[k] = self.step[0] * (own[k] + mean[k]) + self.step[1] * before[k];
            sum[k] += self.weight * before[k];
        }
    }

    /// Rows of `D`; gives how many entries were read.
    #[inline]
    fn rows<const D: usize>(self, rows: &[u32], before: &mut [[f32; 4]], sum: &mut [[f32; 4]]) -> usize {
        let per = 1.0 / D as f32;
        let each = rows.as_chunks::<D>().0.iter().zip(before.iter_mut()).zip(sum);
        for (n, ((row, before), sum)) in each.enumerate() {
            let mut total = [0.0_f32; 4];
            for &end in row {
                let other = self.now[end as usize];
                for k in 0..4 {
                    total[k] += other[k];
                }
            }
            self.put(n, total.map(|t| t * per), before, sum);
        }
        before.len() * D
    }

    /// Rows of any length.
    fn any(
        self,
        rows: &[u32],
        before: &mut [[f32; 4]],
        sum: &mut [[f32; 4]],
        length: impl Fn(usize) -> usize,
    ) -> usize {
        let mut used = 0;
        for (n, (before, sum)) in before.iter_mut().zip(sum).enumerate() {
            let row = &rows[used..used + length(n)];
            let mut total = [0.0_f32; 4];
            for &end in row {
                for (total, other) in total.iter_mut().zip(self.now[end as usize]) {
                    *total += other;
                }
            }
            self.put(n, total.map(|t| t / row.len() as f32), before, sum);
            used += row.len();
        }
        used
    }

    /// Vertices that stay are their own mean.
    fn stay(self, before: &mut [[f32; 4]], sum: &mut [[f32; 4]]) -> usize {
        for (n, (before, sum)) in before.iter_mut().zip(sum).enumerate() {
            self.put(n, self.now[self.at + n], before, sum);
        }
        0
    }
}

/// The weights of the Chebyshev polynomials: a sinc cut off by a Nuttall window, its pass band shifted so that the gain
/// at the band is 1.
fn weights(pass_band: f64, iterations: usize) -> Vec<f64> {
    let last = iterations + 1;
    let window: Vec<f64> = (0..last)
        .map(|n| {
            let x = n as f64 * PI / last as f64;
            0.355768 + 0.487396 * x.cos() + 0.144232 * (2.0 * x).cos() + 0.012604 * (3.0 * x).cos()
        })
        .collect();
    let edge = (1.0 - 0.5 * pass_band).acos();
    let sinc = |shift: f64| -> Vec<f64> {
        let one = |n: usize| match n {
            0 => window[0] * (edge + shift) / PI,
            _ => 2.0 * window[n] * (n as f64 * (edge + shift)).sin() / (n as f64 * PI),
        };
        (0..last).map(one).collect()
    };
    let mut shift = 0.0;
    let mut weights = sinc(shift);
    if iterations < 2 {
        return weights;
    }
    for _ in 0..SHIFT_STEPS {
        // The derivative's weights, by their recurrence.
        let mut slope = vec![0.0; last + 1];
        for n in (0..iterations).rev() {
            slope[n] = slope[n + 2] + 2.0 * (n + 1) as f64 * weights[n + 1];
        }
        let at_edge = |of: &[f64]| -> f64 { (0..last).map(|n| of[n] * (n as f64 * edge).cos()).sum() };
        let gain = at_edge(&weights);
        if (gain - 1.0).abs() < GAIN_TOLERANCE {
            break;
        }
        shift -= (gain - 1.0) / at_edge(&slope);
        weights = sinc(shift);
    }
    weights
}

/// The enclosed volume, mm³.
fn volume(mesh: &Mesh, about: Point<Lps>) -> f64 {
    let pieces: Vec<f64> = mesh
        .triangles
        .par_chunks(PIECE)
        .map(|piece| {
            let each = piece.iter().map(|t| {
                let [a, b, c] =
                    t.map(|v| mesh.positions.get(v as usize).map_or(Vector::zero(), |p| *p - about));
                a.dot(b.cross(c))
            });
            each.sum::<f64>() / 6.0
        })
        .collect();
    pieces.iter().sum()
}
