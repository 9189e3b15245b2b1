//! The walls within one cell.

use std::collections::HashMap;

use super::place::Places;
use super::{EXTRA, Piece, Wall};
use crate::isosurface::{EDGES, FACES, Plain, Table, fill};

/// The middle of face `f` is vertex `MIDDLE + f` of a cell; those before are on its edges.
const MIDDLE: usize = 12;
/// Vertices that contours of a cell can have.
const VERTICES: usize = MIDDLE + 6;

/// Room for work on cells, and the middles of faces met so far.
#[derive(Default)]
pub(super) struct Cell {
    /// Vertices of a row that wait for their turn.
    pub(super) pending: [Vec<[f64; 3]>; 3],
    faces: HashMap<u64, u32>,
}

/// A contour of one label that meets others in middles of faces.
struct Loop {
    label: u8,
    vertices: Vec<usize>,
    /// Corners of the label beside it, for a place on its side.
    corners: u8,
}

/// One cell at work.
struct Work<'a, 'b> {
    table: &'a Table,
    places: &'a Places<'a>,
    at: [usize; 3],
    labels: [u8; 8],
    /// Vertex numbers, and places where they are needed.
    numbers: [u32; VERTICES],
    piece: &'b mut Piece,
}

impl Cell {
    /// Makes the walls of cell `at`, whose vertices on edges are numbered `on_edges`.
    pub(super) fn make(
        &mut self,
        table: &Table,
        places: &Places<'_>,
        at: [usize; 3],
        labels: [u8; 8],
        on_edges: [u32; 12],
        piece: &mut Piece,
    ) {
        let mut numbers = [u32::MAX; VERTICES];
        numbers[..MIDDLE].copy_from_slice(&on_edges);
        let mut work = Work { table, places, at, labels, numbers, piece };
        let first = labels[0];
        let other = labels.iter().copied().find(|&label| label != first).unwrap_or(first);
        if labels.iter().all(|&label| label == first || label == other) {
            work.two(first.max(other), first.min(other));
        } else {
            work.many(&mut self.faces);
        }
    }
}

impl Work<'_, '_> {
    /// The corners of a label, as bits.
    fn case(&self, label: u8) -> u8 {
        self.labels.iter().enumerate().fold(0, |case, (m, &l)| case | u8::from(l == label) << m)
    }

    /// Which ambiguous faces of a label have its corners joined.
    fn joined(&self, label: u8, case: u8) -> u8 {
        let mut joined = 0;
        for f in (0..6).filter(|f| self.table.ambiguous(case) >> f & 1 == 1) {
            let corners = FACES[f].map(usize::from);
            let [p, q, r, s] = corners.map(|m| self.labels[m]);
            // The label has one pair of opposite corners; if the others differ, they cannot be joined.
            let rest = if p == label { [q, s] } else { [p, r] };
            let across = rest[0] != rest[1] || {
                let (high, low) = (label.max(rest[0]), label.min(rest[0]));
                let lead =
                    corners.map(|m| f64::from(self.places.lead(Places::corner(self.at, m), high, low)));
                let (of_first, of_second) = (lead[0] * lead[2], lead[1] * lead[3]);
                let (of_high, of_low) = if p == high { (of_first, of_second) } else { (of_second, of_first) };
                (of_high > of_low) == (label == high)
            };
            joined |= u8::from(across) << f;
        }
        joined
    }

    fn put(&mut self, corners: [u32; 3], inside: u8, outside: u8) {
        self.piece.walls.push(Wall { corners, inside, outside });
    }

    fn extra(&mut self, key: u64, ijk: [f64; 3]) -> u32 {
        self.piece.extra.push((key, self.places.lps(ijk)));
        (self.piece.extra.len() - 1) as u32 | EXTRA
    }

    /// Where a vertex on an edge or in the middle of a face roughly is: voxel coordinates.
    fn rough(&self, vertex: usize) -> [f64; 3] {
        let middle = |corners: &[u8]| -> [f64; 3] {
            core::array::from_fn(|axis| {
                let bit = [2, 0, 1][axis];
                let sum: f64 = corners.iter().map(|c| f64::from(c >> bit & 1)).sum();
                self.at[axis] as f64 - 1.0 + sum / corners.len() as f64
            })
        };
        if vertex < MIDDLE { middle(&EDGES[vertex]) } else { middle(&FACES[vertex - MIDDLE]) }
    }

    /// The walls of a cell with two labels.
    fn two(&mut self, inside: u8, outside: u8) {
        let case = self.case(inside);
        let joined = if self.table.ambiguous(case) == 0 { 0 } else { self.joined(inside, case) };
        let table = self.table;
        for contour in table.loops(table.chosen(case, joined)) {
            self.disc(contour, case, inside, outside);
        }
    }

    /// Fills a loop that has one label on each side.
    fn disc(&mut self, contour: &crate::isosurface::Contour, case: u8, inside: u8, outside: u8) {
        let edges = contour.edges();
        if contour.middle {
            let rough: Vec<[f64; 3]> = edges.iter().map(|&edge| self.rough(usize::from(edge))).collect();
            let middle = self.extra(0, mean(&rough));
            for (n, &edge) in edges.iter().enumerate() {
                let next = edges[(n + 1) % edges.len()];
                let [a, b] = [edge, next].map(|edge| self.numbers[usize::from(edge)]);
                self.put([a, b, middle], inside, outside);
            }
        } else {
            let corners = core::array::from_fn(|m| if case >> m & 1 == 1 { 1.0 } else { -1.0 });
            let numbers = self.numbers;
            fill(contour, &corners, Plain, |three| {
                self.put(three.map(|n| numbers[contour.edge(n)]), inside, outside);
            });
        }
    }

    /// The walls of a cell with more labels.
    fn many(&mut self, faces: &mut HashMap<u64, u32>) {
        let mut labels = self.labels;
        labels.sort_unstable();
        let met = self.middles(faces);
        let mut loops = Vec::new();
        for n in (0..8).filter(|&n| n == 0 || labels[n] != labels[n - 1]) {
            let label = labels[n];
            let case = self.case(label);
            let joined = self.joined(label, case);
            let table = self.table;
            for contour in table.loops(table.chosen(case, joined)) {
                let edges = contour.edges();
                let mut vertices = Vec::with_capacity(2 * edges.len());
                let mut corners = 0;
                for (n, &edge) in edges.iter().enumerate() {
                    let next = edges[(n + 1) % edges.len()];
                    let ends = EDGES[usize::from(edge)];
                    corners |= ends
                        .iter()
                        .filter(|&&c| self.labels[usize::from(c)] == label)
                        .fold(0, |b, c| b | 1 << c);
                    vertices.push(usize::from(edge));
                    let face = face_of(edge, next);
                    if met >> face & 1 == 1 {
                        vertices.push(MIDDLE + face);
                    }
                }
                if vertices.len() > edges.len() {
                    loops.push(Loop { label, vertices, corners });
                } else {
                    let outside = self.across(edges[0].into(), label);
                    if label > outside {
                        self.disc(contour, case, label, outside);
                    }
                }
            }
        }
        while let Some(first) = loops.pop() {
            // All loops that are connected with it.
            let mut group = vec![first];
            let mut reached = bits(&group[0].vertices);
            while let Some(n) = loops.iter().position(|l| bits(&l.vertices) & reached != 0) {
                reached |= bits(&loops[n].vertices);
                group.push(loops.swap_remove(n));
            }
            group.sort_by_key(|l| (l.label, l.vertices.iter().copied().min()));
            self.group(&group);
        }
    }

    /// The label on the other side of a vertex on an edge.
    fn across(&self, edge: usize, label: u8) -> u8 {
        let [a, b] = EDGES[edge].map(|corner| self.labels[usize::from(corner)]);
        if a == label { b } else { a }
    }

    /// The label on the other side of a piece of contour of `label`.
    fn beyond(&self, [a, b]: [usize; 2], label: u8) -> u8 {
        self.across(if a < MIDDLE { a } else { b }, label)
    }

    /// Gives the faces where more than two labels meet a vertex; answers which these are.
    fn middles(&mut self, faces: &mut HashMap<u64, u32>) -> u8 {
        let mut met = 0;
        for (f, face) in FACES.iter().enumerate() {
            let corners = face.map(usize::from);
            let [p, q, r, s] = corners.map(|m| self.labels[m]);
            let crossed = [p != q, q != r, r != s, s != p].into_iter().filter(|&crossed| crossed).count();
            if crossed < 3 || p == r || q == s {
                continue;
            }
            met |= 1 << f;
            let voxels = corners.map(|m| Places::corner(self.at, m));
            let key = self.places.face_key(&voxels);
            self.numbers[MIDDLE + f] = if let Some(&known) = faces.get(&key) {
                known
            } else {
                let at = self.places.face_middle(voxels);
                self.piece.extra.push((key, at));
                let number = (self.piece.extra.len() - 1) as u32 | EXTRA;
                faces.insert(key, number);
                number
            };
        }
        met
    }

    /// The walls of connected contours.
    fn group(&mut self, group: &[Loop]) {
        let mut all: Vec<usize> = group.iter().flat_map(|l| l.vertices.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        let rough: Vec<[f64; 3]> = all.iter().map(|&vertex| self.rough(vertex)).collect();
        let middle = mean(&rough);
        let loops_of = |label: u8| group.iter().filter(|l| l.label == label).count();
        let most = group.iter().map(|l| loops_of(l.label)).max().unwrap_or(0);
        if most < 2 {
            let centre = self.extra(0, middle);
            for l in group {
                for pair in pairs(&l.vertices) {
                    let beyond = self.beyond(pair, l.label);
                    if l.label > beyond {
                        let [a, b] = pair.map(|v| self.numbers[v]);
                        self.put([a, b, centre], l.label, beyond);
                    }
                }
            }
            return;
        }
        // Every loop is drawn halfway to the middle and closed there; what is left is of the label with most loops.
        let core = group.iter().map(|l| l.label).find(|&label| loops_of(label) == most).unwrap_or(0);
        let mut drawn = [0_u32; VERTICES];
        let mut places = [[0.0; 3]; VERTICES];
        for (&vertex, rough) in all.iter().zip(&rough) {
            places[vertex] = between(*rough, middle, 0.5);
            drawn[vertex] = self.extra(0, places[vertex]);
        }
        for l in group {
            for pair in pairs(&l.vertices) {
                let beyond = self.beyond(pair, l.label);
                if l.label > beyond {
                    let [a, b] = pair.map(|v| self.numbers[v]);
                    let [far_a, far_b] = pair.map(|v| drawn[v]);
                    self.put([a, b, far_b], l.label, beyond);
                    self.put([a, far_b, far_a], l.label, beyond);
                }
            }
            if l.label != core {
                let rim: Vec<[f64; 3]> = l.vertices.iter().map(|&v| places[v]).collect();
                let corners: Vec<[f64; 3]> =
                    (0..8).filter(|m| l.corners >> m & 1 == 1).map(|m| self.corner(m)).collect();
                let centre = self.extra(0, between(mean(&rim), mean(&corners), 0.2));
                for [a, b] in pairs(&l.vertices) {
                    self.put([drawn[a], drawn[b], centre], l.label, core);
                }
            }
        }
    }

    fn corner(&self, m: u8) -> [f64; 3] {
        core::array::from_fn(|axis| self.at[axis] as f64 - 1.0 + f64::from(m >> [2, 0, 1][axis] & 1))
    }
}

/// The face that two edges share.
fn face_of(a: u8, b: u8) -> usize {
    let corners = EDGES[usize::from(a)].iter().chain(&EDGES[usize::from(b)]);
    let of_both = corners.fold(0_u8, |bits, c| bits | 1 << c);
    let has = |face: &[u8; 4]| face.iter().fold(0_u8, |bits, c| bits | 1 << c) & of_both == of_both;
    FACES.iter().position(has).expect("neighbours in a contour share a face")
}

fn bits(vertices: &[usize]) -> u32 {
    vertices.iter().fold(0, |bits, v| bits | 1 << v)
}

/// Each vertex of a loop and the next one.
fn pairs(vertices: &[usize]) -> impl Iterator<Item = [usize; 2]> {
    (0..vertices.len()).map(|n| [vertices[n], vertices[(n + 1) % vertices.len()]])
}

fn mean(points: &[[f64; 3]]) -> [f64; 3] {
    core::array::from_fn(|axis| points.iter().map(|p| p[axis]).sum::<f64>() / points.len() as f64)
}

fn between(a: [f64; 3], b: [f64; 3], t: f64) -> [f64; 3] {
    core::array::from_fn(|axis| a[axis] + (b[axis] - a[axis]) * t)
}
