//! Surfaces of all labels of a label map in one pass, with walls that neighbours share.
//!
//! Each label has the surface that marching cubes gives it against all others, on vertices that do not depend on the label:
//! one on each edge between voxels of different labels. Faces and cells with more than two labels get a vertex in their
//! middle where the walls meet (after Hege et al. 1997), so that no gap is left between three labels. What each label gets
//! is closed and 2-manifold for any labels:
//!
//! * On a face whose opposite corners agree, they are joined across it; where both pairs agree, the asymptotic decider
//!   chooses, the same for both labels. So the contours of the labels on a face fit each other.
//! * In a cell of two labels, loops are filled as discs, once for both.
//! * Where more meet, the connected contours of a cell are joined to its middle. If a label had two loops there, its surface
//!   would touch itself in the middle; then each loop is closed by a disc of its own before the middle, which one label fills.

#![expect(clippy::inline_always, reason = "what is not inlined is compiled for any machine")]

mod junction;
mod place;
mod sheets;

use meshing_space::{Lps, Point};
use meshing_volume::LabelMap;
use rayon::prelude::*;

use crate::Mesh;
use crate::isosurface::{Table, set_bits};
use crate::wide::fast;
use junction::Cell;
use place::Places;
use sheets::{Layer, Sheets};

/// Layers of a slab.
const LAYERS: usize = 8;

/// Marks a vertex that is counted among the extra ones of its slab.
const EXTRA: u32 = 1 << 31;

/// A triangle between two labels, counter-clockwise seen from `outside`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    /// Indices into the positions.
    pub corners: [u32; 3],
    /// The label behind the triangle.
    pub inside: u8,
    /// The label in front of it; 0 is the background.
    pub outside: u8,
}

/// The surfaces of all labels of a map, as walls between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelSurfaces {
    /// Vertex positions, LPS mm.
    pub positions: Vec<Point<Lps>>,
    /// The walls. One of the sides of each may be the background, 0.
    pub walls: Vec<Wall>,
}

impl LabelSurfaces {
    /// The closed surface of each label but the background, in the order of the labels.
    ///
    /// Two labels that touch have the same triangles there, with bit-equal corners and opposite windings.
    pub fn surfaces(&self) -> Vec<(u8, Mesh)> {
        let mut counts = [0_usize; 256];
        for wall in &self.walls {
            counts[usize::from(wall.inside)] += 1;
            counts[usize::from(wall.outside)] += 1;
        }
        let mut triangles: Vec<Vec<[u32; 3]>> = counts.iter().map(|&n| Vec::with_capacity(n)).collect();
        for &Wall { corners: [a, b, c], inside, outside } in &self.walls {
            triangles[usize::from(inside)].push([a, b, c]);
            triangles[usize::from(outside)].push([a, c, b]);
        }
        let mut index = vec![u32::MAX; self.positions.len()];
        let mut surfaces = Vec::new();
        for (label, mut triangles) in (0..=255_u8).zip(triangles).skip(1) {
            if triangles.is_empty() {
                continue;
            }
            let (mut used, mut positions) = (Vec::new(), Vec::new());
            for v in triangles.as_flattened_mut() {
                let slot = &mut index[*v as usize];
                if *slot == u32::MAX {
                    *slot = used.len() as u32;
                    used.push(*v);
                    positions.push(self.positions[*v as usize]);
                }
                *v = *slot;
            }
            for v in used {
                index[v as usize] = u32::MAX;
            }
            surfaces.push((label, Mesh { positions, triangles }));
        }
        surfaces
    }
}

/// The surfaces of all labels of `mask`, lightly smoothed as by [`surface_of_mask`](crate::surface_of_mask).
///
/// Where only one label and the background are near, the vertices are those of [`surface_of_mask`](crate::surface_of_mask).
/// The map is surrounded by one layer of background. The same labels give the same surfaces on any number of threads.
pub fn surfaces_of_labels(mask: &LabelMap) -> LabelSurfaces {
    let size = mask.grid().size();
    let table = Table::shared(mask.grid().lps_from_ijk().determinant() < 0.0);
    let places = Places::new(mask);
    let starts: Vec<usize> = (0..=size[2]).step_by(LAYERS).collect();
    let layers_of = |start: usize| start..(start + LAYERS).min(size[2] + 1);
    // Where the vertices of each row begin, counted from the start of their layer.
    let counted: Vec<Vec<Layer>> = starts
        .par_iter()
        .map(|&start| {
            let mut sheets = Sheets::new(mask);
            sheets.begin(start);
            layers_of(start)
                .map(|l| {
                    sheets.advance(l);
                    let sheets = &sheets;
                    let layer = Layer::default();
                    fast(
                        #[inline(always)]
                        move || sheets.count(layer),
                    )
                })
                .collect()
        })
        .collect();
    let mut layers: Vec<Layer> = counted.into_iter().flatten().collect();
    let mut on_edges = 0_usize;
    for layer in &mut layers {
        layer.first = on_edges as u32;
        on_edges += layer.vertices;
    }
    assert!(on_edges < EXTRA as usize / 2, "the walls of two billion vertices do not fit 32-bit indices");
    let pieces: Vec<Piece> =
        starts.par_iter().map(|&start| slab(mask, table, &places, &layers, layers_of(start))).collect();
    join(on_edges, &pieces)
}

/// What a slab makes.
#[derive(Default)]
struct Piece {
    on_edges: Vec<[f64; 3]>,
    /// Vertices on faces (with their key) and within cells (with key 0).
    extra: Vec<(u64, [f64; 3])>,
    walls: Vec<Wall>,
}

fn slab(
    mask: &LabelMap,
    table: &Table,
    places: &Places<'_>,
    layers: &[Layer],
    range: core::ops::Range<usize>,
) -> Piece {
    let mut piece = Piece::default();
    let mut sheets = Sheets::new(mask);
    sheets.begin(range.start);
    let mut cell = Cell::default();
    for l in range {
        sheets.advance(l);
        let here = &layers[l];
        let below = if l > 0 { &layers[l - 1] } else { here };
        for r in 0..=mask.grid().size()[1] {
            let Some(row) = sheets.row(r) else { continue };
            for w in 0..row.width {
                let own = row.own(w);
                for (axis, edges) in own.into_iter().enumerate() {
                    // One list an axis, so that each row's vertices are numbered axis by axis.
                    for n in set_bits(edges) {
                        cell.pending[axis].push(places.on_edge([w * 64 + n, r, l], axis));
                    }
                }
            }
            for list in &mut cell.pending {
                piece.on_edges.append(list);
            }
            let before = r.saturating_sub(1);
            let at = |layer: &Layer, r: usize, axis: usize| layer.first.wrapping_add(layer.rows[r][axis]);
            let mut counters = [
                at(below, before, 0),
                at(below, r, 0),
                at(here, before, 0),
                at(here, r, 0),
                at(below, r, 1),
                at(here, r, 1),
                at(here, before, 2),
                at(here, r, 2),
            ];
            for w in 0..row.width {
                let edges = row.edges(w);
                let mixed = row.mixed(w, &edges);
                for n in set_bits(mixed) {
                    let mut on_edges = [0_u32; 12];
                    on_edges[..8].copy_from_slice(&counters);
                    for (counter, edges) in counters.iter_mut().zip(&edges) {
                        *counter += (edges >> n & 1) as u32;
                    }
                    on_edges[8..].copy_from_slice(&counters[4..]);
                    let c = w * 64 + n;
                    cell.make(table, places, [c, r, l], row.corners(c), on_edges, &mut piece);
                }
            }
        }
    }
    piece
}

fn join(on_edges: usize, pieces: &[Piece]) -> LabelSurfaces {
    let extra: usize = pieces.iter().map(|piece| piece.extra.len()).sum();
    let mut positions = Vec::with_capacity(on_edges + extra);
    positions.extend(pieces.iter().flat_map(|piece| &piece.on_edges).map(|p| Point::from_array(*p)));
    let mut walls = Vec::with_capacity(pieces.iter().map(|piece| piece.walls.len()).sum());
    // A face between two slabs has its vertex in both.
    let mut faces = std::collections::HashMap::new();
    for piece in pieces {
        let numbers: Vec<u32> = piece
            .extra
            .iter()
            .map(|&(key, position)| {
                let next = positions.len() as u32;
                let number = if key == 0 { next } else { *faces.entry(key).or_insert(next) };
                if number == next {
                    positions.push(Point::from_array(position));
                }
                number
            })
            .collect();
        let number = |v: u32| if v & EXTRA == 0 { v } else { numbers[(v & !EXTRA) as usize] };
        walls.extend(piece.walls.iter().map(|wall| Wall { corners: wall.corners.map(number), ..*wall }));
    }
    LabelSurfaces { positions, walls }
}
