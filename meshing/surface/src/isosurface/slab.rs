//! The whole surface, slab by slab.
//!
//! The grid is walked in slabs of [`LAYERS`] cell layers, whatever the number of threads, so the mesh is always the
//! same. A slab numbers the vertices on its own edges; triangles at its upper rim name vertices of the next slab by
//! their rank there, which both slabs count alike. Memory beside the mesh: a few planes per thread.

use meshing_space::{Ijk, Lps, Point, Transform};
use meshing_volume::Grid;
use rayon::prelude::*;

use super::cells::{EDGES, FACES, Table};
use super::field::Field;
use crate::Mesh;

/// Cell layers of a slab.
const LAYERS: usize = 16;

/// How close to a voxel centre a vertex may lie, as a part of the way to the next centre.
const MARGIN: f64 = 0.005;

/// Marks an index as counted in the next slab.
const NEXT: u32 = 1 << 31;
/// Marks an index as counted among the middle vertices of this slab.
const MIDDLE: u32 = 1 << 30;

/// A part of the mesh with its own numbering.
#[derive(Default)]
struct Piece {
    on_edges: Vec<Point<Lps>>,
    middles: Vec<Point<Lps>>,
    triangles: Vec<[u32; 3]>,
}

/// One padded plane: its values, the vertices on its edges along i and j, and where each row has inside voxels.
struct Plane {
    values: Vec<f32>,
    along_i: Vec<u32>,
    along_j: Vec<u32>,
    rows: Vec<Span>,
}

/// First and last inside voxel of a row; empty if first > last.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    last: usize,
}

impl Span {
    const EMPTY: Self = Self { first: usize::MAX, last: 0 };

    fn union(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// Columns from `before` places before the first to the last.
    fn widened(self, before: usize) -> core::ops::RangeInclusive<usize> {
        self.first.saturating_sub(before)..=self.last
    }
}

/// What all slabs share.
struct Extraction<'a, F> {
    field: &'a F,
    size: [usize; 3],
    /// Columns and rows of a padded plane.
    width: usize,
    height: usize,
    lps_from_ijk: Transform<Lps, Ijk>,
    mirrored: bool,
    table: &'static Table,
}

/// The closed surface of a field on a grid.
pub(super) fn extract<F: Field>(field: &F, grid: &Grid) -> Mesh {
    let size = grid.size();
    let extraction = Extraction {
        field,
        size,
        width: size[0] + 2,
        height: size[1] + 2,
        lps_from_ijk: grid.lps_from_ijk(),
        mirrored: grid.lps_from_ijk().determinant() < 0.0,
        table: Table::shared(),
    };
    let layers = size[2] + 1;
    let pieces: Vec<Piece> = (0..layers.div_ceil(LAYERS))
        .into_par_iter()
        .map(|slab| extraction.slab(slab * LAYERS, ((slab + 1) * LAYERS).min(layers)))
        .collect();
    join(&pieces)
}

fn join(pieces: &[Piece]) -> Mesh {
    let on_edges: usize = pieces.iter().map(|p| p.on_edges.len()).sum();
    let middles: usize = pieces.iter().map(|p| p.middles.len()).sum();
    assert!(on_edges + middles < MIDDLE as usize, "a mesh of a billion vertices does not fit 32-bit indices");
    let (mut positions, mut triangles) = (Vec::with_capacity(on_edges + middles), Vec::new());
    triangles.reserve_exact(pieces.iter().map(|p| p.triangles.len()).sum());
    let mut first = 0;
    let mut first_middle = on_edges;
    for piece in pieces {
        positions.extend_from_slice(&piece.on_edges);
        let next = first + piece.on_edges.len();
        triangles.extend(piece.triangles.iter().map(|triangle| {
            triangle.map(|v| {
                let base = match v & (NEXT | MIDDLE) {
                    0 => first,
                    NEXT => next,
                    _ => first_middle,
                };
                base as u32 + (v & !(NEXT | MIDDLE))
            })
        }));
        first = next;
        first_middle += piece.middles.len();
    }
    positions.extend(pieces.iter().flat_map(|p| &p.middles));
    Mesh { positions, triangles }
}

/// Where between two samples on either side of 0 the surface lies, as a part of the way from `a` to `b`.
fn crossing(a: f32, b: f32) -> f64 {
    let (a, b) = (f64::from(a), f64::from(b));
    let t = a / (a - b);
    if t.is_finite() { t.clamp(MARGIN, 1.0 - MARGIN) } else { 0.5 }
}

fn differ(a: f32, b: f32) -> bool {
    (a >= 0.0) != (b >= 0.0)
}

impl<F: Field> Extraction<'_, F> {
    /// The surface in cell layers `first..end`; padded plane `p` holds slice `p - 1`.
    fn slab(&self, first: usize, end: usize) -> Piece {
        let mut piece = Piece::default();
        let mut scratch = vec![0.0; self.size[0] * self.size[1]];
        let (mut lower, mut upper) = (self.empty_plane(), self.empty_plane());
        let mut along_k = vec![0; self.width * self.height];
        self.load(first, &mut lower, &mut scratch);
        self.number_plane(&mut lower, 0, Some((first, &mut piece.on_edges)));
        for layer in first..end {
            self.load(layer + 1, &mut upper, &mut scratch);
            self.number_between(&lower, &upper, layer, &mut along_k, &mut piece.on_edges);
            if layer + 1 < end {
                let base = piece.on_edges.len() as u32;
                self.number_plane(&mut upper, base, Some((layer + 1, &mut piece.on_edges)));
            } else {
                self.number_plane(&mut upper, NEXT, None);
            }
            self.cells(&lower, &upper, &along_k, layer, &mut piece);
            core::mem::swap(&mut lower, &mut upper);
        }
        piece
    }

    fn empty_plane(&self) -> Plane {
        let area = self.width * self.height;
        Plane {
            values: vec![self.field.background(); area],
            along_i: vec![0; area],
            along_j: vec![0; area],
            rows: vec![Span::EMPTY; self.height],
        }
    }

    /// Reads padded plane `p`.
    fn load(&self, p: usize, plane: &mut Plane, scratch: &mut [f32]) {
        let [si, sj, sk] = self.size;
        if p == 0 || p > sk {
            plane.values.fill(self.field.background());
            plane.rows.fill(Span::EMPTY);
            return;
        }
        self.field.plane(p - 1, scratch);
        for j in 0..sj {
            let row = &scratch[j * si..(j + 1) * si];
            let start = (j + 1) * self.width + 1;
            plane.values[start..start + si].copy_from_slice(row);
            // One branchless pass tells the many empty rows.
            let any = row.iter().fold(0, |any, &v| any | u8::from(v >= 0.0));
            plane.rows[j + 1] = if any > 0 {
                let first = row.iter().position(|&v| v >= 0.0).unwrap_or(0);
                let last = row.iter().rposition(|&v| v >= 0.0).unwrap_or(0);
                Span { first: first + 1, last: last + 1 }
            } else {
                Span::EMPTY
            };
        }
    }

    /// Numbers the crossed edges within a plane from `base` on, and places their vertices if asked to.
    fn number_plane(&self, plane: &mut Plane, base: u32, mut place: Option<(usize, &mut Vec<Point<Lps>>)>) {
        let mut number = base;
        for j in 0..self.height {
            let below = plane.rows.get(j + 1).copied().unwrap_or(Span::EMPTY);
            let span = plane.rows[j].union(below);
            if span.first > span.last {
                continue;
            }
            for i in span.widened(1) {
                let n = j * self.width + i;
                let value = plane.values[n];
                if differ(value, plane.values[n + 1]) {
                    plane.along_i[n] = number;
                    number += 1;
                    if let Some((p, out)) = &mut place {
                        out.push(self.position([i, j, *p], 0, crossing(value, plane.values[n + 1])));
                    }
                }
                if j + 1 < self.height && differ(value, plane.values[n + self.width]) {
                    plane.along_j[n] = number;
                    number += 1;
                    if let Some((p, out)) = &mut place {
                        out.push(self.position([i, j, *p], 1, crossing(value, plane.values[n + self.width])));
                    }
                }
            }
        }
    }

    /// Numbers and places the vertices on the edges between two planes.
    fn number_between(
        &self,
        lower: &Plane,
        upper: &Plane,
        layer: usize,
        along_k: &mut [u32],
        out: &mut Vec<Point<Lps>>,
    ) {
        for j in 0..self.height {
            let span = lower.rows[j].union(upper.rows[j]);
            if span.first > span.last {
                continue;
            }
            for i in span.widened(0) {
                let n = j * self.width + i;
                let (a, b) = (lower.values[n], upper.values[n]);
                if differ(a, b) {
                    along_k[n] = out.len() as u32;
                    out.push(self.position([i, j, layer], 2, crossing(a, b)));
                }
            }
        }
    }

    /// The point `t` of the way from a padded grid point to the next one along an axis.
    fn position(&self, at: [usize; 3], axis: usize, t: f64) -> Point<Lps> {
        let mut ijk = at.map(|n| n as f64 - 1.0);
        ijk[axis] += t;
        self.lps_from_ijk * Point::<Ijk>::from_array(ijk)
    }

    /// Makes the triangles of one layer of cells.
    fn cells(&self, lower: &Plane, upper: &Plane, along_k: &[u32], layer: usize, piece: &mut Piece) {
        let w = self.width;
        for j in 0..self.height - 1 {
            let span = lower.rows[j].union(lower.rows[j + 1]).union(upper.rows[j]).union(upper.rows[j + 1]);
            if span.first > span.last {
                continue;
            }
            // Four bits for the four corners at column i: j in bit 0, k in bit 1.
            let column = |i: usize| {
                let n = j * w + i;
                u8::from(lower.values[n] >= 0.0)
                    | u8::from(lower.values[n + w] >= 0.0) << 1
                    | u8::from(upper.values[n] >= 0.0) << 2
                    | u8::from(upper.values[n + w] >= 0.0) << 3
            };
            let range = span.widened(1);
            let mut left = column(*range.start());
            for i in range {
                let right = column(i + 1);
                let case = left | right << 4;
                left = right;
                if case != 0 && case != 255 {
                    let n = j * w + i;
                    let values = [n, n + w].map(|n| [lower.values[n], upper.values[n]]);
                    let beyond = [n + 1, n + w + 1].map(|n| [lower.values[n], upper.values[n]]);
                    let corners: [f32; 8] = core::array::from_fn(|c| {
                        if c < 4 { values[c & 1][c >> 1] } else { beyond[c & 1][c >> 1 & 1] }
                    });
                    let vertex = |edge: u8| {
                        let [from, _] = EDGES[edge as usize];
                        let n = n + usize::from(from & 1) * w + usize::from(from >> 2);
                        let plane = if from >> 1 & 1 == 0 { lower } else { upper };
                        match edge / 4 {
                            0 => plane.along_i[n],
                            1 => plane.along_j[n],
                            _ => along_k[n],
                        }
                    };
                    self.cell([i, j, layer], case, &corners, vertex, piece);
                }
            }
        }
    }

    /// Makes the triangles of one cell.
    fn cell(
        &self,
        at: [usize; 3],
        case: u8,
        corners: &[f32; 8],
        vertex: impl Fn(u8) -> u32,
        piece: &mut Piece,
    ) {
        let mut joined = 0;
        let ambiguous = self.table.ambiguous(case);
        for (f, face) in FACES.iter().enumerate().filter(|(f, _)| ambiguous >> f & 1 == 1) {
            // The saddle of the bilinear face lies inside if the product of the inside corners outweighs the other.
            let [a, b, c, d] = face.map(|corner| f64::from(corners[corner as usize]));
            let (inside, outside) = if a >= 0.0 { (a * c, b * d) } else { (b * d, a * c) };
            joined |= u8::from(inside > outside) << f;
        }
        for contour in self.table.loops(case, joined) {
            let mut local = [[0.0; 3]; 12];
            if contour.len() > 3 {
                for (place, &edge) in local.iter_mut().zip(contour) {
                    *place = within_cell(edge, corners);
                }
            }
            let mut put = |a: u32, b: u32, c: u32| {
                piece.triangles.push(if self.mirrored { [a, c, b] } else { [a, b, c] });
            };
            let miss = |place: [f64; 3]| trilinear(corners, place).abs();
            let filled = self.table.fill(contour, &local, miss, |[a, b, c]| {
                put(vertex(contour[a]), vertex(contour[b]), vertex(contour[c]));
            });
            if !filled {
                let middle = MIDDLE | piece.middles.len() as u32;
                for n in 0..contour.len() {
                    put(vertex(contour[n]), vertex(contour[(n + 1) % contour.len()]), middle);
                }
                let mean: [f64; 3] = core::array::from_fn(|axis| {
                    let sum: f64 = local[..contour.len()].iter().map(|place| place[axis]).sum();
                    at[axis] as f64 - 1.0 + sum / contour.len() as f64
                });
                piece.middles.push(self.lps_from_ijk * Point::<Ijk>::from_array(mean));
            }
        }
    }
}

/// The vertex on an edge of a cell: 0 to 1 along i, j, k from corner 0.
fn within_cell(edge: u8, corners: &[f32; 8]) -> [f64; 3] {
    let [from, to] = EDGES[edge as usize];
    let mut place = [from >> 2, from & 1, from >> 1 & 1].map(f64::from);
    place[usize::from(edge / 4)] += crossing(corners[from as usize], corners[to as usize]);
    place
}

/// The value inside a cell, `place` 0 to 1 along i, j, k from corner 0.
fn trilinear(corners: &[f32; 8], [i, j, k]: [f64; 3]) -> f64 {
    let c = corners.map(f64::from);
    let between = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let along_j = |low: usize| between(c[low], c[low + 1], j);
    between(between(along_j(0), along_j(2), k), between(along_j(4), along_j(6), k), i)
}
