//! Smoothing that hardly shrinks: a low-pass filter over the surface.

use core::f64::consts::PI;

use meshing_space::{Aabb, Lps, Point, Vector};
use rayon::prelude::*;

use crate::Mesh;
use crate::topology::unbalanced;

/// Vertices that one task filters.
const PIECE: usize = 1 << 12;
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
    let weights = weights(how.pass_band, iterations);
    let given: Vec<[f32; 4]> = mesh
        .positions
        .iter()
        .map(|p| {
            let [x, y, z] = (*p - middle).to_array();
            [x as f32, y as f32, z as f32, 0.0]
        })
        .collect();
    let around = Around::new(mesh);
    let mut before = given.clone();
    let mut now = vec![[0.0_f32; 4]; given.len()];
    let mut sum = vec![[0.0_f32; 4]; given.len()];
    // The polynomials of Chebyshev: T1 is half way to the mean, each further one 2 T1 of the last less the one before.
    let [c0, c1] = [weights[0], weights[1]].map(|w| w as f32);
    now.par_chunks_mut(PIECE).zip(sum.par_chunks_mut(PIECE)).enumerate().for_each(|(piece, (now, sum))| {
        for (n, (now, sum)) in now.iter_mut().zip(sum).enumerate() {
            let own = before[piece * PIECE + n];
            let mean = around.mean(piece * PIECE + n, &before);
            for k in 0..4 {
                now[k] = 0.5 * (own[k] + mean[k]);
                sum[k] = c0 * own[k] + c1 * now[k];
            }
        }
    });
    for weight in &weights[2..] {
        let weight = *weight as f32;
        before.par_chunks_mut(PIECE).zip(sum.par_chunks_mut(PIECE)).enumerate().for_each(
            |(piece, (before, sum))| {
                for (n, (before, sum)) in before.iter_mut().zip(sum).enumerate() {
                    let own = now[piece * PIECE + n];
                    let mean = around.mean(piece * PIECE + n, &now);
                    for k in 0..4 {
                        before[k] = own[k] - before[k] + mean[k];
                        sum[k] += weight * before[k];
                    }
                }
            },
        );
        core::mem::swap(&mut before, &mut now);
    }
    let mut farthest = 0.0_f64;
    let positions = mesh.positions.iter().enumerate().map(|(v, &from)| {
        if around.is_fixed(v) {
            return from;
        }
        let step = |n: usize| f64::from(sum[v][n]) - f64::from(given[v][n]);
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

/// The neighbours of each vertex in compressed rows.
struct Around {
    start: Vec<u32>,
    ends: Vec<u32>,
    fixed: Vec<bool>,
}

impl Around {
    fn new(mesh: &Mesh) -> Self {
        let mut fixed = vec![false; mesh.positions.len()];
        for v in unbalanced(mesh.positions.len(), &mesh.triangles) {
            fixed[v as usize] = true;
        }
        let mut start = vec![0_u32; mesh.positions.len() + 2];
        for &v in mesh.triangles.as_flattened() {
            start[v as usize + 2] += 1;
        }
        for v in 2..start.len() {
            start[v] += start[v - 1];
        }
        let mut ends = vec![0_u32; mesh.triangles.len() * 3];
        for &[a, b, c] in &mesh.triangles {
            // Where all edges have two triangles, the next corners are all neighbours. Filling moves each start on.
            for (v, next) in [(a, b), (b, c), (c, a)] {
                let slot = &mut start[v as usize + 1];
                ends[*slot as usize] = next;
                *slot += 1;
            }
        }
        Self { start, ends, fixed }
    }

    fn is_fixed(&self, v: usize) -> bool {
        self.fixed[v]
    }

    /// The mean of the neighbours; the vertex itself where it stays.
    #[inline]
    fn mean(&self, v: usize, at: &[[f32; 4]]) -> [f32; 4] {
        let row = &self.ends[self.start[v] as usize..self.start[v + 1] as usize];
        if row.is_empty() || self.fixed[v] {
            return at[v];
        }
        let mut sum = [0.0_f32; 4];
        for &end in row {
            let other = at[end as usize];
            for k in 0..4 {
                sum[k] += other[k];
            }
        }
        let per = 1.0 / row.len() as f32;
        sum.map(|s| s * per)
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
