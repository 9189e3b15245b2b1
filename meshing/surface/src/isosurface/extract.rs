//! The whole surface: flags, counts, then every vertex and triangle written once, at its place.
//!
//! The layers are worked on in slabs of a fixed height, whatever the number of threads, and each knows its place in the
//! mesh from the counts before it; so the mesh is always the same. Memory beside the mesh: one bit a voxel and 16 bytes a
//! row. The walk along rows of cells with one counter for each row of edges is that of flying edges (Schroeder,
//! Maynard & Geveci 2015).

use meshing_space::{Ijk, Point, Vector};
use meshing_volume::Grid;
use rayon::prelude::*;

use super::bits::{Bits, pack_row, set_bits};
use super::cells::{Case, Contour, FACES, Table};
use super::count::{Around, Layer, Row, count, words_of};
use super::field::{Field, NO_RANGE};
use super::fill::{fill, within_cell};
use super::machine::{Machine, Plain};
use crate::Mesh;

/// Layers of a slab.
const LAYERS: usize = 8;

/// How close to a voxel centre a vertex may lie, as a part of the way to the next centre.
const MARGIN: f64 = 0.005;

/// Where between two samples on either side of 0 the surface lies, as a part of the way from `a` to `b`.
#[inline(always)]
pub(crate) fn crossing(a: f32, b: f32) -> f64 {
    let (a, b) = (f64::from(a), f64::from(b));
    let t = a / (a - b);
    if t.is_finite() { t.clamp(MARGIN, 1.0 - MARGIN) } else { 0.5 }
}

/// The closed surface of a field on a grid.
pub(super) fn extract<F: Field>(mut field: F, grid: &Grid) -> Mesh {
    let size = grid.size();
    let table = Table::shared(grid.lps_from_ijk().determinant() < 0.0);
    let (mut bits, ranges) = Bits::new(size, |k, width, words| pack(&field, k, width, words));
    let range = ranges.iter().fold(NO_RANGE, |all, one| (all.0.min(one.0), all.1.max(one.1)));
    if field.settle(range) {
        (bits, _) = Bits::new(size, |_, width, words| {
            for row in words.chunks_exact_mut(width) {
                pack_row(&vec![true; size[0]], row, Plain, |inside| inside);
            }
        });
    }
    let cells = Cells::new(&field, table, grid);
    let (rows, layers) = {
        // Planes are not ready in this pass; the cells that need a value here are few.
        let choose =
            |c: usize, r: usize, l: usize, case: u8| joined(table, case, &cells.corners_alone([c, r, l]));
        count(&bits, table, size, choose)
    };
    let on_edges: usize = layers.iter().map(|layer| layer.on_edges + layer.middles).sum();
    let triangles: usize = layers.iter().map(|layer| layer.triangles).sum();
    assert!(u32::try_from(on_edges).is_ok(), "a mesh of four billion vertices does not fit 32-bit indices");
    // Arrays of numbers come zeroed from the system and are touched once, by the thread that fills them.
    let (mut positions, mut corners) = (vec![[0.0_f64; 3]; on_edges], vec![[0_u32; 3]; triangles]);
    let mut slabs = Vec::new();
    {
        let (mut positions, mut corners) = (&mut positions[..], &mut corners[..]);
        let mut first = 0;
        for start in (0..layers.len()).step_by(LAYERS) {
            let held = &layers[start..(start + LAYERS).min(layers.len())];
            let slab = Slab {
                start,
                layers: held,
                below: first - if start == 0 { 0 } else { vertices(&layers[start - 1]) },
                first,
                positions: positions.split_off_mut(..held.iter().map(vertices).sum()).expect("counted"),
                triangles: corners.split_off_mut(..held.iter().map(|l| l.triangles).sum()).expect("counted"),
            };
            first += slab.positions.len();
            slabs.push(slab);
        }
    }
    slabs.into_par_iter().for_each(|slab| {
        cells.slab(&bits, &rows, slab);
    });
    // In place: a point is its three numbers.
    Mesh { positions: positions.into_iter().map(Point::from_array).collect(), triangles: corners }
}

fn pack<F: Field>(field: &F, k: usize, width: usize, words: &mut [u64]) -> (f32, f32) {
    #[cfg(target_arch = "x86_64")]
    if let Some(wide) = pulp::x86::V3::try_new() {
        return wide.vectorize(
            #[inline(always)]
            move || {
                // Moved, so that the closure is not one that can be called again, see [`fast`].
                let words = words;
                field.pack(k, width, words, wide)
            },
        );
    }
    field.pack(k, width, words, Plain)
}

const fn vertices(layer: &Layer) -> usize {
    layer.on_edges + layer.middles
}

/// Some layers and their places in the mesh.
struct Slab<'a> {
    start: usize,
    layers: &'a [Layer],
    /// The first vertex of the layer before the slab, and of the slab.
    below: usize,
    first: usize,
    positions: &'a mut [[f64; 3]],
    triangles: &'a mut [[u32; 3]],
}

/// Which ambiguous faces of a cell have their inside corners joined, by the asymptotic decider.
#[inline(always)]
fn joined(table: &Table, case: u8, corners: &[f32; 8]) -> u8 {
    let mut joined = 0;
    for f in set_bits(table.ambiguous(case).into()) {
        // The saddle of the bilinear face lies inside if the product of the inside corners outweighs the other.
        let [a, b, c, d] = FACES[f].map(|corner| f64::from(corners[usize::from(corner)]));
        let first = case >> FACES[f][0] & 1 == 1;
        let (inside, outside) = if first { (a * c, b * d) } else { (b * d, a * c) };
        joined |= u8::from(inside > outside) << f;
    }
    joined
}

/// Values and places of cells.
struct Cells<'a, F> {
    field: &'a F,
    table: &'static Table,
    size: [usize; 3],
    background: f32,
    origin: [f64; 3],
    axes: [[f64; 3]; 3],
}

impl<'a, F: Field> Cells<'a, F> {
    fn new(field: &'a F, table: &'static Table, grid: &Grid) -> Self {
        let lps_from_ijk = grid.lps_from_ijk();
        let axis = |n: usize| {
            let unit: [f64; 3] = core::array::from_fn(|axis| f64::from(u8::from(axis == n)));
            (lps_from_ijk * Vector::<Ijk>::from_array(unit)).to_array()
        };
        Self {
            field,
            table,
            size: grid.size(),
            background: field.background(),
            origin: (lps_from_ijk * Point::<Ijk>::origin()).to_array(),
            axes: [axis(0), axis(1), axis(2)],
        }
    }

    /// The value at (i, j, k); `usize::MAX` stands for −1.
    #[inline(always)]
    fn value(&self, plane: &F::Plane, [i, j, k]: [usize; 3]) -> f32 {
        let [si, sj, sk] = self.size;
        if i < si && j < sj && k < sk {
            let n = j * si + i;
            self.field.value(plane, k * sj * si + n, n)
        } else {
            self.background
        }
    }

    /// The same as single precision gives it, see [`Field::near`].
    #[inline(always)]
    fn near(&self, plane: &F::Plane, [i, j, k]: [usize; 3]) -> f32 {
        let [si, sj, sk] = self.size;
        if i < si && j < sj && k < sk {
            let n = j * si + i;
            self.field.near(plane, k * sj * si + n, n)
        } else {
            self.background
        }
    }

    /// The values at the corners of a cell.
    #[inline(always)]
    fn corners(&self, lower: &F::Plane, upper: &F::Plane, [c, r, l]: [usize; 3]) -> [f32; 8] {
        let (i, j, k) = (c.wrapping_sub(1), r.wrapping_sub(1), l.wrapping_sub(1));
        let [si, sj, sk] = self.size;
        if i < si && c < si && j < sj && r < sj && k < sk && l < sk {
            let n = [j * si + i, r * si + i];
            let low = |row: usize| self.field.near_pair(lower, k * sj * si + n[row], n[row]);
            let high = |row: usize| self.field.near_pair(upper, l * sj * si + n[row], n[row]);
            let [[a, e], [b, f], [c, g], [d, h]] = [low(0), low(1), high(0), high(1)];
            [a, b, c, d, e, f, g, h]
        } else {
            let low = |i: usize, j: usize| self.near(lower, [i, j, k]);
            let high = |i: usize, j: usize| self.near(upper, [i, j, l]);
            [low(i, j), low(i, r), high(i, j), high(i, r), low(c, j), low(c, r), high(c, j), high(c, r)]
        }
    }

    /// The same from single voxels, slowly.
    fn corners_alone(&self, [c, r, l]: [usize; 3]) -> [f32; 8] {
        let size = self.size;
        core::array::from_fn(|m| {
            let below = [m < 4, m & 1 == 0, m & 2 == 0];
            let at: [usize; 3] = core::array::from_fn(|n| [c, r, l][n].wrapping_sub(usize::from(below[n])));
            if (0..3).all(|n| at[n] < size[n]) { self.field.alone(at) } else { self.background }
        })
    }

    /// A point moved by `steps` of an axis.
    #[inline(always)]
    fn moved(&self, from: [f64; 3], axis: usize, steps: f64) -> [f64; 3] {
        let by = &self.axes[axis];
        [from[0] + by[0] * steps, from[1] + by[1] * steps, from[2] + by[2] * steps]
    }

    /// Writes a slab.
    fn slab(&self, bits: &Bits, rows: &[Row], slab: Slab<'_>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = pulp::x86::V3::try_new() {
            return wide.vectorize(
                #[inline(always)]
                move || {
                    let slab = slab;
                    self.slab_on(bits, rows, slab, wide);
                },
            );
        }
        self.slab_on(bits, rows, slab, Plain);
    }

    #[inline(always)]
    fn slab_on(&self, bits: &Bits, rows: &[Row], slab: Slab<'_>, machine: impl Machine) {
        let height = self.size[1] + 1;
        let (mut lower, mut upper) = (F::Plane::default(), F::Plane::default());
        let rows_of = |l: usize| &rows[l * height..(l + 1) * height];
        let (mut positions, mut triangles) = (slab.positions, slab.triangles);
        let (mut below, mut first) = (slab.below, slab.first);
        for (l, layer) in (slab.start..).zip(slab.layers) {
            // Smoothed values are needed wherever this layer or, above it, the next one has a surface.
            let here = rows_of(l);
            let over = if l < self.size[2] { rows_of(l + 1) } else { &[] };
            let wanted = |rows: &[Row], j: usize| {
                rows.get(j).is_some_and(|r| r[3] != 0) || rows.get(j + 1).is_some_and(|r| r[3] != 0)
            };
            if l == slab.start {
                let k = l.wrapping_sub(1);
                if k < self.size[2] {
                    self.field.ready(k, |j| wanted(here, j), &mut lower);
                }
            }
            if l < self.size[2] {
                self.field.ready(l, |j| wanted(here, j) || wanted(over, j), &mut upper);
            }
            let (on_edges, rest) = positions.split_at_mut(layer.on_edges);
            let (middles, rest) = rest.split_at_mut(layer.middles);
            positions = rest;
            let (of_layer, rest) = triangles.split_at_mut(layer.triangles);
            triangles = rest;
            let mut out = Out {
                machine,
                middles,
                next_middle: 0,
                first_middle: (first + layer.on_edges) as u32,
                triangles: of_layer,
                next: 0,
            };
            for (r, row) in here.iter().enumerate().filter(|(_, row)| row[3] != 0) {
                let around = Around::new(bits, r, l);
                if let Some(next) = here.get(r + 1) {
                    self.fetch(next[3], bits.width, [r + 1, l], machine);
                }
                self.vertices(around, row, [r, l], [&lower, &upper], on_edges);
                // The first vertex of each row of edges around: along i four rows, along j two, along k two.
                let under = if l > 0 { rows_of(l - 1) } else { here };
                let before = r.saturating_sub(1);
                let at =
                    |rows: &[Row], r: usize, n: usize, first: usize| (first as u32).wrapping_add(rows[r][n]);
                let counters = [
                    at(under, before, 0, below),
                    at(under, r, 0, below),
                    at(here, before, 0, first),
                    at(here, r, 0, first),
                    at(under, r, 1, below),
                    at(here, r, 1, first),
                    at(here, before, 2, first),
                    at(here, r, 2, first),
                ];
                self.cells(around, row[3], [r, l], counters, [&lower, &upper], &mut out);
            }
            core::mem::swap(&mut lower, &mut upper);
            (below, first) = (first, first + vertices(layer));
        }
    }

    /// Has the voxels of a row brought near while the row before is worked on.
    #[inline(always)]
    fn fetch(&self, groups: u32, width: usize, [r, l]: [usize; 2], machine: impl Machine) {
        let start = (l * self.size[1] + r) * self.size[0];
        for w in words_of(groups, width) {
            self.field.fetch(start + w * 64, machine);
        }
    }

    /// Places the vertices that a row owns.
    #[inline(always)]
    fn vertices(
        &self,
        around: Around<'_>,
        row: &Row,
        [r, l]: [usize; 2],
        [lower, upper]: [&F::Plane; 2],
        out: &mut [[f64; 3]],
    ) {
        let mut next = [row[0] as usize, row[1] as usize, row[2] as usize];
        let start = self.moved(self.moved(self.origin, 2, l as f64), 1, r as f64);
        let start_j = self.moved(self.moved(self.origin, 2, l as f64), 1, r as f64 - 1.0);
        let start_k = self.moved(self.moved(self.origin, 2, l as f64 - 1.0), 1, r as f64);
        for w in words_of(row[3], around.width()) {
            let [along_i, along_j, along_k] = around.word(w).own();
            for n in set_bits(along_i) {
                let c = w * 64 + n;
                let (a, b) = (self.value(upper, [c.wrapping_sub(1), r, l]), self.value(upper, [c, r, l]));
                out[next[0]] = self.moved(start, 0, f64::from(c as u32) - 1.0 + crossing(a, b));
                next[0] += 1;
            }
            for n in set_bits(along_j) {
                let c = w * 64 + n;
                let (a, b) = (self.value(upper, [c, r.wrapping_sub(1), l]), self.value(upper, [c, r, l]));
                out[next[1]] = self.moved(self.moved(start_j, 1, crossing(a, b)), 0, f64::from(c as u32));
                next[1] += 1;
            }
            for n in set_bits(along_k) {
                let c = w * 64 + n;
                let (a, b) = (self.value(lower, [c, r, l.wrapping_sub(1)]), self.value(upper, [c, r, l]));
                out[next[2]] = self.moved(self.moved(start_k, 2, crossing(a, b)), 0, f64::from(c as u32));
                next[2] += 1;
            }
        }
    }

    /// Makes the triangles of a row of cells.
    #[inline(always)]
    fn cells(
        &self,
        around: Around<'_>,
        groups: u32,
        [r, l]: [usize; 2],
        mut counters: [u32; 8],
        [lower, upper]: [&F::Plane; 2],
        out: &mut Out<'_, impl Machine>,
    ) {
        let table = self.table;
        for w in words_of(groups, around.width()) {
            let word = around.word(w);
            for n in set_bits(word.mixed) {
                let case = out.machine.column(&word.corners, n);
                let step = &table.step[usize::from(case)];
                // The vertices on the twelve edges of the cell; only those that are crossed mean anything.
                let mut on_edges = [0_u32; 16];
                for e in 0..8 {
                    on_edges[e] = counters[e];
                    counters[e] = counters[e].wrapping_add(step[e]);
                }
                on_edges[8..12].copy_from_slice(&counters[4..]);
                let at = [w * 64 + n, r, l];
                let ambiguous = table.ambiguous(case) != 0;
                let held = table.plain(case);
                if !ambiguous && held.triangles == 1 {
                    let [a, b, c] = table.loops(held)[0].first_three();
                    out.put([on_edges[a], on_edges[b], on_edges[c]]);
                    continue;
                }
                let corners = self.corners(lower, upper, at);
                let held = if ambiguous { table.chosen(case, joined(table, case, &corners)) } else { held };
                self.cell(held, at, &on_edges, &corners, out);
            }
        }
    }

    /// Makes the triangles of a cell.
    #[inline(always)]
    fn cell(
        &self,
        held: Case,
        at: [usize; 3],
        on_edges: &[u32; 16],
        corners: &[f32; 8],
        out: &mut Out<'_, impl Machine>,
    ) {
        for contour in self.table.loops(held) {
            if contour.middle {
                self.fan(contour, at, on_edges, corners, out);
            } else {
                fill(contour, corners, out.machine, |[a, b, c]| {
                    out.put([
                        on_edges[contour.edge(a)],
                        on_edges[contour.edge(b)],
                        on_edges[contour.edge(c)],
                    ]);
                });
            }
        }
    }

    /// Fills a loop around a vertex in its middle.
    #[inline(never)]
    fn fan(
        &self,
        contour: &Contour,
        at: [usize; 3],
        on_edges: &[u32; 16],
        corners: &[f32; 8],
        out: &mut Out<'_, impl Machine>,
    ) {
        let edges = contour.edges();
        let middle = out.first_middle + out.next_middle as u32;
        for (n, &edge) in edges.iter().enumerate() {
            let next = edges[(n + 1) % edges.len()];
            out.put([on_edges[usize::from(edge)], on_edges[usize::from(next)], middle]);
        }
        let sum = edges.iter().map(|&edge| within_cell(edge, corners));
        let sum = sum.fold([0.0; 3], |sum, place| core::array::from_fn(|n| sum[n] + f64::from(place[n])));
        let mean = core::array::from_fn(|n| at[n] as f64 - 1.0 + sum[n] / edges.len() as f64);
        let [i, j, k]: [f64; 3] = mean;
        out.middles[out.next_middle] = self.moved(self.moved(self.moved(self.origin, 2, k), 1, j), 0, i);
        out.next_middle += 1;
    }
}

/// The part of the mesh that a layer fills.
struct Out<'a, M> {
    machine: M,
    middles: &'a mut [[f64; 3]],
    next_middle: usize,
    first_middle: u32,
    triangles: &'a mut [[u32; 3]],
    next: usize,
}

impl<M> Out<'_, M> {
    #[inline(always)]
    fn put(&mut self, triangle: [u32; 3]) {
        self.triangles[self.next] = triangle;
        self.next += 1;
    }
}
